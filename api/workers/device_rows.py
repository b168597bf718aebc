"""What ingest says of every device once a second: all rows now and then, and in between those that changed.

All rows every second, 50 KB, went through the event log's file as well (docs/design/0002, section 4).
"""

from collections.abc import Sequence
from typing import Any

from ingest.feed import FeedStatus

FULL_EVERY = 10
"""Each so many-th message has all rows, so that whoever has missed one is right again after 10 s."""

OLD_S = 5.0
"""A row whose figures were told so long ago is told again."""

_FIGURES = {"last_frame_at", "fps", "gop_s", "clock_offset_s"}
"""What changes all the time; a change of anything else is told at once."""


def row_of(one: FeedStatus) -> dict[str, Any]:
    """Return what the wall shows of a feed, times to a tenth of a second."""
    return {
        "feed": one.feed,
        "kind": one.kind,
        "state": one.state,
        "since": round(one.since, 1),
        "cause": one.cause,
        "last_frame_at": None if one.last_frame_at is None else round(one.last_frame_at, 1),
        "fps": one.fps,
        "codec": one.codec,
        "width": one.width,
        "height": one.height,
        "gop_s": round(one.gop_s, 1),
        "via": one.via,
        "sub_state": one.sub_state,
        "watched": one.watched,
        "notes": list(one.notes),
        "clock_offset_s": one.clock_offset_s,
    }


class DeviceRows:
    """Remembers what was told of each feed, and when."""

    def __init__(self) -> None:
        self._messages = 0
        self._told: dict[str, tuple[float, dict[str, Any]]] = {}

    def message(self, status: Sequence[FeedStatus], at: float, mono_s: float) -> dict[str, Any]:
        """Return the next ``devices`` message; ``full`` tells whether it has all rows."""
        full = self._messages % FULL_EVERY == 0
        self._messages += 1
        rows = [row for row in map(row_of, status) if full or self._news(row, mono_s)]
        for row in rows:
            self._told[row["feed"]] = (mono_s, row)
        return {"at": at, "mono_s": mono_s, "full": full, "devices": rows}

    def _news(self, row: dict[str, Any], mono_s: float) -> bool:
        told_s, before = self._told[row["feed"]]
        return mono_s - told_s > OLD_S or any(before[key] != row[key] for key in row.keys() - _FIGURES)
