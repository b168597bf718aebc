"""docs/ref/config.md says what every key of every file means."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_config import records
from camera_config.camera_rules import LineDirection, RuleKind
from camera_config.county import Blocks, Net, Ring, RoadClass, UnitStatus, Weather, ZoneKind
from camera_config.example import example_county
from camera_config.osm import ACCESS_KEYS, HIGHWAYS, WALKED
from camera_config.plan_rules import RulesRecord
from camera_config.road_file import FORMATS
from camera_config.rule_records import LABELS, CameraRuleRecord

REFERENCE = (Path(__file__).parents[2] / "docs" / "ref" / "config.md").read_text(encoding="utf-8")
FILES: dict[str, type[records.Record]] = {
    "county.toml": records.CountyRecord,
    "cameras.csv": records.CameraRecord,
    "checkpoints.toml": records.CheckpointRecord,
    "camera_rules.toml": CameraRuleRecord,
    "masks/DEVICE.json": records.MaskRecord,
    "units.csv": records.UnitRecord,
    "townships.geojson": records.TownshipRecord,
    "zones.geojson": records.ZoneRecord,
    "posts.geojson": records.PostRecord,
    "standby.geojson": records.StandbyRecord,
    "routes.geojson": records.RouteRecord,
    "rings.geojson": records.OutlineRecord,
    "closures.geojson": records.ClosureRecord,
    "roads.geojson": records.RoadRecord,
    "rules.toml": RulesRecord,
}


def section(file: str) -> str:
    return REFERENCE.split(f"\n## {file}", 1)[1].split("\n## ", 1)[0]


def keys(model: type[records.Record], before: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{before}{field.alias or name}"
        yield key
        if isinstance(field.annotation, type) and issubclass(field.annotation, records.Record):
            yield from keys(field.annotation, f"{key}.")


@pytest.mark.parametrize("file", FILES)
def test_every_key_is_explained_and_no_other(file: str) -> None:
    told = set(re.findall(r"^\| `([^`]+)` \|", section(file), re.MULTILINE))
    known = {re.sub(r"^speed_kmh\.\w+\.", "speed_kmh.*.", key) for key in keys(FILES[file])}
    lists = {"checkpoints.toml": {"checkpoint"}, "camera_rules.toml": {"rule"}}
    assert told == known | lists.get(file, set())


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("cameras.csv", [*Net, *records.PLACE_TYPES, *records.BANNED_PLACE_TYPES]),
        ("units.csv", list(UnitStatus)),
        ("zones.geojson", list(ZoneKind)),
        ("posts.geojson", [*Ring, *Blocks]),
        ("roads.geojson", list(RoadClass)),
        ("rules.toml", list(Weather)),
        ("camera_rules.toml", [*RuleKind, *LineDirection, *sorted(LABELS)]),
    ],
)
def test_every_word_that_may_be_written_is_named(file: str, words: list[str]) -> None:
    assert [word for word in words if f"`{word}`" not in section(file)] == []


@pytest.mark.parametrize("file", FILES)
def test_defaults_are_told_as_they_are(file: str) -> None:
    rows = {
        key: default.strip("` ")
        for key, default in re.findall(r"^\| `([^`]+)` \|[^|]*\|([^|]*)\|", section(file), re.MULTILINE)
    }
    for name, field in FILES[file].model_fields.items():
        told = rows[field.alias or name]
        assert (told == "required") == field.is_required(), name
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert float(told) == float(field.default), name


def test_the_table_of_road_classes_is_the_one_that_is_read_by() -> None:
    text = section("Road files of others")
    told = {
        highway: road_class
        for row in re.findall(r"^\| (`.+?`) \| `(\w+)` \|", text, re.MULTILINE)
        for highway, road_class in ((name, row[1]) for name in re.findall(r"`(\w+)`", row[0]))
    }
    assert told == {highway: road_class.value for highway, road_class in HIGHWAYS.items()}
    assert [word for word in (*WALKED, *ACCESS_KEYS, *FORMATS) if f"`{word}`" not in text and word != ".pbf"] == []


@pytest.mark.parametrize("file", ["county.toml", "rules.toml"])
def test_the_example_writes_every_key_with_a_remark(file: str) -> None:
    text = (example_county() / file).read_text(encoding="utf-8")
    written = tomllib.loads(text)
    assert set(written) == set(FILES[file].model_fields)
    top = text.split("\n[", 1)[0]
    for line in top.splitlines():
        if "=" in line and not line.startswith("#"):
            assert "#" in line, line
