"""Where in a keyframe plates are looked for, and which of what is found is read.

Looking everywhere at full size would cost 281 core-ms (facts/traps 1). A plate already followed is looked for where it
should be by now; otherwise the regions that changed are searched at a reduced size.
"""

from collections.abc import Sequence
from typing import Final

from detection.body import body, height, lean, outline
from detection.change import Background, Region
from detection.decode import Box, Picture
from detection.plate_find import PLATE_WIDTH_MIN_PX, PlateBox
from detection.plate_look import PLATE_MARGIN, around, see_at
from detection.tools import Tools
from detection.track import Keyframe, Sighting, Track

PIECE_SHARE: Final = 0.6
PIECE_MIN_PX: Final = 320
PIECE_MAX_PX: Final = 720
"""What is nobody's yet is searched at this share of its size, within these many pixels: plates of 70 pixels stay
findable at half the cost, and a motorcycle's in a piece of its own."""
NEAR_WIDTHS: Final = (1.3, 0.95)
"""Around a plate's expected place so many plate widths are searched: to each side, and up and down."""
NEAR_PX: Final = 80
"""There, a plate is brought to this width where it is larger."""
SETTLED_PX: Final = 60
"""The same where it need not be read again."""
ALONE_WIDTHS: Final = (6.5, 7.0)
"""A region no larger than this (width, height in plate widths) holds one vehicle."""
MARGIN_PX: Final = 32
"""Searched around a piece: a plate may be as bright and as blue as the road."""
AREAS_MAX: Final = 3
"""Areas searched in one keyframe, the largest first."""
JOINED: Final = 1.6
SPAN_PX: Final = 480
"""Pieces are searched together where one box around them is no larger than this, or than so many times theirs."""
STILL_EVERY: Final = 4
"""A region in which nothing moves is searched only in every so many keyframes."""
TAIL_S: Final = 2.0
"""After a plate has left the picture, the rest of its vehicle follows within this time."""
LARGER: Final = 1.3
"""A settled plate is read again when it is so many times as wide as in its best picture."""


def standing(tracks: Sequence[Track], background: Background, frame: Keyframe) -> list[Track]:
    """Return the tracks whose plate was there in the keyframe before and has not moved since; note that they stay.

    They are not read again: the same picture twice is no second opinion.
    """
    stayed = []
    for track in tracks:
        there = track.plate is not None and track.plates > 1 and track.plate_number == frame.number - 1
        if there and track.plate is not None and background.still(around(track.plate, 0.2, 0.3)):
            track.stay(frame)
            stayed.append(track)
    return stayed


def sightings(
    tools: Tools, frame: Keyframe, background: Background, tracks: Sequence[Track], stayed: Sequence[Track]
) -> list[Sighting]:
    """Return the plates of a keyframe, without those of ``stayed``; each plate once.

    A plate that is settled is looked for in every other keyframe only: its vehicle is followed, nothing more is learnt.
    Whatever has changed and is not the body of a vehicle whose plate is known is searched for others.
    """
    moving = [track for track in tracks if track not in stayed]
    resting = [track for track in moving if track.settled and track.plate_number == frame.number - 1]
    known = [(track.plate, track) for track in stayed if track.plate is not None]
    known += [(box, track) for track in resting if (box := track.expected_box(frame.mono_s)) is not None]
    found = _near_expected(tools, frame, [track for track in moving if track not in resting])
    size = (frame.picture.width, frame.picture.height)
    bodies = [outline(box, lean=lean(track, size), above=height(track)) for box, track in (*known, *found)]
    tails = [track for track in moving if _left(track, frame)]
    bodies += [place for track in tails if (place := body(track, frame.mono_s, size, TAIL_S)) is not None]
    boxes = [box for box, _ in found]
    pieces = [one for one in background.rest(bodies) if not (one.still and frame.number % STILL_EVERY)]
    for area in _areas(pieces)[:AREAS_MAX]:
        side = min(round(max(area.width, area.height) * PIECE_SHARE), PIECE_MAX_PX)
        more = _find(tools, frame.picture, area.grown(MARGIN_PX, MARGIN_PX), max(side, PIECE_MIN_PX))
        boxes += [
            one for one in more if not any(_same_place(one, each) for each in (*(box for box, _ in known), *boxes))
        ]
    read = [_read(tools, frame, box, moving) for box in boxes]
    return _best_of_overlapping([sighting for sighting in read if sighting is not None])


def alone(region: Box, plate: PlateBox) -> bool:
    """Tell whether a region is small enough to be the vehicle of this plate only."""
    wide, high = ALONE_WIDTHS
    return region.width <= wide * plate.width_px and region.height <= high * plate.width_px


def _areas(pieces: Sequence[Region]) -> list[Box]:
    """Return the boxes to search, largest first: pieces of one vehicle together, for its plate may lie between them.

    At night a vehicle is two lamps and a roof; a grey lorry hardly differs from the road by day.
    """
    areas: list[Box] = []
    for piece in sorted(pieces, key=lambda one: -one.box.area):
        box = piece.box
        while (near := next((one for one in areas if _together(one, box)), None)) is not None:
            areas.remove(near)
            box = box.around(near)
        areas.append(box)
    return sorted(areas, key=lambda one: -one.area)


def _together(one: Box, other: Box) -> bool:
    both = one.around(other)
    room = one.grown(MARGIN_PX, MARGIN_PX).area + other.grown(MARGIN_PX, MARGIN_PX).area
    return max(both.width, both.height) <= SPAN_PX or both.area <= JOINED * room


def _left(track: Track, frame: Keyframe) -> bool:
    """Tell whether a track's plate, surely read, has just left the picture; the rest of its vehicle follows."""
    expected = track.expected(frame.mono_s)
    return (
        expected is not None
        and track.certain
        and frame.mono_s - track.plate_s <= TAIL_S
        and not frame.picture.whole.grown(-8, -8).holds(*expected)
    )


def _near_expected(tools: Tools, frame: Keyframe, tracks: Sequence[Track]) -> list[tuple[PlateBox, Track]]:
    found: list[tuple[PlateBox, Track]] = []
    for track in tracks:
        expected = track.expected(frame.mono_s)
        if track.plate is None or expected is None or track.plates < 2:
            continue
        width = track.plate.width_px
        reach = 0.35 * track.step_px(frame.mono_s)
        across, along = width * NEAR_WIDTHS[0] + reach, width * NEAR_WIDTHS[1] + reach
        x, y = expected
        box = Box(round(x - across), round(y - along), round(x + across), round(y + along))
        wanted = SETTLED_PX if track.settled else NEAR_PX
        side = round(max(box.width, box.height) * min(1.0, wanted / width))
        hits = _find(tools, frame.picture, box, side)
        found += [(hit, track) for hit in hits if not any(_same_place(hit, other) for other, _ in found)]
    return found


def _find(tools: Tools, picture: Picture, box: Box, side_px: int) -> list[PlateBox]:
    cut = picture.even(box)
    if cut.width < PLATE_WIDTH_MIN_PX or cut.height < PLATE_WIDTH_MIN_PX / 2:
        return []
    return tools.finder.find(picture.bgr(cut), left=cut.left, top=cut.top, side_px=side_px)


def _read(tools: Tools, frame: Keyframe, box: PlateBox, tracks: Sequence[Track]) -> Sighting | None:
    """Read a box unless its plate is known well enough; None for text that is no plate."""
    here = [track for track in tracks if _expected_at(track, box, frame.mono_s)]
    for track in here:
        best = track.best.plate if track.best else None
        if track.settled and best is not None and box.width_px < LARGER * best.width_px:
            return Sighting(box, None)
    cut = frame.picture.even(around(box, *PLATE_MARGIN))
    piece = frame.picture.bgr(cut)
    seen = see_at(tools, piece, box, left=cut.left, top=cut.top, expected=bool(here))
    return Sighting(seen.box, seen.read) if seen else None


def _best_of_overlapping(seen: list[Sighting]) -> list[Sighting]:
    """Keep the best reading where boxes lie in one another: a plate, and the same with the screws beside it."""
    kept: list[Sighting] = []
    for sighting in sorted(seen, key=lambda one: -one.worth):
        box = around(sighting.box, 0.0, 0.0)
        if not any(box.shared(around(other.box, 0.0, 0.0)).area > 0.3 * min(box.area, 1 << 30) for other in kept):
            kept.append(sighting)
    return kept


def _expected_at(track: Track, box: PlateBox, mono_s: float) -> bool:
    expected = track.expected(mono_s)
    if expected is None or track.plates < 2:
        return False
    x, y = box.centre
    return abs(expected[0] - x) < box.width_px and abs(expected[1] - y) < box.width_px


def _same_place(one: PlateBox, other: PlateBox) -> bool:
    """Tell whether two boxes are the same find; one that is only a part of the other is not."""
    (x, y), (u, v) = one.centre, other.centre
    close = abs(x - u) < 0.25 * one.width_px and abs(y - v) < 0.5 * one.height_px
    return close and 0.7 < one.width_px / other.width_px < 1.4
