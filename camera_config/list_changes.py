"""What a list changes in a county's cameras, and the file that results: remarks, order and untouched rows stay."""

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camera_config import masks
from camera_config.camera_list import COLUMNS
from camera_config.draft import COUNTY_FILE
from camera_config.edge import accept
from camera_config.errors import ConfigError
from camera_config.files import read_csv, read_features, read_text, read_toml
from camera_config.load import check_county
from camera_config.mistakes import Mistake, Mistakes, refusal
from camera_config.records import CameraRecord, CountyRecord

FEW_REMOVALS = 0.1
"""A list that takes away more than this share of the cameras is taken for a mistake (facts/reliability F31)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The county's cameras as they stand in ``path``; ``townships`` are ids by name, ``networks`` the county's."""

    folder: Path
    path: Path
    text: str
    records: dict[str, CameraRecord]
    townships: dict[str, str]
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A camera before and after; the keys that differ."""

    old: CameraRecord
    new: CameraRecord
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What applying a list would do."""

    added: tuple[CameraRecord, ...]
    changed: tuple[Change, ...]
    removed: tuple[CameraRecord, ...]
    unchanged: int

    @property
    def many_removed(self) -> bool:
        """Return whether so many go that a person must say how many."""
        return len(self.removed) > FEW_REMOVALS * (len(self.removed) + len(self.changed) + self.unchanged)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def standing(folder: Path) -> Standing:
    """Return the county's cameras now.

    Raises:
        ConfigError: county.toml or the cameras' file cannot be read, with every mistake.
    """
    mistakes = Mistakes()
    toml = read_toml(folder / COUNTY_FILE, mistakes)
    head = accept(CountyRecord, toml.data, COUNTY_FILE, toml.line_of, mistakes) if toml else None
    if head is None:
        raise refusal(str(folder), mistakes.in_order())
    path = folder / head.layers.cameras
    records: dict[str, CameraRecord] = {}
    text = f"{','.join(COLUMNS)}\n"
    if path.exists():
        text = read_text(path, mistakes) or text
        for row in read_csv(path, COLUMNS, mistakes):
            line = row.line
            record = accept(CameraRecord, row.cells, path.name, lambda _, line=line: line, mistakes)  # type: ignore[misc]
            if record is not None:
                records[record.id] = record
    if mistakes:
        raise refusal(str(folder), mistakes.in_order())
    return Standing(folder, path, text, records, _townships(folder / head.layers.townships), head.camera_networks)


def _townships(path: Path) -> dict[str, str]:
    """Return ids by name; what is wrong in that file is told when the whole county is checked."""
    names = {}
    for feature in read_features(path, Mistakes()) or []:
        data = feature.data.get("properties") if isinstance(feature.data, dict) else None
        if isinstance(data, dict) and isinstance(data.get("name"), str):
            names[data["name"]] = str(data.get("id"))
    return names


def compare(old: Mapping[str, CameraRecord], new: Mapping[str, CameraRecord], *, keep_others: bool = False) -> Changes:
    """Return what becomes different; with ``keep_others`` cameras that the list does not name stay."""
    changed, unchanged = [], 0
    for id_, before in old.items():
        after = new.get(id_)
        keys = tuple(key for key in COLUMNS if after and getattr(before, key) != getattr(after, key))
        if after is not None and keys:
            changed.append(Change(before, after, keys))
        elif after is not None or keep_others:
            unchanged += 1
    return Changes(
        added=tuple(record for id_, record in new.items() if id_ not in old),
        changed=tuple(changed),
        removed=() if keep_others else tuple(record for id_, record in old.items() if id_ not in new),
        unchanged=unchanged,
    )


def rewritten(text: str, changes: Changes) -> tuple[str, dict[int, str]]:
    """Return the cameras' file after ``changes``, and the camera on each of its lines.

    Only changed rows are written anew; all are where a column is needed that the file does not have.
    """
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines, strict=True)
    gone = {record.id for record in changes.removed}
    new = {change.new.id: change.new for change in changes.changed}
    touched = [*new.values(), *changes.added]
    out: list[str] = []
    on_line: dict[int, str] = {}
    header: list[str] = []
    wider = False
    start = 0

    def put(piece: str, camera: str = "") -> None:
        if camera:
            on_line[sum(part.count("\n") for part in out) + 1] = camera
        out.append(piece if piece.endswith("\n") else f"{piece}\n")

    for cells in reader:
        source = "".join(lines[start : reader.line_num])
        start = reader.line_num
        if not cells or cells[0].lstrip().startswith("#"):
            put(source)
        elif not header:
            header = [cell.strip() for cell in cells]
            lacking = [key for key in COLUMNS if key not in header and any(_cell(one, key) for one in touched)]
            wider = bool(lacking)
            header += lacking
            put(_line(header) if wider else source)
        else:
            padded = [cell.strip() for cell in cells] + [""] * (len(header) - len(cells))
            id_ = padded[header.index("id")]
            if id_ in gone:
                continue
            if id_ in new:
                put(_line([_cell(new[id_], key) for key in header]), id_)
            else:
                put(_line(padded) if wider else source, id_)
    for record in changes.added:
        put(_line([_cell(record, key) for key in header]), record.id)
    return "".join(out), on_line


def check_candidate(at: Standing, text: str) -> list[Mistake]:
    """Return the mistakes that the county would have with ``text`` as its cameras' file. Changes nothing."""
    with tempfile.TemporaryDirectory(prefix="kakou-cameras-") as made:
        folder = Path(made)
        for file in at.folder.iterdir():
            if (file.is_file() and file.name != at.path.name) or file.name == masks.FOLDER:
                (folder / file.name).symlink_to(file.absolute())
        (folder / at.path.name).write_text(text, encoding="utf-8", newline="")
        return check_county(folder)


def replace_cameras(at: Standing, text: str, now: datetime) -> Path | None:
    """Write the cameras' file, whole or not at all; return where the one before was kept, None where there was none.

    Raises:
        ConfigError: the file was changed by somebody else meanwhile, or the disk refuses.
    """
    part = at.path.with_name(f"{at.path.name}.part")
    kept = at.path.with_name(f"{at.path.name}.before-{now:%Y%m%d-%H%M%S}")
    try:
        exists = at.path.exists()
        if exists and at.path.read_bytes().decode("utf-8-sig") != at.text:
            raise ConfigError(f"{at.path} was changed meanwhile", hint="Run the command again and look at the preview.")
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if exists:
            shutil.copymode(at.path, part)
            kept.unlink(missing_ok=True)
            kept.hardlink_to(at.path)
        part.replace(at.path)
    except OSError as error:
        raise ConfigError(f"{at.path} cannot be written: {error.strerror}", hint="Check rights and room.") from None
    return kept if exists else None


def cells_of(record: CameraRecord) -> tuple[str, ...]:
    """Return a camera as a row of ``COLUMNS``."""
    return tuple(_cell(record, key) for key in COLUMNS)


def _cell(record: CameraRecord, key: str) -> str:
    value = getattr(record, key)
    if value is None or value is False or (key == "record" and value == "event"):
        return ""
    if value is True:
        return "true"
    # Seven decimals are a centimetre and what the files have.
    return f"{value:.7f}" if key in ("lat", "lon") and round(value, 7) == value else str(value)


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
