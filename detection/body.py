"""Where the body of a vehicle is in the picture, by its plate: what of the changed road it explains."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.plate_find import PlateBox
from detection.plate_grammar import PlateColour
from detection.track import Track

Outline = NDArray[np.float64]
"""Corners (n, 2) of a convex outline in pixels of the full picture."""

BESIDE: Final = 2.4
"""A body reaches so many plate widths to each side of its plate's middle: 2.1 m in all against 0.44 m."""
ABOVE: Final = 3.6
"""So many above it: bonnet, windscreen and roof of a car. What follows it closely shows its own plate from 3.7 on."""
TALL: Final = 7.0
"""The same of what has a yellow plate: lorries and buses."""
BELOW: Final = 1.3
FACE: Final = 1.5
"""The face that the plate is on stands upright so far above it."""
NARROWER: Final = 0.85
"""What is farther away is smaller: so wide is the upper end against the lower one."""
SLACK: Final = 0.35
"""A plate that is not looked for may be off by this share of the way that it should have come."""
TALL_COLOURS: Final = frozenset({PlateColour.YELLOW, PlateColour.YELLOW_GREEN})


def outline(plate: PlateBox, *, lean: float = 0.0, above: float = ABOVE, slack_px: float = 0.0) -> Outline:
    """Return the corners of the body around a plate.

    Args:
        plate: where it is.
        lean: how far the road goes to the right while it goes down by one, in the picture.
        above: how high the body is, in plate widths.
        slack_px: how much farther up or down it may be.
    """
    (x, y), width = plate.centre, plate.width_px
    low, face, high = y + BELOW * width + slack_px, y - FACE * width, y - above * width - slack_px
    near, far = BESIDE * width, BESIDE * width * NARROWER
    # The face stands upright; what is behind it goes along the road, its flank beside the face.
    back_x = x + lean * (high - face)
    back = high + FACE * width * NARROWER
    corners = [(x - near, low), (x + near, low), (x - near, face), (x + near, face)]
    corners += [(back_x - far, back), (back_x + far, back), (back_x - far, high), (back_x + far, high)]
    return np.asarray(cv2.convexHull(np.array(corners, np.float32))[:, 0], np.float64)


def body(track: Track, mono_s: float, size: tuple[int, int], for_s: float) -> Outline | None:
    """Return where a track's body should be by now.

    Args:
        track: whose.
        mono_s: now, monotonic s.
        size: the picture's width and height, pixels.
        for_s: how long after its plate was last seen it is still reckoned with.

    Returns:
        None where nobody can say: its plate was seen once only, and not now, or too long ago.
    """
    plate = track.expected_box(mono_s)
    ago_s = mono_s - track.plate_s
    if plate is None or ago_s > for_s or (track.plates < 2 and ago_s > 0):
        return None
    slack_px = SLACK * track.step_px(mono_s)
    return outline(plate, lean=lean(track, size), above=height(track), slack_px=slack_px)


def height(track: Track) -> float:
    """Return how high a track's body is above its plate, in plate widths."""
    verdict = track.verdict
    return TALL if verdict is not None and verdict.colour in TALL_COLOURS else ABOVE


def lean(track: Track, size: tuple[int, int]) -> float:
    """Return how far to the right a track goes while it goes down by one; 0 where it has hardly moved."""
    if track.plate is None or len(track.plate_path) < 2:
        return 0.0
    (_, x0, y0), (_, x1, y1) = track.plate_path[0], track.plate_path[-1]
    along = (y1 - y0) * size[1]
    if abs(along) < track.plate.width_px / 2:
        return 0.0
    return min(max((x1 - x0) * size[0] / along, -1.0), 1.0)
