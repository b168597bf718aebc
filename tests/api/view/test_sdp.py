"""Offers as browsers write them, and as nobody should."""

from contextlib import suppress

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from api.view.sdp import BadOffer, read_offer, write_answer

DIGEST = ":".join(["AB"] * 32)
HEAD = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:1", "a=recvonly", "a=rtpmap:111 opus/48000/2"]


def video(*profiles: str, mode: int = 1) -> list[str]:
    kinds = range(102, 102 + len(profiles))
    return [
        f"m=video 9 UDP/TLS/RTP/SAVPF 96 {' '.join(map(str, kinds))}",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=recvonly",
        "a=rtcp-mux",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:0123456789012345678901",
        f"a=fingerprint:sha-256 {DIGEST}",
        "a=setup:actpass",
        "a=candidate:1 1 udp 2113937151 c1b0b2b8-b9b2-4316-aedb-d62723e32887.local 39685 typ host",
        "a=rtpmap:96 VP8/90000",
        *(
            line
            for kind, profile in zip(kinds, profiles, strict=True)
            for line in (
                f"a=rtpmap:{kind} H264/90000",
                f"a=fmtp:{kind} level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}",
            )
        ),
    ]


def text(*sections: list[str]) -> str:
    return "\r\n".join([*HEAD, *(line for section in sections for line in section)]) + "\r\n"


@pytest.mark.parametrize(
    ("profile_idc", "chosen"), [(66, "42001f"), (77, "4d001f"), (100, "64001f"), (88, "4d001f"), (244, "f4001f")]
)
def test_the_format_nearest_to_the_cameras_profile_is_answered(profile_idc: int, chosen: str) -> None:
    offer = read_offer(text(video("42001f", "42e01f", "4d001f", "64001f", "f4001f")), profile_idc)
    assert chosen in offer.parameters


def test_the_answer_sends_the_video_and_declines_the_rest() -> None:
    offer = read_offer(text(AUDIO, video("42001f")), 100)
    answer = write_answer(
        offer,
        user="us",
        password="secret",
        fingerprints=[("sha-256", DIGEST)],
        candidates=["1 1 udp 1 10.0.0.1 5000 typ host"],
        ssrc=77,
        stream="cam",
    )
    sound, picture = SessionDescription.parse(answer).media
    assert (sound.kind, sound.port, sound.direction) == ("audio", 0, "inactive")
    assert (picture.kind, picture.direction, picture.rtp.muxId, picture.ssrc[0].ssrc) == ("video", "sendonly", "0", 77)
    assert [codec.payloadType for codec in picture.rtp.codecs] == [102]
    assert picture.dtls is not None
    assert picture.dtls.role == "client"
    assert [candidate.ip for candidate in picture.ice_candidates] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (video(), "no H.264"),
        (video("42001f", mode=0), "no H.264"),
        (AUDIO, "no video"),
        ([line.replace("recvonly", "sendonly") for line in video("42001f")], "no video"),
        ([line for line in video("42001f") if "ufrag" not in line], "ice-ufrag"),
        ([line for line in video("42001f") if "fingerprint" not in line], "certificate"),
        ([line for line in video("42001f") if "setup" not in line], "who begins"),
        ([line.replace("a=mid:0", "a=mid:a b") for line in video("42001f")], "not as agreed"),
        (video("42001f") + video("42001f"), "one name"),
        (["m=video 9 RTP/AVP 96", "a=mid:0"], "no video"),
        ([], "no offer"),
    ],
)
def test_an_offer_that_asks_for_nothing_we_send_is_refused_with_its_reason(lines: list[str], why: str) -> None:
    with pytest.raises(BadOffer, match=why):
        read_offer(text(lines), 66)


@given(st.lists(st.sampled_from([*HEAD, *AUDIO, *video("42001f", "4d001f")]), max_size=30), st.text(max_size=40))
def test_whatever_is_sent_is_an_offer_or_refused(lines: list[str], odd: str) -> None:
    for offered in ("\r\n".join(lines), "\r\n".join([*HEAD, *lines, odd]), odd):
        with suppress(BadOffer):
            assert read_offer(offered, 66).user == "abcd"
