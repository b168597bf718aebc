"""Every trouble a camera can be given, seen by a client. What is older stands in test_server.py."""

import struct
import threading
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ingest.codec import Codec
from ingest.simulate.behaviours import BEHAVIOURS
from ingest.simulate.faults import SCOPES, Fault, Trouble, parse_trouble
from ingest.simulate.reports import NTP_EPOCH_S
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import LoopSource, PackedClip
from tests.ingest.simulate.conftest import RtspTalk, opened
from tests.ingest.simulate.pictures import moving, street
from tests.ingest.simulate.viewer import Unit, Viewer

FPS = 100.0


@pytest.fixture(scope="module")
def packed() -> PackedClip:
    return PackedClip.of(moving(fps=FPS))


@pytest.fixture
def cameras(packed: PackedClip) -> Iterator[CameraServerThread]:
    source = LoopSource(packed, 3)
    with CameraServerThread(CameraServer({"cam-1": source, "cam-2": source}, report_s=0.05)) as server:
        yield server


def seen(viewer: Viewer, wanted, codec: Codec = Codec.H264, frames: int = 500):
    """Return the first picture of which ``wanted`` is true."""
    return next(picture for picture in islice(viewer.pictures(codec), frames) if wanted(picture))


def numbers(units: list[Unit]) -> list[int]:
    return [number for unit in units for number in unit.sequence]


def unbroken(units: list[Unit]) -> bool:
    return all((one + 1) & 0xFFFF == two for one, two in pairwise(numbers(units)))


def drain(line: RtspTalk) -> None:
    """Read until the camera closes in good order."""
    while line.sock.recv(1 << 20):
        pass


def test_every_fault_has_a_behaviour_and_a_description():
    assert set(BEHAVIOURS) == set(Fault) - {Fault.FLAP}
    assert all(isinstance(Trouble(fault).value, type(SCOPES[fault].default)) for fault in SCOPES)


def test_a_camera_that_starts_anew_closes_in_good_order(cameras: CameraServerThread, talk):
    old = talk(cameras.port)
    old.play("cam-1")
    cameras.set_fault("cam-1", Fault.EOF)
    drain(old)
    assert talk(cameras.port).ask("DESCRIBE", "cam-1") == (0, "")
    assert talk(cameras.port).ask("DESCRIBE", "cam-2")[0] == 200


def test_a_hanging_camera_takes_connections_and_is_silent(cameras: CameraServerThread, talk):
    old, new = talk(cameras.port), talk(cameras.port)
    old.play("cam-1")
    cameras.set_fault("cam-1", Fault.HANG_CONNECT)
    new.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        new.ask("OPTIONS", "cam-1")
    old.sock.settimeout(0.1)
    with pytest.raises(TimeoutError):
        drain(old)
    cameras.set_fault("cam-1", None)
    old.sock.settimeout(5)
    assert old.sock.recv(10)


def test_a_description_that_never_comes_holds_up_nobody_who_plays(cameras: CameraServerThread, talk):
    old = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Fault.HANG_DESCRIBE)
    new = talk(cameras.port)
    assert new.ask("OPTIONS", "cam-1")[0] == 200
    new.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        new.ask("DESCRIBE", "cam-1")
    assert unbroken(old.units(50))


def test_random_bytes_take_the_place_of_media(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Fault.GARBAGE)
    with pytest.raises(AssertionError):
        viewer.units(100_000)


def test_wrong_bits_are_in_pictures_and_never_in_headers(cameras: CameraServerThread, packed: PackedClip):
    cameras.set_fault("cam-1", Trouble(Fault.BITFLIP, 300.0))
    sick, well = Viewer(cameras.port, "cam-1").units(40), Viewer(cameras.port, "cam-2").units(40)
    assert unbroken(sick)
    assert {two.time - one.time for one, two in pairwise(sick)} == {900}
    good = {packet[12:] for unit in well for packet in unit.packets}
    wrong = [packet[12:] for unit in sick for packet in unit.packets if packet[12:] not in good]
    assert wrong
    heads = {packet[:3] if packet[0] & 31 == 28 else packet[:1] for packet in good}
    assert all(any(packet.startswith(head) for head in heads) for packet in wrong)
    flips = [(a ^ b).bit_count() for packet in wrong for a, b in zip(packet, closest(packet, good), strict=True)]
    total = sum(len(packet) for unit in sick for packet in unit.packets)
    assert total / 900 < sum(flips) < total / 100


def closest(packet: bytes, good: set[bytes]) -> bytes:
    wrong = np.frombuffer(packet, np.uint8)
    alike = [each for each in good if len(each) == len(packet)]
    return min(alike, key=lambda each: np.count_nonzero(np.frombuffer(each, np.uint8) != wrong))


def test_cut_packets_keep_their_framing(cameras: CameraServerThread):
    cameras.set_fault("cam-1", Trouble(Fault.TRUNCATE, 2.0))
    sick, well = Viewer(cameras.port, "cam-1").units(40), Viewer(cameras.port, "cam-2").units(40)
    assert unbroken(sick)
    good = {packet[12:] for unit in well for packet in unit.packets}
    cut = [packet for unit in sick for packet in unit.packets if packet[12:] not in good]
    assert 0.2 < len(cut) / sum(len(unit.packets) for unit in sick) < 0.8
    whole = b"\n".join(good)
    assert all(packet[12:] in whole for packet in cut)


def test_a_flood_is_many_times_the_described_rate_and_can_be_decoded(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Trouble(Fault.FLOOD, 50.0))
    next(pair for pair in pairwise(viewer.endless()) if pair[1].time - pair[0].time < 900)
    began_s = time.monotonic()
    units = viewer.units(2000)
    assert 2000 / (time.monotonic() - began_s) > 3 * FPS
    assert sum(unit.key() for unit in units) == 200
    assert unbroken(units)


def test_a_stuck_clock_gives_every_picture_the_same_time(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Fault.TIMESTAMP_STUCK)
    next(pair for pair in pairwise(viewer.endless()) if pair[1].time == pair[0].time)
    assert len({unit.time for unit in viewer.units(30)}) == 1
    cameras.set_fault("cam-1", None)
    next(pair for pair in islice(pairwise(viewer.endless()), 100) if pair[1].time != pair[0].time)


def test_without_keyframes_only_the_pictures_between_them_come(cameras: CameraServerThread):
    cameras.set_fault("cam-1", Fault.NO_KEYFRAME)
    units = Viewer(cameras.port, "cam-1").units(40)
    assert not any(unit.key() for unit in units)
    assert unbroken(units), "nothing is missing by the numbers"


def test_a_flapping_camera_goes_and_comes_back_again_and_again(cameras: CameraServerThread):
    cameras.set_fault("cam-1", Trouble(Fault.FLAP, 0.2))
    answers = []
    while "".join(answers).count("UD") < 3:
        status = RtspTalk(cameras.port).ask("DESCRIBE", "cam-1")[0]
        if not answers or answers[-1] != "DU"[status == 200]:
            answers.append("DU"[status == 200])
        assert len(answers) < 20
    cameras.set_fault("cam-1", None)
    assert all(RtspTalk(cameras.port).ask("DESCRIBE", "cam-1")[0] == 200 for _ in range(20))


@pytest.mark.parametrize(("value", "hours"), [(3600.0, {1}), (-3600.0, {-1}), ("back", {-1, 0})])
def test_a_wrong_clock_is_in_the_sender_reports(cameras: CameraServerThread, value, hours: set[int]):
    cameras.set_fault("cam-1", Trouble(Fault.CLOCK, value))
    for mount, wanted in (("cam-1", hours), ("cam-2", {0})):
        reports = [struct.unpack_from(">BBHIQ", data) for data in islice(Viewer(cameras.port, mount).reports(), 4)]
        assert {report[1] for report in reports} == {200}
        offsets = [report[4] / 2**32 - NTP_EPOCH_S - time.time() for report in reports]
        assert {round(offset / 3600) for offset in offsets} == wanted
        assert all(abs(offset - 3600 * round(offset / 3600)) < 5 for offset in offsets)


def test_a_redirect_names_another_place(cameras: CameraServerThread, talk):
    cameras.set_fault("cam-1", Trouble(Fault.REDIRECT, "rtsp://127.0.0.2:99/there"))
    status, text = talk(cameras.port).ask("DESCRIBE", "cam-1")
    assert status == 302
    assert "Location: rtsp://127.0.0.2:99/there\r\n" in text


def test_many_redirects_never_end(cameras: CameraServerThread, talk):
    cameras.set_fault("cam-1", Fault.MANY_REDIRECTS)
    path, paths = "cam-1", []
    for _ in range(5):
        status, text = talk(cameras.port).ask("DESCRIBE", path)
        assert status == 302
        path = text.partition("Location: ")[2].partition("\r\n")[0].partition(f"{cameras.port}/")[2]
        paths.append(path)
    assert len(set(paths)) == 5


@pytest.mark.parametrize("wrong", [100, -100])
def test_a_lying_length_is_that_much_beside_the_body(cameras: CameraServerThread, talk, wrong: int):
    whole = len(talk(cameras.port).ask("DESCRIBE", "cam-1")[1].partition("\r\n\r\n")[2])
    cameras.set_fault("cam-1", Trouble(Fault.LYING_LENGTH, float(wrong)))
    line = talk(cameras.port)
    line.sock.sendall(f"DESCRIBE rtsp://127.0.0.1:{cameras.port}/cam-1 RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
    head, _, body = line.sock.recv(65536).decode().partition("\r\n\r\n")
    assert f"Content-Length: {whole + wrong}\r\n" in head + "\r\n"
    assert len(body) == whole


def test_a_giant_header_is_a_mebibyte(cameras: CameraServerThread, talk):
    cameras.set_fault("cam-1", Fault.GIANT_HEADER)
    status, text = talk(cameras.port).ask("DESCRIBE", "cam-1")
    assert status == 200
    assert len(text.partition("\r\n\r\n")[0]) > 1 << 20


def test_a_slow_camera_sends_byte_by_byte(cameras: CameraServerThread, talk):
    cameras.set_fault("cam-1", Trouble(Fault.SLOW, 0.002))
    line = talk(cameras.port)
    line.sock.sendall(f"OPTIONS rtsp://127.0.0.1:{cameras.port}/cam-1 RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
    pieces = [line.sock.recv(1000) for _ in range(30)]
    assert sum(len(piece) == 1 for piece in pieces) > 20
    cameras.set_fault("cam-1", None)
    whole = b"".join(pieces)
    while not whole.endswith(b"\r\n\r\n"):
        whole += line.sock.recv(1000)
    assert whole.startswith(b"RTSP/1.0 200 OK")
    line.play("cam-1")


def test_media_may_come_before_play_is_answered(cameras: CameraServerThread, talk):
    cameras.set_fault("cam-1", Fault.EARLY_MEDIA)
    line = talk(cameras.port)
    line.ask("SETUP", "cam-1/track0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
    line.sock.sendall(f"PLAY rtsp://127.0.0.1:{cameras.port}/cam-1 RTSP/1.0\r\nCSeq: 9\r\n\r\n".encode())
    data = b""
    while b"CSeq: 9" not in data:
        data += line.sock.recv(65536)
    assert data.startswith(b"$")
    assert data.count(b"RTSP/1.0 200 OK") == 1


def test_a_rescaled_stream_goes_on_smaller_and_comes_back(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    pictures = viewer.pictures()
    assert next(pictures).shape == (192, 320, 3)
    cameras.set_fault("cam-1", Fault.RESCALE)
    small = next(picture for picture in pictures if picture.shape != (192, 320, 3))
    assert small.shape == (144, 240, 3)
    assert "sprop" in RtspTalk(cameras.port).ask("DESCRIBE", "cam-1")[1]
    cameras.set_fault("cam-1", None)
    assert next(picture for picture in pictures if picture.shape != (144, 240, 3)).shape == (192, 320, 3)
    assert next(Viewer(cameras.port, "cam-2").pictures()).shape == (192, 320, 3), "the neighbour sees nothing of it"


def test_after_a_new_negotiation_the_codec_is_another(cameras: CameraServerThread, talk):
    old = talk(cameras.port)
    old.play("cam-1")
    cameras.set_fault("cam-1", Fault.RENEGOTIATE)
    drain(old)
    assert "H265/90000" in talk(cameras.port).ask("DESCRIBE", "cam-1")[1]
    with opened(cameras.url("cam-1")) as stream:
        picture = next(stream.decode(video=0)).to_ndarray(format="bgr24")
        assert stream.streams.video[0].codec_context.name == "hevc"
    assert min(np.abs(each.astype(int) - picture).mean() for each in street(40)) < 6
    cameras.set_fault("cam-1", None)
    assert "H264/90000" in talk(cameras.port).ask("DESCRIBE", "cam-1")[1]


def mean_of(picture) -> float:
    return float(picture.mean())


def edges_of(picture) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


def test_a_frozen_picture_is_the_same_bytes_or_the_same_view(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Fault.FROZEN)
    gops: list[bytes] = [b"1", b"2"]
    while gops[-1] != gops[-2]:
        gops.append(next(unit.annex_b() for unit in viewer.endless() if unit.key()))
        assert len(gops) < 60
    viewer = Viewer(cameras.port, "cam-1")
    still = list(islice(viewer.pictures(), 30))
    assert all(np.array_equal(still[10], picture) for picture in still[10:30:10])
    assert max(np.abs(still[0].astype(int) - picture).mean() for picture in still) < 2


def test_a_frozen_picture_may_be_compressed_anew(cameras: CameraServerThread):
    cameras.set_fault("cam-1", Trouble(Fault.FROZEN, "encoded"))
    viewer = Viewer(cameras.port, "cam-1")
    described = RtspTalk(cameras.port).ask("DESCRIBE", "cam-1")[1]
    pictures = viewer.pictures()
    # Moving pictures differ by a box; wait until twenty in a row do not.
    row = [next(pictures)]
    while len(row) < 20:
        picture = next(pictures)
        row = [*row, picture] if np.abs(picture.astype(int) - row[-1]).mean() < 2 else [picture]
    keys = [unit.annex_b() for unit in islice((unit for unit in viewer.endless() if unit.key()), 5)]
    assert len(set(keys)) >= 4
    assert len({key[:20] for key in keys}) == 1, "with the parameter sets described"
    assert described


def test_black_is_dark_and_keeps_the_keyframes_distance(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Fault.BLACK)
    assert seen(viewer, lambda picture: mean_of(picture) < 3).max() < 10
    places = [place for place, unit in enumerate(viewer.units(41)) if unit.key()]
    assert {two - one for one, two in pairwise(places)} == {10}


def test_a_covered_lens_is_nearly_one_colour_with_light_at_an_edge(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Fault.COVERED)
    picture = seen(viewer, lambda picture: picture[:, 100:].std() < 12)
    assert 20 < picture[:, 100:].mean() < 80
    assert picture[:, :8].mean() > 120


def test_out_of_focus_there_are_no_edges_and_still_movement(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    sharp = edges_of(next(viewer.pictures()))
    cameras.set_fault("cam-1", Fault.BLURRED)
    viewer = Viewer(cameras.port, "cam-1")
    pictures = viewer.pictures()
    first = next(picture for picture in pictures if edges_of(picture) < sharp / 10)
    later = next(islice(pictures, 4, None))
    assert abs(mean_of(first) - np.mean([mean_of(picture) for picture in street(40)])) < 10
    assert np.abs(first.astype(int) - later).max() > 20


def test_a_moved_camera_shows_the_view_shifted(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Fault.MOVED)
    still = street(1)[0]
    expected = still[24 : 24 + 30, 80 + 10 : 80 + 70].astype(int)
    seen(viewer, lambda picture: np.abs(picture[:30, 10:70].astype(int) - expected).mean() < 8)


def test_a_smart_codec_sends_keyframes_rarely(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Trouble(Fault.STRETCHED, 1.0))
    places: list[int] = []
    for place, unit in enumerate(viewer.endless()):
        if unit.key():
            places.append(place)
            if len(places) > 1 and places[-1] - places[-2] == 100:
                break
        assert place < 600
    assert len(list(islice(Viewer(cameras.port, "cam-1").pictures(), 40))) == 40


def test_a_big_keyframe_is_larger_than_a_slot(cameras: CameraServerThread):
    viewer = Viewer(cameras.port, "cam-1")
    cameras.set_fault("cam-1", Fault.BIG_KEYFRAME)
    big = next(unit for unit in viewer.endless() if len(unit.packets) > 100)
    assert big.key()
    assert 768 * 1024 < len(big.annex_b()) < 8 * 1024 * 1024


def test_troubles_are_read_from_text():
    assert parse_trouble("stall") == Trouble(Fault.STALL)
    assert parse_trouble("flap:5") == Trouble(Fault.FLAP, 5.0)
    assert parse_trouble("clock:-3600") == Trouble(Fault.CLOCK, -3600.0)
    assert parse_trouble("redirect:rtsp://127.0.0.1:5/x") == Trouble(Fault.REDIRECT, "rtsp://127.0.0.1:5/x")
    assert Trouble(Fault.STRETCHED).number == 30.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fire", "no fault 'fire'; there are vanish, eof"),
        ("stall:3", "stall takes no value"),
        ("flap:x", "flap: 'x' is not a number from 0.1 to 3600"),
        ("flap:0", "flap: '0' is not"),
        ("clock:nan", "a number from -1e+09 to 1e+09 or back"),
        ("redirect:http://x", "is not an RTSP URL"),
        ("frozen:", "'' is not repeat or encoded"),
    ],
)
def test_nonsense_is_refused_with_what_would_be_right(text: str, told: str):
    with pytest.raises(ValueError) as error:
        parse_trouble(text)
    assert told in str(error.value)


def test_what_the_decoder_makes_of_wrong_bits_is_no_crash(cameras: CameraServerThread):
    cameras.set_fault("cam-1", Trouble(Fault.BITFLIP, 200.0))
    decoder = av.CodecContext.create("h264", "r")
    for unit in Viewer(cameras.port, "cam-1").units(60):
        try:
            decoder.decode(av.Packet(unit.annex_b()))
        except av.FFmpegError:
            continue


def test_a_server_that_ends_gives_up_what_it_draws(packed: PackedClip):
    with CameraServerThread(CameraServer({"cam-1": LoopSource(packed)})) as cameras:
        cameras.set_fault("cam-1", Trouble(Fault.STRETCHED, 120.0))
    painters = [thread for thread in threading.enumerate() if thread.name.startswith("camera-painter")]
    for painter in painters:
        painter.join(2.0)
    assert not any(painter.is_alive() for painter in painters), "12,000 pictures take longer"


def test_the_guide_tells_of_every_fault():
    text = (Path(__file__).parents[3] / "docs" / "guide" / "simulator.md").read_text(encoding="utf-8")
    assert not {fault for fault in Fault if f"`{fault}`" not in text}
