"""The county's files as lines: text, CSV rows, TOML keys, GeoJSON features, each with the line it stands on.

Readers report what they cannot read to ``Mistakes`` and return what they can; they never raise.
"""

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camera_config.mistakes import Mistakes

_WHITE = re.compile(r"[ \t\r\n]*")
_TOML_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_TOML_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_AT_LINE = re.compile(r"at line (\d+)")

Place = tuple[str | int, ...]
"""A key's place in a file: table names, list positions, key."""


def read_text(path: Path, mistakes: Mistakes) -> str | None:
    """Return the file's text (UTF-8, with or without a byte order mark), or None after noting the mistake."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        mistakes.add(path.name, 1, "file is absent", "add the file, or correct its name in county.toml")
        return None
    except OSError as error:
        mistakes.add(path.name, 1, f"file cannot be read ({error.strerror})", "check its permissions")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        wrong = raw[error.start]
        mistakes.add(
            path.name, line, f"wrong encoding: byte 0x{wrong:02x} is not UTF-8", "save the file as UTF-8 (not GBK)"
        )
        return None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a CSV file; empty cells are left out of ``cells``."""

    line: int
    cells: dict[str, str]


def read_csv(path: Path, columns: tuple[str, ...], mistakes: Mistakes) -> list[Row]:
    """Return the rows below the header; lines that start with ``#`` are remarks. ``columns`` are all that may occur."""
    text = read_text(path, mistakes)
    if text is None:
        return []
    header: list[str] = []
    rows: list[Row] = []
    for line, cells in _csv_lines(text, path.name, mistakes):
        if not header:
            header = [cell.strip() for cell in cells]
            for column in header:
                if column not in columns:
                    mistakes.add(
                        path.name, line, f"unknown key {column!r}", f"remove the column; known are {', '.join(columns)}"
                    )
                elif header.count(column) > 1:
                    mistakes.add(path.name, line, f"column {column!r} stands twice", "remove one of them")
        elif len(cells) != len(header):
            mistakes.add(
                path.name,
                line,
                f"row has {len(cells)} cells, the header has {len(header)}",
                "add or remove commas; put text that holds a comma in double quotes",
            )
        else:
            pairs = zip(header, cells, strict=True)
            rows.append(Row(line, {k: v.strip() for k, v in pairs if v.strip() and k in columns}))
    if not header:
        mistakes.add(path.name, 1, "header line is missing", f"begin with {','.join(columns)}")
    return rows


def _csv_lines(text: str, file: str, mistakes: Mistakes) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            mistakes.add(file, line, f"broken CSV ({error})", "close the double quotes")
            return
        if cells and not cells[0].lstrip().startswith("#"):
            yield line, cells


@dataclass(frozen=True, slots=True)
class Toml:
    """A TOML file with the line of each key and table."""

    data: dict[str, Any]
    lines: dict[Place, int]

    def line_of(self, place: Place) -> int:
        """Return the line of the key, or of the nearest table around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_toml(path: Path, mistakes: Mistakes) -> Toml | None:
    """Return the file's data and lines, or None after noting the mistake."""
    text = read_text(path, mistakes)
    if text is None:
        return None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at.group(1)) if at else text.count("\n") + 1
        mistakes.add(path.name, line, f"broken TOML ({error})", "correct the line; TOML strings stand in double quotes")
        return None
    return Toml(data, _toml_lines(text))


def _toml_lines(text: str) -> dict[Place, int]:
    """Find keys line by line. Keys of inline tables get the line of the table."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    quote = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if found := _TOML_TABLE.match(line):
            table = _resolve(_toml_names(found.group(2)), counts, lists=found.group(1) == "[[")
            lines.setdefault(table, number)
        elif found := _TOML_KEY.match(line):
            lines.setdefault(table + _toml_names(found.group(1)), number)
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                quote = mark
    return lines


def _toml_names(dotted: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _resolve(names: Place, counts: dict[Place, int], *, lists: bool) -> Place:
    """Put the current position of each list of tables into the path."""
    place: Place = ()
    for depth, name in enumerate(names):
        place += (name,)
        if lists and depth == len(names) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place += (counts[place],)
    return place


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a GeoJSON layer as read, not yet checked."""

    line: int
    data: Any


class _Broken(Exception):
    """JSON ended or went on in a way it may not, at a character position."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.at = at


def read_features(path: Path, mistakes: Mistakes) -> list[Feature] | None:
    """Return the layer's features with their lines; None if the file is absent or no feature could be read."""
    text = read_text(path, mistakes)
    if text is None:
        return None
    try:
        head, found = _collection(text)
    except (_Broken, json.JSONDecodeError) as error:
        at = error.at if isinstance(error, _Broken) else error.pos
        why = str(error) if isinstance(error, _Broken) else error.msg
        mistakes.add(path.name, text.count("\n", 0, at) + 1, f"broken JSON ({why})", "correct the line or export again")
        return None
    except RecursionError:
        mistakes.add(path.name, 1, "brackets are nested too deeply", "export the layer again")
        return None
    if head.get("type") != "FeatureCollection" or found is None:
        mistakes.add(path.name, 1, "not a GeoJSON FeatureCollection", "export the layer as GeoJSON (RFC 7946)")
        return None
    for key in sorted(set(head) - {"type", "name", "description", "crs"}):
        mistakes.add(
            path.name, 1, f"unknown key {key!r}", "remove it; known are type, name, description, crs, features"
        )
    if "crs" in head and not re.search(r"(CRS84|EPSG:+4326)", json.dumps(head["crs"])):
        mistakes.add(path.name, 1, "coordinate system is not WGS84", "export the layer as EPSG:4326")
    features: list[Feature] = []
    line, at = 1, 0
    for start, data in found:
        line += text.count("\n", at, start)
        at = start
        features.append(Feature(line, data))
    return features


def _collection(text: str) -> tuple[dict[str, Any], list[tuple[int, Any]] | None]:
    """Return the outer keys, and the features with their character positions.

    The C decoder reads whole features; only the outer object and the list of features are walked here.
    """
    decode = json.JSONDecoder(object_pairs_hook=_object).raw_decode
    head: dict[str, Any] = {}
    features: list[tuple[int, Any]] | None = None
    at = _expect(text, _white(text, 0), "{")
    while True:
        at = _white(text, at)
        if text[at : at + 1] == "}" and not head and features is None:
            break
        if text[at : at + 1] != '"':
            raise _Broken("a key in double quotes was expected", at)
        key, at = decode(text, at)
        at = _white(text, _expect(text, _white(text, at), ":"))
        if key == "features" and text[at : at + 1] == "[":
            features, at = _list(text, at + 1, decode)
        else:
            head[key], at = decode(text, at)
        at = _white(text, at)
        if text[at : at + 1] == "}":
            break
        at = _expect(text, at, ",")
    at = _white(text, at + 1)
    if at != len(text):
        raise _Broken("text after the end", at)
    return head, features


def _list(text: str, at: int, decode: Any) -> tuple[list[tuple[int, Any]], int]:
    items: list[tuple[int, Any]] = []
    at = _white(text, at)
    if text[at : at + 1] == "]":
        return items, at + 1
    while True:
        start = at
        data, at = decode(text, at)
        items.append((start, data))
        at = _white(text, at)
        if text[at : at + 1] == "]":
            return items, at + 1
        at = _white(text, _expect(text, at, ","))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        made[f"{twice} (twice)"] = made[twice]
    return made


def _white(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise _Broken(f"{mark!r} was expected", at)
    return at + 1
