"""Recorded days of positions: a CSV with a header in, rows in the order in which they were received out.

Columns: ``unit,lat,lon,at`` and, where they are known, ``speed_kmh,heading_deg,status,received_at``. Degrees are WGS84.
Times are unix seconds or milliseconds, ISO 8601 with its offset, or the county's wall clock without one. Without
``received_at`` every position counts as received when it was measured: then nobody can tell late from punctual.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from api.plan.inputs import PositionRow
from api.positions.border import Border, PositionIn
from api.positions.tracker import Tracker
from camera_config.county import County
from camera_config.errors import ConfigError

NEEDED: Final = ("unit", "lat", "lon", "at")
OPTIONAL: Final = ("speed_kmh", "heading_deg", "status", "received_at")
TIMES: Final = ("at", "received_at")
MILLISECONDS: Final = 1e11
"""A larger number counts milliseconds: as seconds it would be the year 5138."""

SHOWN: Final = 5
NUMBER_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class Recorded:
    """One position, where it stands in the file and when it was received (unix seconds)."""

    line: int
    position: PositionIn
    received_at: float

    @property
    def late_s(self) -> float:
        """Return how old it was when it was received; below 0: by its device's clock it was not measured yet."""
        return self.received_at - self.position.at


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no position: its number (the header is 1), the column and what is wrong with it."""

    line: int
    column: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {f'{self.column}: ' if self.column else ''}{self.why}"


@dataclass(frozen=True, slots=True)
class Day:
    """A file as read: rows by receipt, then by line. ``timed``: the file says when each was received."""

    rows: tuple[Recorded, ...]
    bad: tuple[BadLine, ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def timed(self) -> bool:
        """Tell whether lateness can be told."""
        return "received_at" not in self.missing


def read_day(path: Path, county: County, *, strict: bool = False) -> Day:
    """Read a file. Lines that are wrong are left out and named.

    Raises:
        ConfigError: it cannot be read, a needed column is missing, it holds no position; or, ``strict``, a line is bad.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", hint="Give a CSV file of positions.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8", hint="Save it as CSV UTF-8, not as GBK.") from error
    lines = csv.reader(text.splitlines(keepends=True))
    header = _header(path, lines)
    rows: list[Recorded] = []
    bad: list[BadLine] = []
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            break
        except csv.Error as error:
            bad.append(BadLine(lines.line_num, "", str(error)))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        read = _row(lines.line_num, header, cells, county.utc_offset_s)
        if isinstance(read, BadLine):
            bad.append(read)
        else:
            rows.append(read)
    if strict and bad:
        raise ConfigError(f"{path}: {said(bad)}", hint="Mend the lines, or read the rest without --strict.")
    if not rows:
        raise ConfigError(f"{path} holds no position. {said(bad)}".strip(), hint="A line: u-01,42.68,125.53,1800000000")
    return Day(
        rows=tuple(sorted(rows, key=lambda row: (row.received_at, row.line))),
        bad=tuple(bad),
        ignored=tuple(name for name in header if name not in (*NEEDED, *OPTIONAL)),
        missing=tuple(name for name in OPTIONAL if name not in header),
    )


def said(bad: list[BadLine]) -> str:
    """Return the first bad lines in words."""
    more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    return "; ".join(map(str, bad[:SHOWN])) + more


def moment(text: str, utc_offset_s: int) -> float:
    """Return unix seconds of a time as people and machines write it; ValueError where it is none."""
    plain = text.strip()
    try:
        number = _number(plain)
    except ValueError:
        when = datetime.fromisoformat(plain)
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone(timedelta(seconds=utc_offset_s)))
        return when.timestamp()
    return number / 1000 if number > MILLISECONDS else number


def judged(day: Day, county: County, until: float = math.inf) -> Iterator[tuple[Recorded, dict[str, Any] | None]]:
    """Yield each row received by ``until`` as our border would have taken it then; None for a unit we do not have."""
    border = Border(county)
    for row in day.rows:
        if row.received_at > until:
            return
        kept, _ = border.judge([row.position], row.received_at)
        yield row, kept[0] if kept else None


def known_at(path: Path, county: County, at: str) -> tuple[list[PositionRow], float]:
    """Return what was known of each unit at a moment of a recorded day, with its age, and the moment in unix seconds.

    Raises:
        ConfigError: the file or the moment cannot be read, or the moment is before the first position.
    """
    try:
        moment_s = moment(at, county.utc_offset_s)
    except ValueError:
        hint = "Write unix seconds, 2026-11-24T08:30:00+08:00, or 2026-11-24T08:30:00 by the county's clock."
        raise ConfigError(f"--at {at}: this is no time", hint=hint) from None
    day, tracker = read_day(path, county), Tracker(county)
    if not day.rows[0].received_at <= moment_s:
        raise ConfigError(
            f"--at {at}: nothing was received by then", hint=f"`kakou positions check {path}` tells when."
        )
    for row, taken in judged(day, county, moment_s):
        if taken is not None:
            batch = {"mono_s": row.received_at, "received_at": row.received_at, "positions": [taken]}
            tracker.accept(batch, row.received_at)
    rows = [
        PositionRow(
            unit=unit.id,
            lat=unit.position.lat,
            lon=unit.position.lon,
            age_s=unit.seen_age_ms / 1000,
            speed_kmh=unit.speed_kmh,
            heading_deg=unit.heading_deg,
            status=unit.status,
            same_place_s=unit.same_place_ms / 1000,
            trusted=unit.trusted,
        )
        for unit in tracker.now(moment_s)
        if unit.position is not None and unit.seen_age_ms is not None
    ]
    return rows, moment_s


def _header(path: Path, lines: Iterator[list[str]]) -> list[str]:
    try:
        header = [cell.strip() for cell in next(lines)]
    except (StopIteration, csv.Error):
        header = []
    absent = [name for name in NEEDED if name not in header]
    twice = sorted({name for name in header if header.count(name) > 1 and name in (*NEEDED, *OPTIONAL)})
    if absent or twice:
        what = f"columns are missing: {', '.join(absent)}" if absent else f"columns stand twice: {', '.join(twice)}"
        raise ConfigError(f"{path}: {what}", hint=f"The first line names {','.join((*NEEDED, *OPTIONAL))}.")
    return header


def _row(line: int, header: list[str], cells: list[str], utc_offset_s: int) -> Recorded | BadLine:
    if len(cells) != len(header):
        return BadLine(line, "", f"{len(cells)} cells, the header has {len(header)}")
    told = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()}
    values: dict[str, Any] = {}
    for name in (*NEEDED, *OPTIONAL):
        if name not in told:
            if name in NEEDED:
                return BadLine(line, name, "is empty")
            continue
        try:
            if name in ("unit", "status"):
                values[name] = told[name]
            else:
                values[name] = moment(told[name], utc_offset_s) if name in TIMES else _number(told[name])
        except (ValueError, OverflowError):
            return BadLine(line, name, "is no time" if name in TIMES else "is no number")
    received_at = values.pop("received_at", None)
    try:
        position = PositionIn.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return BadLine(line, str(first["loc"][0]) if first["loc"] else "", first["msg"])
    return Recorded(line, position, position.at if received_at is None else received_at)


def _number(text: str) -> float:
    """Return a finite number; ValueError for anything else, digits with underscores too."""
    if len(text) > NUMBER_CHARS or "_" in text or not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value
