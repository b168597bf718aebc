import asyncio
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.simulate.faults import Fault
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import LoopSource, PackedClip
from tests.ingest.simulate.conftest import opened


@pytest.fixture
def cameras(clip: PackedClip):
    source = LoopSource(clip)
    with CameraServerThread(CameraServer({"cam-1": source, "cam-2": source, "cam-3": LoopSource(clip, 7)})) as server:
        yield server


def test_a_viewer_sees_the_very_frames_of_the_clip(cameras: CameraServerThread, clip_file: Path):
    with av.open(str(clip_file)) as file:
        kept = [frame.to_ndarray() for frame in file.decode(video=0)]
    with opened(cameras.url("cam-1")) as stream:
        seen = [frame.to_ndarray() for frame in islice(stream.decode(video=0), 60)]
    start = next(number for number, frame in enumerate(kept) if np.array_equal(frame, seen[0]))
    assert start % 5 == 0
    for number, frame in enumerate(seen):
        assert np.array_equal(frame, kept[(start + number) % len(kept)]), number


def test_keyframes_come_every_five_frames_and_the_first_one_sent_is_one(cameras: CameraServerThread):
    with opened(cameras.url("cam-3")) as stream:
        keys = [packet.is_keyframe for packet in islice(stream.demux(video=0), 21)]
    assert keys == [number % 5 == 0 for number in range(21)]


def test_time_stamps_advance_by_one_frame(cameras: CameraServerThread):
    with opened(cameras.url("cam-1")) as stream:
        times = [packet.pts for packet in islice(stream.demux(video=0), 20) if packet.pts is not None]
    assert set(np.diff(times)) == {1800}


def test_the_answers_are_those_of_a_camera(cameras: CameraServerThread, talk):
    line = talk(cameras.port)
    assert "DESCRIBE" in line.ask("OPTIONS", "cam-1")[1]
    assert line.ask("DESCRIBE", "cam-9")[0] == 404
    status, text = line.ask("DESCRIBE", "cam-1")
    assert status == 200
    assert "sprop-parameter-sets=" in text
    assert line.ask("PLAY", "cam-1")[0] == 455
    assert line.ask("SETUP", "cam-1/track0", "Transport: RTP/AVP;multicast")[0] == 461
    assert line.ask("SETUP", "cam-1/track0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")[0] == 200
    assert "timeout=60" in line.ask("GET_PARAMETER", "cam-1")[1]
    assert line.ask("RECORD", "cam-1")[0] == 501
    assert line.ask("TEARDOWN", "cam-1")[0] == 200
    assert line.hung_up()


def test_what_is_no_rtsp_is_refused(cameras: CameraServerThread, talk):
    line = talk(cameras.port)
    line.sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert line.sock.recv(100).startswith(b"RTSP/1.0 400")
    assert line.hung_up()


def test_a_client_that_says_nothing_is_let_go(clip: PackedClip, talk):
    server = CameraServer({"cam-1": LoopSource(clip)}, session_timeout_s=0.1)
    with CameraServerThread(server) as cameras:
        line = talk(cameras.port)
        line.play("cam-1")
        assert line.hung_up()


def test_a_stalled_camera_keeps_its_connection_and_sends_nothing(cameras: CameraServerThread, talk):
    stalled, other = talk(cameras.port), talk(cameras.port)
    cameras.set_fault("cam-1", Fault.STALL)
    stalled.play("cam-1")
    other.play("cam-2")
    assert stalled.silent(0.3)
    assert other.sock.recv(100)
    cameras.set_fault("cam-1", None)
    stalled.sock.settimeout(5)
    assert stalled.sock.recv(1).startswith(b"$")


def test_a_refusing_camera_hangs_up_on_new_clients_and_keeps_the_old(cameras: CameraServerThread, talk):
    old = talk(cameras.port)
    old.play("cam-1")
    cameras.set_fault("cam-1", Fault.REFUSE)
    assert talk(cameras.port).ask("DESCRIBE", "cam-1") == (0, "")
    assert all(old.sock.recv(4096) for _ in range(50))
    assert talk(cameras.port).ask("DESCRIBE", "cam-2")[0] == 200


def test_a_vanished_camera_resets_connections_until_it_is_back(cameras: CameraServerThread, talk):
    old = talk(cameras.port)
    old.play("cam-1")
    cameras.set_fault("cam-1", Fault.VANISH)
    assert old.hung_up()
    assert talk(cameras.port).ask("DESCRIBE", "cam-1") == (0, "reset")
    cameras.set_fault("cam-1", None)
    assert talk(cameras.port).ask("DESCRIBE", "cam-1")[0] == 200


def test_a_changed_password_is_told(cameras: CameraServerThread, talk):
    old = talk(cameras.port)
    old.play("cam-1")
    cameras.set_fault("cam-1", Fault.UNAUTHORISED)
    assert old.hung_up()
    status, text = talk(cameras.port).ask("DESCRIBE", "cam-1")
    assert status == 401
    assert "WWW-Authenticate: Digest" in text
    with pytest.raises(av.HTTPUnauthorizedError), opened(cameras.url("cam-1")):
        pass


def test_garbage_is_no_rtsp(cameras: CameraServerThread, talk):
    cameras.set_fault("cam-1", Fault.GARBAGE)
    line = talk(cameras.port)
    line.sock.sendall(b"DESCRIBE rtsp://127.0.0.1/cam-1 RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    assert not line.sock.recv(100).startswith(b"RTSP")


def test_an_unknown_mount_cannot_have_a_fault(cameras: CameraServerThread):
    with pytest.raises(KeyError):
        cameras.set_fault("cam-9", Fault.STALL)


async def test_a_slow_client_loses_whole_frames_and_costs_no_memory(clip: PackedClip):
    server = CameraServer({"cam-1": LoopSource(clip)}, buffer_bytes=50_000)
    port = await server.start()
    slow, fast = await _player(port), await _player(port)
    slow_socket = slow.get_extra_info("socket")
    received = 0
    while server.totals.frames_dropped < 5 and received < 60_000_000:
        received += len(await asyncio.wait_for(fast.read(1 << 18), 5))
        held = [session.waiting_bytes for session in server.sessions]
        assert max(held) < 50_000 + 60_000, "more than the bound and one frame"
    assert server.totals.frames_dropped >= 5
    assert slow_socket is not None
    await server.stop()


class _Player:
    """A client that reads only when asked; the kernel holds little for it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.read = reader.read
        self.get_extra_info = writer.get_extra_info
        self._keep = writer


async def _player(port: int) -> _Player:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    url = f"rtsp://127.0.0.1:{port}/cam-1"
    for request in (
        f"SETUP {url}/track0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
        f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\n\r\n",
    ):
        writer.write(request.encode())
        await reader.readuntil(b"\r\n\r\n")
    return _Player(reader, writer)
