"""The figures of ``GET /metrics`` as metric families. Their labels are device ids and words of closed sets alone.

Every name stands in docs/ref/metrics.md.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from api.devices.board import PICTURES, STATES
from api.metrics.feed_counts import NAMES, FeedCounts

NOTES: Final = ("big_keyframes", "clock_off", "flood", "stretched_gop")
BUCKETS_S: Final = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
COUNTS_MAX: Final = 200
"""Names of running totals shown, the first in alphabetical order: producers name them, and a name is a series."""

_COUNT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Figures:
    """One moment of the system.

    Args:
        version: of kakou.
        now: unix seconds, what ages are counted to.
        parts: ``up`` or ``down`` by part, as ``/healthz`` has them.
        devices: rows of the board.
        counts: running totals by name, over all producers and their starts.
        latencies: how many alerts took at most so long, cumulative, by the upper end in seconds as ``BUCKETS_S``; and
            the sum in seconds of all, and how many; None where the store did not answer.
        log_entries: in the event log and not yet stored; None where it did not answer.
        outbox_rows: of the web process, not yet stored.
        viewers: browsers on the live feed.
        silence_s: since another system's stream last brought a position; None where there is none.
        feed_counts: totals by feed; those of other feeds and names than the county and we know are not shown.
    """

    version: str
    now: float
    parts: Mapping[str, str]
    devices: Sequence[Mapping[str, Any]]
    counts: Mapping[str, int]
    latencies: tuple[Sequence[int], float, int] | None
    log_entries: int | None
    outbox_rows: int
    viewers: int
    silence_s: float | None
    feed_counts: FeedCounts


def text_of(figures: Figures) -> bytes:
    """Return the figures in Prometheus' text format; takes tens of milliseconds for a county."""
    registry = CollectorRegistry()
    registry.register(_Collector(figures))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        yield from _system(self._figures)
        yield from _streams(self._figures)
        yield from _pictures(self._figures)
        yield _counts(self._figures)


def _system(figures: Figures) -> Iterator[Metric]:
    yield InfoMetricFamily("kakou", "The version that runs.", value={"version": figures.version})
    up = GaugeMetricFamily("kakou_up", "1 while this part answers.", labels=["part"])
    for part, state in sorted(figures.parts.items()):
        up.add_metric([part], float(state == "up"))
    yield up
    counts = CounterMetricFamily("kakou_count", "Running totals of all processes, by name.", labels=["name"])
    names = sorted(name for name in figures.counts if _COUNT_NAME.fullmatch(name))
    for name in names[:COUNTS_MAX]:
        counts.add_metric([name], float(figures.counts[name]))
    yield counts
    if figures.log_entries is not None:
        yield GaugeMetricFamily("kakou_event_log_entries", "Events not yet stored.", value=float(figures.log_entries))
    yield GaugeMetricFamily(
        "kakou_outbox_rows", "The web process's own events not yet stored.", value=float(figures.outbox_rows)
    )
    yield GaugeMetricFamily("kakou_live_viewers", "Browsers on the live feed.", value=float(figures.viewers))
    if figures.silence_s is not None:
        yield GaugeMetricFamily(
            "kakou_positions_silence_seconds", "Since the position stream brought one.", value=figures.silence_s
        )
    if figures.latencies is not None:
        within, total_s, number = figures.latencies
        buckets = [(str(end), float(count)) for end, count in zip(BUCKETS_S, within, strict=True)]
        yield HistogramMetricFamily(
            "kakou_alert_latency_seconds",
            "From the receipt of the keyframe to the alert being durable; drills left out.",
            buckets=[*buckets, ("+Inf", float(number))],
            sum_value=total_s,
        )


def _streams(figures: Figures) -> Iterator[Metric]:
    state = GaugeMetricFamily("kakou_feed_state", "1 for the state a stream is in.", labels=["feed", "kind", "state"])
    info = GaugeMetricFamily("kakou_feed_stream", "1; what is received.", labels=["feed", "codec", "via", "watched"])
    note = GaugeMetricFamily("kakou_feed_note", "1 while this is noted of a stream.", labels=["feed", "note"])
    numbers = {
        "fps": GaugeMetricFamily("kakou_feed_fps", "Pictures a second received.", labels=["feed"]),
        "gop_s": GaugeMetricFamily("kakou_feed_gop_seconds", "Time between two keyframes.", labels=["feed"]),
        "clock_offset_s": GaugeMetricFamily(
            "kakou_feed_clock_offset_seconds", "How far the camera's clock is ahead of ours.", labels=["feed"]
        ),
    }
    age = GaugeMetricFamily("kakou_feed_frame_age_seconds", "Since the last picture was received.", labels=["feed"])
    for row in figures.devices:
        feed = str(row["id"])
        for one in sorted(STATES):
            state.add_metric([feed, str(row["kind"]), one], float(row["state"] == one))
        if row["codec"] is not None:
            info.add_metric([feed, *(str(row[key] or "") for key in ("codec", "via", "watched"))], 1.0)
        for one in NOTES:
            note.add_metric([feed, one], float(one in row["notes"]))
        for key, family in numbers.items():
            if row[key] is not None:
                family.add_metric([feed], float(row[key]))
        if row["last_frame_at"] is not None:
            age.add_metric([feed], max(figures.now - float(row["last_frame_at"]), 0.0))
    yield from (state, info, note, age, *numbers.values())


def _pictures(figures: Figures) -> Iterator[Metric]:
    state = GaugeMetricFamily("kakou_picture_state", "1 for the state a picture is in.", labels=["feed", "state"])
    age = GaugeMetricFamily("kakou_picture_age_seconds", "Since a picture was last judged.", labels=["feed"])
    for row in figures.devices:
        feed, picture = str(row["id"]), row["picture"]
        for one in sorted(PICTURES):
            state.add_metric([feed, one], float(picture["state"] == one))
        if picture["seen_at"] is not None:
            age.add_metric([feed], max(figures.now - float(picture["seen_at"]), 0.0))
    yield from (state, age)


def _counts(figures: Figures) -> Metric:
    counts = CounterMetricFamily(
        "kakou_feed_count", "Running totals of each feed since its process started.", labels=["feed", "name"]
    )
    for row in figures.devices:
        feed = str(row["id"])
        known = figures.feed_counts.get(feed, {})
        for name in NAMES:
            if name in known:
                counts.add_metric([feed, name], float(known[name]))
    return counts
