"""A ring between real processes: nothing torn, nothing doubled, what is missing is told, and writers may die."""

import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.access_unit import AccessUnit
from ingest.codec import Codec
from ingest.ring import RingEntry, RingReader, RingWriter

ROOT = Path(__file__).resolve().parents[2]

UNITS = """
import os, random, sys, time, zlib
from pathlib import Path
from ingest.access_unit import AccessUnit
from ingest.codec import Codec
from ingest.ring import RingReader, RingWriter

def unit(number, dice):
    body = bytes([number % 251]) * dice.randrange(1, 9_000)
    parts = [zlib.crc32(body).to_bytes(4, "little"), body]
    return AccessUnit(parts, [], 4 + len(body), number % 10 == 1, Codec.H265, 1, number, 90_000)
"""

HAMMER = (
    UNITS
    + """
writer = RingWriter(Path(sys.argv[1]), 100_000)
dice = random.Random(7)
print("ready", flush=True)
end = int(sys.argv[2])
while end == 0 or writer.number < end:
    writer.put(unit(writer.number + 1, dice), at=1.0, mono_s=float(writer.number + 1), broken=False)
    if end and writer.number % 8 == 0:
        os.sched_yield()
"""
)

LISTEN = (
    UNITS
    + """
reader, last, end, read, lost, missed = RingReader(Path(sys.argv[1])), 0, int(sys.argv[2]), 0, 0, 0
print("ready", flush=True)
while last < end:
    for entry in reader.entries(50):
        assert entry.number > last and (entry.number == last + 1 or entry.broken), (last, entry)
        assert not entry.broken or entry.key or entry.number == 1, entry
        missed += entry.number - last - 1
        last = entry.number
        payload = reader.sample(entry)
        if payload is None:
            lost += 1
            continue
        read += 1
        assert zlib.crc32(payload[4:]) == int.from_bytes(payload[:4], "little"), entry
        assert payload[4] == entry.number % 251 and len(payload) == entry.size
print(read, lost, missed, reader.overrun, flush=True)
"""
)


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def started() -> Iterator[Start]:
    """Starts a program that says when it is ready; none outlives the test."""
    processes = []

    def start(code: str, *argv: object) -> subprocess.Popen[str]:
        argument = [sys.executable, "-c", code, *map(str, argv)]
        process = subprocess.Popen(argument, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def unit(payload: bytes, *, key: bool = False, epoch: int = 1) -> AccessUnit:
    return AccessUnit([payload[:3], payload[3:]], [], len(payload), key, Codec.H264, epoch, 77, 90_000)


def put(writer: RingWriter, payload: bytes, *, key: bool = False, broken: bool = False, mono_s: float = 2.5) -> bool:
    return writer.put(unit(payload, key=key), at=1.5, mono_s=mono_s, broken=broken)


def numbers(entries: list[RingEntry]) -> list[int]:
    return [entry.number for entry in entries]


def test_what_was_put_is_read_back_with_all_that_was_said_of_it(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "gate", 10_000) as writer, RingReader(tmp_path / "gate") as reader:
        what = AccessUnit.of([b"set", b"picture"], True, Codec.H265, 3, 0xFFFF_FFFF, 90_000)
        assert writer.put(what, at=1.5, mono_s=2.5, broken=True, width=3840, height=2160)
        (entry,) = reader.entries()
        assert entry == RingEntry(
            1, entry.place, 18, True, True, Codec.H265, 3, 0xFFFF_FFFF, 90_000, 3840, 2160, 1.5, 2.5
        )
        assert reader.sample(entry) == b"\0\0\0\3set\0\0\0\7picture"
        assert reader.payload(entry) == what.payload == b"\0\0\0\1set\0\0\0\1picture"
        assert reader.entries() == []


def test_a_reader_that_comes_first_waits_for_the_file(tmp_path: Path) -> None:
    reader = RingReader(tmp_path / "gate")
    assert reader.entries() == []
    assert not reader.seek_last_key()
    with RingWriter(tmp_path / "gate", 10_000) as writer:
        assert reader.entries() == []
        put(writer, b"one")
        assert numbers(reader.entries()) == [1]
        assert reader.overrun == 0


def test_a_limit_leaves_the_rest_for_the_next_call(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "gate", 10_000) as writer, RingReader(tmp_path / "gate") as reader:
        for _ in range(5):
            put(writer, b"x")
        assert numbers(reader.entries(2)) == [1, 2]
        assert numbers(reader.entries(2)) == [3, 4]
        assert numbers(reader.entries(2)) == [5]
        assert reader.overrun == 0


def test_an_overtaken_reader_goes_on_at_the_oldest_keyframe_and_is_told(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "gate", 10_000) as writer, RingReader(tmp_path / "gate") as reader:
        put(writer, b"x" * 900, key=True)
        (first,) = reader.entries()
        for number in range(2, 26):
            put(writer, b"x" * 900, key=number % 4 == 1)
        got = reader.entries()
        assert numbers(got) == list(range(got[0].number, 26))
        assert got[0].key
        assert got[0].broken
        assert not any(entry.broken for entry in got[1:])
        assert 25 - got[0].number <= 10
        assert reader.overrun == 1
        assert reader.sample(first) is None
        assert reader.sample(got[0]) == b"x" * 900


def test_without_a_keyframe_an_overtaken_reader_goes_on_at_the_oldest_unit(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "gate", 10_000) as writer, RingReader(tmp_path / "gate") as reader:
        put(writer, b"x", key=True)
        reader.entries()
        for _ in range(30):
            put(writer, b"x" * 900)
        got = reader.entries()
        assert numbers(got) == list(range(got[0].number, 32))
        assert len(got) >= 9
        assert got[0].broken


def test_a_reader_goes_to_the_keyframe_before_a_moment(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "gate", 20_000) as writer, RingReader(tmp_path / "gate") as reader:
        for number in range(1, 41):
            put(writer, b"x" * 900, key=number % 5 == 0, mono_s=float(number))
        assert reader.seek_key_before(32.5)
        assert (entry := reader.entries(1)[0]).number == 30
        assert entry.broken
        assert reader.seek_key_before(30.0)
        assert numbers(reader.entries(2)) == [30, 31]
        assert reader.seek_key_before(1.0), "what is gone is not found, and the oldest keyframe is"
        assert numbers(reader.entries(1)) == [25]
        assert reader.seek_last_key()
        assert numbers(reader.entries(1)) == [40]


def test_a_unit_larger_than_half_the_circle_is_left_out_and_the_next_is_broken(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "gate", 10_000) as writer, RingReader(tmp_path / "gate") as reader:
        put(writer, b"x")
        assert not put(writer, b"x" * 5_000, key=True)
        assert writer.oversize == 1
        put(writer, b"y")
        put(writer, b"z")
        assert [(entry.number, entry.broken) for entry in reader.entries()] == [(1, True), (2, True), (3, False)]
        assert put(writer, b"x" * 4_900)


def test_a_restarted_writer_goes_on_behind_what_is_there(tmp_path: Path) -> None:
    reader = RingReader(tmp_path / "gate")
    with RingWriter(tmp_path / "gate", 10_000) as writer:
        for number in range(1, 21):
            put(writer, b"x" * 900, key=number % 5 == 0)
        last = reader.entries()[-1]
    with RingWriter(tmp_path / "gate", 10_000) as again:
        put(again, b"next")
        assert reader.seek_last_key()
        got = reader.entries()
    assert [(entry.number, entry.broken) for entry in got] == [(20, True), (21, True)]
    assert reader.sample(got[1]) == b"next"
    assert last.number == 20


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 12_000])
def test_what_is_no_ring_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "gate").write_bytes(content)
    with RingWriter(tmp_path / "gate", 10_000) as writer, RingReader(tmp_path / "gate") as reader:
        put(writer, b"one")
        assert numbers(reader.entries()) == [1]


def test_a_replaced_file_is_opened_again_and_its_first_unit_is_broken(tmp_path: Path) -> None:
    reader = RingReader(tmp_path / "gate")
    with RingWriter(tmp_path / "gate", 10_000) as writer:
        put(writer, b"old", mono_s=1.0)
        (old,) = reader.entries()
    with RingWriter(tmp_path / "gate", 20_000) as writer:
        put(writer, b"new", mono_s=2.0)
        (new,) = reader.entries()
        assert (new.number, new.broken) == (1, True)
        assert reader.sample(new) == b"new"
        assert reader.sample(old) is None
        assert reader.overrun == 0


def test_a_ring_with_a_changed_bit_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "gate"
    reader = RingReader(path)
    with RingWriter(path, 10_000) as writer:
        for _ in range(3):
            put(writer, b"x" * 100, key=True)
        first, second, _ = reader.entries()
        with path.open("r+b") as file:
            file.seek(128 + second.place % 10_000 + 20)
            file.write(b"\xff")
        reader.seek_key_before(0.0)
        again = RingReader(path)
        assert [entry.number for entry in again.entries() + again.entries()] == [3], (
            "what cannot be read is passed over"
        )
        assert first.number == 1
    with RingWriter(path, 10_000) as fresh:
        assert fresh.number == 0
        put(fresh, b"new")
        assert numbers(RingReader(path).entries()) == [1]


def test_room_is_reserved_when_the_file_is_made(tmp_path: Path) -> None:
    RingWriter(tmp_path / "gate", 1_000_000).close()
    assert (tmp_path / "gate").stat().st_blocks * 512 >= 1_000_000


def test_a_circle_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 4096"):
        RingWriter(tmp_path / "gate", 100)


def test_several_processes_read_whole_units_while_another_writes_as_fast_as_it_can(
    tmp_path: Path, started: Start
) -> None:
    path, count = tmp_path / "gate", 3_000
    listeners = [started(LISTEN, path, count) for _ in range(2)]
    writer = started(HAMMER, path, count)
    told = [listener.communicate(timeout=60)[0].split() for listener in listeners]
    assert writer.wait(60) == 0
    assert [listener.returncode for listener in listeners] == [0, 0]
    for read, lost, missed, overrun in (map(int, row) for row in told):
        assert read + lost + missed == count
        assert read > 100
        assert overrun > 0 or missed == 0


def test_a_writer_killed_half_way_leaves_nothing_wrong(tmp_path: Path, started: Start) -> None:
    path = tmp_path / "gate"
    reader = RingReader(path)
    last = 0
    for _ in range(4):
        writer = started(HAMMER, path, 0)
        goal = last + 500
        while last < goal:
            last = max([last, *check(reader)])
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait(10)
        last = max([last, *check(reader)])
        with RingWriter(path, 100_000) as again:
            assert again.number >= last
            body = b"after"
            put(again, zlib.crc32(body).to_bytes(4, "little") + body)
            entry = next(entry for entry in reader.entries() if entry.number == again.number)
            assert entry.broken
            assert reader.sample(entry) == zlib.crc32(body).to_bytes(4, "little") + body
            last = again.number


def check(reader: RingReader) -> list[int]:
    """Read what there is; return the numbers."""
    entries = reader.entries()
    for entry in entries:
        payload = reader.sample(entry)
        assert payload is None or zlib.crc32(payload[4:]) == int.from_bytes(payload[:4], "little")
    return numbers(entries)


@settings(max_examples=80, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.integers(1, 2_300), st.booleans()),
            st.sampled_from(["read", "read one", "key", "reader", "writer"]),
        ),
        max_size=60,
    )
)
def test_any_order_of_puts_reads_and_restarts_gives_whole_units_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    path = tmp_path_factory.mktemp("ring") / "gate"
    writer, reader = RingWriter(path, 4_100), RingReader(path)
    put_before: dict[int, bytes] = {}
    last = 0
    for step in steps:
        if isinstance(step, tuple):
            size, key = step
            payload = bytes([len(put_before) % 251]) * size
            if put(writer, payload, key=key):
                put_before[writer.number] = payload
            else:
                assert size > 1_900
        elif step.startswith("read") and step != "reader":
            for entry in reader.entries(1 if step == "read one" else 1000):
                assert entry.number == last + 1 or entry.broken
                assert reader.sample(entry) == put_before[entry.number]
                last = entry.number
        elif step == "key":
            reader.seek_last_key()
        elif step == "reader":
            reader.close()
            reader = RingReader(path)
            last = 0 if not put_before else last
        else:
            writer.close()
            writer = RingWriter(path, 4_100)
            assert writer.number == len(put_before)
    while reader.entries():
        pass
    put(writer, b"last")
    (entry,) = reader.entries()
    assert reader.sample(entry) == b"last"
