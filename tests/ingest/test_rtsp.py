"""RTSP messages, addresses, sign-in and descriptions as cameras really write them, and as nobody should."""

from hashlib import md5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config.errors import FeedProtocol
from ingest.auth import Challenge, Credentials, authorization, choose_challenge
from ingest.rtsp import BODY_LIMIT, channels_of, joined, parse_message, parse_target, request, session_of
from ingest.sdp import parse_sdp
from ingest.sps import picture_size, pps_id, sps_id
from tests.support.tiny_h264 import encode, parameter_sets

ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 5\r\nsession:  12AB;timeout=30 \r\n\r\nhello"

HIKVISION = """v=0
o=- 1109162014219182 1109162014219192 IN IP4 x.y.z.w
s=Media Presentation
e=NONE
b=AS:5100
t=0 0
a=control:rtsp://10.0.0.3/Streaming/Channels/101/
m=video 0 RTP/AVP 96
b=AS:5000
a=control:rtsp://10.0.0.3/Streaming/Channels/101/trackID=1
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z00AKpY1QPAET8s3AQEBAg==,aO48gA==
m=audio 0 RTP/AVP 0
a=control:rtsp://10.0.0.3/Streaming/Channels/101/trackID=2
a=rtpmap:0 PCMU/8000
"""

DAHUA = """v=0
o=- 2251947957 2251947957 IN IP4 0.0.0.0
s=Media Server
c=IN IP4 0.0.0.0
t=0 0
a=control:*
a=packetization-supported:DH
m=video 0 RTP/AVP 98
a=control:trackID=0
a=framerate:25.000000
a=rtpmap:98 H264/90000
a=fmtp:98 packetization-mode=1;profile-level-id=640028;sprop-parameter-sets=Z2QAKKwsaoHgCJ+WbgICAgQA,aO48sAA=
a=recvonly
"""


def test_an_answer_is_read_whole_or_not_at_all() -> None:
    for end in range(len(ANSWER)):
        assert parse_message(ANSWER[:end], 0) is None
    found = parse_message(b"junk" + ANSWER + b"$more", 4)
    assert found is not None
    message, end = found
    assert (message.status, message.body, end) == (200, b"hello", 4 + len(ANSWER))
    assert session_of(message) == ("12AB", 30.0)


def test_a_request_by_the_camera_is_told_from_an_answer() -> None:
    found = parse_message(b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 7\r\n\r\n", 0)
    assert found is not None
    assert (found[0].status, found[0].method, found[0].get("cseq")) == (0, "OPTIONS", "7")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1),
        b"RTSP/1.0 " + b"x" * 20_000,
    ],
)
def test_what_is_not_rtsp_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(FeedProtocol):
        parse_message(data, 0)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda tail: b"RTSP/1.0 200 OK\r\n" + tail)))
def test_any_bytes_are_a_message_none_yet_or_a_protocol_error(data: bytes) -> None:
    try:
        found = parse_message(data, 0)
        if found is not None:
            assert 0 < found[1] <= len(data)
            session_of(found[0])
            channels_of(found[0], 0)
    except FeedProtocol:
        pass


def test_user_and_password_leave_the_url_and_are_never_shown() -> None:
    target = parse_target("rtsp://admin:hunter2%40@10.0.0.3:8554/a/b?channel=1&subtype=0")
    assert target.url == "rtsp://10.0.0.3:8554/a/b?channel=1&subtype=0"
    assert (target.host, target.port) == ("10.0.0.3", 8554)
    assert target.credentials == Credentials("admin", "hunter2@")
    assert "hunter2" not in repr(target)
    assert parse_target("rtsp://[::1]/x").url == "rtsp://[::1]/x"
    assert parse_target("rtsp://host/x").port == 554


@pytest.mark.parametrize(
    "url",
    [
        "rtspu://u:hunter2@h/x",
        "http://u:hunter2@h/",
        "rtsp:///x",
        "rtsp://u:hunter2@h:99999/",
        "rtsp://u:hunter2@h/a b",
    ],
)
def test_urls_that_cannot_be_asked_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_target(url)
    assert "hunter2" not in str(caught.value)


def test_a_track_is_found_below_its_base() -> None:
    base = "rtsp://h/cam/realmonitor?channel=1&subtype=0/"
    assert joined(base, "trackID=0") == "rtsp://h/cam/realmonitor?channel=1&subtype=0/trackID=0"
    assert joined("rtsp://h/a", "track0") == "rtsp://h/a/track0"
    assert joined("rtsp://h/a", "*") == joined("rtsp://h/a", "") == "rtsp://h/a"
    assert joined("rtsp://h/a", "rtsp://h/b/t") == "rtsp://h/b/t"
    with pytest.raises(FeedProtocol):
        joined("rtsp://h/a", "x RTSP/1.0\r\nEvil: 1")


def test_a_request_carries_its_headers() -> None:
    assert request("PLAY", "rtsp://h/a", 4, [("Session", "X")]) == (
        b"PLAY rtsp://h/a RTSP/1.0\r\nCSeq: 4\r\nUser-Agent: kakou\r\nSession: X\r\n\r\n"
    )


def test_digest_as_rfc_2069_asks_for_it() -> None:
    challenge = choose_challenge(['Digest realm="cam", nonce="abc", opaque="o,p"', 'Basic realm="cam"'])
    text = authorization(challenge, Credentials("admin", "pass"), "DESCRIBE", "rtsp://h/a", 1)

    def digest(value: str) -> str:
        return md5(value.encode()).hexdigest()

    want = digest(f"{digest('admin:cam:pass')}:abc:{digest('DESCRIBE:rtsp://h/a')}")
    assert f'response="{want}"' in text
    assert 'opaque="o,p"' in text
    assert "pass" not in text.replace("password", "")


def test_digest_answers_the_example_of_rfc_7616(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _n: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    header = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    who = Credentials("Mufasa", "Circle of Life")
    text = authorization(choose_challenge([header]), who, "GET", "/dir/index.html", 1)
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' in text
    strong = choose_challenge([header, header.replace("MD5", "SHA-256")])
    text = authorization(strong, who, "GET", "/dir/index.html", 1)
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in text


def test_basic_is_answered_when_nothing_better_is_asked() -> None:
    challenge = choose_challenge(['Basic realm="x"'])
    assert challenge == Challenge("basic", realm="x")
    who = Credentials("Aladdin", "open sesame")
    assert authorization(challenge, who, "GET", "/", 1) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize("headers", [[], ["Bearer x"], ["Digest realm=x"], ['Digest nonce="a", qop="auth-int"']])
def test_a_sign_in_that_cannot_be_answered_is_refused(headers: list[str]) -> None:
    with pytest.raises(FeedProtocol):
        choose_challenge(headers)


def test_the_common_makers_descriptions_are_read() -> None:
    hik = parse_sdp(HIKVISION.replace("\n", "\r\n").encode())
    assert hik.control.endswith("trackID=1")
    assert (hik.payload_type, hik.clock_hz, len(hik.parameter_sets), hik.fps) == (96, 90000, 2, 0.0)
    assert picture_size(hik.parameter_sets[0]) == (1920, 1080)
    dahua = parse_sdp(DAHUA.encode())
    assert (dahua.control, dahua.session_control, dahua.payload_type, dahua.fps) == ("trackID=0", "*", 98, 25.0)
    assert picture_size(dahua.parameter_sets[0]) == (1920, 1080)


def test_another_codec_is_named() -> None:
    with pytest.raises(FeedProtocol, match="JPEG"):
        parse_sdp(DAHUA.replace("H264/", "JPEG/").encode())
    with pytest.raises(FeedProtocol, match=r"no H\.264"):
        parse_sdp(b"v=0\r\n")
    with pytest.raises(FeedProtocol, match="packetization-mode 2"):
        parse_sdp(DAHUA.replace("mode=1", "mode=2").encode())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(DAHUA)))
def test_any_description_is_read_or_refused(noise: bytes, at: int) -> None:
    try:
        track = parse_sdp(DAHUA[:at].encode() + noise + DAHUA[at:].encode())
        assert all(track.parameter_sets)
    except FeedProtocol:
        pass


@pytest.mark.parametrize("size", [(64, 48), (1920, 1080), (640, 360), (70, 50), (352, 288)])
def test_the_size_is_read_as_the_encoder_was_told(size: tuple[int, int]) -> None:
    sps, pps = parameter_sets(encode(*size, frames=1))
    assert picture_size(sps) == size
    assert (sps_id(sps), pps_id(pps)) == (0, 0)


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=60))
def test_any_parameter_set_is_read_or_refused(nal: bytes) -> None:
    for read in (picture_size, sps_id, pps_id):
        try:
            read(b"\x67\x64\x00\x28" + nal)
        except FeedProtocol:
            continue
