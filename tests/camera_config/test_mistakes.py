"""Every mistake a person can make in a county's folder is found, with its file, its line and what to do.

Each test edits a real copy of the example county and loads it.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from camera_config.datum import from_gcj02, to_gcj02
from camera_config.errors import ConfigError
from camera_config.example import example_county
from camera_config.load import check_county, load_county
from tests.support.county_files import lighter_county


@pytest.fixture
def whole_county(tmp_path: Path) -> Path:
    return Path(shutil.copytree(example_county(), tmp_path / "county"))


@pytest.fixture(scope="session")
def fewer_roads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lighter_county(tmp_path_factory.mktemp("fewer") / "county")


@pytest.fixture
def county(tmp_path: Path, fewer_roads: Path) -> Path:
    return Path(shutil.copytree(fewer_roads, tmp_path / "county"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} holds no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(path: Path, mark: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if mark in line)


def change_feature(path: Path, number: int, edit: Callable[[dict], None]) -> None:
    """Edit feature ``number`` (from 0), which stands on line ``number + 2``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comma = "," if lines[number + 1].endswith(",") else ""
    feature = json.loads(lines[number + 1].removesuffix(","))
    edit(feature)
    lines[number + 1] = json.dumps(feature, ensure_ascii=False) + comma
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# file, what stands there, what is written instead, the mark of the mistake's line, what is said, what to do
FIELD = "speed_points = [[0.2, 0.4, 0, 9], [0.8, 0.4, 6, 9], [0.9, 0.9, 6, 0]]"
FIELD_IN_A_ROW = "speed_points = [[0.2, 0.4, 0, 9], [0.8, 0.4, 6, 9], [0.9, 0.9, 3, 9], [0.1, 0.9, 0, 0]]"

NORTH = 'id = "kk-town-north"'
"""A checkpoint that is not calibrated."""
WORDS = [
    ("county.toml", 'datum = "WGS84"', 'datum = "GCJ02"', "datum", "not known", "WGS84"),
    ("county.toml", "invented = true", "invented = true\ninvnted = 1", "invnted", "unknown key 'invnted'", "known are"),
    ("county.toml", 'code = "220421"', 'code = "2204"', "code =", "code", "correct the value"),
    ("county.toml", "deadline_s = 900 ", "deadline_s = -900 ", "deadline_s = -900", "greater than 0", "correct"),
    ("county.toml", "deadline_s = 1800 ", "# ", "[ring.county]", "missing key 'ring.county.deadline_s'", "add it"),
    ("county.toml", "lat = 42.68", "lat = nan", "lat = nan", "not a finite number", "NaN"),
    ("county.toml", "rtsp://127.0.0.1:8554", "rtsp://admin:hunter2@10.0.0.1", "rtsp_base", "credentials", "take user"),
    ("county.toml", "lat = 42.68\nlon = 125.53", "lat = 125.53\nlon = 42.68", "lat = 125", "swapped", "exchange"),
    ("county.toml", "lat = 42.68\n", "lat = 32.68\n", "lat = 32", "is not where the roads are", "centre"),
    ("county.toml", 'zones = "zones', 'zones = "../zones', "zones =", "layers.zones", "without a path"),
    ("rules.toml", "hold_s = 3600", "hold_s = inf", "hold_s", "hold_s", "write"),
    ("rules.toml", "standby = 45", "standby = -45", "standby = -45", "greater than or equal to 0", "correct"),
    ("rules.toml", "unknown = 90", "lunch = 90", "lunch", "unknown key 'dispatch_delay_s.lunch'", "on_call"),
    ("rules.toml", "track = 15.0", "", "[speed_kmh.dry]", "missing key 'speed_kmh.dry.track'", "add it"),
    ("rules.toml", "street = 32.0", 'street = "fast"', 'street = "fast"', "speed_kmh.dry.street", "correct the value"),
    ("rules.toml", "street = 32.0", "street = ", "street = \n", "broken TOML", "correct the line"),
    ("rules.toml", "1000,  # from 0:00", "900,  # from 0:00", "hour_permille", "900 is faster than", "noise.assumed"),
    ("rules.toml", "1000,  # from 0:00", "# from 0:00", "hour_permille", "at least 24 items", "correct the value"),
    ("rules.toml", "1000,  # from 0:00", "9999,  # from 0:00", "hour_permille", "or equal to 5000", "correct"),
    ("rules.toml", "junction_ms = 0", "junction_ms = -1", "junction_ms", "greater than or equal to 0", "correct"),
    ("rules.toml", "verdict_valid_s = 10 ", "verdict_valid_s = 60 ", "verdict_valid_s", "less than or equal to 10", ""),
    ("cameras.csv", "heading_deg,", "heading,", "id,name", "unknown key 'heading'", "remove the column"),
    ("cameras.csv", ",358.0,", ",,", "cam-001", "missing key 'heading_deg'", "add it"),
    ("cameras.csv", ",358.0,", ",nan,", "cam-001", "heading_deg is not a finite number", "NaN or inf"),
    ("cameras.csv", ",358.0,", ",361,", "cam-001", "heading_deg", "correct the value"),
    ("cameras.csv", "cam-002,", "cam-001,", "000002,", "duplicate device 'cam-001'", "give each its own"),
    ("cameras.csv", "cam-002,", "Cam 2,", "Cam 2", "is not an id", "lower-case"),
    ("cameras.csv", "22042100001320000002", "2204210000132000002", "cam-002", "malformed", "20 digits"),
    ("cameras.csv", "22042100001320000002", "22042100001320000001", "cam-002", "duplicate GB/T 28181 code", "its own"),
    ("cameras.csv", "22042100001320000002", "22042100001210000002", "cam-002", "has type 121", "digits 11 to 13"),
    ("cameras.csv", "22042100001320000002", "22010000001320000002", "cam-002", "not of division 220421", "first 6"),
    ("cameras.csv", ",358.0,dongfeng,", ",358.0,nowhere,", "cam-001", "township 'nowhere' does not", "townships"),
    ("cameras.csv", "public-security,days-30", "public-security,days-7", "cam-001", "retention_class", "days-30"),
    ("cameras.csv", ",days-30\n", ",days-30,more\n", "cam-001", "row has 12 cells", "commas"),
    ("cameras.csv", "cam-003,", 'cam-003,"', "cam-003", "broken CSV", "double quotes"),
    ("checkpoints.toml", "lanes = 2", 'record = "all"\nlanes = 2', "record", "not known", "'continuous'"),
    ("checkpoints.toml", "lanes = 2", 'sub_url = "rtsp://a:hunter2@h/"\nlanes = 2', "sub_url", "credentials", "take"),
    ("checkpoints.toml", "lanes = 2", "lanes = 0", "lanes = 0", "lanes", "correct the value"),
    ("checkpoints.toml", "lanes = 2", "lanes = 2\ncolour = 1", "colour", "unknown key 'colour'", "remove it"),
    ("checkpoints.toml", 'post = "town-west"', 'post = "town-w"', 'kk-town-west"', "'town-w' does not", "posts.geo"),
    ("checkpoints.toml", 'post = "town-west"', 'post = "town-east"', "", "names checkpoint", "agree"),
    ("checkpoints.toml", "0.35], [0.98, 1.0]", "0.35], [0.98, 1.5]", "1.5", "lane_zone", "correct the value"),
    ("checkpoints.toml", NORTH, f"{NORTH}\nmast_m = 6.0", "", "speed_points and mast_m", "give both"),
    ("checkpoints.toml", NORTH, f"{NORTH}\n{FIELD}\nmast_m = 6.0", "", "has 3 points", "4 corners"),
    ("checkpoints.toml", NORTH, f"{NORTH}\n{FIELD_IN_A_ROW}\nmast_m = 6.0", "", "in a row", "4 corners"),
    ("checkpoints.toml", "051210000001", "051320000001", 'id = "kk-town-west"', "has type 132", "digits 11 to 13"),
    ("units.csv", "patrol-02,", "patrol-01,", "巡逻02", "duplicate unit 'patrol-01'", "its own"),
    ("units.csv", "巡逻02,", "巡逻01,", "patrol-02", "duplicate call sign", "its own"),
    ("units.csv", "spikes,42.6646144", "spikes,42.9946144", "patrol-01", "home of unit 'patrol-01'", "move"),
    ("units.csv", ",dongfeng,patrol,", ",dongfeng,asleep,", "patrol-01", "status has a value", "standby"),
    ("zones.geojson", '"kind":"patrol"', '"kind":"poodle"', "poodle", "kind has a value", "prevention"),
    ("standby.geojson", '"zone":"patrol-south-west-a"', '"zone":"west"', '"zone":"west"', "'west' does not", "zones"),
    ("posts.geojson", '"need_units":2', '"need_units":2.5', '"need_units":2.5', "need_units", "correct the value"),
    ("posts.geojson", '"setup_s":60', '"setup_s":NaN', "NaN", "setup_s", "write"),
    ("posts.geojson", '"setup_s":60', '"setup_s":60,"deadline_s":-1', "deadline_s", "deadline_s", "correct the value"),
    ("posts.geojson", '"bearing_deg":294.0', '"bearing_deg":204.0', "204.0", "its road runs", "direction of travel"),
    ("posts.geojson", '"checkpoint":"kk-town-east"', '"checkpoint":"kk-x"', "kk-x", "'kk-x' does", "checkpoints"),
    ("posts.geojson", '"one_crew":true', '"one_crew":false', "north-out", "has another one_crew", "the same one_crew"),
    ("roads.geojson", '"class":"national"', '"class":"motorway"', "motorway", "not known", "expressway"),
    ("roads.geojson", '"class":"national"', '"class":"national","lanes":4', '"lanes":4', "unknown key", "class"),
    ("roads.geojson", "[125.4993107,", "[Infinity,", "Infinity", "not a finite number", "inf"),
    ("roads.geojson", '"features": [', '"features": [,', '"features": [,', "broken JSON", "export"),
    ("townships.geojson", "FeatureCollection", "Feature", "", "not a GeoJSON FeatureCollection", "RFC 7946"),
    ("rings.geojson", '"ring":"town"', '"ring":"county"', "Feature", "no outline", "Polygon"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "mark", "what", "hint"), WORDS)
def test_a_wrong_word_is_found_on_its_line(
    county: Path, file: str, old: str, new: str, mark: str, what: str, hint: str
) -> None:
    change(county / file, old, new)
    found = check_county(county)
    lines = (county / file).read_text(encoding="utf-8").split("\n")
    wanted = [m for m in found if what in m.what and hint in m.hint]
    assert wanted, "\n".join(map(str, found))
    assert all(m.hint for m in found)
    if mark:
        assert any(mark.strip("\n") in lines[m.line - 1] for m in wanted if m.file == file), "\n".join(map(str, found))


def test_a_camera_and_a_checkpoint_may_not_share_an_id(county: Path) -> None:
    change(county / "cameras.csv", "cam-002,", "kk-town-west,")
    (found,) = check_county(county)
    assert (found.file, found.line) == ("checkpoints.toml", line_of(county / "checkpoints.toml", '"kk-town-west"'))
    assert found.what == "duplicate device 'kk-town-west', first in cameras.csv:4"


def test_all_mistakes_of_all_files_are_listed_together(county: Path) -> None:
    change(county / "county.toml", "deadline_s = 900 ", "deadline_s = 0 ")
    change(county / "rules.toml", "hold_s = 3600", "hold_s = -1")
    change(county / "cameras.csv", ",358.0,", ",north,")
    change(county / "posts.geojson", '"need_units":2', '"need_units":0')
    with pytest.raises(ConfigError) as caught:
        load_county(county)
    text = str(caught.value)
    for file, mark in (
        ("county.toml", "deadline_s = 0 "),
        ("rules.toml", "hold_s"),
        ("cameras.csv", "cam-001"),
        ("posts.geojson", '"need_units":0'),
    ):
        assert f"\n{file}:{line_of(county / file, mark)}: " in text
    assert "has 4 mistakes" in text
    assert "kakou check" in caught.value.hint


def test_a_missing_file_is_a_mistake_and_not_a_crash(county: Path) -> None:
    (county / "units.csv").unlink()
    (found,) = check_county(county)
    assert str(found) == "units.csv:1: file is absent; add the file, or correct its name in county.toml"


def test_an_empty_folder_lists_every_file_that_must_be_there(tmp_path: Path) -> None:
    assert len({m.file for m in check_county(tmp_path)}) == 13


def test_a_file_saved_by_excel_in_gbk_is_named_with_its_line(county: Path) -> None:
    path = county / "cameras.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    (found,) = (m for m in check_county(county) if "encoding" in m.what)
    assert (found.file, found.line) == ("cameras.csv", 3)
    assert "UTF-8" in found.hint


def test_a_byte_order_mark_is_not_a_mistake(county: Path) -> None:
    path = county / "units.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert check_county(county) == []


def test_a_password_in_a_url_is_refused_and_not_repeated(county: Path) -> None:
    change(county / "checkpoints.toml", "lanes = 2", 'lanes = 2\nurl = "rtsp://admin:hunter2@10.0.0.3/sub"')
    (found,) = check_county(county)
    assert found.line == line_of(county / "checkpoints.toml", "url =")
    assert "credentials" in found.what
    assert "take user and password out" in found.hint
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("url", ["http://10.0.0.3/sub", "file:///etc/passwd", "10.0.0.3", "rtsp://", "rtsp://[::1"])
def test_a_url_that_is_not_rtsp_is_refused(county: Path, url: str) -> None:
    change(county / "checkpoints.toml", "lanes = 2", f'lanes = 2\nurl = "{url}"')
    (found,) = check_county(county)
    assert "url" in found.what
    assert found.hint


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("redis://gps:hunter2@10.0.0.9/0", "credentials"),
        ("redis://10.0.0.9?password=hunter2", "credentials"),
        ("http://10.0.0.9", "none of redis://"),
        ("redis://", "no host"),
        ("redis://10.0.0.9/hunter2", "no host"),
        ("redis://[::1", "none of redis://"),
        ("unix://hunter2/x", "no socket"),
    ],
)
def test_the_address_of_a_position_stream_is_told_without_what_it_may_hold(county: Path, url: str, what: str) -> None:
    change(county / "county.toml", 'url = ""', f'url = "{url}"')
    (found,) = check_county(county)
    assert what in found.what
    assert "hunter2" not in str(found)


def test_a_position_stream_needs_both_its_server_and_its_name(county: Path) -> None:
    change(county / "county.toml", 'url = ""', 'url = "redis://10.0.0.9:6379/2"')
    (found,) = check_county(county)
    assert "belong together" in found.what
    change(county / "county.toml", 'stream = ""', 'stream = "gps"\nfields = {speed = "", lat = "lon"}')
    (found,) = check_county(county)
    assert "two fields have the same name" in found.what
    change(county / "county.toml", 'lat = "lon"', 'lat = "y"')
    assert check_county(county) == []
    loaded = load_county(county).positions
    assert loaded is not None
    assert loaded.url == "redis://10.0.0.9:6379/2"
    assert loaded.fields == {
        "unit": "unit",
        "lat": "y",
        "lon": "lon",
        "at": "at",
        "heading": "heading_deg",
        "status": "status",
    }


@pytest.mark.parametrize("place", ["dormitory", "guest_room", "bath", "fitting_room"])
def test_a_camera_in_a_private_room_is_refused(county: Path, place: str) -> None:
    path = county / "cameras.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = lines[2].split(",")
    cells[8] = place
    lines[2] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (found,) = check_county(county)
    assert (found.file, found.line) == ("cameras.csv", 3)
    assert "Order 799" in found.what
    assert "take the camera out" in found.hint


def test_a_post_off_the_road_is_found(county: Path) -> None:
    def aside(feature: dict) -> None:
        feature["geometry"]["coordinates"][1] += 0.0005

    change_feature(county / "posts.geojson", 1, aside)
    found = [m for m in check_county(county) if "off the road" in m.what]
    assert [(m.file, m.line) for m in found] == [("posts.geojson", 3)]
    assert "at most 30 m" in found[0].what


def test_swapped_axes_are_told_apart_from_a_wrong_place(county: Path) -> None:
    change_feature(county / "standby.geojson", 4, lambda f: f["geometry"]["coordinates"].reverse())
    change_feature(county / "posts.geojson", 0, lambda f: f["geometry"].update(coordinates=[116.4, 39.9]))
    first, second = check_county(county)
    assert (first.file, first.line) == ("posts.geojson", 2)
    assert "km from the centre" in first.what
    assert (second.file, second.line) == ("standby.geojson", 6)
    assert "swapped" in second.what
    assert "[lon, lat]" in second.hint


def test_roads_with_swapped_axes_are_one_mistake(county: Path) -> None:
    path = county / "roads.geojson"
    layer = json.loads(path.read_text(encoding="utf-8"))
    for feature in layer["features"]:
        for point in feature["geometry"]["coordinates"]:
            point.reverse()
    path.write_text(json.dumps(layer), encoding="utf-8")
    (found,) = check_county(county)
    assert found.file == "roads.geojson"
    assert "swapped" in found.what


@pytest.mark.parametrize(("file", "noun"), [("zones.geojson", "zone"), ("rings.geojson", "ring")])
def test_an_outline_that_is_not_closed_is_found(county: Path, file: str, noun: str) -> None:
    change_feature(county / file, 1, lambda f: f["geometry"]["coordinates"][0].pop())
    (found,) = (m for m in check_county(county) if "not closed" in m.what)
    assert (found.file, found.line) == (file, 3)
    assert found.what.startswith(noun)
    assert "first point as the last" in found.hint


def gcj(lon: float, lat: float) -> list[float]:
    there_lat, there_lon = to_gcj02(np.array([lat]), np.array([lon]))
    return [round(float(there_lon[0]), 7), round(float(there_lat[0]), 7)]


def test_a_layer_in_gcj02_is_told_once(county: Path) -> None:
    path = county / "posts.geojson"
    layer = json.loads(path.read_text(encoding="utf-8"))
    for feature in layer["features"]:
        feature["geometry"]["coordinates"] = gcj(*feature["geometry"]["coordinates"])
    path.write_text(json.dumps(layer), encoding="utf-8")
    (found,) = check_county(county)
    assert found.file == "posts.geojson"
    assert "GCJ-02" in found.what
    assert "EPSG:4326" in found.hint


def test_a_few_cameras_in_gcj02_among_350_are_found(whole_county: Path) -> None:
    path = whole_county / "cameras.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    for number in range(250, 270):
        cells = lines[number].split(",")
        lon, lat = gcj(float(cells[4]), float(cells[3]))
        cells[3], cells[4] = str(lat), str(lon)
        lines[number] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (found,) = check_county(whole_county)
    assert found.file == "cameras.csv"
    assert 251 <= found.line <= 270
    assert "GCJ-02" in found.what


def test_roads_in_gcj02_under_a_wgs84_county_are_found(whole_county: Path) -> None:
    path = whole_county / "roads.geojson"
    layer = json.loads(path.read_text(encoding="utf-8"))
    for feature in layer["features"]:
        line = np.array(feature["geometry"]["coordinates"])
        lat, lon = to_gcj02(line[:, 1], line[:, 0])
        feature["geometry"]["coordinates"] = np.round(np.stack([lon, lat], axis=1), 7).tolist()
    path.write_text(json.dumps(layer), encoding="utf-8")
    (found,) = check_county(whole_county)
    assert found.file == "roads.geojson"
    assert "the roads look like GCJ-02" in found.what


def test_the_datum_shift_is_undone_to_a_centimetre() -> None:
    lat, lon = np.array([42.68, 42.45]), np.array([125.53, 125.8])
    there_lat, there_lon = to_gcj02(lat, lon)
    assert 50 < float(np.hypot((there_lat - lat)[0], (there_lon - lon)[0]) * 111_000) < 900
    back_lat, back_lon = from_gcj02(there_lat, there_lon)
    assert np.abs(np.stack([back_lat - lat, back_lon - lon])).max() < 1e-7


def test_the_public_gcj02_formula_is_met_at_a_known_point() -> None:
    # Tiananmen: WGS84 39.908722, 116.397499 is about 39.910125, 116.403742 in GCJ-02 (eviltransform's own figures).
    lat, lon = to_gcj02(np.array([39.908722]), np.array([116.397499]))
    assert lat[0] == pytest.approx(39.910125, abs=3e-5)
    assert lon[0] == pytest.approx(116.403742, abs=3e-5)


@pytest.mark.parametrize(("post", "ring"), [("town-lianhe", "town"), ("edge-liushugou", "county")])
def test_a_ring_leaks_by_a_farm_track_without_a_post(county: Path, post: str, ring: str) -> None:
    path = county / "posts.geojson"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if f'"{post}"' not in line), encoding="utf-8")
    (found,) = check_county(county)
    assert found.file == "rings.geojson"
    assert found.line == line_of(county / "rings.geojson", f'"ring":"{ring}"')
    assert found.what.startswith(f"ring '{ring}' leaks by road")
    assert "机耕道" in found.what
    assert "put a post on that road" in found.hint


def test_a_ring_leaks_against_one_way(county: Path) -> None:
    path = county / "posts.geojson"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"edge-expressway-north-in"' not in line), encoding="utf-8")
    (found,) = check_county(county)
    assert "集双高速公路" in found.what


def test_a_post_that_stops_only_the_way_in_does_not_close_a_ring(county: Path) -> None:
    change(county / "posts.geojson", '"blocks":"both"', '"blocks":"in"')
    (found,) = check_county(county)
    assert "leaks by road '国道303线'" in found.what


def test_a_closure_of_another_road_is_found(county: Path) -> None:
    path = county / "closures.geojson"
    post = json.loads((county / "posts.geojson").read_text(encoding="utf-8"))["features"][0]
    closure = {"type": "Feature", "properties": {"road": "长东公路", "reason": "施工"}, "geometry": post["geometry"]}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [closure]}), encoding="utf-8")
    (found,) = check_county(county)
    assert found.file == "closures.geojson"
    assert "'长东公路' but stands on '国道303线'" in found.what
    closure["properties"] = {"road": "国道303线", "reason": "施工"}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [closure]}), encoding="utf-8")
    assert load_county(county).closures[0].reason == "施工"


def test_a_road_of_no_length_is_found(county: Path) -> None:
    def shrink(feature: dict) -> None:
        points = feature["geometry"]["coordinates"]
        feature["geometry"]["coordinates"] = [points[0], points[0]]

    change_feature(county / "roads.geojson", 700, shrink)
    found = [m for m in check_county(county) if "no length" in m.what]
    assert [(m.file, m.line) for m in found] == [("roads.geojson", 702)]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"type": "FeatureCollection"}', '{"type": "FeatureCollection", "features": 3}', "{}",
     '{"type": "FeatureCollection", "features": [3, null, {"type": "Feature"}]}', "[" * 100_000,
     '{"type": "FeatureCollection", "features": [' + "[" * 100_000, '{"type": "FeatureCollection", "features": []} x'],
)  # fmt: skip
def test_odd_json_is_a_mistake_and_not_a_crash(county: Path, text: str) -> None:
    (county / "closures.geojson").write_text(text, encoding="utf-8")
    found = check_county(county)
    assert found
    assert {m.file for m in found} == {"closures.geojson"}


def test_lines_are_right_however_the_layer_was_saved(county: Path) -> None:
    path = county / "posts.geojson"
    layer = json.loads(path.read_text(encoding="utf-8"))
    layer["features"][3]["properties"]["need_units"] = "many"
    path.write_text(json.dumps(layer, indent=1, ensure_ascii=False), encoding="utf-8")
    (found,) = check_county(county)
    starts = [n for n, line in enumerate(path.read_text("utf-8").splitlines(), start=1) if line == "  {"]
    assert found.line == starts[3]
