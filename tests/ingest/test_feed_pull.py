"""Feeds of two streams, of cameras that cannot do TCP, flood, change or are asked with the wrong password."""

import shutil
from dataclasses import replace
from pathlib import Path

import av
import pytest

from camera_config.ids import CameraId
from ingest.auth import Credentials
from ingest.feed import Feed, FeedStatus, Which
from ingest.health import Note, State
from ingest.receiver import Receiver
from ingest.simulate.faults import Fault, Trouble
from ingest.simulate.mount import Mount
from ingest.simulate.source import LoopSource
from ingest.slot import SlotItem, SlotReader
from tests.support.receiving import Ring, camera, receiving, serving, source, status
from tests.support.tiny_h264 import encode
from tests.support.waiting import until

SMALL = encode(48, 32, frames=40, gop=10, seed=1)


def size_of(item: SlotItem) -> tuple[int, int]:
    decoder = av.CodecContext.create("h264", "r")
    picture = (decoder.decode(av.Packet(item.payload)) + decoder.decode(None))[0]
    return picture.width, picture.height


async def test_the_sub_stream_is_watched_while_it_is_there_and_the_main_stream_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.pull.AWAY_S", 1.0)
    async with serving({"street": Mount(source(), sub=source(SMALL))}) as (server, urls):
        feed = Feed(CameraId("street"), urls["street"], sub_url=urls["street/sub"])
        async with receiving([feed], tmp_path / "slots", rings=tmp_path / "rings", floor_s=0) as (receiver, told):
            reader = SlotReader(tmp_path / "slots" / "street")

            async def watched(size: tuple[int, int]) -> SlotItem:
                found: list[SlotItem] = []

                def seen() -> bool:
                    item = reader.take()
                    if item is not None:
                        found[:] = [item]
                    return bool(found) and size_of(found[0]) == size

                await until(seen, 20)
                return found[0]

            first = await watched((48, 32))
            both = [Ring(tmp_path / "rings" / name) for name in ("street", "street.sub")]
            await until(lambda: min(ring.read() for ring in both) >= 20)
            assert [ring.entries[-1].width for ring in both] == [64, 48]
            one = status(receiver, "street")
            assert (one.state, one.sub_state, one.watched, one.width) == (State.ONLINE, State.ONLINE, Which.SUB, 64)

            server.set_fault("street/sub", Fault.VANISH)
            second = await watched((64, 48))
            one = status(receiver, "street")
            assert (one.state, one.sub_state, one.watched) == (State.ONLINE, State.UNREACHABLE, Which.MAIN)

            server.set_fault("street/sub", None)
            third = await watched((48, 32))
            assert status(receiver, "street").watched is Which.SUB
            assert first.epoch < second.epoch < third.epoch
            receiver.stop()
            one = status(receiver, "street")
    assert one.keyframes_received == one.gated + one.offered
    item = reader.peek()
    assert item is not None
    assert item.sequence == one.offered
    assert told.of("street") == [State.ONLINE], "a sub-stream that is away is no state of the feed"


async def test_the_keyframes_of_a_main_stream_that_only_records_are_not_counted(tmp_path: Path) -> None:
    async with serving({"street": Mount(source(), sub=source(SMALL))}) as (_server, urls):
        feed = Feed(CameraId("street"), urls["street"], sub_url=urls["street/sub"])
        async with receiving([feed], tmp_path / "slots", rings=tmp_path / "rings", floor_s=0) as (receiver, _told):
            await until(lambda: status(receiver, "street").keyframes_received >= 5)
            receiver.stop()
            one = status(receiver, "street")
    main, sub = Ring(tmp_path / "rings" / "street"), Ring(tmp_path / "rings" / "street.sub")
    assert one.frames_received == main.read() + sub.read()
    assert one.keyframes_received == sum(entry.key for entry in sub.entries)
    assert sum(entry.key for entry in main.entries) >= 3


async def test_a_camera_that_refuses_tcp_is_pulled_by_the_second_backend_and_ours_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.pull.SECOND_S", 1.0)
    async with serving({"old": Mount(source(), carriage="udp")}) as (_server, urls):
        feed = camera("old", urls["old"])
        async with receiving([feed], tmp_path) as (receiver, told):
            await until(lambda: status(receiver, "old").keyframes_received >= 1, 20)
            one = status(receiver, "old")
            assert (one.state, one.via, one.width) == (State.ONLINE, "pyav", 64)
            assert State.UNREACHABLE not in told.of("old")
            await until(lambda: status(receiver, "old").reconnects >= 1, 20)
            assert status(receiver, "old").via == "pyav"


class Counted:
    """A source that knows how many of its pictures were due."""

    def __init__(self, shows: LoopSource) -> None:
        self.fps, self.codec, self.sets, self.frame = shows.fps, shows.codec, shows.sets, shows.frame
        self.due = 0

    def sent(self, number: int, started_at: float) -> None:
        self.due = number + 1


def came(receiver: Receiver, then: FeedStatus) -> int:
    return status(receiver, then.feed).frames_received - then.frames_received


async def test_a_flood_is_held_back_and_the_others_get_their_pictures(tmp_path: Path) -> None:
    quiet = Counted(source())
    mounts = {**dict.fromkeys([f"street-{number}" for number in range(4)], quiet), "flood": source()}
    async with serving(mounts) as (server, urls):
        feeds = [camera(name, url) for name, url in urls.items()]
        async with receiving(feeds, tmp_path / "slots", rings=tmp_path / "rings") as (receiver, _told):
            await until(lambda: all(one.fps > 10 for one in receiver.status()))
            server.set_fault("flood", Trouble(Fault.FLOOD, 20.0))
            await until(lambda: status(receiver, "flood").flood_dropped > 0, 20)
            before, due, skipped = receiver.status(), quiet.due, server.totals.frames_skipped
            await until(lambda: quiet.due >= due + 50, 20)
            due = quiet.due - due - (server.totals.frames_skipped - skipped)
            streets = [one for one in before if one.feed != "flood"]
            await until(lambda: all(came(receiver, one) >= 0.9 * due - 2 for one in streets), 20)
            for one, then in zip(receiver.status(), before, strict=True):
                if one.feed == "flood":
                    assert one.flood_dropped - then.flood_dropped > one.frames_received - then.frames_received
                    assert Note.FLOOD in one.notes
                else:
                    assert (one.state, one.flood_dropped, one.notes) == (State.ONLINE, 0, ())
            ring = Ring(tmp_path / "rings" / "flood")
            ring.read()
            assert any(entry.broken for entry in ring.entries[1:])


async def test_a_corrected_password_ends_the_pause_at_once(tmp_path: Path) -> None:
    who = [Credentials("admin", "wrong")]
    mount = Mount(source(), Credentials("admin", "right"))
    async with serving({"door": mount}) as (server, urls):
        feed = replace(camera("door", urls["door"]), credentials=lambda: who[0])
        async with receiving([feed], tmp_path) as (receiver, told):
            await until(lambda: told.of("door") == [State.BAD_CREDENTIALS])
            tried = server.totals.connections
            who[0] = Credentials("admin", "right")
            await until(lambda: status(receiver, "door").state is State.ONLINE)
            assert server.totals.connections == tried + 1


async def test_a_new_picture_size_is_told_and_raises_the_epoch(tmp_path: Path) -> None:
    async with serving({"street": source(encode(128, 96, frames=20, gop=10))}) as (server, urls):
        feed = camera("street", urls["street"])
        async with receiving([feed], tmp_path, rings=tmp_path / "rings", floor_s=0) as (receiver, _told):
            ring = Ring(tmp_path / "rings" / "street")
            await until(lambda: ring.read() >= 5)
            server.set_fault("street", Fault.RESCALE)
            await until(lambda: status(receiver, "street").width == 96, 20)
            await until(lambda: bool(ring.read()) and ring.entries[-1].epoch == 2)
            item = SlotReader(tmp_path / "street").peek()
            assert item is not None
            assert (item.epoch, size_of(item)) == (2, (96, 72))
    changed = next(entry for entry in ring.entries if entry.epoch == 2)
    assert changed.key
    assert (ring.entries[0].width, changed.width, changed.height) == (128, 96, 72)
    assert status(receiver, "street").reconnects == 0


async def test_a_clock_that_is_wrong_is_noted_and_ours_is_used(tmp_path: Path) -> None:
    mounts = {"ahead": Mount(source(), clock_offset_s=3600.0), "right": Mount(source())}
    async with serving(mounts, report_s=0.1) as (_server, urls):
        feeds = [camera(name, url) for name, url in urls.items()]
        async with receiving(feeds, tmp_path) as (receiver, _told):
            await until(lambda: status(receiver, "ahead").clock_offset_s is not None)
            await until(lambda: status(receiver, "right").clock_offset_s is not None)
            await until(lambda: all(one.last_frame_at for one in receiver.status()))
            ahead, right = receiver.status()
    assert (ahead.notes, right.notes) == ((Note.CLOCK_OFF,), ())
    assert ahead.clock_offset_s == pytest.approx(3600, abs=5)
    assert ahead.last_frame_at is not None
    assert right.last_frame_at == pytest.approx(ahead.last_frame_at, abs=10)


async def test_a_stream_without_room_for_its_ring_is_pulled_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "rings" / "street").mkdir(parents=True)
    async with serving({"street": source()}) as (_server, urls):
        feed = camera("street", urls["street"])
        async with receiving([feed], tmp_path / "slots", rings=tmp_path / "rings") as (receiver, _told):
            await until(lambda: status(receiver, "street").offered >= 1)
    assert "ring.no_room stream=street" in caplog.text


async def test_rings_take_only_what_is_left_and_streams_are_pulled_without_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr("ingest.receiver.SPARE_BYTES", free + 2**20)
    async with serving({"street": source()}) as (_server, urls):
        feed = camera("street", urls["street"])
        async with receiving([feed], tmp_path / "slots", rings=tmp_path / "rings") as (receiver, _told):
            await until(lambda: status(receiver, "street").offered >= 1)
    assert not list((tmp_path / "rings").iterdir())
    assert "rings.no_room streams=1" in caplog.text
