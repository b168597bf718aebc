"""Mounts with manners of their own: sign-in and sub-streams."""

import asyncio
import hashlib
import socket
import ssl
import struct
import time
from itertools import islice, pairwise

import av
import numpy as np
import pytest

from ingest.auth import Credentials, authorization
from ingest.codec import Codec
from ingest.simulate.certificate import self_signed
from ingest.simulate.faults import Fault
from ingest.simulate.mount import Mount
from ingest.simulate.reports import NTP_EPOCH_S, Report
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import LoopSource, PackedClip
from tests.ingest.simulate.conftest import RtspTalk, SignedTalk, opened
from tests.ingest.simulate.pictures import moving, street, sub_clip
from tests.ingest.simulate.viewer import Viewer
from tests.support.waiting import until

GUARD = Credentials("guard", "a b:c@d")


@pytest.fixture(scope="module")
def packed() -> PackedClip:
    return PackedClip.of(moving())


@pytest.mark.parametrize("kind", ["digest-md5", "digest-sha256", "basic"])
def test_only_the_right_password_opens_the_door(packed: PackedClip, kind):
    with CameraServerThread(CameraServer({"cam-1": Mount(LoopSource(packed), GUARD, kind)})) as cameras:
        line = SignedTalk(cameras.port, GUARD)
        assert line.ask("OPTIONS", "cam-1")[0] == 200
        line.play("cam-1")
        assert len(line.asked) == 1
        assert line.asked[0].startswith("Basic" if kind == "basic" else "Digest")
        assert ("SHA-256" in line.asked[0]) == (kind == "digest-sha256")
        assert line.sock.recv(1) == b"$"
        for wrong in (Credentials("guard", "a b:c@e"), Credentials("other", "a b:c@d")):
            assert SignedTalk(cameras.port, wrong).ask("DESCRIBE", "cam-1")[0] == 401


@pytest.mark.parametrize("kind", ["digest-md5", "digest-sha256", "basic"])
def test_a_user_may_have_any_name(packed: PackedClip, kind):
    who = Credentials('值班员 "二"\\', "口令é")
    with CameraServerThread(CameraServer({"cam-1": Mount(LoopSource(packed), who, kind)})) as cameras:
        line = SignedTalk(cameras.port, who)
        line.play("cam-1")
        assert line.sock.recv(1) == b"$"
        for wrong in (Credentials(who.user, "口令e"), Credentials("值班员", who.password)):
            assert SignedTalk(cameras.port, wrong).ask("DESCRIBE", "cam-1")[0] == 401


@pytest.mark.parametrize("kind", ["digest-md5", "basic"])
def test_a_viewer_with_the_password_sees_pictures_and_others_do_not(packed: PackedClip, kind):
    with CameraServerThread(CameraServer({"cam-1": Mount(LoopSource(packed), GUARD, kind)})) as cameras:
        url = cameras.url("cam-1").replace("rtsp://", "rtsp://guard:a%20b%3Ac%40d@")
        with opened(url) as stream:
            assert next(stream.decode(video=0)).width == 320
        with pytest.raises(av.HTTPUnauthorizedError), opened(cameras.url("cam-1")):
            pass


def test_an_old_challenge_is_told_as_stale_and_not_as_a_wrong_password(packed: PackedClip):
    server = CameraServer({"cam-1": Mount(LoopSource(packed), GUARD)}, nonce_s=0.0)
    with CameraServerThread(server) as cameras:
        assert SignedTalk(cameras.port, GUARD).ask("DESCRIBE", "cam-1")[0] == 401
        line = SignedTalk(cameras.port, GUARD)
        line.ask("DESCRIBE", "cam-1")
        assert ["stale=true" in text for text in line.asked] == [False, True]
        wrong = SignedTalk(cameras.port, Credentials("guard", "guess"))
        wrong.ask("DESCRIBE", "cam-1")
        assert ["stale=true" in text for text in wrong.asked] == [False, False]


def test_an_overheard_answer_opens_nothing(packed: PackedClip):
    with CameraServerThread(CameraServer({"cam-1": Mount(LoopSource(packed), GUARD)})) as cameras:
        line = SignedTalk(cameras.port, GUARD)
        assert line.ask("DESCRIBE", "cam-1")[0] == 200
        url = f"rtsp://127.0.0.1:{cameras.port}/cam-1"
        said = f"Authorization: {authorization(line.challenge, GUARD, 'DESCRIBE', url, 2)}"
        plain = RtspTalk(cameras.port)
        assert plain.ask("SETUP", "cam-1", said)[0] == 401, "another method"
        assert plain.ask("DESCRIBE", "cam-1", said)[0] == 200
        assert plain.ask("DESCRIBE", "cam-1", said)[0] == 401, "the same count again"
        assert plain.ask("DESCRIBE", "cam-1", said.replace("guard", "other"))[0] == 401


def test_the_password_is_in_no_representation(packed: PackedClip):
    assert GUARD.password not in repr(Mount(LoopSource(packed), GUARD))


@pytest.mark.parametrize("codec", list(Codec))
def test_a_sub_stream_shows_the_same_street_smaller_and_slower(codec: Codec):
    main = PackedClip.of(moving(codec))
    sub = sub_clip(main, 160, 96, every=2)
    assert (sub.codec, sub.fps, len(sub.frames)) == (codec, 12.5, 20)
    mount = Mount(LoopSource(main), GUARD, sub=LoopSource(sub))
    with CameraServerThread(CameraServer({"cam-1": mount})) as cameras:
        assert cameras.server.mounts == ["cam-1", "cam-1/sub"]
        assert RtspTalk(cameras.port).ask("DESCRIBE", "cam-1/sub")[0] == 401, "the same manners"
        url = cameras.url("cam-1/sub").replace("rtsp://", "rtsp://guard:a%20b%3Ac%40d@")
        with opened(url) as stream:
            seen = [frame.to_ndarray(format="bgr24") for frame in islice(stream.decode(video=0), 8)]
    assert seen[0].shape == (96, 160, 3)
    drawn = [picture[1::2, 1::2].astype(int) for picture in street(40)]
    places = [min(range(40), key=lambda n: np.abs(drawn[n] - picture).mean()) for picture in seen]
    assert places == [(places[0] + 2 * number) % 40 for number in range(8)]


def options_of(transport: str) -> dict[str, str]:
    return {"rtsp_transport": transport, "analyzeduration": "200000"}


@pytest.mark.parametrize("codec", list(Codec))
def test_a_camera_that_knows_udp_only_is_seen_over_udp(codec: Codec):
    mount = Mount(LoopSource(PackedClip.of(moving(codec))), GUARD, carriage="udp")
    with CameraServerThread(CameraServer({"cam-1": mount})) as cameras:
        line = SignedTalk(cameras.port, GUARD)
        tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        assert line.ask("SETUP", "cam-1/track0", tcp)[0] == 461
        url = cameras.url("cam-1").replace("rtsp://", "rtsp://guard:a%20b%3Ac%40d@")
        with av.open(url, options=options_of("udp"), timeout=(5, 5)) as stream:
            seen = [frame.to_ndarray(format="bgr24").astype(int) for frame in islice(stream.decode(video=0), 5)]
    drawn = street(40)
    assert all(min(np.abs(picture - each).mean() for each in drawn) < 6 for picture in seen)


def test_who_asks_for_udp_gets_it_and_who_asks_for_either_gets_his_first_choice(packed: PackedClip):
    with CameraServerThread(
        CameraServer({"cam-1": LoopSource(packed), "cam-2": Mount(LoopSource(packed), carriage="tcp")})
    ) as cameras:
        line = RtspTalk(cameras.port)
        udp, tcp = "RTP/AVP;unicast;client_port=50000-50001", "RTP/AVP/TCP;unicast;interleaved=0-1"
        status, text = line.ask("SETUP", "cam-1/track0", f"Transport: {udp}")
        assert (status, "client_port=50000-50001;server_port=" in text) == (200, True)
        assert "interleaved" in line.ask("SETUP", "cam-1/track0", f"Transport: {tcp},{udp}")[1]
        assert "server_port" in line.ask("SETUP", "cam-1/track0", f"Transport: {udp},{tcp}")[1]
        assert line.ask("SETUP", "cam-2/track0", f"Transport: {udp}")[0] == 461
        assert "interleaved" in line.ask("SETUP", "cam-2/track0", f"Transport: {udp},{tcp}")[1]


def receiver_report(ssrc: int) -> bytes:
    """One report as a client sends it: 16 of 256 lost, -2 in all."""
    return struct.pack(">BBHIIIIIII", 0x81, 201, 7, 1, ssrc, 16 << 24 | 0xFFFFFE, 70000, 33, 0xAABBCCDD, 65536)


def test_receiver_reports_are_read_over_tcp_and_over_udp(packed: PackedClip):
    with CameraServerThread(CameraServer({"cam-1": LoopSource(packed)}, report_s=0.05)) as cameras:
        viewer = Viewer(cameras.port, "cam-1")
        sent = next(viewer.reports())
        ssrc = int.from_bytes(sent[4:8], "big")
        viewer.talk.sock.sendall(b"$\x01\x00\x20" + receiver_report(ssrc))
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp,
        ):
            for each in (rtp, rtcp):
                each.bind(("127.0.0.1", 0))
                each.settimeout(5)
            line = RtspTalk(cameras.port)
            ports = f"{rtp.getsockname()[1]}-{rtcp.getsockname()[1]}"
            text = line.ask("SETUP", "cam-1/track0", f"Transport: RTP/AVP;unicast;client_port={ports}")[1]
            assert line.ask("PLAY", "cam-1")[0] == 200
            assert rtp.recv(2000)[12:].startswith(b"\x78"), "the first packet has the parameter sets"
            assert rtcp.recv(2000)[:2] == b"\x80\xc8"
            rtcp.sendto(
                receiver_report(ssrc), ("127.0.0.1", int(text.split("server_port=")[1].split("\r")[0].split("-")[1]))
            )
            asyncio.run(until(lambda: cameras.server.totals.reports == 2))
        assert list(cameras.server.reports) == [Report("cam-1", ssrc, 16, -2, 70000, 33, 0xAABBCCDD, 65536)] * 2


def test_a_sender_report_ties_the_pictures_time_to_the_cameras_clock(packed: PackedClip):
    mount = Mount(LoopSource(packed), clock_offset_s=-90.0)
    with CameraServerThread(CameraServer({"cam-1": mount}, report_s=0.05)) as cameras:
        times, reports = [], []
        for channel, data in Viewer(cameras.port, "cam-1").messages():
            if channel == 0:
                times.append(int.from_bytes(data[4:8], "big"))
            elif times:
                reports.append(struct.unpack_from(">QIII", data, 8))
                assert abs((reports[-1][1] - times[-1] + (1 << 31)) % (1 << 32) - (1 << 31)) < 90000 * 0.3
            if len(reports) == 4:
                break
    assert all(abs(report[0] / 2**32 - NTP_EPOCH_S + 90 - time.time()) < 5 for report in reports)
    clock = [(two[0] - one[0]) / 2**32 for one, two in pairwise(reports)]
    media = [(two[1] - one[1]) % (1 << 32) / 90000 for one, two in pairwise(reports)]
    assert clock == pytest.approx(media, abs=0.02)
    assert [two[2] > one[2] for one, two in pairwise(reports)] == [True] * 3


def test_rtsps_shows_its_certificate_and_the_same_pictures(packed: PackedClip):
    made = self_signed()
    with CameraServerThread(CameraServer({"cam-1": LoopSource(packed)}, tls=made)) as cameras:
        assert cameras.url("cam-1").startswith("rtsps://")
        trusting = ssl.create_default_context(cadata=made.pem.decode())
        plain = socket.create_connection(("127.0.0.1", cameras.port), 5)
        with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as line:
            assert hashlib.sha256(line.getpeercert(binary_form=True) or b"").hexdigest() == made.sha256
        with av.open(cameras.url("cam-1"), options=options_of("tcp"), timeout=(5, 5)) as stream:
            picture = next(stream.decode(video=0)).to_ndarray(format="bgr24").astype(int)
        assert min(np.abs(picture - each).mean() for each in street(40)) < 6
        cameras.set_fault("cam-1", Fault.VANISH)
        with pytest.raises(av.FFmpegError):
            av.open(cameras.url("cam-1"), options=options_of("tcp"), timeout=(5, 5))
