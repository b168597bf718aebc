"""A county as its files say it: records with their lines, before they are compared with each other."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from camera_config import records
from camera_config.edge import Line, accept, columns, geometry, properties
from camera_config.files import Feature, Place, Toml, read_csv, read_features, read_toml
from camera_config.mistakes import Mistakes
from camera_config.plan_rules import RulesRecord
from camera_config.road_file import is_drawn, read_ways
from camera_config.rule_records import CameraRuleRecord, CameraRulesRecord

R_co = TypeVar("R_co", bound=records.Record, covariant=True)
R = TypeVar("R", bound=records.Record)

COUNTY_FILE = "county.toml"


@dataclass(frozen=True, slots=True)
class Found(Generic[R_co]):
    """A record and where it stands; ``points`` are [lon, lat], empty where the record itself holds the place."""

    file: str
    line: int
    record: R_co
    points: Line = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """Everything that could be read; ``None`` and absent records were reported as mistakes."""

    layers: records.LayersRecord
    toml: Toml | None = None
    county: records.CountyRecord | None = None
    rules: RulesRecord | None = None
    cameras: list[Found[records.CameraRecord]] = field(default_factory=list)
    checkpoints: list[Found[records.CheckpointRecord]] = field(default_factory=list)
    camera_rules: list[Found[CameraRuleRecord]] = field(default_factory=list)
    units: list[Found[records.UnitRecord]] = field(default_factory=list)
    townships: list[Found[records.TownshipRecord]] = field(default_factory=list)
    zones: list[Found[records.ZoneRecord]] = field(default_factory=list)
    posts: list[Found[records.PostRecord]] = field(default_factory=list)
    standby: list[Found[records.StandbyRecord]] = field(default_factory=list)
    routes: list[Found[records.RouteRecord]] = field(default_factory=list)
    rings: list[Found[records.OutlineRecord]] = field(default_factory=list)
    closures: list[Found[records.ClosureRecord]] = field(default_factory=list)
    roads: list[Found[records.RoadRecord]] = field(default_factory=list)
    roads_left_out: dict[str, int] = field(default_factory=dict)
    """Ways of the road file that are no roads for cars, by reason."""
    unread: set[str] = field(default_factory=set)
    """Files of which a record could not be read: references to them are not judged."""


def read_folder(folder: Path, mistakes: Mistakes) -> Draft:
    """Read every file of the county; all that is wrong within one record is in ``mistakes`` afterwards."""
    draft = Draft(records.LayersRecord())
    draft.toml = read_toml(folder / COUNTY_FILE, mistakes)
    if draft.toml is not None:
        draft.county = accept(records.CountyRecord, draft.toml.data, COUNTY_FILE, draft.toml.line_of, mistakes)
    if draft.county is not None:
        draft.layers = draft.county.layers
    layers = draft.layers
    before = len(mistakes)
    draft.rules = _rules(folder / layers.rules, mistakes)
    draft.cameras = list(_rows(records.CameraRecord, folder / layers.cameras, mistakes))
    checkpoints = _tables(records.CheckpointsRecord, records.CheckpointRecord, folder / layers.checkpoints, mistakes)
    draft.checkpoints = list(checkpoints)
    rules_file = folder / layers.camera_rules
    if "camera_rules" in layers.model_fields_set or os.path.lexists(rules_file):  # else there are none
        draft.camera_rules = list(_tables(CameraRulesRecord, CameraRuleRecord, rules_file, mistakes))
    draft.units = list(_rows(records.UnitRecord, folder / layers.units, mistakes))
    draft.townships = list(_layer(records.TownshipRecord, "Point", folder / layers.townships, mistakes))
    draft.zones = list(_layer(records.ZoneRecord, "Polygon", folder / layers.zones, mistakes))
    draft.posts = read_posts(folder / layers.posts, mistakes)
    draft.standby = list(_layer(records.StandbyRecord, "Point", folder / layers.standby, mistakes))
    draft.routes = list(_layer(records.RouteRecord, "LineString", folder / layers.routes, mistakes))
    draft.rings = list(_layer(records.OutlineRecord, "Polygon", folder / layers.rings, mistakes))
    draft.closures = list(_layer(records.ClosureRecord, "Point", folder / layers.closures, mistakes))
    _read_roads(draft, folder / layers.roads, mistakes)
    if len(mistakes) > before:
        draft.unread = {mistake.file for mistake in mistakes.in_order()}
    return draft


def _read_roads(draft: Draft, path: Path, mistakes: Mistakes) -> None:
    if is_drawn(path.name):
        draft.roads = list(_layer(records.RoadRecord, "LineString", path, mistakes))
        return
    found, draft.roads_left_out = read_ways(path, mistakes)
    draft.roads = [Found(path.name, 1, record, line) for record, line in found]


def read_posts(path: Path, mistakes: Mistakes) -> list[Found[records.PostRecord]]:
    """Return the posts of a layer, which may lie anywhere."""
    return list(_layer(records.PostRecord, "Point", path, mistakes))


def _rules(path: Path, mistakes: Mistakes) -> RulesRecord | None:
    toml = read_toml(path, mistakes)
    return None if toml is None else accept(RulesRecord, toml.data, path.name, toml.line_of, mistakes)


def _rows(model: type[R], path: Path, mistakes: Mistakes) -> Iterator[Found[R]]:
    for row in read_csv(path, columns(model), mistakes):
        record = accept(model, row.cells, path.name, partial(_same_line, row.line), mistakes)
        if record is not None:
            yield Found(path.name, row.line, record)


def _same_line(line: int, place: Place) -> int:  # noqa: ARG001
    """A row is one line, whichever its key."""
    return line


def _tables(whole: type[records.Record], model: type[R], path: Path, mistakes: Mistakes) -> Iterator[Found[R]]:
    """Yield the tables of a TOML file that holds one list of them, named by the only key of ``whole``."""
    toml = read_toml(path, mistakes)
    if toml is None:
        return
    (key,) = columns(whole)
    read = accept(whole, toml.data, path.name, toml.line_of, mistakes)
    for index, data in enumerate(getattr(read, key, ())):
        place = (key, index)
        record = accept(model, data, path.name, toml.line_of, mistakes, place)
        if record is not None:
            yield Found(path.name, toml.line_of((*place, "id")), record)


def _layer(model: type[R], kind: str, path: Path, mistakes: Mistakes) -> Iterator[Found[R]]:
    features: list[Feature] = read_features(path, mistakes) or []
    for feature in features:
        points = geometry(feature, kind, path.name, mistakes)
        record = properties(model, feature, path.name, mistakes)
        if points is not None and record is not None:
            yield Found(path.name, feature.line, record, points)
