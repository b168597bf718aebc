"""A checkpoint's keyframes in, one passage a vehicle out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from camera_config.county import SmartCheckpoint
from camera_config.errors import MaskError
from detection.bare import FRAMES, WAY, WIDE, belongs, lane_px, lettering, own_way, rides, zone_at
from detection.body import body
from detection.change import Background, Region, together
from detection.decode import Box, Picture
from detection.evidence import Kept, keep
from detection.objects import Detection
from detection.passage import FINAL, PROVISIONAL, Passage, new_passage_id
from detection.plate_find import PlateBox
from detection.plate_look import around
from detection.plate_vote import SURE, Verdict
from detection.same_vehicle import TOUCH, one_vehicle, part_of, same_plate, touching
from detection.sightings import TAIL_S, alone, sightings, standing
from detection.speed import SpeedGauge
from detection.tools import Tools
from detection.track import Evidence, Keyframe, Sighting, Track, associate

log = logging.getLogger(__name__)

VEHICLE_WIDTHS: Final = (2.3, 3.4, 1.2)
"""A vehicle around its plate: so many plate widths to each side, above and below (1.9 m against 0.44 m)."""
TELL: Final = 0.25
"""A plate whose weakest character has less confidence than this is left out of the passage."""
CONVINCING: Final = (0.2, 2)
"""A driving text that reads like a plate with this probability in so many keyframes, or surely in one, is on a vehicle,
whatever it looks like; lettering on a lorry does not."""
AROUND: Final = (0.1, 0.4)
"""So much around a plate, as shares of its width and height, must have come lately where it was read only once."""
SAME_S: Final = 8.0
"""Within this time a vehicle that is gone is taken for the same when its plate comes again."""
BARE_AREA: Final = 0.01
"""What begins to be followed without a plate is so large a share of the picture."""
WORN_WIDTHS: Final = 8.0
"""What was seen before its plate is no wider than so many of it, shadow and all; what is wider is more than one."""
MERGED: Final = 1.8
"""A piece so many times as large as what was expected in it holds something else too."""
UNREAD: Final = (3, 1.0)
"""A plate that was seen in so many keyframes and has come so many of its widths is on a vehicle, though never read."""
UNKNOWN: Final = "unknown"


@dataclass(slots=True)
class _Told:
    """What was said of a vehicle, and must stay the same when it is said again."""

    id: str
    at: float
    lane: int
    best: Evidence | None
    kept: Kept


class CheckpointReader:
    """Follows the vehicles of one checkpoint. Of each it tells at most twice: provisionally and finally.

    Args:
        checkpoint: its lane zone, lanes and names.
        tools: the models.
        data: folder below which evidence is written.
        hide: makes of an earlier picture what may be kept of it now, or raises ``MaskError``; None keeps it as it is.

    The vehicle's class is told with the final version, and left unknown while ``hurried``: reading plates goes first.
    """

    hurried = False

    def __init__(
        self,
        checkpoint: SmartCheckpoint,
        tools: Tools,
        data: Path,
        hide: Callable[[Picture], Picture] | None = None,
    ) -> None:
        self._checkpoint, self._tools, self._data = checkpoint, tools, data
        self._hide = hide
        self._background = Background(checkpoint.lane_zone)
        self._gauge = SpeedGauge(checkpoint)
        self._tracks: list[Track] = []
        self._past: list[Track] = []
        self._told: dict[Track, _Told] = {}
        self._number = 0

    def look(self, picture: Picture, *, at: float, mono_s: float) -> list[Passage]:
        """Analyse one keyframe; they must come in order of time.

        Args:
            picture: the keyframe.
            at: receipt, unix s.
            mono_s: receipt, monotonic s.

        Returns:
            The passages that became certain or ended, their evidence already written. Where it could not be written
            the passage says so by having none; an alert does not wait for a disk.
        """
        self._number += 1
        frame = Keyframe(self._number, at, mono_s, picture)
        ended = self.expire(mono_s)
        regions = self._background.look(picture, tuple(track.region for track in self._tracks if track.region))
        stayed = standing(self._tracks, self._background, frame)
        seen = sightings(self._tools, frame, self._background, self._tracks, stayed)
        pairs, rest = associate([track for track in self._tracks if track not in stayed], seen, mono_s)
        for track, sighting in pairs:
            track.see_plate(frame, sighting, _vehicle(sighting.box, regions, picture))
        vehicles = [_vehicle(one.box, regions, picture) for one in seen if one.read is not None]
        vehicles += [_vehicle(sighting.box, regions, picture) for track, sighting in pairs if track.verdict is not None]
        for sighting in rest:
            # Unread lettering on a vehicle whose plate is known is not another plate.
            if sighting.read is not None or not any(box.holds(*sighting.box.centre) for box in vehicles):
                self._begin(frame, sighting, regions)
        self._claim(frame, regions)
        self._merge()
        return ended + self._provisional(frame)

    def expire(self, mono_s: float) -> list[Passage]:
        """End the tracks of vehicles that are gone by ``mono_s``; to be called also when no keyframes come."""
        gone = [track for track in self._tracks if track.ended(mono_s)]
        self._tracks = [track for track in self._tracks if not track.ended(mono_s)]
        for track in [track for track in self._past if mono_s - track.last_s > SAME_S]:
            self._past.remove(track)
            self._told.pop(track, None)
        return self._end(gone)

    def finish(self) -> list[Passage]:
        """End all tracks: the stream has ended."""
        gone, self._tracks = self._tracks, []
        return self._end(gone)

    def _begin(self, frame: Keyframe, sighting: Sighting, regions: Sequence[Region]) -> None:
        """Give a plate to the vehicle it must belong to and whose plate was not yet seen, or else to a new one."""
        vehicle = _vehicle(sighting.box, regions, frame.picture)
        bare = [
            (touching(place, vehicle), track)
            for track in self._tracks
            if not track.plate and (place := track.expected_region(frame.mono_s)) is not None
            if place.left <= sighting.box.centre[0] <= place.right
            and place.width <= WORN_WIDTHS * sighting.box.width_px
        ]
        share, track = max(bare, key=lambda pair: pair[0], default=(0.0, None))
        if track is None or share < TOUCH:
            track = Track(frame)
            self._tracks.append(track)
        track.see_plate(frame, sighting, vehicle)
        track.drives = self._background.drives(around(sighting.box, *AROUND))

    def _claim(self, frame: Keyframe, regions: Sequence[Region]) -> None:
        """Say whose every region is, and follow what is nobody's body: it may be a vehicle without a plate."""
        for region in regions:
            owners = [
                track
                for track in self._tracks
                if track.plate and track.plate_s == frame.mono_s and region.box.holds(*track.plate.centre)
            ] or self._at(region.box, frame, [track for track in self._tracks if track.plate])
            for track in owners:
                track.see_region(frame, region.box)
        size = (frame.picture.width, frame.picture.height)
        bodies = [body(track, frame.mono_s, size, TAIL_S) for track in self._tracks]
        pieces = self._background.rest([place for place in bodies if place is not None])
        for piece in together(pieces, self._vehicle_px(frame.picture)):
            owners = [track for track in self._tracks if not track.plate and self._bare_in(track, piece, frame)]
            if not owners and not piece.still and piece.area >= BARE_AREA * frame.picture.whole.area:
                self._tracks.append(Track(frame))
                self._tracks[-1].see_region(frame, piece.box)

    def _bare_in(self, track: Track, piece: Region, frame: Keyframe) -> bool:
        """Note a vehicle without a plate where it should be, if it is in this piece; False if it is not."""
        place = track.expected_region(frame.mono_s)
        if place is None or touching(place, piece.box) < TOUCH or track.saw_region(frame):
            return False
        # What runs into others keeps its own size.
        own = place.grown(place.width // 5, place.height // 5)
        merged = piece.box.area > MERGED * place.area and track.frames > 1
        track.see_region(frame, piece.box.shared(own) if merged else piece.box)
        return True

    def _at(self, box: Box, frame: Keyframe, tracks: Sequence[Track]) -> list[Track]:
        """Return the track that should be there, or none."""
        near = [
            (touching(place, box), track)
            for track in tracks
            if (place := track.expected_region(frame.mono_s)) is not None
        ]
        share, nearest = max(near, key=lambda pair: pair[0], default=(0.0, None))
        return [nearest] if nearest is not None and share >= TOUCH else []

    def _vehicle_px(self, picture: Picture) -> float:
        """Return how large a vehicle can be in the picture: a lane, at the middle of the zone."""
        size = (picture.width, picture.height)
        return lane_px(self._checkpoint, picture.height / 2, size)

    def _merge(self) -> None:
        """Make one of two tracks of one plate; the one already told of stays."""
        kept: list[Track] = []
        for track in sorted(self._tracks, key=lambda one: (one not in self._told, one.first_s)):
            twin = next((other for other in kept if one_vehicle(other, track)), None)
            if twin is None or (track in self._told and twin in self._told):
                kept.append(track)
            else:
                twin.absorb(track)
        self._tracks = kept

    def _provisional(self, frame: Keyframe) -> list[Passage]:
        out = []
        for track in list(self._tracks):
            if track in self._told or not track.certain:
                continue
            if self._seen_before(track):
                self._tracks.remove(track)
                self._pass(track)
                continue
            out.append(self._passage(track, frame.at, frame.mono_s, PROVISIONAL))
        return out

    def _end(self, gone: Sequence[Track]) -> list[Passage]:
        out = []
        # Those with plates first, so that a part of such a vehicle is known as one.
        for track in sorted(gone, key=lambda one: (one.plate is None, one.first_s)):
            if track in self._told or self._counts(track, gone):
                out.append(self._passage(track, track.last_at, track.last_s, FINAL))
            self._pass(track)
        return out

    def _pass(self, track: Track) -> None:
        """Remember a track that is gone, without its pictures: those of a busy minute would be a hundred megabytes."""
        self._past.append(track)
        track.best = None
        if track in self._told:
            self._told[track].best = None

    def _counts(self, track: Track, gone: Sequence[Track]) -> bool:
        """Tell whether a track that was never certain is a vehicle that nobody has told of."""
        sure = any(ballot.read.probability >= SURE for ballot in track.ballots)
        if sure and track.plates == 1 and track.drives:
            return not self._seen_before(track)  # in one keyframe, the others having been lost
        if track.plates >= 2 and track.moved:
            if self._seen_before(track):
                return False
            probability, frames = CONVINCING
            likely = {ballot.frame for ballot in track.ballots if ballot.read.probability >= probability}
            if len(likely) >= frames or sure:
                return True
        others = [*self._tracks, *self._past, *gone]
        known = [other for other in others if other in self._told or (other.verdict and other.moved)]
        best = track.best
        if best is None:
            return False
        size = (best.frame.picture.width, best.frame.picture.height)
        lane = lane_px(self._checkpoint, (best.vehicle.top + best.vehicle.bottom) / 2, size)
        if rides(track, known, size, lane):
            return True
        if track.plates >= UNREAD[0] and track.moved_widths >= UNREAD[1]:
            return not any(other is not track and lettering(track, other, size) for other in known)
        if any(other is not track and (part_of(track, other) or belongs(track, other, size)) for other in known):
            return False
        steps, way_px = own_way(track, known, size, lane)
        if track.frames < FRAMES or steps < FRAMES - 1 or way_px < WAY * size[0]:
            return False
        return best.vehicle.width >= WIDE * lane or self._class_of(best) != UNKNOWN

    def _seen_before(self, track: Track) -> bool:
        """Tell whether a vehicle with this plate has just gone."""
        verdict = track.verdict
        return verdict is not None and any(
            past.verdict is not None and past in self._told and same_plate(verdict, past.verdict)
            for past in self._past
            if track.first_s - past.last_s <= SAME_S
        )

    def _class_of(self, evidence: Evidence | None) -> str:
        """Return what the object finder calls the thing in the middle of the evidence; ``UNKNOWN`` for no vehicle."""
        vehicles = [one for one in self._objects_in(evidence) if one.vehicle]
        return max(vehicles, key=lambda one: one.box.area * one.score).label if vehicles else UNKNOWN

    def _objects_in(self, evidence: Evidence | None) -> list[Detection]:
        """Return what the object finder sees in the middle of the evidence."""
        if evidence is None:
            return []
        vehicle = evidence.vehicle
        cut = evidence.frame.picture.even(vehicle.grown(vehicle.width // 8, vehicle.height // 8))
        if cut.area == 0:
            return []
        middle = Box(cut.width * 3 // 8, cut.height * 3 // 8, cut.width * 5 // 8, cut.height * 5 // 8)
        found = self._tools.objects.find(evidence.frame.picture.bgr(cut))
        return [one for one in found if one.box.shared(middle).area]

    def _passage(self, track: Track, at: float, mono_s: float, version: int) -> Passage:
        told = self._told.get(track) or self._tell(track)
        verdict = _worth_telling(track)
        colour = verdict.colour if verdict else None
        speed = self._gauge.measure(track.plate_path)
        return Passage(
            id=told.id,
            version=version,
            checkpoint=self._checkpoint.id,
            checkpoint_name=self._checkpoint.name,
            at=told.at,
            first_seen=track.first_at,
            last_seen=track.last_at,
            plate=verdict.text if verdict else None,
            certain=track.certain,
            confidence=round(verdict.confidence, 4) if verdict else 0.0,
            plate_class=verdict.plate_class if verdict else None,
            plate_colour=colour.value if colour else None,
            province_prior=verdict is not None and verdict.province_prior,
            lane=told.lane,
            direction=track.direction,
            speed_kmh=round(speed.kmh, 1) if speed else None,
            speed_error_kmh=round(speed.error_kmh, 1) if speed else None,
            vehicle_class=self._class_of(told.best) if version == FINAL and not self.hurried else UNKNOWN,
            source="video",
            final=version == FINAL,
            drill=False,
            frame_received_at=at,
            frame_mono_s=mono_s,
            scene_path=told.kept.scene_path,
            scene_sha256=told.kept.scene_sha256,
            crop_path=told.kept.crop_path,
            crop_sha256=told.kept.crop_sha256,
        )

    def _tell(self, track: Track) -> _Told:
        """Settle what stays the same in both versions: id, evidence and lane.

        The evidence is that of the first version: it must not change under an alert that was raised on it.
        """
        best = track.best
        assert best is not None  # a track begins with a sighting
        name = new_passage_id(track.first_at)
        try:
            kept = keep(self._data, name, self._as_masked(best))
        except (OSError, MaskError) as error:
            log.error("passage.evidence passage=%s checkpoint=%s: %s", name, self._checkpoint.id, error)
            kept = Kept()
        told = _Told(name, best.frame.at, self._lane(best), best, kept)
        self._told[track] = told
        return told

    def _as_masked(self, evidence: Evidence) -> Evidence:
        """Return the evidence under the mask of now: it may be another than when the picture came.

        Raises:
            MaskError: there must be one, and it is missing or damaged.
        """
        if self._hide is None:
            return evidence
        return replace(evidence, frame=replace(evidence.frame, picture=self._hide(evidence.frame.picture)))

    def _lane(self, evidence: Evidence) -> int:
        """Return the lane, from 1 at the left of the picture: the zone at the height of the plate in equal parts."""
        picture, box = evidence.frame.picture, evidence.vehicle
        x, y = evidence.plate.centre if evidence.plate else ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
        left, right = zone_at(self._checkpoint.lane_zone, y / picture.height)
        share = (x / picture.width - left) / max(right - left, 1e-6)
        lanes = max(self._checkpoint.lanes, 1)
        return min(max(int(share * lanes) + 1, 1), lanes)


def _worth_telling(track: Track) -> Verdict | None:
    verdict = track.verdict
    return verdict if verdict is not None and (verdict.certain or verdict.confidence >= TELL) else None


def _vehicle(plate: PlateBox, regions: Sequence[Region], picture: Picture) -> Box:
    """Return where the vehicle of a plate is: its region if that is its own, else by a car's proportions."""
    for region in regions:
        if region.box.holds(*plate.centre) and alone(region.box, plate):
            return region.box.within(picture.width, picture.height)
    x, y = plate.centre
    side, above, below = (share * plate.width_px for share in VEHICLE_WIDTHS)
    box = Box(round(x - side), round(y - above), round(x + side), round(y + below))
    return box.within(picture.width, picture.height)
