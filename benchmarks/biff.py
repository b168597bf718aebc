"""The numbers of an .xls workbook (BIFF8 in a compound file): just enough to read published data sets.

Layout as in Microsoft's [MS-CFB] and [MS-XLS]: records NUMBER, RK and MULRK; text, formulas and dates are left out.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

HEADER = 512
END_OF_CHAIN = 0
"""Sectors are numbered from 0; everything below (in 32 bits, signed) ends a chain."""

BEGIN, NUMBER, RK, MULRK = 0x0809, 0x0203, 0x027E, 0x00BD

Cells = dict[tuple[int, int], float]
"""Numbers by (row, column), both from 0."""


def sheets(path: Path) -> list[Cells]:
    """Return the numbers of every sheet, in the workbook's order.

    Raises:
        ValueError: no workbook in a compound file.
    """
    found: list[Cells] = []
    for kind, body in _records(_workbook(path.read_bytes(), str(path))):
        if kind == BEGIN:
            found.append({})
        elif kind in (NUMBER, RK):
            row, column = struct.unpack_from("<HH", body)
            found[-1][row, column] = struct.unpack_from("<d", body, 6)[0] if kind == NUMBER else _rk(body, 6)
        elif kind == MULRK:
            row, first = struct.unpack_from("<HH", body)
            for i in range((len(body) - 6) // 6):
                found[-1][row, first + i] = _rk(body, 6 + 6 * i)
    return found[1:]  # the first is that of the workbook itself


def _rk(body: bytes, at: int) -> float:
    """Return a number packed into 32 bits: bit 1 an integer, bit 0 hundredths."""
    (packed,) = struct.unpack_from("<i", body, at)
    whole = packed >> 2 if packed & 2 else struct.unpack("<d", struct.pack("<q", (packed & ~3) << 32))[0]
    return float(whole) / 100 if packed & 1 else float(whole)


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _workbook(data: bytes, name: str) -> bytes:
    if data[:8] != bytes.fromhex("d0cf11e0a1b11ae1"):
        raise ValueError(f"{name}: not a compound file")
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    table: list[int] = []
    for sector in struct.unpack_from("<109i", data, 76):
        if sector >= END_OF_CHAIN:
            table += struct.unpack_from(f"<{size // 4}i", data, HEADER + sector * size)

    def chain(sector: int) -> bytes:
        parts = []
        while sector >= END_OF_CHAIN:
            parts.append(data[HEADER + sector * size : HEADER + (sector + 1) * size])
            sector = table[sector]
        return b"".join(parts)

    folder = chain(struct.unpack_from("<i", data, 48)[0])
    for at in range(0, len(folder), 128):
        letters = struct.unpack_from("<H", folder, at + 64)[0]
        if folder[at : at + max(0, letters - 2)].decode("utf-16le") == "Workbook":
            first, length = struct.unpack_from("<iI", folder, at + 116)
            return chain(first)[:length]
    raise ValueError(f"{name}: holds no workbook")
