"""Clips for tests, and how they are packed; decoded by PyAV."""

from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.codec import Codec
from ingest.simulate.clip import NUMBERS, nal_type
from ingest.simulate.encode import encode_clip
from ingest.simulate.pictures import payloads
from ingest.simulate.rtp import PAYLOAD_BYTES, fu_a, stap_a
from ingest.simulate.rtp_h265 import aggregated, fragments
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import LoopSource, PackedClip
from tests.ingest.simulate.conftest import opened
from tests.ingest.simulate.pictures import moving, street


@pytest.mark.parametrize("codec", list(Codec))
def test_a_clip_starts_with_a_keyframe_and_has_one_every_so_many_pictures(codec: Codec):
    clip = moving(codec)
    assert clip.codec is codec
    assert [unit.key for unit in clip.units] == [number % 10 == 0 for number in range(40)]
    assert [nal_type(nal, codec) for nal in clip.sets] == list(NUMBERS[codec].sets)


@pytest.mark.parametrize("codec", list(Codec))
def test_a_viewer_sees_the_pictures_that_were_drawn(codec: Codec):
    drawn = street(40)
    clip = PackedClip.of(moving(codec))
    with (
        CameraServerThread(CameraServer({"cam-1": LoopSource(clip)})) as cameras,
        opened(cameras.url("cam-1")) as stream,
    ):
        assert stream.streams.video[0].codec_context.name == {"h264": "h264", "h265": "hevc"}[codec]
        seen = [frame.to_ndarray(format="bgr24") for frame in islice(stream.decode(video=0), 15)]
    places = [min(range(40), key=lambda n: np.abs(drawn[n].astype(int) - picture).mean()) for picture in seen]
    assert places[0] % 10 == 0, "the first picture sent is a keyframe"
    assert places == [(places[0] + number) % 40 for number in range(15)]


def test_h265_comes_as_single_units_aggregates_and_fragments():
    frames = PackedClip.of(moving(Codec.H265)).frames
    kinds = {payload[0] >> 1 & 0x3F for frame in frames for payload in payloads(frame)}
    assert {48, 49} <= kinds
    assert kinds - {48, 49}, "small pictures in packets of their own"
    assert all(len(payload) <= PAYLOAD_BYTES for frame in frames for payload in payloads(frame))


def test_fragments_are_the_unit_again_with_its_header():
    nal = bytes([20 << 1, 1]) + bytes(range(256)) * 20
    parts = fragments(nal, 1000)
    assert [part[2] >> 6 for part in parts] == [2, 0, 0, 0, 0, 1]
    assert bytes([parts[0][0] & 0x81 | (parts[0][2] & 63) << 1, parts[0][1]]) + b"".join(p[3:] for p in parts) == nal
    assert len(fu_a(nal)) == 4


def test_an_aggregate_says_how_long_each_unit_is():
    nals = [bytes([32 << 1, 1, 7]), bytes([33 << 1, 2, 8, 9])]
    assert aggregated(nals) == bytes([48 << 1, 1, 0, 3]) + nals[0] + bytes([0, 4]) + nals[1]
    assert stap_a([b"\x67a", b"\x68"]) == b"\x78\0\2\x67a\0\1\x68"


def test_a_clip_is_encoded_once_and_kept(tmp_path: Path):
    first = encode_clip(street(4), Codec.H265, key_every=2, folder=tmp_path)
    kept = next(tmp_path.iterdir())
    made_at = kept.stat().st_ino
    assert encode_clip(street(4), Codec.H265, key_every=2, folder=tmp_path) == first
    assert [path.stat().st_ino for path in tmp_path.iterdir()] == [made_at]
    again = encode_clip(kept, Codec.H264, key_every=2, folder=tmp_path)
    assert (again.codec, len(again.units)) == (Codec.H264, 4)


def test_pictures_of_a_file_are_all_taken(tmp_path: Path):
    encode_clip(street(7), key_every=3, folder=tmp_path)
    with av.open(str(next(tmp_path.iterdir()))) as file:
        assert len(list(file.decode(video=0))) == 7
