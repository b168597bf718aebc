"""Pictures out of packed clips."""

from collections.abc import Iterable, Iterator

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from ingest.codec import Codec
from ingest.simulate.clip import START_CODE
from ingest.simulate.rtp import FU_A, STAP_A, Packets
from ingest.simulate.rtp_h265 import AP, FU
from ingest.simulate.source import PackedClip

Picture = NDArray[np.uint8]
"""(height, width, 3) uint8, BGR."""

DECODERS = {Codec.H264: "h264", Codec.H265: "hevc"}


def decode(frames: Iterable[Packets], codec: Codec) -> Iterator[Picture]:
    """Yield the pictures of a row of frames that starts with a keyframe."""
    decoder = av.CodecContext.create(DECODERS[codec], "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    for frame in frames:
        for shown in decoder.decode(av.Packet(annex_b(frame, codec))):
            yield shown.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    for shown in decoder.decode(None):
        yield shown.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def annex_b(frame: Packets, codec: Codec) -> bytes:
    """Return the access unit in its packets, with start codes."""
    out = bytearray()
    for payload in payloads(frame):
        for nal, begins in _nals(payload, codec):
            out += (START_CODE if begins else b"") + nal
    return bytes(out)


def payloads(frame: Packets) -> list[bytes]:
    """Return what the RTP packets carry."""
    data = frame.data.tobytes()
    begins = [int(at) + 12 for at in frame.headers]
    ends = [int(at) - 4 for at in frame.headers[1:]] + [len(data)]
    return [data[begin:end] for begin, end in zip(begins, ends, strict=True)]


def gop_of(clip: PackedClip) -> int:
    """Return the frames from the first keyframe to the next, all of them if there is only one."""
    return next((number for number, frame in enumerate(clip.frames) if frame.key and number), len(clip.frames))


def _nals(payload: bytes, codec: Codec) -> Iterator[tuple[bytes, bool]]:
    """Yield the pieces of NAL units in one payload, and whether a unit begins with each."""
    wide = 1 if codec is Codec.H264 else 2
    kind = payload[0] & 0x1F if codec is Codec.H264 else payload[0] >> 1 & 0x3F
    if kind == (STAP_A if codec is Codec.H264 else AP):
        at = wide
        while at < len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            yield payload[at + 2 : at + 2 + size], True
            at += 2 + size
    elif kind == (FU_A if codec is Codec.H264 else FU):
        mark = payload[wide]
        if not mark & 0x80:
            yield payload[wide + 1 :], False
        elif codec is Codec.H264:
            yield bytes([payload[0] & 0xE0 | mark & 0x1F]) + payload[2:], True
        else:
            yield bytes([payload[0] & 0x81 | (mark & 0x3F) << 1, payload[1]]) + payload[3:], True
    else:
        yield payload, True
