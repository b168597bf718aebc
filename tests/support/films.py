"""Short films as files, and what a decoder makes of them, picture by picture."""

from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import numpy as np

from ingest.codec import Codec

FPS = 50
FRAMES = 40
GOP = 10
_ENCODERS = {
    Codec.H264: ("libx264", {"x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=0:threads=1"}),
    Codec.H265: (
        "libx265",
        {
            "x265-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=0:open-gop=0:pools=none:frame-threads=1"
            ":log-level=none"
        },
    ),
}
_DECODERS = {Codec.H264: "h264", Codec.H265: "hevc"}


def make_film(path: Path, codec: Codec) -> Path:
    """Write ``FRAMES`` pictures, no two alike, of which a keyframe fills some dozen packets; return ``path``."""
    encoder, options = _ENCODERS[codec]
    dice = np.random.default_rng(5)
    ground = np.kron(dice.integers(0, 256, (45, 80), dtype=np.uint8), np.ones((8, 8), dtype=np.uint8))
    with av.open(str(path), "w", format="mp4") as sink:
        stream = sink.add_stream(encoder, rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "18", **options}
        for number in range(FRAMES):
            planes = np.full((540, 640), 128, dtype=np.uint8)
            planes[:360] = ground
            planes[100:140, number * 12 : number * 12 + 40] = dice.integers(0, 256, (40, 40), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))
    return path


def decoded_file(path: Path) -> list[str]:
    """Return a digest of every picture's pixels in the file."""
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return [_digest(frame) for frame in container.decode(video=0)]


def decoded_units(payloads: Iterable[bytes], codec: Codec) -> list[str]:
    """Return a digest of every picture's pixels that one decoder makes of Annex-B access units."""
    decoder = av.CodecContext.create(_DECODERS[codec], "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    packets = [av.Packet(payload) for payload in payloads]
    return [_digest(frame) for packet in [*packets, None] for frame in decoder.decode(packet)]


def _digest(frame: av.VideoFrame) -> str:
    return sha256(frame.to_ndarray().tobytes()).hexdigest()
