"""What drives past without a plate that was ever read: whether it is a vehicle, and none that is told of already.

What no model knows is judged by its own way along the road: it must come far by itself, not as the roof, the shadow or
the light of a vehicle whose plate is known, and be as wide as a vehicle, or as fast as no one on foot.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from camera_config.county import SmartCheckpoint
from detection.body import BELOW, BESIDE, height
from detection.decode import Box
from detection.same_vehicle import touching
from detection.track import Track

FRAMES: Final = 3
WAY: Final = 0.15
"""It must be seen in so many keyframes and come so far by itself, as a share of the picture's width."""
WIDE: Final = 0.35
"""Of a lane's width: cars, lorries and carts are wider, riders and those on foot are not."""
WIDEST: Final = 1.1
"""Of a lane's width: a lorry with its shadow."""
NARROW: Final = 0.10
"""Of a lane's width, 0.3 m: less is a strip of light or shadow."""
RIDER: Final = 0.4
"""Of a lane's width: a rider with what hangs beside the saddle, and the shadow."""
SHAPE: Final = 1.6
"""What is one thing is at most so many times as wide, or as high, a keyframe later."""
RIDES: Final = 0.3
"""Lanes a second: a motorcycle at 11 km/h, seen along the road from a mast (a metre along it seems a third of one
across). Who walks goes half as fast."""
STILL_PX: Final = 10.0
"""A step that is no longer is none."""
WITH: Final = 0.35
"""A step that is at most by this share of itself longer or shorter along the picture than a known vehicle's, which is
nearer or farther, was made with it."""
EDGE: Final = 0.6
"""So many plate widths beside a body its shadow ends."""
MOSTLY: Final = 0.5
"""What lies around a body lies there by this share of itself at least."""
BEYOND: Final = (3.0, 2.0)
"""What goes with a vehicle has its lower edge so many plate widths below its plate at most (light, shadow), or so many
above the roof (the load, the rear)."""
AFTER_S: Final = 3.0
BEFORE_S: Final = 1.5
"""A known vehicle goes on for so long after its plate was last seen, and has come for so long before it first was."""


def own_way(track: Track, known: Sequence[Track], size: tuple[int, int], lane: float) -> tuple[int, float]:
    """Return what a track did, as one thing, that no known vehicle did with it: steps, and pixels.

    Args:
        track: without a plate.
        known: vehicles whose plates are known.
        size: the picture's width and height, pixels.
        lane: the width of a lane there, pixels; what is wider is more than one thing.
    """
    steps, way_px = 0, 0.0
    for (from_s, start), (to_s, end) in pairwise(track.path):
        x, y = _step(start, end, size)
        long = math.hypot(x, y)
        if to_s <= from_s or long < STILL_PX or end.width > WIDEST * lane or not _same_shape(start, end, size):
            continue
        if any(_with(other, (from_s, to_s), end, (x, y), size) for other in known if other is not track):
            continue
        steps, way_px = steps + 1, way_px + long
    return steps, way_px


def rides(track: Track, known: Sequence[Track], size: tuple[int, int], lane: float) -> bool:
    """Tell whether a track is a rider: narrow, of one shape, and going one way faster than anyone on foot.

    A rider passes between queues and touches what stands beside them; what a vehicle casts on the road changes its
    shape from keyframe to keyframe.

    Args:
        track: without a plate.
        known: vehicles whose plates are known.
        size: the picture's width and height, pixels.
        lane: the width of a lane there, pixels.
    """
    run: list[tuple[float, Box]] = []
    for now_s, box in track.path:
        narrow = NARROW * lane <= box.width <= RIDER * lane and box.height >= box.width
        if not narrow or (run and not _same_shape(run[-1][1], box, size)):
            run = []
        if narrow:
            run.append((now_s, box))
        if len(run) >= FRAMES:
            steps = [(_step(a, b, size), (at, to), b) for (at, a), (to, b) in pairwise(run)]
            alone = not any(
                _with(other, when, box, step, size)
                for step, when, box in steps
                for other in known
                if other is not track
            )
            ways = [step[1] for step, _, _ in steps]
            took_s = run[-1][0] - run[0][0]
            if alone and (min(ways) > 0 or max(ways) < 0) and abs(sum(ways)) >= RIDES * lane * took_s:
                return True
    return False


def _same_shape(one: Box, other: Box, size: tuple[int, int]) -> bool:
    """Tell whether two boxes can be one thing a keyframe later; cut by the picture's edge its height says nothing."""
    cut = min(one.top, other.top) <= 0 or max(one.bottom, other.bottom) >= size[1]
    wide, high = other.width / max(one.width, 1), other.height / max(one.height, 1)
    return 1 / SHAPE <= wide <= SHAPE and (cut or 1 / SHAPE <= high <= SHAPE)


def lettering(track: Track, other: Track, size: tuple[int, int]) -> bool:
    """Tell whether what was found on a track is lettering on another vehicle: it was mostly seen on that one's body."""
    if other.plate is None:
        return False
    width, on_it = other.plate.width_px, 0
    for now_s, x, y in track.plate_path:
        place = _place(other, now_s, size)
        if place is not None:
            beside, above = abs(x * size[0] - place[0]), place[1] - y * size[1]
            on_it += beside <= BESIDE * width and -BELOW * width <= above <= height(other) * width
    return 2 * on_it >= len(track.plate_path) > 0


def belongs(track: Track, other: Track, size: tuple[int, int]) -> bool:
    """Tell whether what has no plate is roof, load, shadow or light of a known vehicle: mostly around its body."""
    if other.plate is None:
        return False
    width, around = other.plate.width_px, 0
    below, above = BEYOND
    for now_s, box in track.path:
        place = _place(other, now_s, size)
        if place is not None:
            (x, y), aside = place, (BESIDE + EDGE) * width
            low, high = round(y + below * width), round(y - (height(other) + above) * width)
            around += touching(box, Box(round(x - aside), high, round(x + aside), low)) >= MOSTLY
    return 2 * around >= len(track.path)


def lane_px(checkpoint: SmartCheckpoint, y: float, size: tuple[int, int]) -> float:
    """Return how wide a lane is at height ``y`` of the picture, pixels."""
    left, right = zone_at(checkpoint.lane_zone, y / size[1])
    return (right - left) * size[0] / max(checkpoint.lanes, 1)


def zone_at(zone: tuple[tuple[float, float], ...], y: float) -> tuple[float, float]:
    """Return where the zone begins and ends at height ``y``, all from 0 to 1; the whole width without a zone."""
    crossings = []
    for (x0, y0), (x1, y1) in zip(zone, (*zone[1:], *zone[:1]), strict=True):
        if min(y0, y1) <= y <= max(y0, y1) and y0 != y1:
            crossings.append(x0 + (x1 - x0) * (y - y0) / (y1 - y0))
    return (min(crossings), max(crossings)) if len(crossings) > 1 else (0.0, 1.0)


def _step(start: Box, end: Box, size: tuple[int, int]) -> tuple[float, float]:
    """Return the step from one box to the next by those edges that do not lie at the picture's edge."""
    wide, high = size
    across = [b - a for a, b, edge in ((start.left, end.left, 0), (start.right, end.right, wide)) if edge not in (a, b)]
    along = [b - a for a, b, edge in ((start.top, end.top, 0), (start.bottom, end.bottom, high)) if edge not in (a, b)]
    # Of two edges the steadier one counts: the other moves when a part of it merges with something.
    return (min(across, key=abs, default=0), min(along, key=abs, default=0))


def _with(other: Track, when: tuple[float, float], box: Box, step: tuple[float, float], size: tuple[int, int]) -> bool:
    """Tell whether a known vehicle made this step, and ``box`` lies where something of it can be."""
    start, end = (_place(other, now_s, size) for now_s in when)
    if start is None or end is None or other.plate is None:
        return False
    width = other.plate.width_px
    below, above = BEYOND
    if not -below * width <= end[1] - box.bottom <= (height(other) + above) * width:
        return False
    aside = (BESIDE + EDGE) * width
    if min(box.right, end[0] + aside) - max(box.left, end[0] - aside) < MOSTLY * box.width:
        return False
    return abs(step[1] - (end[1] - start[1])) <= WITH * max(abs(step[1]), STILL_PX)


def _place(track: Track, now_s: float, size: tuple[int, int]) -> tuple[float, float] | None:
    """Return where a plate was or must have been (pixels); None where nobody can say."""
    path = track.plate_path
    if len(path) < 2 or not path[0][0] - BEFORE_S <= now_s <= path[-1][0] + AFTER_S:
        return None
    at = next((place for place in range(1, len(path) - 1) if path[place][0] >= now_s), len(path) - 1)
    (from_s, x0, y0), (to_s, x1, y1) = path[at - 1], path[at]
    share = (now_s - from_s) / max(to_s - from_s, 1e-6)
    return (x0 + (x1 - x0) * share) * size[0], (y0 + (y1 - y0) * share) * size[1]
