"""``kakou leaks`` as a person uses it: look, take the proposed posts, look again."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.commands.leaks import leaks
from camera_config.load import load_county
from tests.support.county_files import lighter_county

app = typer.Typer()
app.command()(leaks)

MISSING = ("town-lianhe", "edge-houshi")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a county without two posts and with one that only stops those who come in."""
    made = lighter_county(tmp_path_factory.mktemp("leaks") / "county", cameras=5)
    layer = json.loads((made / "posts.geojson").read_text(encoding="utf-8"))
    layer["features"] = [f for f in layer["features"] if f["properties"]["id"] not in MISSING]
    for feature in layer["features"]:
        feature["properties"].pop("checkpoint", None)
        if feature["properties"]["id"] == "town-north":
            feature["properties"]["blocks"] = "in"
    (made / "posts.geojson").write_text(json.dumps(layer), encoding="utf-8")
    checkpoints = (made / "checkpoints.toml").read_text(encoding="utf-8")
    kept = [line for line in checkpoints.splitlines() if not line.startswith("post = ")]
    (made / "checkpoints.toml").write_text("\n".join(kept), encoding="utf-8")
    return made


def run(folder: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(folder), *options])
    return result.exit_code, result.output


def test_with_the_proposed_posts_in_its_layer_the_county_is_closed_and_can_be_loaded(folder):
    layer, drawn = folder.parent / "proposed.geojson", folder.parent / "leaks.geojson"
    code, text = run(folder, "--json", "--propose", str(layer), "--geojson", str(drawn))
    assert code == 1, text
    answer: dict[str, Any] = json.loads(text)
    open_roads = {(ring["ring"], leak["road"]) for ring in answer["rings"] for leak in ring["leaks"]}
    assert open_roads == {("town", "莲河机耕道"), ("town", "长东公路"), ("county", "东猴公路")}
    assert [leak["widen"] for ring in answer["rings"] for leak in ring["leaks"] if leak["widen"]] == ["town-north"]
    kinds = [f["properties"]["kind"] for f in json.loads(drawn.read_text(encoding="utf-8"))["features"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {"way": 3, "leak": 3, "proposed": 3}
    own = json.loads((folder / "posts.geojson").read_text(encoding="utf-8"))
    own["features"] += json.loads(layer.read_text(encoding="utf-8"))["features"]
    merged = folder.parent / "merged.geojson"
    merged.write_text(json.dumps(own, ensure_ascii=False), encoding="utf-8")
    assert run(folder, "--posts", str(merged))[0] == 0
    (folder / "posts.geojson").write_text(merged.read_text(encoding="utf-8"), encoding="utf-8")
    assert len(load_county(folder).posts) == 26


def test_the_text_names_the_road_the_way_out_and_the_post(folder):
    few = folder.parent / "few.geojson"
    layer = json.loads((folder / "posts.geojson").read_text(encoding="utf-8"))
    layer["features"] = [f for f in layer["features"] if f["properties"]["id"] != "town-lianhe"][:4]
    few.write_text(json.dumps(layer), encoding="utf-8")
    code, text = run(folder, "--posts", str(few), "--ring", "town")
    assert code == 1
    assert "县城圈 town：4 处卡点全部到岗也不封闭" in text
    assert "莲河机耕道 2." in text
    assert "建议卡点 post new-town-1" in text
    assert "县界圈" not in text


@pytest.mark.parametrize("options", [["--posts", "/nowhere.geojson"], ["--propose", "/no/such/folder/file"]])
def test_what_cannot_be_read_or_written_ends_with_two_and_says_so(folder, options):
    code, text = run(folder, *options)
    assert code == 2
    assert options[1].rsplit("/", 1)[-1] in text
