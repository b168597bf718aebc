"""A camera's description of its streams (SDP, RFC 8866; for H.264 RFC 6184), as far as a video client needs it."""

import re
from base64 import b64decode
from dataclasses import dataclass

from camera_config.errors import FeedProtocol

_RTPMAP = re.compile(r"(\d{1,3})\s+([A-Za-z0-9.-]+)/(\d{1,7})")


@dataclass(frozen=True, slots=True)
class Track:
    """The video track: where to set it up, and what is known of it before the first packet.

    ``control`` is relative or absolute, empty for the whole session. ``parameter_sets`` are NAL units without start
    codes; none is common, then they come in the stream.
    """

    control: str
    session_control: str
    payload_type: int
    clock_hz: int
    parameter_sets: tuple[bytes, ...]


def parse_sdp(body: bytes) -> Track:
    """Return the first H.264 video track.

    Raises:
        FeedProtocol: there is none; the message names the codec found instead.
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
            found = _RTPMAP.match(line, 9) if line.startswith("a=rtpmap:") else None
            if found is None:
                continue
            if found[2].upper() == "H264" and int(found[1]) < 128 and int(found[3]) > 0:
                return _track(lines, session_control, int(found[1]), int(found[3]))
            other = other or found[2]
    if other:
        raise FeedProtocol(f"the camera sends {other[:20]}, not H.264", hint="Set the camera's stream to H.264.")
    raise FeedProtocol("the camera describes no H.264 video")


def _track(lines: list[str], session_control: str, payload_type: int, clock_hz: int) -> Track:
    control, sets = "", list[bytes]()
    for line in lines:
        if line.startswith("a=control:"):
            control = line[10:].strip()
        elif line.startswith(f"a=fmtp:{payload_type} "):
            values = dict(part.strip().partition("=")[::2] for part in line.partition(" ")[2].split(";"))
            if values.get("packetization-mode") == "2":
                raise FeedProtocol("the camera interleaves packets (packetization-mode 2)")
            for text in values.get("sprop-parameter-sets", "").split(","):
                try:
                    sets.append(b64decode(text + "=" * (-len(text) % 4), validate=True))
                except ValueError:  # the camera will send them in the stream as well, or never be decodable
                    continue
    return Track(control, session_control, payload_type, clock_hz, tuple(nal for nal in sets if nal))
