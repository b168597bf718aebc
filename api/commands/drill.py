"""``kakou drill``: exercise a seal with simulated units, and compare what was planned with what happened."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from camera_config.clock import SystemClock
from camera_config.errors import CountyError
from camera_config.example import example_county

drill = typer.Typer(help="演练 Exercise a seal; sends nobody and never touches the live verdict.", no_args_is_help=True)

CAUSES = {
    "no_unit": "无可派警力 no unit",
    "refused": "不能出警 refused",
    "acknowledgement": "应答迟 acknowledgement",
    "turnout": "出动迟 turnout",
    "driving": "行驶迟 driving",
}
HEADINGS = ("卡点 post", "圈 ring", "警力 units", "限时 deadline", "计划 planned", "实际 actual", "结果", "原因 cause")
TIMEOUT_S = 30.0


@drill.callback()
def _group() -> None:
    pass


@drill.command()
def run(
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same drill.")] = 1,
    speed: Annotated[float, typer.Option(min=1.0, help="Drill seconds a second.")] = 60.0,
    ring: Annotated[str, typer.Option(help="town, county or both")] = "both",
    note: Annotated[str, typer.Option(help="Kept with the drill.")] = "",
    county: Annotated[Path | None, typer.Option(help="The county's folder; the invented county without it.")] = None,
    api: Annotated[str, typer.Option(help="Address of a running system; without it a private one is started.")] = "",
    token_file: Annotated[Path | None, typer.Option(help="With --api: file with the position feed's token.")] = None,
    login_file: Annotated[
        Path | None, typer.Option(help="With --api: file with an operator's one-time link; asked for without it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
) -> None:
    """Move simulated units along a frozen plan through the HTTP API; print planned against actual, post by post."""
    import httpx

    from api.drill.play import Play
    from api.drill.private import private_server
    from api.plan.inputs import prepare
    from camera_config.load import load_county

    rings = {"town": ["town"], "county": ["county"], "both": ["town", "county"]}.get(ring)
    if rings is None:
        raise typer.BadParameter("want town, county or both", param_hint="--ring")
    if api and token_file is None:
        raise typer.BadParameter("--api needs --token-file", param_hint="--token-file")
    folder, clock, console = county or example_county(), SystemClock(), Console(stderr=True)
    with ExitStack() as stack:
        if api:
            assert token_file is not None
            url, device = api.rstrip("/"), token_file.read_text(encoding="ascii").strip()
            login = _login(login_file)
        else:
            with console.status("正在启动演练服务 Starting a private server …"):
                private = stack.enter_context(private_server(folder, clock))
            url, login, device = private.url, private.login, private.device
        operator = stack.enter_context(_client(url, {"Origin": url}))
        feed = stack.enter_context(_client(url, {"Authorization": f"Bearer {device}"}))
        try:
            answer = operator.post("/v1/session", json={"token": login})
        except httpx.TransportError as error:
            raise CountyError(f"{url} does not answer: {error}", hint="Is `kakou up` running?") from error
        if answer.is_error:
            raise CountyError("the one-time login was not accepted", hint="Each link works once, for 30 minutes.")
        prepared = prepare(load_county(folder))
        play = Play(prepared, operator, feed, clock, seed=seed, speed=speed)
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("演练 drill")

            def progress(t_s: float, end_s: float, arrived: int) -> None:
                bar.update(task, total=end_s, completed=t_s, description=f"演练 drill T+{_clock(t_s)} 到位 {arrived}")

            result = play.run(rings, note, progress)
        operator.delete("/v1/session")
    if as_json:
        print(json.dumps(result, ensure_ascii=False, allow_nan=False))
        return
    _show(result)


def _client(url: str, headers: dict[str, str]) -> Any:
    import httpx

    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False)


def _login(login_file: Path | None) -> str:
    if login_file is not None:
        said = login_file.read_text(encoding="ascii").strip()
    else:
        said = typer.prompt("一次性链接 one-time link of an operator", hide_input=True).strip()
    return said.rpartition("#token=")[2]


def _show(result: dict[str, Any]) -> None:
    table = Table(title=f"演练 DRILL seed {result['seed']}: 计划与实际 planned against actual")
    for heading in (
        "卡点 post",
        "圈 ring",
        "警力 units",
        "限时 deadline",
        "计划 planned",
        "实际 actual",
        "结果",
        "原因 cause",
    ):
        table.add_column(heading)
    for post in result["posts"]:
        table.add_row(
            post["name"],
            post["ring"],
            ", ".join(unit["unit"] for unit in post["units"]),
            _clock(post["deadline_s"]),
            _clock(post["planned_staffed_s"]),
            _clock(post["staffed_s"]),
            _outcome(post),
            CAUSES.get(post["cause"] or "", ""),
        )
    console = Console(width=max(120, Console().width))
    console.print(table)
    in_time = sum(1 for post in result["posts"] if post["in_time"])
    console.print(f"{in_time} / {len(result['posts'])} 个卡点按时到岗 posts staffed in time", highlight=False)


def _outcome(post: dict[str, Any]) -> str:
    if post["in_time"]:
        return "● 按时 in time"
    return "✕ 未到岗 not staffed" if post["staffed_s"] is None else f"✕ 超时 late {_clock(post['late_s'])}"


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    whole = -int(-seconds // 1)
    return f"{whole // 60}:{whole % 60:02d}"
