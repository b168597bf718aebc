"""A mount's description for its clients: SDP (RFC 8866) of H.264 (RFC 6184 8.2.1) or H.265 (RFC 7798 7.1)."""

import base64

from ingest.codec import Codec
from ingest.simulate.rtp import CLOCK_HZ, PAYLOAD_TYPE
from ingest.simulate.source import Source


def sdp(source: Source) -> bytes:
    """Return the stream's description."""
    name, parameters = _h264(source.sets) if source.codec is Codec.H264 else _h265(source.sets)
    lines = (
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {name}/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} {parameters}",
        f"a=framerate:{source.fps:g}",
        "a=control:track0",
    )
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def _h264(sets: tuple[bytes, ...]) -> tuple[str, str]:
    texts = ",".join(map(_text, sets))
    return "H264", f"packetization-mode=1;profile-level-id={sets[0][1:4].hex()};sprop-parameter-sets={texts}"


def _h265(sets: tuple[bytes, ...]) -> tuple[str, str]:
    """The profile stands in the SPS behind its first three bytes (H.265 7.3.3), with emulation prevention."""
    vps, sps, pps = sets
    profile = sps.replace(b"\0\0\3", b"\0\0")[3:15]
    values = (
        f"profile-space={profile[0] >> 6}",
        f"tier-flag={profile[0] >> 5 & 1}",
        f"profile-id={profile[0] & 31}",
        f"level-id={profile[11]}",
        f"sprop-vps={_text(vps)}",
        f"sprop-sps={_text(sps)}",
        f"sprop-pps={_text(pps)}",
    )
    return "H265", ";".join(values)


def _text(nal: bytes) -> str:
    return base64.b64encode(nal).decode("ascii")
