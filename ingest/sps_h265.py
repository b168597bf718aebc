"""Picture size and ids from H.265 parameter sets (ITU-T H.265, 7.3.2.1 to 7.3.2.3 and 7.3.3)."""

from camera_config.errors import FeedProtocol
from ingest.bits import Bits

_HEADER = 2
_PROFILE_BITS, _LEVEL_BITS = 88, 8


def vps_id(nal: bytes) -> int:
    """Return ``vps_video_parameter_set_id`` of a VPS, 0 to 15.

    Raises:
        FeedProtocol: it is not readable.
    """
    return Bits(nal, _HEADER).read(4)


def sps_id(nal: bytes) -> int:
    """Return ``sps_seq_parameter_set_id`` of an SPS, 0 to 15.

    Raises:
        FeedProtocol: it is not readable.
    """
    return _behind_profile(nal).below(16)


def pps_id(nal: bytes) -> int:
    """Return ``pps_pic_parameter_set_id`` of a PPS, 0 to 63.

    Raises:
        FeedProtocol: it is not readable.
    """
    return Bits(nal, _HEADER).below(64)


def picture_size(nal: bytes) -> tuple[int, int]:
    """Return (width, height) in pixels as shown, the conformance window applied, of an SPS.

    Raises:
        FeedProtocol: it is not readable or the size is not 1 to 16384.
    """
    bits = _behind_profile(nal)
    bits.unsigned()
    chroma = bits.below(4)
    separate = chroma == 3 and bits.read(1)
    width, height = bits.unsigned(), bits.unsigned()
    if bits.read(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        width -= (2 if chroma in (1, 2) and not separate else 1) * (left + right)
        height -= (2 if chroma == 1 and not separate else 1) * (top + bottom)
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise FeedProtocol(f"an H.265 picture of {width} x {height}")
    return width, height


def _behind_profile(nal: bytes) -> Bits:
    """Return the bits of an SPS from its id on: what stands before has a length of its own in each stream."""
    bits = Bits(nal, _HEADER)
    bits.read(4)
    sub_layers = bits.read(3)
    bits.read(1)
    if sub_layers > 6:
        raise FeedProtocol("an H.265 parameter set of too many layers")
    bits.read(_PROFILE_BITS + _LEVEL_BITS)
    if sub_layers:
        present = [(bits.read(1), bits.read(1)) for _ in range(8)][:sub_layers]
        for profile, level in present:
            bits.read(_PROFILE_BITS * profile + _LEVEL_BITS * level)
    return bits
