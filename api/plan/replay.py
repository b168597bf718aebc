"""A plan kept with all that it was made from, and made again from that: the same bytes, or exactly what differs.

A record is a folder named by the digest with ``inputs.json`` and ``answer.json``; the answer is what
``kakou plan --json`` printed. Records hold where the police are: only their owner may read them.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_jsonable_python

from api import __version__
from api.paper.situation import Origin
from api.plan.answer import Answer, Asked, answer_text
from api.plan.inputs import PositionRow, Prepared
from camera_config.county import Roads
from camera_config.errors import ConfigError

INPUTS, ANSWER = "inputs.json", "answer.json"
SHOWN_DIFFERENCES = 20
LEAST_DIGITS = 8
"""So many digits of a digest are enough, where only one record begins with them."""

COMPARED = ("version", "county", "roads", "graph", "rules", "posts", "rings", "closures", "standby_points", "units")


class Inputs(BaseModel):
    """All that an answer follows from. ``roads`` and ``graph`` are SHA-256: of the road file, and with all on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    county: dict[str, str]
    computed_at: float = Field(ge=0.0, allow_inf_nan=False)
    origin: Origin
    asked: Asked
    roads: str
    graph: str
    rules: dict[str, Any]
    posts: list[dict[str, Any]]
    rings: list[dict[str, Any]]
    closures: list[dict[str, Any]]
    standby_points: list[dict[str, Any]]
    units: list[dict[str, Any]]
    positions: list[PositionRow]


def inputs_of(
    prepared: Prepared, rows: Sequence[PositionRow], computed_at: float, origin: Origin, asked: Asked
) -> Inputs:
    """Return what is to be kept of a plan of this county with these positions."""
    county = prepared.county
    return Inputs(
        version=__version__,
        county={"name": county.name, "code": county.code},
        computed_at=computed_at,
        origin=origin,
        asked=asked,
        roads=roads_digest(county.roads),
        graph=prepared.graph.digest,
        rules=to_jsonable_python(county.rules),
        posts=to_jsonable_python(county.posts),
        rings=to_jsonable_python(county.rings),
        closures=to_jsonable_python(county.closures),
        standby_points=to_jsonable_python(county.standby_points),
        units=to_jsonable_python(county.units),
        positions=list(rows),
    )


def keep(folder: Path, inputs: Inputs, answer: Answer) -> Path:
    """Write the record and return its folder; one that is there already stays as it is.

    Raises:
        ConfigError: it cannot be written, or another record of this digest is there.
    """
    place = folder / answer.out.digest
    try:
        if place.exists():
            kept = read_inputs(place)
            if any(differences(_timeless(kept), _timeless(inputs))):
                raise ConfigError(f"{place}: holds another plan of this digest", hint="Give another folder.")
            return place
        part = folder / f".{answer.out.digest}.{os.getpid()}"
        part.mkdir(mode=0o700, parents=True)
        for name, text in ((INPUTS, inputs.model_dump_json(indent=1)), (ANSWER, answer_text(answer))):
            with os.fdopen(
                os.open(part / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
            ) as file:
                file.write(text + "\n")
                os.fsync(file.fileno())
        part.rename(place)
    except OSError as error:
        raise ConfigError(f"{place}: cannot be written: {error}", hint="Give another folder with --keep.") from error
    return place


def find_record(folder: Path, digest: str) -> Path:
    """Return the folder of the one record whose digest begins so.

    Raises:
        ConfigError: none or several do, or it is no digest.
    """
    if not re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},64}}", digest):
        raise ConfigError(f"{digest}: no digest", hint=f"Give {LEAST_DIGITS} to 64 digits of it, 0-9 and a-f.")
    found = sorted(place for place in folder.glob(f"{digest}*") if place.is_dir())
    if len(found) != 1:
        told = f"{len(found)} plans begin so" if found else "no such plan is kept here"
        raise ConfigError(f"{folder / digest}: {told}", hint="Give the whole digest, and the folder with --keep.")
    return found[0]


def read_inputs(place: Path) -> Inputs:
    """Return what a record was made from.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return Inputs.model_validate_json((place / INPUTS).read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{place / INPUTS}: {error}", hint="This record is damaged; take a copy.") from error


def changed_inputs(kept: Inputs, now: Inputs) -> list[str]:
    """Return each difference between what was kept and the county and program of today."""
    before, after = kept.model_dump(mode="json"), now.model_dump(mode="json")
    found = [line for part in COMPARED for line in differences(before[part], after[part], part)]
    # The graph follows from the rest; it is named only where nothing else explains it.
    return [line for line in found if not line.startswith("graph:")] or found


def changed_answer(place: Path, answer: Answer) -> list[str]:
    """Return how the answer differs from the one that was kept: nothing where it has the same bytes.

    Raises:
        ConfigError: the kept answer cannot be read.
    """
    try:
        kept = (place / ANSWER).read_text(encoding="utf-8")
        text = answer_text(answer) + "\n"
        if kept == text:
            return []
        found = list(differences(json.loads(kept), json.loads(text), "answer"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{place / ANSWER}: {error}", hint="This record is damaged; take a copy.") from error
    return found or ["answer: the same values, written differently"]


def differences(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """Yield each value that differs, by its place; lists of things with ids are compared by id."""
    if isinstance(before, BaseModel):
        before, after = before.model_dump(mode="json"), after.model_dump(mode="json")
    if isinstance(before, list) and isinstance(after, list):
        before, after = _by_id(before), _by_id(after)
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(set(before) | set(after)):
            where = f"{place}.{key}" if place else key
            if key not in after:
                yield f"{where}: was there, is gone"
            elif key not in before:
                yield f"{where}: is new"
            else:
                yield from differences(before[key], after[key], where)
    elif before != after:
        yield f"{place}: was {_short(before)}, is {_short(after)}"


def roads_digest(roads: Roads) -> str:
    """Return SHA-256 (hex) of the roads as they are, without posts, closures and speeds."""
    found = hashlib.sha256()
    parts = (roads.node_lat, roads.node_lon, roads.start, roads.end, roads.length_m, roads.road_class, roads.one_way)
    for part in (*parts, *roads.shape):
        found.update(np.ascontiguousarray(part).tobytes())
    found.update(json.dumps(roads.name, ensure_ascii=False).encode())
    return found.hexdigest()


def _by_id(items: list[Any]) -> dict[str, Any]:
    if items and all(isinstance(item, dict) and "id" in item for item in items):
        return {str(item["id"]): item for item in items}
    return {str(place): item for place, item in enumerate(items)}


def _timeless(inputs: Inputs) -> dict[str, Any]:
    return inputs.model_dump(mode="json", exclude={"computed_at"})


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
