"""A batch of events into the store in one transaction, with what it means: passages, alerts, counts.

``Store.keep`` is the heart of the keeper; it knows the store and nothing of the bus.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from api.alerts.raising import alerts_of, find_alert, raise_alerts, set_latency
from api.alerts.telling import tell_rule_event
from api.devices.record import store_feed_change, store_picture_change
from api.log.envelope import Event
from api.passages.record import passage_of, record
from api.passages.report import read_report
from api.passages.shape import find_passage, passage_json
from api.plan.keep import keep_verdict
from api.rules.record import reset_rule_events, store_rule_event
from api.rules.shape import find_rule_event
from api.store.counters import store_counters, store_street_counts
from api.store.ledger import Entry, Place, move_marks, place, read_marks
from api.store.tables import refused_event
from camera_config.clock import Clock

log = logging.getLogger(__name__)

PASSAGES = frozenset({"passage.provisional", "passage.final"})
Shown = tuple[str, dict[str, Any]]
"""A message for the live stream: its kind and data."""


@dataclass(slots=True)
class Kept:
    """What became of a batch. ``marks`` are the watermarks of all its producers, to be published."""

    stored: int = 0
    repeats: list[Entry] = field(default_factory=list)
    gaps: int = 0
    refused: int = 0
    marks: dict[str, int] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Raised:
    """A new alert, with what its latency is counted from."""

    id: str
    mono_s: float | None
    received_at: float | None


class _PoisonError(Exception):
    """The database refuses this entry, whatever else is in the batch. Its reason holds no values: they hold plates."""

    def __init__(self, entry: Entry, reason: str) -> None:
        super().__init__(reason)
        self.entry = entry
        self.reason = reason


class Store:
    """Keeps events. ``names`` are the checkpoints' names by id."""

    def __init__(self, engine: Engine, clock: Clock, names: Mapping[str, str]) -> None:
        self._engine = engine
        self._clock = clock
        self._names = names
        self._marks: dict[str, int] = {}

    def open(self) -> dict[str, int]:
        """Read the watermarks anew and return them."""
        with self._engine.connect() as connection:
            self._marks = read_marks(connection)
        return dict(self._marks)

    def keep(self, batch: Sequence[Entry]) -> Kept:
        """Store what is next of each producer, in one transaction; ignore repeats and what comes too early.

        An event that cannot be read or stored goes to ``refused_event`` and its producer goes on.

        Raises:
            StoreError: another keeper works on this store; call ``open`` and take the batch again.
            sqlalchemy.exc.DBAPIError: the store is locked, full or away; nothing was stored.
        """
        poison: dict[str, str] = {}
        while True:
            try:
                kept, raised = self._try(batch, poison)
                break
            except _PoisonError as error:
                log.error("keeper.refused producer=%s seq=%d", error.entry.producer, error.entry.seq)
                poison[error.entry.id] = error.reason
        self._marks.update(kept.marks)
        self._finish(kept, raised)
        return kept

    def recall(self, repeats: Sequence[Entry]) -> list[Shown]:
        """Return the live messages of events that were stored but perhaps not shown before we died."""
        shown: list[Shown] = []
        with self._engine.connect() as connection:
            for entry in repeats:
                try:
                    event = Event.from_json(entry.body)
                except ValueError:
                    continue
                if event.kind == "rule.event":
                    told = find_rule_event(connection, str(event.data.get("id")))
                    shown += [("rule_event", told)] if told is not None else []
                    continue
                if event.kind not in PASSAGES:
                    continue
                passage_id = passage_of(connection, str(event.data.get("id")))
                row = None if passage_id is None else find_passage(connection, passage_id)
                if row is not None:
                    shown.append(("passage", passage_json(row, self._names)))
                    shown += [("alert", told) for told in alerts_of(connection, row["id"], self._names)]
        return shown

    def _try(self, batch: Sequence[Entry], poison: Mapping[str, str]) -> tuple[Kept, list[_Raised]]:
        kept, raised = Kept(), list[_Raised]()
        with self._engine.begin() as connection:
            for entry in batch:
                last = kept.marks.get(entry.producer, self._marks.get(entry.producer, 0))
                kept.marks.setdefault(entry.producer, last)
                where = place(entry, last)
                if where is Place.REPEAT:
                    kept.repeats.append(entry)
                elif where is Place.GAP:
                    kept.gaps += 1
                else:
                    self._store(connection, entry, poison, kept, raised)
                    kept.marks[entry.producer] = entry.seq
            known = {producer: seq for producer, seq in self._marks.items() if producer in kept.marks}
            move_marks(connection, known, {p: seq for p, seq in kept.marks.items() if seq > 0})
        return kept, raised

    def _store(
        self, connection: Connection, entry: Entry, poison: Mapping[str, str], kept: Kept, raised: list[_Raised]
    ) -> None:
        reason = poison.get(entry.id)
        try:
            if reason is None:
                self._apply(connection, entry, Event.from_json(entry.body), kept, raised)
        except (ValueError, KeyError) as error:  # told before anything of it was written, so the batch goes on
            log.error("keeper.refused producer=%s seq=%d", entry.producer, entry.seq)
            reason = f"{type(error).__name__}: {error}"[:500]
        except (IntegrityError, DataError) as error:
            raise _PoisonError(entry, type(error).__name__) from error
        except StatementError as error:
            if isinstance(error.orig, (ValueError, TypeError, OverflowError)):
                raise _PoisonError(entry, type(error.orig).__name__) from error
            raise
        if reason is None:
            kept.stored += 1
        else:
            self._refuse(connection, entry, reason)
            kept.refused += 1

    def _apply(self, connection: Connection, entry: Entry, event: Event, kept: Kept, raised: list[_Raised]) -> None:
        match event.kind:
            case "passage.provisional" | "passage.final":
                self._passage(connection, event, kept, raised)
            case "counters":
                store_counters(connection, entry.producer, event)
            case "street.counts":
                store_street_counts(connection, dict(event.data))
            case "feed.state":
                store_feed_change(connection, dict(event.data))
            case "picture.state":
                store_picture_change(connection, event)
            case "rule.event":
                told = store_rule_event(connection, event)
                kept.shown.append(("rule_event", told))
                if not event.drill:
                    tell_rule_event(connection, told, self._clock.now().timestamp())
            case "rule.reset":
                for told in reset_rule_events(connection, event):
                    kept.shown.append(("rule_event", told))
                    tell_rule_event(connection, told, self._clock.now().timestamp(), to_hearers=True)
            case "verdict.changed":
                keep_verdict(connection, event)
            case _:
                raise ValueError(f"the keeper knows no events of the kind {event.kind!r}")

    def _passage(self, connection: Connection, event: Event, kept: Kept, raised: list[_Raised]) -> None:
        given = read_report(dict(event.data), drill=event.drill)
        now = self._clock.now().timestamp()
        passage_id = record(connection, given, now)
        if passage_id is None:
            return
        row = find_passage(connection, passage_id)
        assert row is not None
        kept.shown.append(("passage", passage_json(row, self._names)))
        waiting_ms = self._latency_ms(given.frame_mono_s, given.frame_received_at)
        new = raise_alerts(connection, row, now, waiting_ms, self._names)
        raised += [_Raised(alert_id, given.frame_mono_s, given.frame_received_at) for alert_id in new]

    def _finish(self, kept: Kept, raised: Sequence[_Raised]) -> None:
        """After the commit: note how long the alerts took, and show them before the rest."""
        if not raised:
            return
        measured = [(alert, self._latency_ms(alert.mono_s, alert.received_at)) for alert in raised]
        with self._engine.begin() as connection:
            for alert, latency_ms in measured:
                if latency_ms is not None:
                    set_latency(connection, alert.id, latency_ms)
            told = [find_alert(connection, alert.id, self._names) for alert in raised]
        kept.shown[:0] = [("alert", alert) for alert in told if alert is not None]

    def _latency_ms(self, mono_s: float | None, received_at: float | None) -> float | None:
        """Return how long ago the keyframe was received; by the machine's monotonic clock where it is known."""
        if mono_s is not None:
            return round(max(0.0, self._clock.monotonic_s() - mono_s) * 1000, 1)
        if received_at is not None:
            return round(max(0.0, self._clock.now().timestamp() - received_at) * 1000, 1)
        return None

    def _refuse(self, connection: Connection, entry: Entry, reason: str) -> None:
        connection.execute(
            insert(refused_event).values(
                producer=entry.producer,
                seq=entry.seq,
                at=self._clock.now().timestamp(),
                reason=reason,
                body=entry.body.replace("\0", ""),
            )
        )
