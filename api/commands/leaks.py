"""``kakou leaks``: does each ring close once its posts stand? Where not, which post would close it?"""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from api.commands.refusal import bad_input
from camera_config.county import Ring
from camera_config.errors import ConfigError
from camera_config.example import example_county

if TYPE_CHECKING:
    from api.plan.inputs import Prepared
    from api.plan.leaks import LeaksOut, OpenOut
    from camera_config.county import County

RINGS = {"town": "县城圈 town", "county": "县界圈 county"}
BLOCKS = {"out": "拦出 out", "in": "拦进 in", "both": "双向拦 both"}
COMPASS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")


def leaks(
    county: Annotated[Path | None, typer.Argument(help="The county's folder; the invented county without it.")] = None,
    ring: Annotated[Ring | None, typer.Option(help="Only this ring.")] = None,
    posts: Annotated[Path | None, typer.Option(help="Posts to try instead of the county's, as posts.geojson.")] = None,
    propose: Annotated[Path | None, typer.Option(help="Write the proposed posts, as posts.geojson takes them.")] = None,
    geojson: Annotated[Path | None, typer.Option(help="Write leaks, ways out and proposed posts, for a map.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Say by which roads a ring can be left past its posts. Ends with 1 where it can, with 0 where it is closed."""
    from api.plan.leaks import leaks_map, leaks_now, posts_layer

    with bad_input():
        prepared = _prepare(county or example_county(), posts)
        answer = leaks_now(prepared, ring)
        for path, made in ((propose, posts_layer), (geojson, leaks_map)):
            if path is not None:
                write(path, made(answer))
        if as_json:
            print(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
        else:
            _show(Console(), answer, prepared)
    raise typer.Exit(0 if answer.closed else 1)


def write(path: Path, made: dict[str, Any]) -> None:
    """Write GeoJSON.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        path.write_text(json.dumps(made, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error}", hint="Give another file.") from error


def side(bearing_deg: float) -> str:
    """Return a bearing as people say it: 东南 135°."""
    return f"{COMPASS[round(bearing_deg / 45) % 8]} {bearing_deg:.0f}°"


def _prepare(folder: Path, posts: Path | None) -> "Prepared":
    from api.plan.inputs import prepare
    from camera_config.load import load_county, load_posts

    loaded: County = load_county(folder, leaking=True)
    if posts is not None:
        loaded = replace(loaded, posts=load_posts(posts, loaded))
    return prepare(loaded)


def _show(console: Console, answer: "LeaksOut", prepared: "Prepared") -> None:
    names = {str(post.id): post.name for post in prepared.county.posts}
    for ring in answer.rings:
        if ring.closed:
            said = f"● {RINGS[ring.ring]}：{ring.posts} 处卡点全部到岗即封闭，没有缺口 closed"
            console.print(Text(said, style="green"), soft_wrap=True)
            continue
        said = f"✕ {RINGS[ring.ring]}：{ring.posts} 处卡点全部到岗也不封闭，缺口 {len(ring.leaks)} 处 leaks"
        console.print(Text(said, style="red"), soft_wrap=True)
        for number, leak in enumerate(ring.leaks, 1):
            for line in _lines(number, leak, names):
                console.print(Text(line), soft_wrap=True)
    proposed = sum(leak.proposed is not None for ring in answer.rings for leak in ring.leaks)
    if answer.closed:
        return
    console.print(Text(f"建议补 {proposed} 处卡点；每个缺口各是一条路，按现在的圈界少一处都封不住。"), soft_wrap=True)
    hint = "--propose 文件 写出这些卡点，可并入 posts.geojson；圈界可以挪动时，更少的卡点见 kakou cut"
    console.print(Text(f"  {hint}"), soft_wrap=True)


def _lines(number: int, leak: "OpenOut", names: dict[str, str]) -> list[str]:
    way = " → ".join(f"{part.road or '无名路'} {part.km:.2f} km" for part in leak.roads)
    made = [
        f" {number}. {leak.road or '无名路'}  出圈处 {leak.lat:.5f},{leak.lon:.5f}  向{side(leak.bearing_deg)}",
        f"    出路 way out（{leak.km:.2f} km）：{way}",
    ]
    if leak.proposed is not None:
        post = leak.proposed
        made.append(
            f"    建议卡点 post {post.id}：{post.lat:.7f},{post.lon:.7f}  朝{side(post.bearing_deg)}  "
            f"{BLOCKS[post.blocks]}  {post.need_units} 个单元"
        )
    else:
        made.append("    此处几条路重叠，定不出卡点在哪条路上，请到现场定点")
    if leak.widen is not None:
        made.append(f"    或把 {names.get(leak.widen, '')} {leak.widen} 改为双向拦（blocks = both）")
    return made
