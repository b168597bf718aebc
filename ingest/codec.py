"""What a camera compresses its pictures with."""

from enum import StrEnum


class Codec(StrEnum):
    """A codec that ingest receives; the value is its name in records and on the wire."""

    H264 = "h264"
    H265 = "h265"
