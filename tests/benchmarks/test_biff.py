"""Numbers are read from an .xls workbook: plain, packed, and in rows."""

import struct
from pathlib import Path

import pytest

from benchmarks.biff import sheets

SECTOR = 512


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def workbook(stream: bytes) -> bytes:
    """Return a compound file: the table in sector 0, the folder in 1, the stream from 2 on."""
    sectors = -(-len(stream) // SECTOR)
    table = [-3, -2, *range(3, 2 + sectors), -2]
    header = bytearray(SECTOR)
    header[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<i", header, 48, 1)
    struct.pack_into("<109i", header, 76, 0, *[-1] * 108)
    name = "Workbook".encode("utf-16le") + b"\0\0"
    entry = bytearray(128)
    entry[: len(name)] = name
    struct.pack_into("<H", entry, 64, len(name))
    struct.pack_into("<iI", entry, 116, 2, len(stream))
    parts = (struct.pack(f"<{len(table)}i", *table).ljust(SECTOR, b"\xff"), bytes(entry).ljust(SECTOR, b"\0"))
    return bytes(header) + b"".join(parts) + stream.ljust(sectors * SECTOR, b"\0")


def test_numbers_are_read_however_they_are_packed(tmp_path: Path) -> None:
    packed = struct.pack("<q", struct.unpack("<q", struct.pack("<d", 0.5))[0])[4:]
    row = struct.pack("<HH", 2, 1) + b"".join(
        b"\0\0" + struct.pack("<i", value) for value in (7 << 2 | 2, 125 << 2 | 3, -3 << 2 | 2)
    )
    stream = b"".join(
        (
            record(0x809, b"\0" * 16),
            record(0x809, b"\0" * 16),
            record(0x203, struct.pack("<HHHd", 0, 0, 0, 0.1)),
            record(0x27E, struct.pack("<HHH", 1, 3, 0) + packed),
            record(0xFD, struct.pack("<HHHI", 1, 4, 0, 0)),
            record(0xBD, row + struct.pack("<H", 3)),
            record(0x809, b"\0" * 600),
        )
    )
    path = tmp_path / "book.xls"
    path.write_bytes(workbook(stream))
    assert sheets(path) == [{(0, 0): 0.1, (1, 3): 0.5, (2, 1): 7.0, (2, 2): 1.25, (2, 3): -3.0}, {}]


def test_another_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "book.xls"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 600)
    with pytest.raises(ValueError, match=r"book\.xls: not a compound file"):
        sheets(path)
