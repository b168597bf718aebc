"""One process's share of the feeds: keyframes out of their slots, events and tiles out."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from camera_config.clock import Clock
from camera_config.county import Camera, SmartCheckpoint
from camera_config.errors import FeedError, MaskError
from camera_config.ids import FeedId
from camera_config.masks import Polygon
from detection.checkpoint import CheckpointReader
from detection.decode import TILE_HEIGHT_PX, TILE_WIDTH_PX, CpuDecoder, Decoder, FalseSize, Picture
from detection.in_hand import InHand
from detection.masks import Masks, filled, nothing
from detection.objects_view import View
from detection.passage import Passage
from detection.picture_health import PictureState
from detection.picture_watch import PictureWatch
from detection.rules import RuleDesk, RuleEvent, RuleState
from detection.schedule import Schedule
from detection.street import StreetCounter, StreetCounts, persons, vehicles
from detection.tiles import Tiles, tile_of
from detection.tools import Tools
from ingest.gate import FLOOR_S
from ingest.slot import SlotItem, SlotReader

log = logging.getLogger(__name__)

LATE_S: Final = 1.0
"""A vehicle is gone only when its checkpoint's keyframes, should they come this late, would show that it is."""
LOG_EVERY_S: Final = 60.0
HURRY_S: Final = 5.0
"""For so long after a checkpoint's keyframe was superseded, what can wait is left out."""
CALM_SHARE: Final = 0.9
"""A camera whose keyframes come no more often than its gate's floor, but for so much, shows nothing that moves."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event to be told: kind, key and data of docs/design/0001 section 3."""

    kind: str
    key: str
    data: dict[str, Any]


@dataclass(slots=True)
class Counters:
    """Running totals since the process started.

    Keyframes that could not be decoded, or only were for tile and picture health, count as analysed too; so do those
    that nobody may see because a mask is missing: ``keyframes_closed``.
    """

    keyframes_analysed: int = 0
    keyframes_superseded: int = 0
    keyframes_closed: int = 0
    decode_errors: int = 0
    false_sizes: int = 0
    looked_without_detector: int = 0
    persons: int = 0
    vehicles: int = 0
    boxes_damaged: int = 0
    passages: int = 0
    rule_events: int = 0


@dataclass(slots=True)
class FeedCounters:
    """The same of one feed."""

    keyframes_analysed: int = 0
    keyframes_superseded: int = 0


@dataclass(slots=True)
class _Trouble:
    """Decoding trouble of one feed, told of once a minute."""

    count: int = 0
    told_s: float = field(default=float("-inf"))


@dataclass(slots=True)
class _Size:
    """A feed's picture size (width, height), and another that came last."""

    believed: tuple[int, int]
    offered: tuple[int, int]


class Analyst:
    """Analyses the keyframes of its feeds one after the other, in the order of ``Schedule``.

    Args:
        checkpoints: every keyframe they give is looked at.
        cameras: looked at when there is time, at least their reserved share of it.
        tools: the models.
        slots: folder with one slot file a feed, named by its id.
        tiles: folder for the small pictures, the same way.
        data: folder below which evidence and references are written.
        clock: for the time spent and for the ends of windows.
        decoder: makes pictures of keyframes; None is the CPU's.
        in_hand: knows whose pictures to leave out, and is told whose is in hand; None leaves nobody out.
        county: the county's folder, in which the masks are; needed where a device must have one.
        rules: what its cameras watch for; None is nothing.
    """

    def __init__(
        self,
        checkpoints: Sequence[SmartCheckpoint],
        cameras: Sequence[Camera],
        tools: Tools,
        *,
        slots: Path,
        tiles: Path,
        data: Path,
        clock: Clock,
        decoder: Decoder | None = None,
        in_hand: InHand | None = None,
        county: Path | None = None,
        rules: RuleDesk | None = None,
    ) -> None:
        self.counters = Counters()
        self._clock = clock
        self._decoder: Decoder = decoder or CpuDecoder()
        self._street_decoder = self._decoder.rough()
        self._in_hand = in_hand
        devices: list[SmartCheckpoint | Camera] = [*checkpoints, *cameras]
        self._masks = Masks(county, [one.id for one in devices if one.masked])
        self.pictures = PictureWatch(data / "references")
        self._masked_by: dict[FeedId, tuple[Polygon, ...]] = {}
        self._taken: dict[FeedId, SlotItem] = {}
        self._sizes: dict[FeedId, _Size] = {}
        self._tiles = Tiles(tiles)
        self._readers: dict[FeedId, CheckpointReader] = {
            one.id: CheckpointReader(one, tools, data, partial(self._masks.hide, one.id)) for one in checkpoints
        }
        self._objects = tools.objects
        self._counters: dict[FeedId, StreetCounter] = {
            one.id: StreetCounter(one.id, tools.objects, View.of(one)) for one in cameras
        }
        self._slots = {feed: SlotReader(slots / feed) for feed in (*self._readers, *self._counters)}
        self.by_feed = {feed: FeedCounters() for feed in self._slots}
        self._rules = rules or RuleDesk()
        self._schedule = Schedule(tuple(self._readers), tuple(self._counters), self._rules.cameras)
        self._trouble: dict[FeedId, _Trouble] = {}
        self._hurried_until_s = 0.0

    def step(self) -> list[Told] | None:
        """Analyse one keyframe; return what it tells, or None when no keyframe waits."""
        started_s = self._clock.monotonic_s()
        left_out: Collection[str] = ()
        if self._in_hand:
            self._in_hand.beat(started_s)
            left_out = self._in_hand.left_out(started_s)
        for feed in self._schedule.order(started_s):
            if feed in left_out:
                continue
            slot = self._slots[feed]
            before = slot.cursor
            item = slot.take()
            if item is None:
                continue
            try:
                told = self._analyse(feed, item, before, started_s)
            finally:
                if self._in_hand:
                    self._in_hand.done()
            now_s = self._clock.monotonic_s()
            self._schedule.served(feed, now_s, now_s - started_s)
            return told
        return None

    def raise_rate(self, feeds: Collection[str]) -> None:
        """Look at these cameras, and no others, before the rest: they are near an alert."""
        self._schedule.raise_rate(feeds)

    def tidy(self) -> list[Told]:
        """Return the passages of vehicles that are gone and the counts that are due; call it about once a second."""
        now_s, at = self._clock.monotonic_s(), self._clock.now().timestamp()
        told = [one for reader in self._readers.values() for one in self._passages(reader.expire(now_s - LATE_S))]
        for left_out, cause in (self._in_hand.left_out(now_s) if self._in_hand else {}).items():
            if left_out in self._slots:
                told += _picture(self.pictures.leave_out(left_out, cause, at))
        for closed, cause in self._masks.closed().items():
            told += _picture(self.pictures.leave_out(closed, cause, at))
        for outdated in self._masks.outdated():
            self._tiles.blank(outdated, nothing(TILE_WIDTH_PX, TILE_HEIGHT_PX), at=at, mono_s=now_s)
        self.pictures.save(now_s)
        told += self._ruled(self._rules.stale(now_s, at))
        due = [counter.due(now_s) for counter in self._counters.values()]
        return told + [_street(counts) for counts in due if counts is not None]

    def let_go(self) -> None:
        """Take what still waits without looking at it: the input has ended, and nobody waits longer for the rest.

        It counts as superseded.
        """
        for feed, slot in self._slots.items():
            before = slot.cursor
            item = slot.take()
            if item is not None:
                self._count(feed, superseded=item.sequence - before)

    def finish(self) -> list[Told]:
        """Return everything that is still open: the input has ended. More may follow all the same."""
        told = [one for reader in self._readers.values() for one in self._passages(reader.finish())]
        told += self._ruled(self._rules.lose(self._clock.now().timestamp(), "kakou stopped"))
        rest = [counter.flush() for counter in self._counters.values()]
        return told + [_street(counts) for counts in rest if counts is not None]

    def close(self) -> None:
        """Write the references; release decoder, slots and tiles."""
        self.pictures.close()
        self._decoder.close()
        if self._street_decoder is not self._decoder:
            self._street_decoder.close()
        for slot in self._slots.values():
            slot.close()
        self._tiles.close()

    def _analyse(self, feed: FeedId, item: SlotItem, before: int, now_s: float) -> list[Told]:
        # A slot's numbers begin at 1, so what came before the first one taken was superseded too.
        superseded = max(item.sequence - before - 1, 0)
        self._count(feed, analysed=1, superseded=superseded)
        reader = self._readers.get(feed)
        if reader is not None:
            self._hurried_until_s = max(self._hurried_until_s, item.mono_s + HURRY_S if superseded else 0.0)
            reader.hurried = item.mono_s < self._hurried_until_s
        try:
            mask = self._masks.of(feed)
            picture = self._decode(feed, item)
        except MaskError:
            self.counters.keyframes_closed += 1
            return []
        except FeedError as error:
            self._cannot_decode(feed, error)
            return []
        told: list[Told] = []
        if mask is not None:
            picture = filled(picture, mask.polygons)
            if self._masked_by.get(feed, mask.polygons) != mask.polygons:
                # What a mask laid bare or grey has not come into the scene.
                told += self._ruled(self._rules.lose(item.at, "mask changed", feed))
            self._masked_by[feed] = mask.polygons
        if self._looks(feed, item, now_s):
            told += self._look(feed, picture, item)
        self.counters.boxes_damaged = self._objects.damaged
        tile = tile_of(picture)
        self._tiles.put(feed, tile, item)
        health = self.pictures.look(feed, tile.y, at=item.at, mono_s=item.mono_s, apart=superseded > 0)
        if mask is not None:
            self.pictures.renew({feed: mask.set_at})
        if health is not None:
            told += self._ruled(self._rules.judged(feed, PictureState(health["picture"]), item.at))
        return told + _picture(health)

    def _count(self, feed: FeedId, *, analysed: int = 0, superseded: int) -> None:
        for counters in (self.counters, self.by_feed[feed]):
            counters.keyframes_analysed += analysed
            counters.keyframes_superseded += superseded

    def _decode(self, feed: FeedId, item: SlotItem) -> Picture:
        """Return the picture; a new size is believed when it comes twice: damaged parameter sets come once.

        Raises:
            FeedError: there is none that can be believed.
        """
        if self._in_hand:
            self._in_hand.take(feed, self._clock.monotonic_s())
        decoder = self._decoder if feed in self._readers else self._street_decoder
        picture = decoder.decode(item.payload, item.codec)
        if self._in_hand:
            self._in_hand.looks()
        size = (picture.width, picture.height)
        known = self._sizes.setdefault(feed, _Size(size, size))
        if size not in {known.believed, known.offered}:
            known.offered = size
            raise FalseSize(f"the picture has {size[0]} x {size[1]} pixels, those before had others")
        known.believed = known.offered = size
        return picture

    def _looks(self, feed: FeedId, item: SlotItem, now_s: float) -> bool:
        """Decide whether the keyframe is looked at, or only shown and judged as a picture."""
        if feed in self._readers:
            return True
        last = self._taken.get(feed)
        self._taken[feed] = replace(item, payload=b"")
        if last is None or item.sequence <= last.sequence:
            every_s, waited_s = 0.0, max(now_s - item.mono_s, 0.0)
        else:
            every_s = (item.mono_s - last.mono_s) / (item.sequence - last.sequence)
            waited_s = max(now_s - last.mono_s - every_s, 0.0)
        hurried = now_s < self._hurried_until_s
        calm = every_s >= CALM_SHARE * FLOOR_S
        looks = self._schedule.looks(feed, now_s, waited_s=waited_s, calm=calm, hurried=hurried)
        self.counters.looked_without_detector += not looks
        return looks

    def _look(self, feed: FeedId, picture: Picture, item: SlotItem) -> list[Told]:
        reader = self._readers.get(feed)
        if reader is not None:
            return self._passages(reader.look(picture, at=item.at, mono_s=item.mono_s))
        counter = self._counters[feed]
        found = counter.look(picture, at=item.at, mono_s=item.mono_s)
        self.counters.persons += persons(found)
        self.counters.vehicles += vehicles(found)
        told = self._ruled(self._rules.look(feed, found, picture, at=item.at, mono_s=item.mono_s))
        counts = counter.due(item.mono_s)
        return told if counts is None else [*told, _street(counts)]

    def _ruled(self, events: Sequence[RuleEvent]) -> list[Told]:
        self.counters.rule_events += sum(event.state is RuleState.BEGAN for event in events)
        return [Told("rule.event", event.camera, event.to_json()) for event in events]

    def _passages(self, passages: Sequence[Passage]) -> list[Told]:
        self.counters.passages += sum(passage.final for passage in passages)
        return [Told(passage.kind, passage.checkpoint, passage.to_json()) for passage in passages]

    def _cannot_decode(self, feed: FeedId, error: FeedError) -> None:
        self.counters.decode_errors += 1
        self.counters.false_sizes += isinstance(error, FalseSize)
        trouble = self._trouble.setdefault(feed, _Trouble())
        trouble.count += 1
        now_s = self._clock.monotonic_s()
        if now_s - trouble.told_s >= LOG_EVERY_S:
            trouble.told_s = now_s
            log.warning("feed.decode feed=%s count=%d: %s", feed, trouble.count, error)


def _street(counts: StreetCounts) -> Told:
    return Told("street.counts", counts.camera, counts.to_json())


def _picture(data: dict[str, Any] | None) -> list[Told]:
    return [] if data is None else [Told("picture.state", data["feed"], data)]
