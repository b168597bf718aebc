"""Where in a keyframe plates are looked for, and which of what is found is read.

Looking everywhere at full size would cost 281 core-ms (facts/traps 1). A plate already followed is looked for where it
should be by now; otherwise the regions that changed are searched at a reduced size.
"""

from collections.abc import Sequence
from typing import Final

from detection.change import Background, Region
from detection.decode import Box, Picture
from detection.plate_find import PLATE_WIDTH_MIN_PX, PlateBox
from detection.plate_look import PLATE_MARGIN, around, see_at
from detection.tools import Tools
from detection.track import Keyframe, Sighting, Track

PIECE_SHARE: Final = 0.6
PIECE_MAX_PX: Final = 800
"""A region is searched at this share of its size, and at most at this many pixels: plates of 70 pixels stay findable at
half the cost. Regions of the whole picture (a bus beside a queue) are rare; plates of 90 pixels stay findable there."""
NEAR_WIDTHS: Final = (1.3, 0.95)
"""Around a plate's expected place so many plate widths are searched: to each side, and up and down."""
NEAR_PX: Final = 80
"""There, a plate is brought to this width where it is larger."""
SETTLED_PX: Final = 60
"""The same where it need not be read again."""
ALONE_WIDTHS: Final = (6.5, 7.0)
"""A region no larger than this (width, height in plate widths) holds one vehicle."""
ROOM_WIDTHS: Final = 1.5
"""Beside or above it another one's plate has room only in a part that is so many plate widths wide and high."""
MARGIN_PX: Final = 32
"""Searched around a region: a plate may be as bright and as blue as the road."""
REGIONS_MAX: Final = 3
"""Regions searched in one keyframe, the largest first."""
JOINED: Final = 1.6
"""Regions close to one another are searched as one whose box is at most so many times as large as theirs."""
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
    tools: Tools, frame: Keyframe, regions: Sequence[Region], tracks: Sequence[Track], stayed: Sequence[Track]
) -> list[Sighting]:
    """Return the plates of a keyframe, without those of ``stayed``; each plate once.

    A plate that is settled is looked for in every other keyframe only: its vehicle is followed, nothing more is learnt.
    """
    moving = [track for track in tracks if track not in stayed]
    resting = [track for track in moving if track.settled and track.plate_number == frame.number - 1]
    fixed = [track.plate for track in stayed if track.plate is not None]
    fixed += [box for track in resting if (box := track.expected_box(frame.mono_s)) is not None]
    found = _near_expected(tools, frame, [track for track in moving if track not in resting])
    for region in _joined(regions)[:REGIONS_MAX]:
        here = [box for box in (*fixed, *found) if region.box.holds(*box.centre)]
        if len(here) == 1 and alone(region.box, here[0]):
            continue
        if region.still and frame.number % STILL_EVERY:
            continue
        if not here and any(_tail(track, region.box, frame) for track in moving):
            continue
        for part in _unknown(region.box, here):
            side = min(round(max(part.width, part.height) * PIECE_SHARE), PIECE_MAX_PX)
            more = _find(tools, frame.picture, part.grown(MARGIN_PX, MARGIN_PX), max(side, 160))
            found += [box for box in more if not any(_same_place(box, other) for other in (*fixed, *found))]
    read = [_read(tools, frame, box, moving) for box in found]
    return _best_of_overlapping([sighting for sighting in read if sighting is not None])


def alone(region: Box, plate: PlateBox) -> bool:
    """Tell whether a region is small enough to be the vehicle of this plate only."""
    wide, high = ALONE_WIDTHS
    return region.width <= wide * plate.width_px and region.height <= high * plate.width_px


def _joined(regions: Sequence[Region]) -> list[Region]:
    """Join the pieces of what hardly differs from the road, a grey lorry; largest first.

    Its plate may lie between two of them, or be the smallest.
    """
    whole: list[Region] = []
    for region in sorted(regions, key=lambda one: -one.box.area):
        for place, other in enumerate(whole):
            box = region.box.around(other.box)
            near = region.box.grown(MARGIN_PX, MARGIN_PX).shared(other.box.grown(MARGIN_PX, MARGIN_PX)).area
            if near and box.area <= JOINED * (region.box.area + other.box.area):
                whole[place] = Region(box, region.area + other.area, max(region.moving, other.moving))
                break
        else:
            whole.append(region)
    return sorted(whole, key=lambda one: -one.area)


def _unknown(region: Box, plates: Sequence[PlateBox]) -> list[Box]:
    """Return the parts of a region beside and above the vehicles of known plates, where another plate has room."""
    parts = [region]
    for plate in plates:
        (x, y), (wide, high) = plate.centre, (share * plate.width_px for share in ALONE_WIDTHS)
        body = Box(round(x - wide / 2), round(y - high), round(x + wide / 2), region.bottom)
        room = ROOM_WIDTHS * plate.width_px
        parts = [rest for part in parts for rest in part.without(body) if rest.width >= room and rest.height >= room]
    return parts


def _tail(track: Track, region: Box, frame: Keyframe) -> bool:
    """Tell whether a region is but the rest of a vehicle that was surely read and whose plate has left the picture.

    It must lie where the vehicle was when its plate was last seen, but for one plate width: else another one is in it,
    as one is, and may have been hidden, in a region too large for one vehicle or left over for too long.
    """
    expected = track.expected(frame.mono_s)
    if expected is None or track.plate is None or track.plate_region is None or not track.certain:
        return False
    if frame.mono_s - track.plate_s > TAIL_S or frame.picture.whole.grown(-8, -8).holds(*expected):
        return False
    if not alone(track.plate_region, track.plate):
        return False
    margin = round(track.plate.width_px)
    place = track.plate_region.grown(margin, margin)
    return region.shared(place) == region


def _near_expected(tools: Tools, frame: Keyframe, tracks: Sequence[Track]) -> list[PlateBox]:
    found: list[PlateBox] = []
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
        found += [hit for hit in hits if not any(_same_place(hit, other) for other in found)]
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
