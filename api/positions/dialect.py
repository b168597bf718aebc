"""Another system's words for positions: entries of its stream in, positions for the border out.

What cannot be read is left out and named by field and cause, never by what was sent: it may be a plate or a place.
Nothing is guessed: a time in the wrong measure, a speed below nothing, a status that nobody knows cost the position.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from api.positions.border import PositionIn
from camera_config.county import PositionStream, UnitStatus
from camera_config.datum import from_gcj02

KMH: Final = {"km/h": 1.0, "0.1km/h": 0.1, "m/s": 3.6, "kn": 1.852}
SECONDS: Final = {"s": 1.0, "ms": 0.001}
JSON_BYTES: Final = 256 * 1024
"""A longer object is not read: a position has 200 bytes, and an entry at most ``POSITIONS_MAX``."""

POSITIONS_MAX: Final = 1_000
CHINA: Final = (0.8293, 72.004, 55.8271, 137.8347)
"""South, west, north, east: GCJ-02 is shifted only within this box, so 0/0 stays 0/0."""

_NUMBER: Final = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?")
_STATUSES: Final = frozenset(status.value for status in UnitStatus)
_OPTIONAL: Final = ("speed", "heading", "status")
_OURS: Final = {"speed": "speed_kmh", "heading": "heading_deg"}


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why something gave no position: the other system's field (empty for the whole), and a word for the cause."""

    field: str
    why: str


class _Unreadable(Exception):
    def __init__(self, field: str, why: str) -> None:
        super().__init__(field, why)
        self.wrong = Wrong(field, why)


class Dialect:
    """Translates for one stream; holds no state."""

    def __init__(self, stream: PositionStream) -> None:
        self._stream = stream
        self._ours = {theirs: ours for ours, theirs in stream.fields.items()}

    def read(self, entries: Iterable[Mapping[bytes, bytes]]) -> tuple[list[PositionIn], list[Wrong]]:
        """Return all positions of some entries, in order, and what is wrong with the others."""
        drafts: list[dict[str, Any]] = []
        wrong: list[Wrong] = []
        for entry in entries:
            try:
                for values in self._objects(entry):
                    try:
                        drafts.append(self._draft(values))
                    except _Unreadable as error:
                        wrong.append(error.wrong)
            except _Unreadable as error:
                wrong.append(error.wrong)
        if self._stream.datum == "GCJ-02":
            _undo_gcj02(drafts)
        found: list[PositionIn] = []
        for draft in drafts:
            try:
                found.append(PositionIn.model_validate(draft))
            except ValidationError as error:
                first = error.errors(include_url=False, include_context=False, include_input=False)[0]
                wrong.append(Wrong(self._theirs(str(first["loc"][0]) if first["loc"] else ""), first["type"]))
        return found, wrong

    def _objects(self, entry: Mapping[bytes, bytes]) -> list[Mapping[str, Any]]:
        """Return what stands for positions in an entry: itself, an object in one of its fields, or a list of them."""
        name = self._stream.json_field
        if not name:
            return [{key: entry[raw] for key in self._ours if (raw := key.encode()) in entry}]
        text = entry.get(name.encode())
        if text is None:
            raise _Unreadable(name, "missing")
        if len(text) > JSON_BYTES:
            raise _Unreadable(name, "too_long")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise _Unreadable(name, "json") from None
        rows = value if isinstance(value, list) else [value]
        if len(rows) > POSITIONS_MAX:
            raise _Unreadable(name, "too_long")
        if not all(isinstance(row, dict) for row in rows):
            raise _Unreadable(name, "no_object")
        return rows

    def _draft(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a ``PositionIn`` that is not checked yet, in the other system's datum."""
        stream, draft = self._stream, dict[str, Any]()
        for theirs, ours in self._ours.items():
            value = values.get(theirs)
            if isinstance(value, bytes):
                value = _text(theirs, value)
            if value is None or value == "":
                if ours not in _OPTIONAL:
                    raise _Unreadable(theirs, "missing")
                continue
            if ours == "unit":
                name = _word(theirs, value)
                draft["unit"] = stream.units.get(name, name)
            elif ours == "status":
                word = _word(theirs, value)
                draft["status"] = str(stream.statuses.get(word, word))
                if draft["status"] not in _STATUSES:
                    raise _Unreadable(theirs, "unknown_word")
            else:
                draft[_OURS.get(ours, ours)] = _number(theirs, value)
        draft["at"] *= SECONDS[stream.time]
        if "speed_kmh" in draft:
            draft["speed_kmh"] *= KMH[stream.speed]
        return draft

    def _theirs(self, ours: str) -> str:
        for word, name in self._ours.items():
            if _OURS.get(name, name) == ours:
                return word
        return ""


def _text(field: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise _Unreadable(field, "not_utf8") from None


def _word(field: str, value: object) -> str:
    """Return a name that was written as text or, as machines do, as a whole number."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20):
        return str(value).strip()
    raise _Unreadable(field, "no_text")


def _number(field: str, value: object) -> float:
    """Return a number that was written as one or as text; NaN and infinity are told at the border."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            pass
    raise _Unreadable(field, "no_number")


def _undo_gcj02(drafts: list[dict[str, Any]]) -> None:
    """Turn the places of all drafts that lie in China into WGS84."""
    south, west, north, east = CHINA
    inside = [draft for draft in drafts if south <= draft["lat"] <= north and west <= draft["lon"] <= east]
    if inside:
        lat, lon = from_gcj02(np.array([d["lat"] for d in inside]), np.array([d["lon"] for d in inside]))
        for draft, north_deg, east_deg in zip(inside, lat.tolist(), lon.tolist(), strict=True):
            draft["lat"], draft["lon"] = north_deg, east_deg
