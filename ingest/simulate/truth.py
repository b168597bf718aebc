"""What really passed, for those who test the system: one JSON line a passage, written when it has been sent.

Also the truth about unseen footage: ``truth.csv`` with the columns checkpoint, time_s and plate.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from camera_config.errors import ConfigError

COLUMNS = ("checkpoint", "time_s", "plate")
SHOWN_MISTAKES = 20


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One vehicle by one checkpoint once.

    ``enters_s`` and ``leaves_s`` are seconds since the stream's start, ``entered_at`` and ``left_at`` the same as
    unix seconds. The plate is fully in the picture from ``enters`` until just before ``leaves``. Kind, lane and speed
    are None where nobody knows them.
    """

    checkpoint: str
    plate: str
    kind: str | None
    lane: int | None
    enters_s: float
    leaves_s: float
    entered_at: float
    left_at: float
    speed_kmh: float | None


class TruthLog:
    """A file of rows, one JSON object a line, flushed with each row; without a path rows are only counted."""

    def __init__(self, path: Path | None) -> None:
        self.rows = 0
        self._path = path
        self._file: TextIO | None = path.open("a", encoding="utf-8", buffering=1) if path else None

    def write(self, row: TruthRow) -> None:
        """Append one row."""
        self.rows += 1
        if self._file is not None:
            self._file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")

    def cut(self, checkpoint: str, at: float) -> None:
        """Note in the file of cuts that this checkpoint's footage began again (unix s).

        Whoever is in the picture then is not whole.
        """
        if self._path is not None:
            with cuts_path(self._path).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"checkpoint": checkpoint, "cut_at": round(at, 3)}) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def cuts_path(truth: Path) -> Path:
    """Return where the cuts are written that belong to a truth file."""
    return truth.with_suffix(".cuts.jsonl")


@dataclass(frozen=True, slots=True)
class ClipPass:
    """One line of ``truth.csv``: when a plate passes in a checkpoint's clip (seconds from the clip's start)."""

    checkpoint: str
    time_s: float
    plate: str
    line: int


def read_truth_csv(path: Path) -> list[ClipPass]:
    """Return the lines of ``truth.csv``, by checkpoint and time.

    Raises:
        ConfigError: it cannot be read, or lines are wrong; all of them are named by number.
    """
    hint = f"Its first line is {','.join(COLUMNS)}; time_s is in seconds from the start of the clip."
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint=hint) from error
    reader = csv.reader(text.splitlines())
    header = [name.strip() for name in next(reader, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise ConfigError(f"{path}, line 1: no column {', '.join(missing)}.", hint=hint)
    places = [header.index(name) for name in COLUMNS]
    rows, mistakes = [], []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            values = [cells[place].strip() if place < len(cells) else "" for place in places]
            rows.append(_clip_pass(values, reader.line_num))
        except ValueError as error:
            mistakes.append(f"line {reader.line_num}: {error}")
    if mistakes:
        more = len(mistakes) - SHOWN_MISTAKES
        shown = "; ".join(mistakes[:SHOWN_MISTAKES]) + (f"; and {more} more" if more > 0 else "")
        raise ConfigError(f"{path} has {len(mistakes)} mistakes: {shown}.", hint=hint)
    return sorted(rows, key=lambda row: (row.checkpoint, row.time_s))


def _clip_pass(cells: Sequence[str], line: int) -> ClipPass:
    checkpoint, time, plate = cells
    if not checkpoint:
        raise ValueError("checkpoint is empty")
    try:
        time_s = float(time)
    except ValueError:
        raise ValueError(f"time_s is {time!r}, not a number") from None
    if not 0.0 <= time_s < float("inf"):
        raise ValueError(f"time_s is {time}, not within the clip")
    if not plate:
        raise ValueError("plate is empty")
    return ClipPass(checkpoint, time_s, plate.replace("·", "").upper(), line)
