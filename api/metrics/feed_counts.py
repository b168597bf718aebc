"""What each process counted of each feed, for ``GET /metrics``: a file a process in the run folder.

Counts are totals since their process started; they begin again at zero, as Prometheus expects of a counter.
"""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from api.run_folder import RunFolder

NAMES: Final = (
    "bytes_received",
    "feed_reconnects",
    "frames_dropped",
    "frames_received",
    "keyframes_analysed",
    "keyframes_gated",
    "keyframes_received",
    "keyframes_superseded",
    "packets_lost",
)
"""What is shown of a feed, as in the ``counters`` events; each comes from one process."""

COUNTS: Final[TypeAdapter[dict[str, dict[str, int]]]] = TypeAdapter(dict[str, dict[str, int]])

FeedCounts = Mapping[str, Mapping[str, int]]
"""Totals by feed and name."""


def write_counts(run: RunFolder, producer: str, counts: FeedCounts) -> None:
    """Leave what ``producer`` counted; the file is always whole.

    Raises:
        OSError: no room.
    """
    draft = run.path / f".counts-{producer}"
    draft.write_text(json.dumps(counts), encoding="ascii")
    draft.replace(run.path / f"counts-{producer}.json")


def read_counts(run: RunFolder) -> dict[str, dict[str, int]]:
    """Return what all processes counted; a file that cannot be read is left out."""
    found: dict[str, dict[str, int]] = {}
    for path in sorted(run.path.glob("counts-*.json")):
        try:
            counts = COUNTS.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue
        for feed, numbers in counts.items():
            found.setdefault(feed, {}).update(numbers)
    return found
