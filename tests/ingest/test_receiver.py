"""The receiver against simulated and scripted cameras, with the real clock: states, numbers, and the way back."""

import asyncio
import socket
import time
from pathlib import Path

import av
import pytest

from camera_config.clock import SystemClock
from camera_config.ids import CheckpointId
from ingest.auth import Credentials
from ingest.codec import Codec
from ingest.feed import Feed, FeedKind, Which
from ingest.gate import LEARNING
from ingest.health import Note, State
from ingest.receiver import Receiver, totals
from ingest.simulate.faults import Fault
from ingest.slot import SlotReader
from tests.support.receiving import ENCODED, Ring, camera, receiving, simulated, status
from tests.support.scripted_rtsp import Script, ScriptedCamera, media_of
from tests.support.tiny_h264 import encode, interleaved, nals, packets
from tests.support.waiting import until


async def test_every_picture_of_the_file_arrives_in_order_and_keyframes_reach_the_slot(tmp_path: Path) -> None:
    slices = [[nal for nal in unit if nal[0] & 31 in (1, 5)] for unit in ENCODED]
    async with simulated("gate") as (_server, urls):
        feed = Feed(CheckpointId("gate"), urls["gate"], FeedKind.CHECKPOINT)
        async with receiving([feed], tmp_path / "slots", rings=tmp_path / "rings") as (receiver, _told):
            ring = Ring(tmp_path / "rings" / "gate")
            await until(lambda: ring.read() >= 60)
            reader = SlotReader(tmp_path / "slots" / "gate")
            item = reader.take()
            one = status(receiver, "gate")
            ring.read()
    got = [[nal for nal in nals(payload) if nal[0] & 31 in (1, 5)] for payload in ring.payloads]
    place = slices.index(got[0])
    assert place % 10 == 0
    assert got == [slices[(place + index) % 40] for index in range(len(got))]
    assert [entry.key for entry in ring.entries] == [index % 10 == 0 for index in range(len(got))]
    assert [entry.broken for entry in ring.entries] == [True] + [False] * (len(got) - 1)
    assert {(entry.width, entry.height, entry.codec) for entry in ring.entries} == {(64, 48, Codec.H264)}
    assert ring.entries[-1].at == pytest.approx(time.time(), abs=5)
    assert item is not None
    assert item.sequence == one.offered == one.keyframes_received
    assert item.codec is Codec.H264
    assert item.payload in [payload for payload, entry in zip(ring.payloads, ring.entries, strict=True) if entry.key]
    decoder = av.CodecContext.create("h264", "r")
    pictures = decoder.decode(av.Packet(item.payload)) + decoder.decode(None)
    assert [(picture.width, picture.height) for picture in pictures] == [(64, 48)]
    assert (one.state, one.lost, one.dropped, one.width, one.height) == (State.ONLINE, 0, 0, 64, 48)
    assert (one.codec, one.via, one.sub_state, one.watched, one.notes) == (Codec.H264, "rtsp", None, Which.MAIN, ())
    assert one.fps == pytest.approx(25, abs=6) or one.fps == 0
    assert one.gop_s == pytest.approx(0.4, abs=0.2)


async def test_received_is_gated_and_offered_and_stays_so_after_the_stop(tmp_path: Path) -> None:
    async with simulated("street", "gate") as (_server, urls):
        feeds = [camera("street", urls["street"]), Feed(CheckpointId("gate"), urls["gate"], FeedKind.CHECKPOINT)]
        async with receiving(feeds, tmp_path, rings=tmp_path / "rings") as (receiver, _told):
            await until(lambda: receiver.status()[0].gated >= 4 and receiver.status()[1].offered >= 5)
            receiver.stop()
            final = receiver.status()
            await until(lambda: all(one.state is State.UNKNOWN for one in receiver.status()))
        again = receiver.status()
        seen = sum(Ring(tmp_path / "rings" / name).read() for name in ("street", "gate"))
    for one, later in zip(final, again, strict=True):
        assert one.keyframes_received == one.gated + one.offered == later.keyframes_received
        assert one.frames_received == later.frames_received
        assert SlotReader(tmp_path / one.feed).peek().sequence == one.offered  # type: ignore[union-attr]
    street, gate = final
    assert street.offered >= LEARNING
    assert gate.gated == 0
    summed = totals(final)
    assert summed["frames_received"] == seen
    assert summed["keyframes_received"] == summed["keyframes_gated"] + summed["keyframes_offered"]


async def test_a_restarted_receiver_goes_on_with_numbers_and_epochs(tmp_path: Path) -> None:
    async with simulated("gate") as (_server, urls):
        feed = Feed(CheckpointId("gate"), urls["gate"], FeedKind.CHECKPOINT)
        last = 0
        for round_number in (1, 2):
            async with receiving([feed], tmp_path) as (receiver, _told):
                await until(lambda: receiver.status()[0].offered >= 2)
            item = SlotReader(tmp_path / "gate").peek()
            assert item is not None
            assert item.sequence == last + receiver.status()[0].offered
            assert item.epoch == round_number
            last = item.sequence


async def test_each_trouble_is_told_in_time_and_each_camera_comes_back(tmp_path: Path) -> None:
    async with simulated("well", "stall", "vanish", "garbage") as (server, urls):
        feeds = [camera(name, url) for name, url in urls.items()]
        async with receiving(feeds, tmp_path) as (receiver, told):
            await until(lambda: all(one.fps > 10 for one in receiver.status()))
            broke_s = time.monotonic()
            server.set_fault("stall", Fault.STALL)
            server.set_fault("vanish", Fault.VANISH)
            server.set_fault("garbage", Fault.GARBAGE)
            await until(lambda: State.UNREACHABLE in told.of("vanish") and State.UNREACHABLE in told.of("garbage"))
            await until(lambda: State.STALLED in told.of("stall"))
            assert told.when("stall", State.STALLED) - broke_s <= 3.0
            assert told.when("vanish", State.UNREACHABLE) - broke_s <= 3.0
            assert status(receiver, "vanish").since == pytest.approx(time.time(), abs=4)
            back_s = time.monotonic()
            for name in ("stall", "vanish", "garbage"):
                server.set_fault(name, None)
            await until(lambda: all(one.state is State.ONLINE for one in receiver.status()), 15)
            assert time.monotonic() - back_s <= 15
            assert status(receiver, "vanish").reconnects >= 1
            assert status(receiver, "garbage").reconnects >= 1
            assert status(receiver, "well").reconnects == 0
    assert told.of("well") == [State.ONLINE]
    assert State.LATE in told.of("stall")


async def test_a_closed_port_and_a_silent_host_are_unreachable_within_three_seconds(tmp_path: Path) -> None:
    with socket.socket() as closed, socket.socket() as silent, socket.socket() as one, socket.socket() as two:
        closed.bind(("127.0.0.1", 0))
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        for waiting in (one, two):  # fill the queue: who comes next gets no answer, as from a dead host
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        feeds = [
            camera("closed", f"rtsp://127.0.0.1:{closed.getsockname()[1]}/x"),
            camera("silent", f"rtsp://127.0.0.1:{silent.getsockname()[1]}/x"),
        ]
        async with receiving(feeds, tmp_path) as (receiver, told):
            await until(lambda: all(one.state is State.UNREACHABLE for one in receiver.status()), 3.0)
            assert "refused" in status(receiver, "closed").cause.lower()
            assert told.of("silent") == [State.UNREACHABLE]


async def test_a_wrong_password_is_a_state_of_its_own_and_stays_out_of_log_and_status(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedCamera(Script(auth="digest", password="right")) as door:
        url = door.url.replace("rtsp://", "rtsp://admin:hunter2@")
        feed = camera("door", url)
        async with receiving([feed], tmp_path) as (receiver, told):
            await until(lambda: told.of("door") == [State.BAD_CREDENTIALS])
            assert door.connections == 1
            assert "hunter2" not in repr(feed) + repr(receiver.status()) + caplog.text
            assert "feed.bad_credentials feed=door" in caplog.text
        assert "hunter2" not in caplog.text


async def test_credentials_are_asked_for_at_every_connection(tmp_path: Path) -> None:
    async with ScriptedCamera(Script(auth="digest", media=media_of(encode()), after="close")) as door:
        feed = camera("door", door.url, Credentials("admin", "hunter2"))
        async with receiving([feed], tmp_path) as (receiver, _told):
            await until(lambda: receiver.status()[0].reconnects >= 1)
            assert receiver.status()[0].frames_received >= 20


async def test_a_gap_drops_to_the_next_keyframe_and_is_counted(tmp_path: Path) -> None:
    rows = packets(encode(frames=15), size=50)
    del rows[2][1]
    media = [interleaved(packet) for row in rows for packet in row]
    async with ScriptedCamera(Script(media=media)) as odd:
        feed = camera("odd", odd.url)
        async with receiving([feed], tmp_path, rings=tmp_path / "rings", floor_s=0) as (receiver, _told):
            await until(lambda: receiver.status()[0].frames_received == 12)
            ring = Ring(tmp_path / "rings" / "odd")
            assert ring.read() == 12
            assert [number for number, entry in enumerate(ring.entries) if entry.broken] == [0, 2]
            assert ring.entries[2].key
            one = receiver.status()[0]
            assert (one.lost, one.dropped, one.keyframes_received, one.offered) == (1, 3, 3, 3)


async def test_a_keyframe_larger_than_the_slot_is_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingest.watch.SLOT_BYTES", 1000)
    async with ScriptedCamera(Script(media=media_of(encode()))) as big:
        feed = camera("big", big.url)
        async with receiving([feed], tmp_path) as (receiver, _told):
            await until(lambda: receiver.status()[0].frames_received == 10)
            one = receiver.status()[0]
    assert (one.keyframes_received, one.gated, one.offered, one.oversize) == (0, 0, 0, 2)
    assert one.notes == (Note.BIG_KEYFRAMES,)
    assert SlotReader(tmp_path / "big").peek() is None
    assert "feed.oversize feed=big" in caplog.text


async def test_an_address_that_cannot_be_asked_is_that_feeds_trouble_alone(tmp_path: Path) -> None:
    async with simulated("well") as (_server, urls):
        feeds = [camera("odd", "http://u:hunter2@10.0.0.1/x"), camera("well", urls["well"])]
        async with receiving(feeds, tmp_path) as (receiver, told):
            await until(lambda: told.of("well") == [State.ONLINE])
            assert status(receiver, "odd").state is State.UNREACHABLE
            assert "rtsp://" in status(receiver, "odd").cause
            assert "hunter2" not in repr(receiver.status())


class Hurried(SystemClock):
    """Five times as fast, so that two looks are further apart than a process that is not held up has them."""

    def monotonic_s(self) -> float:
        return 5 * time.monotonic()


async def test_a_starved_process_still_looks_at_its_feeds(tmp_path: Path) -> None:
    async with ScriptedCamera(Script(media=media_of(encode()))) as slow:
        receiver = Receiver([camera("slow", slow.url)], tmp_path, Hurried())
        running = asyncio.create_task(receiver.run())
        await until(lambda: receiver.status()[0].frames_received == 10)
        receiver.stop()
        await asyncio.wait_for(running, 5)


def test_two_feeds_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same id"):
        Receiver([camera("a", "rtsp://x/"), camera("a", "rtsp://y/")], tmp_path, SystemClock())


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden"])
def test_an_id_that_leaves_the_slots_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="slot file"):
        camera(name, "rtsp://x/")
