"""Descriptions of H.265, and what becomes of the parameter sets in them."""

from base64 import b64encode

import pytest

from camera_config.errors import FeedProtocol
from ingest.access_unit import SETS_LIMIT, ParameterSets
from ingest.codec import Codec
from ingest.depacketise import depacketiser_for
from ingest.sdp import parse_sdp
from tests.support.tiny_h264 import encode as encode_h264
from tests.support.tiny_h264 import parameter_sets
from tests.support.tiny_h265 import encode

VPS, SPS, PPS = encode(208, 1080, frames=1)[0][:3]


def described(extra: str = "", name: str = "H265", **sets: bytes) -> bytes:
    sprop = "; ".join(f"sprop-{kind}={b64encode(nal).decode().rstrip('=')}" for kind, nal in sets.items())
    return (
        "v=0\r\na=control:*\r\nm=audio 0 RTP/AVP 8\r\na=control:track2\r\nm=video 0 RTP/AVP 98\r\n"
        f"a=rtpmap:98 {name}/90000\r\na=fmtp:98 profile-id=1;{sprop}{extra}\r\na=control:track1\r\n"
    ).encode()


@pytest.mark.parametrize("name", ["H265", "h265", "HEVC"])
def test_an_h265_track_is_read_with_its_sets(name: str) -> None:
    track = parse_sdp(described(name=name, vps=VPS, sps=SPS, pps=PPS))
    assert (track.codec, track.payload_type, track.clock_hz, track.control) == (Codec.H265, 98, 90_000, "track1")
    assert track.parameter_sets == (VPS, SPS, PPS)


def test_the_sets_of_a_description_are_known_before_the_first_packet() -> None:
    sets = ParameterSets()
    depacketiser_for(parse_sdp(described(vps=VPS, sps=SPS, pps=PPS)), sets, lambda _unit: None)
    assert sets.complete
    assert (sets.codec, sets.width, sets.height) == (Codec.H265, 208, 1080)


def test_a_description_without_its_vps_is_not_complete() -> None:
    sets = ParameterSets()
    depacketiser_for(parse_sdp(described(sps=SPS, pps=PPS)), sets, lambda _unit: None)
    assert not sets.complete


def test_a_description_with_rubbish_for_sets_is_taken_all_the_same() -> None:
    sets = ParameterSets()
    depacketiser_for(parse_sdp(described(vps=VPS, sps=b"\x42\x01", pps=b"\x44\x01")), sets, lambda _unit: None)
    assert not sets.complete


def test_packets_in_another_than_decoding_order_are_refused() -> None:
    with pytest.raises(FeedProtocol, match="sprop-max-don-diff"):
        parse_sdp(described("; sprop-max-don-diff=2", vps=VPS))
    assert parse_sdp(described("; sprop-max-don-diff=0", vps=VPS)).codec is Codec.H265


def test_the_first_video_that_we_take_is_chosen() -> None:
    jpeg = b"m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track0\r\n"
    head, video = described(vps=VPS).split(b"m=video", 1)
    assert parse_sdp(head + jpeg + b"m=video" + video).control == "track1"


def test_sets_without_end_are_refused_and_those_known_are_kept() -> None:
    sps, pps = parameter_sets(encode_h264())
    sets = ParameterSets()
    sets.add(sps)
    sets.add(pps)
    with pytest.raises(FeedProtocol, match="parameter sets"):
        sets.add(b"\x68" + b"\x50" + bytes(SETS_LIMIT))
    assert sets.nals == [sps, pps]


def test_the_epoch_rises_with_the_keyframe_behind_a_change_and_not_before() -> None:
    sps, pps = parameter_sets(encode_h264())
    sets = ParameterSets(7)
    sets.add(sps)
    sets.add(pps)
    assert sets.epoch == 7
    assert [sets.settle(), sets.settle()] == [8, 8]
    sets.add(pps)
    assert sets.settle() == 8
    sets.add(pps + b"\x80")
    sets.add(pps)
    assert sets.settle() == 8, "what changed and changed back is no change"
    sets.add(pps + b"\x80")
    assert (sets.epoch, sets.settle()) == (8, 9)
