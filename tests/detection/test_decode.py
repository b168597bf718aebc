"""Keyframes of both codecs become pictures; what is damaged, lies about its size or is huge becomes a FeedError."""

import importlib.util
import logging
import os
import subprocess
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from camera_config.errors import ConfigError, FeedError
from detection.decode import SIDE_MAX_PX, CpuDecoder, FalseSize, check_size, described_sizes, open_decoder
from ingest.codec import Codec

ROOT = Path(__file__).parents[2]
FLIPPED = 1000
"""Damaged keyframes of each codec."""
GPU = importlib.util.find_spec("PyNvVideoCodec") is not None and Path("/dev/nvidia0").exists()


@cache
def stream(codec: Codec, width: int, height: int, frames: int = 3, seed: int = 1) -> bytes:
    """Return pictures of blobs and noise, every one a keyframe, as Annex-B."""
    encoder = av.CodecContext.create({"h264": "libx264", "h265": "libx265"}[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 2)
    extra = {"x264-params": "keyint=1"} if codec is Codec.H264 else {"x265-params": "keyint=1:log-level=0"}
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", **extra}
    dice = np.random.default_rng(seed)
    out = b""
    for number in range(frames):
        image = np.kron(dice.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3)), np.ones((16, 16, 1)))
        frame = av.VideoFrame.from_ndarray(image[:height, :width].astype(np.uint8), format="rgb24")
        frame.pts = number
        out += b"".join(bytes(packet) for packet in encoder.encode(frame))
    return out + b"".join(bytes(packet) for packet in encoder.encode(None))


@cache
def keyframes(codec: Codec, width: int = 320, height: int = 192, seed: int = 1) -> list[bytes]:
    """Return each picture with its parameter sets in front."""
    parser = av.CodecContext.create({"h264": "h264", "h265": "hevc"}[codec], "r")
    raw = stream(codec, width, height, seed=seed)
    return [bytes(packet) for packet in [*parser.parse(raw), *parser.parse(b"")]]


def whole(codec: Codec, payload: bytes) -> np.ndarray:
    """Decode with a decoder of its own, as the reference."""
    context = av.CodecContext.create({"h264": "h264", "h265": "hevc"}[codec], "r")
    assert isinstance(context, VideoCodecContext)
    frames = context.decode(av.Packet(payload)) + context.decode(None)
    return frames[0].to_ndarray(format="yuv420p")


def test_one_decoder_gives_the_same_pixels_as_a_decoder_for_each_camera() -> None:
    decoder = open_decoder("cpu")
    sizes = [(320, 192), (640, 360), (320, 192), (128, 96)]
    for number, (width, height) in enumerate(sizes):
        for codec in Codec:
            payload = keyframes(codec, width, height, seed=number)[number % 3]
            picture = decoder.decode(payload, codec)
            want = whole(codec, payload)
            assert (picture.width, picture.height) == (width, height)
            assert np.array_equal(picture.y, want[:height])
            assert np.array_equal(np.ravel(picture.u), np.ravel(want[height : height + height // 4]))
    decoder.close()


def test_two_thousand_damaged_keyframes_give_pictures_of_the_right_size_or_an_error() -> None:
    """In a process of its own: what it must not do is die."""
    code = f"""
import sys, numpy as np
from tests.detection.test_decode import keyframes
from camera_config.errors import FeedError
from detection.decode import CpuDecoder
from ingest.codec import Codec
decoder, dice, refused = CpuDecoder(), np.random.default_rng(7), 0
for codec in Codec:
    frames = keyframes(codec)
    for number in range({FLIPPED}):
        damaged = np.frombuffer(frames[number % 3], np.uint8).copy()
        places = dice.integers(0, damaged.size if number % 4 else 80, dice.integers(1, 12))
        damaged[places] ^= (1 << dice.integers(0, 8, places.size)).astype(np.uint8)
        try:
            picture = decoder.decode(damaged.tobytes(), codec)
        except FeedError:
            refused += 1
        else:
            assert picture.width * picture.height <= 4096 ** 2
    good = decoder.decode(frames[0], codec)
    assert (good.width, good.height) == (320, 192)
print(refused)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > FLIPPED


@pytest.mark.parametrize("codec", Codec)
def test_a_picture_larger_than_any_camera_is_refused_before_it_is_decoded(codec: Codec) -> None:
    huge = keyframes(codec, SIDE_MAX_PX + 64, 64)[0]
    with pytest.raises(FeedError, match="4160 x 64"):
        CpuDecoder().decode(huge, codec)


@pytest.mark.parametrize("codec", Codec)
def test_a_picture_of_another_size_than_its_parameter_sets_say_is_refused(codec: Codec) -> None:
    assert described_sizes(keyframes(codec)[0], codec) == {(320, 192)}
    check_size((320, 192), {(320, 192)})
    with pytest.raises(FalseSize):
        check_size((320, 176), {(320, 192)})


@pytest.mark.parametrize("codec", Codec)
def test_a_keyframe_without_parameter_sets_is_not_decoded_with_those_of_another_camera(codec: Codec) -> None:
    decoder = CpuDecoder()
    payload = keyframes(codec)[0]
    decoder.decode(payload, codec)
    last = payload.rindex(b"\0\0\1")
    with pytest.raises(FeedError, match="parameter sets"):
        decoder.decode(b"\0" + payload[last:], codec)


def test_a_payload_of_the_other_codec_is_refused() -> None:
    decoder = CpuDecoder()
    for codec, other in ((Codec.H264, Codec.H265), (Codec.H265, Codec.H264)):
        with pytest.raises(FeedError):
            decoder.decode(keyframes(codec)[0], other)


def test_no_decoder_has_another_name() -> None:
    with pytest.raises(ConfigError, match="turbo"):
        open_decoder("turbo")


@pytest.mark.skipif(GPU, reason="this machine has a GPU")
def test_without_a_gpu_auto_falls_back_and_says_so_once_and_gpu_says_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "detection.decode"):
        assert isinstance(open_decoder("auto"), CpuDecoder)
    assert [record.getMessage().partition(" ")[0] for record in caplog.records] == ["decode.cpu"]
    with pytest.raises(ConfigError) as caught:
        open_decoder("gpu")
    assert "kakou[gpu]" in caught.value.hint


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="no GPU with PyNvVideoCodec here")
@pytest.mark.parametrize("codec", Codec)
def test_the_gpu_gives_nearly_the_same_picture_for_cameras_of_different_sizes(codec: Codec) -> None:
    gpu, cpu = open_decoder("gpu"), open_decoder("cpu")
    for width, height in ((640, 352), (320, 192), (640, 352)):
        for payload in keyframes(codec, width, height):
            ours, theirs = gpu.decode(payload, codec), cpu.decode(payload, codec)
            for one, other in ((ours.y, theirs.y), (ours.u, theirs.u), (ours.v, theirs.v)):
                assert np.abs(one.astype(int) - other.astype(int)).max() <= 1
    with pytest.raises(FeedError):
        gpu.decode(keyframes(codec)[0][:200], codec)
    assert gpu.decode(keyframes(codec)[0], codec).width == 320
    gpu.close()
