"""How a codec's NAL units travel in RTP packets, as far as H.264 (RFC 6184) and H.265 (RFC 7798) differ.

Both send a NAL unit whole, several in one packet, or one in fragments; both begin a picture's first slice with a set
bit behind the NAL header. What differs is the length of that header, the numbers of the kinds, and where they stand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ingest.codec import Codec

BEFORE = 1
"""May stand before a picture's first slice, and shows that nothing of the access unit is missing before it."""

PICTURE = 2
KEY = 4
LEADING = 8
"""A picture that needs one from before the keyframe it follows."""

SETS = (16, 32, 64)
"""A parameter set, a bit a kind."""

ANY_SET = sum(SETS)
FRAGMENT = 128
AGGREGATE = 256
REFUSED = 512


class Opening(NamedTuple):
    """What the first fragment of a NAL unit tells.

    ``head`` is the start code and the unit's own header, ``role`` its flags; ``middle`` and ``last`` are the payload
    and fragment header of the fragments to come.
    """

    head: bytes
    role: int
    middle: bytes
    last: bytes


@dataclass(frozen=True, slots=True)
class PayloadFormat:
    """One codec's packets.

    ``header`` is the NAL header's length in bytes; ``roles`` has the sum of the flags above for each value of a NAL
    unit's or payload's first byte; ``sets`` are the flags of all parameter sets that a keyframe needs; ``opening``
    reads a first fragment's payload header and the fragment header behind it.
    """

    codec: Codec
    header: int
    roles: tuple[int, ...]
    sets: int
    opening: Callable[[bytes], Opening]
