"""A camera's description of its streams (SDP, RFC 8866; H.264: RFC 6184; H.265: RFC 7798), as far as we need it."""

import re
from base64 import b64decode
from dataclasses import dataclass

from camera_config.errors import FeedProtocol
from ingest.codec import Codec

_RTPMAP = re.compile(r"a=rtpmap:(\d{1,3})\s+([A-Za-z0-9.-]+)/(\d{1,7})")
_FRAMERATE = re.compile(r"a=(?:x-)?framerate:\s*(\d{1,3}(?:\.\d{1,9})?)\s*")
_CODECS = {"H264": Codec.H264, "H265": Codec.H265, "HEVC": Codec.H265}
_SETS = {Codec.H264: ("sprop-parameter-sets",), Codec.H265: ("sprop-vps", "sprop-sps", "sprop-pps")}


@dataclass(frozen=True, slots=True)
class Track:
    """The video track: where to set it up, and what is known of it before the first packet.

    ``control`` is relative or absolute, empty for the whole session. ``parameter_sets`` are NAL units without start
    codes; none is common, then they come in the stream. ``fps`` is what the camera says of itself (RFC 8866, 6.11), 0
    when it says nothing; some say it wrong.
    """

    control: str
    session_control: str
    codec: Codec
    payload_type: int
    clock_hz: int
    parameter_sets: tuple[bytes, ...]
    fps: float = 0.0


def parse_sdp(body: bytes) -> Track:
    """Return the first H.264 or H.265 video track.

    Raises:
        FeedProtocol: there is none, the message names the codec found instead; or its packets come out of order by
            agreement, which we do not take.
    """
    session_control, sections, other = "", list[list[str]](), ""
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith("m="):
            sections.append([line])
        elif sections:
            sections[-1].append(line)
        elif line.startswith("a=control:"):
            session_control = line[10:].strip()
    for lines in sections:
        if not lines[0].startswith("m=video"):
            continue
        for line in lines:
            found = _RTPMAP.match(line)
            if found is None:
                continue
            codec, payload_type, clock_hz = _CODECS.get(found[2].upper()), int(found[1]), int(found[3])
            if codec is not None and payload_type < 128 and clock_hz > 0:
                return _track(lines, session_control, codec, payload_type, clock_hz)
            other = other or found[2]
    if other:
        raise FeedProtocol(
            f"the camera sends {other[:20]}, not H.264 or H.265", hint="Set the camera's stream to H.264 or H.265."
        )
    raise FeedProtocol("the camera describes no H.264 or H.265 video")


def _track(lines: list[str], session_control: str, codec: Codec, payload_type: int, clock_hz: int) -> Track:
    control, sets, fps = "", list[bytes](), 0.0
    for line in lines:
        if found := _FRAMERATE.fullmatch(line):
            fps = float(found[1])
        elif line.startswith("a=control:"):
            control = line[10:].strip()
        elif line.startswith(f"a=fmtp:{payload_type} "):
            values = dict(part.strip().partition("=")[::2] for part in line.partition(" ")[2].split(";"))
            if codec is Codec.H264 and values.get("packetization-mode") == "2":
                raise FeedProtocol("the camera interleaves packets (packetization-mode 2)")
            if codec is Codec.H265 and values.get("sprop-max-don-diff", "0") != "0":
                raise FeedProtocol("the camera interleaves packets (sprop-max-don-diff)")
            for name in _SETS[codec]:
                sets += _decoded(values.get(name, ""))
    return Track(control, session_control, codec, payload_type, clock_hz, tuple(sets), fps)


def _decoded(texts: str) -> list[bytes]:
    nals = list[bytes]()
    for text in texts.split(","):
        try:
            nal = b64decode(text.strip() + "=" * (-len(text.strip()) % 4), validate=True)
        except ValueError:  # the camera will send it in the stream as well, or never be decodable
            continue
        if nal:
            nals.append(nal)
    return nals
