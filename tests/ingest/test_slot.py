"""A slot between two real processes: nothing torn, nothing counted twice, numbering survives restarts."""

import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codec import Codec
from ingest.slot import HEADER_BYTES, SlotReader, SlotWriter

ROOT = Path(__file__).resolve().parents[2]

HAMMER = """
import sys, random, zlib
from pathlib import Path
from ingest.codec import Codec
from ingest.slot import SlotWriter
writer = SlotWriter(Path(sys.argv[1]), 300_000)
dice = random.Random(7)
print("ready", flush=True)
number = writer.sequence
end = number + int(sys.argv[2])
while number < end or end < 0:
    number += 1
    body = bytes([number % 251]) * dice.randrange(1, 299_000)
    writer.put(zlib.crc32(body).to_bytes(4, "little") + body, sequence=number, at=number / 2, mono_s=number / 4,
               epoch=number % 5)
print("done", number, flush=True)
"""


def put(writer: SlotWriter, payload: bytes, sequence: int) -> bool:
    return writer.put(payload, sequence=sequence, at=1.5, mono_s=2.5, epoch=3)


def hammer(path: Path, count: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HAMMER, str(path), str(count)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_reader_that_comes_first_waits_for_the_file(tmp_path: Path) -> None:
    reader = SlotReader(tmp_path / "feed")
    assert reader.take() is None
    assert reader.peek() is None
    assert reader.cursor == 0
    with SlotWriter(tmp_path / "feed", 100) as writer:
        assert reader.take() is None
        assert reader.peek() is None
        put(writer, b"one", 1)
        item = reader.take()
        assert item is not None
        assert (item.payload, item.sequence, item.at, item.mono_s, item.epoch) == (b"one", 1, 1.5, 2.5, 3)
        assert reader.take() is None
        assert reader.peek() == item


def test_the_codec_of_a_keyframe_goes_with_it_and_is_covered_by_the_sum(tmp_path: Path) -> None:
    with SlotWriter(tmp_path / "feed", 100) as writer, SlotReader(tmp_path / "feed") as reader:
        writer.put(b"one", sequence=1, at=1.5, mono_s=2.5, epoch=3, codec=Codec.H265)
        assert (item := reader.take()) is not None
        assert item.codec is Codec.H265
        put(writer, b"two", 2)
        assert (item := reader.peek()) is not None
        assert item.codec is Codec.H264
        with (tmp_path / "feed").open("r+b") as file:
            file.seek(10 * 8)
            file.write(b"\1")
        assert reader.take() is None
        assert reader.torn == 1


def test_the_latest_replaces_what_was_not_taken_and_the_numbers_tell(tmp_path: Path) -> None:
    with SlotWriter(tmp_path / "feed", 100) as writer:
        reader = SlotReader(tmp_path / "feed")
        for number in (1, 2, 3, 4):
            put(writer, b"x" * number, number)
        before = reader.cursor
        item = reader.take()
        assert item is not None
        assert item.sequence - before - 1 == 3


def test_a_restarted_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    with SlotWriter(tmp_path / "feed", 100) as writer:
        put(writer, b"one", 1)
        with SlotReader(tmp_path / "feed") as reader:
            assert reader.take() is not None
        with SlotReader(tmp_path / "feed") as again:
            assert again.cursor == 1
            assert again.take() is None
            assert again.peek() is not None


def test_a_restarted_writer_goes_on_with_the_numbering(tmp_path: Path) -> None:
    with SlotWriter(tmp_path / "feed", 100) as writer:
        put(writer, b"one", 41)
    with SlotWriter(tmp_path / "feed", 100) as again:
        assert again.sequence == 41
        with pytest.raises(ValueError, match="numbered 41 after 41"):
            put(again, b"again", 41)
        assert put(again, b"next", 42)


def test_too_large_is_refused_and_leaves_the_old_item(tmp_path: Path) -> None:
    with SlotWriter(tmp_path / "feed", 10) as writer:
        assert put(writer, b"0123456789", 1)
        assert not put(writer, b"0123456789a", 2)
        assert writer.sequence == 1
        item = SlotReader(tmp_path / "feed").take()
        assert item is not None
        assert item.payload == b"0123456789"


def test_room_is_reserved_when_the_file_is_made(tmp_path: Path) -> None:
    SlotWriter(tmp_path / "feed", 1_000_000).close()
    assert (tmp_path / "feed").stat().st_blocks * 512 >= 1_000_000


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 500])
def test_a_file_that_is_no_slot_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "feed").write_bytes(content)
    with pytest.raises(ValueError, match="not a slot"):
        SlotWriter(tmp_path / "feed", 372)
    with pytest.raises(ValueError, match="not a slot"):
        SlotReader(tmp_path / "feed").take()


def test_another_capacity_is_refused(tmp_path: Path) -> None:
    SlotWriter(tmp_path / "feed", 100).close()
    with pytest.raises(ValueError, match="capacity is 100, not 200"):
        SlotWriter(tmp_path / "feed", 200)


def test_a_changed_bit_is_noticed_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    with SlotWriter(path, 100) as writer:
        put(writer, b"one", 1)
        with path.open("r+b") as file:
            file.seek(HEADER_BYTES)
            file.write(b"0")
        reader = SlotReader(path)
        assert reader.take() is None
        assert reader.torn == 1
        put(writer, b"two", 2)
        item = reader.take()
        assert item is not None
        assert item.sequence == 2


def test_nothing_torn_is_ever_read_while_another_process_writes_as_fast_as_it_can(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    writer = hammer(path, 4000)
    reader = SlotReader(path)
    last = taken = superseded = 0
    while last < 4000:
        item = reader.take()
        if item is None:
            assert writer.poll() is None or reader.cursor == 4000 or reader.peek() is not None
            continue
        assert item.sequence > last
        assert zlib.crc32(item.payload[4:]) == int.from_bytes(item.payload[:4], "little")
        assert item.payload[4] == item.sequence % 251
        assert (item.at, item.mono_s, item.epoch) == (item.sequence / 2, item.sequence / 4, item.sequence % 5)
        superseded += item.sequence - last - 1
        taken += 1
        last = item.sequence
    assert writer.wait(10) == 0
    assert taken + superseded == 4000
    assert taken > 10
    assert writer.stdout is not None
    writer.stdout.close()


def test_a_writer_killed_half_way_leaves_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    reader = SlotReader(path)
    last = 0
    for _ in range(4):
        writer = hammer(path, -1_000_000_000)
        while reader.cursor < last + 20:
            reader.take()
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait(10)
        assert writer.stdout is not None
        writer.stdout.close()
        with SlotWriter(path, 300_000) as again:
            assert again.sequence >= reader.cursor
            item = reader.take()
            if item is not None:
                assert zlib.crc32(item.payload[4:]) == int.from_bytes(item.payload[:4], "little")
            last = again.sequence + 1
            body = b"after"
            assert put(again, zlib.crc32(body).to_bytes(4, "little") + body, last)
            item = reader.take()
            assert item is not None
            assert item.sequence == last


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.sampled_from(["take", "peek", "reader", "writer"])))
)
def test_any_order_of_puts_takes_and_restarts_accounts_for_every_item(
    tmp_path_factory: pytest.TempPathFactory, steps: list[bytes | str]
) -> None:
    path = tmp_path_factory.mktemp("slot") / "feed"
    writer, reader = SlotWriter(path, 30), SlotReader(path)
    offered = oversize = analysed = superseded = 0
    latest: bytes | None = None
    for step in steps:
        if isinstance(step, bytes):
            if put(writer, step, writer.sequence + 1):
                offered += 1
                latest = step
            else:
                oversize += 1
                assert len(step) > 30
        elif step == "take":
            before = reader.cursor
            item = reader.take()
            if item is not None:
                assert item.payload == latest
                analysed += 1
                superseded += item.sequence - before - 1
            else:
                assert before == writer.sequence
        elif step == "peek":
            item = reader.peek()
            assert (item.payload if item else None) == latest
        elif step == "reader":
            reader.close()
            reader = SlotReader(path)
        else:
            writer.close()
            writer = SlotWriter(path, 30)
    before = reader.cursor
    item = reader.take()
    if item is not None:
        analysed += 1
        superseded += item.sequence - before - 1
    assert analysed + superseded == offered == writer.sequence == reader.cursor
    assert reader.torn == 0
