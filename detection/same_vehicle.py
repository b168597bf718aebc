"""When two tracks are one vehicle, and when two regions are one thing."""

from typing import Final

from detection.decode import Box
from detection.plate_vote import Verdict, alike
from detection.track import Track

NEARLY_SAME: Final = 0.85
WEAK: Final = 0.9
"""Plates that differ in one character, of which one was read with less confidence than this, are one plate."""
TOUCH: Final = 0.3
"""Regions that share so much of the smaller one belong to the same thing."""
TOGETHER_S: Final = 1.2
"""Paths are compared between places no further apart in time than this."""
AROUND_S: Final = 2.0
"""A track without a plate may begin or end so long before or after the vehicle it is a part of."""


def same_plate(one: Verdict, other: Verdict) -> bool:
    """Tell whether two verdicts can be about one plate."""
    if one.text == other.text:
        return True
    return min(one.confidence, other.confidence) < WEAK and alike(one.text, other.text) >= NEARLY_SAME


def one_vehicle(one: Track, other: Track) -> bool:
    """Tell whether two tracks have one plate. Two plates seen in one keyframe are never one vehicle."""
    if one.verdict is None or other.verdict is None or one.plate_frames & other.plate_frames:
        return False
    return same_plate(one.verdict, other.verdict)


def touching(one: Box, other: Box) -> float:
    """Return how much of the smaller box both share, 0 to 1."""
    return one.shared(other).area / max(min(one.area, other.area), 1)


def part_of(track: Track, other: Track) -> bool:
    """Tell whether ``track``, whose plate was not read, goes where ``other`` goes at about the same time.

    It must touch it at half of the times at which both were seen, compared with where it was nearest to that time: who
    follows in a queue stands a moment later where the one before it stood.
    """
    if max(other.first_s - track.last_s, track.first_s - other.last_s) > AROUND_S:
        return False
    compared = touched = 0
    for mono_s, box in track.path:
        apart_s = min((abs(mono_s - other_s) for other_s, _ in other.path), default=TOGETHER_S + 1)
        if apart_s <= TOGETHER_S:
            compared += 1
            near = (place for other_s, place in other.path if abs(mono_s - other_s) <= apart_s)
            touched += any(touching(box, place) >= TOUCH for place in near)
    return compared > 0 and 2 * touched >= compared
