"""Picture size and ids from H.264 parameter sets (ITU-T H.264, 7.3.2.1 and 7.3.2.2)."""

from camera_config.errors import FeedProtocol
from ingest.bits import Bits

_HEADER = 1
_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}


def sps_id(nal: bytes) -> int:
    """Return ``seq_parameter_set_id`` of an SPS, 0 to 31.

    Raises:
        FeedProtocol: it is not readable.
    """
    bits = Bits(nal, _HEADER)
    bits.read(24)
    return bits.below(32)


def pps_id(nal: bytes) -> int:
    """Return ``pic_parameter_set_id`` of a PPS, 0 to 255.

    Raises:
        FeedProtocol: it is not readable.
    """
    return Bits(nal, _HEADER).below(256)


def picture_size(nal: bytes) -> tuple[int, int]:
    """Return (width, height) in pixels as shown, cropping applied, of an SPS.

    Raises:
        FeedProtocol: it is not readable or the size is not 1 to 16384.
    """
    bits = Bits(nal, _HEADER)
    profile = bits.read(8)
    bits.read(16)
    bits.unsigned()
    chroma, separate = 1, 0
    if profile in _WITH_CHROMA:
        chroma = bits.below(4)
        if chroma == 3:
            separate = bits.read(1)
        bits.unsigned()
        bits.unsigned()
        bits.read(1)
        if bits.read(1):
            for index in range(12 if chroma == 3 else 8):
                if bits.read(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.read(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.below(256)):
            bits.signed()
    bits.unsigned()
    bits.read(1)
    width, map_height = 16 * (bits.unsigned() + 1), 16 * (bits.unsigned() + 1)
    frames_only = bits.read(1)
    height = (2 - frames_only) * map_height
    if not frames_only:
        bits.read(1)
    bits.read(1)
    if bits.read(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        across = 2 if chroma in (1, 2) and not separate else 1
        down = (2 if chroma == 1 and not separate else 1) * (2 - frames_only)
        width -= across * (left + right)
        height -= down * (top + bottom)
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise FeedProtocol(f"an H.264 picture of {width} x {height}")
    return width, height


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
