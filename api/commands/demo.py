"""``kakou demo``: the whole system on the invented county, in one command."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from camera_config.example import example_county

FULL = 350


def demo(
    for_s: Annotated[
        float | None, typer.Option("--for", help="Seconds from all devices online; without it until Ctrl-C.")
    ] = None,
    cameras: Annotated[int, typer.Option(min=0, max=FULL, help="Street cameras; the checkpoints always run.")] = 60,
    headless: Annotated[bool, typer.Option(help="Print no link and no invitation.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report of a timed run to this file, as JSON.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of vehicles and units; the same seed plays the same.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the wall; 0 takes a free one.")] = 8080,
    clips: Annotated[
        Path | None, typer.Option(help="Footage of your own: videos and truth.csv.", exists=True, file_okay=False)
    ] = None,
    county: Annotated[Path | None, typer.Option(help="Folder of a county; default the invented Dongfeng.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep store, pictures and logs in this folder.")] = None,
) -> None:
    """Run the whole system on simulated cameras and units, with real detection and a real plan."""
    from api.demo.run import TimedRun
    from api.demo.system import DemoOptions, DemoSystem

    console = Console(stderr=True)
    data = keep or Path(tempfile.mkdtemp(prefix="kakou-demo-"))
    options = DemoOptions(county or example_county(), data, cameras, for_s, seed, 0 if headless else port, clips)
    system = DemoSystem(options, say=lambda text: console.print(text, style="dim", highlight=False, markup=False))
    try:
        with console.status("Starting: cameras, event log, ingest, detection, planner, wall …"):
            system.start()
        if not headless:
            console.print("\n  [bold]卡口 kakou[/]  the wall is open. One-time link (valid 30 minutes, works once):\n")
            console.print(f"  [bold cyan]{system.link()}[/]\n", soft_wrap=True)
        if for_s is None:
            console.print("  Ctrl-C ends everything.", style="dim")
            system.run(lambda: False)
        else:
            with console.status(f"Running {for_s:.0f} s from the moment all devices are online …"):
                figures, _, _ = TimedRun(system).run(for_s)
            _tell(console, figures)
            if report is not None:
                report.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    finally:
        with console.status("Ending …"):
            system.close()
        if keep is None:
            shutil.rmtree(data, ignore_errors=True)


def _tell(console: Console, figures: dict[str, Any]) -> None:
    table = Table("figure", "value", title="卡口 kakou: what went in and what came out")
    for name, value in figures.items():
        if isinstance(value, dict):
            text = (
                f"{value['verdict']}, T* {value['t_star_s']} s, margin {value['margin_s']} s, {value['weakest_post']}"
            )
            table.add_row(name, text)
        elif not isinstance(value, list):
            table.add_row(name, str(value))
    console.print(table)
