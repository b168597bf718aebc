"""``kakou check``: is a county's folder right? Starts nothing."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    county: Annotated[
        Path | None, typer.Argument(help="The county's folder; without it, the invented county.", show_default=False)
    ] = None,
) -> None:
    """Report every mistake in a county's files, by file and line. Starts nothing."""
    from rich.console import Console
    from rich.markup import escape

    from camera_config.example import example_county
    from camera_config.load import read_county

    # Nothing is wrapped: a mistake stays on one line for grep and editors.
    console = Console(highlight=False, soft_wrap=True)
    folder = example_county() if county is None else county
    loaded, mistakes = read_county(folder)
    for mistake in mistakes:
        place = f"[bold]{escape(mistake.file)}:{mistake.line}[/bold]"
        console.print(f"{place}: [red]{escape(mistake.what)}[/red]; {escape(mistake.hint)}")
    if loaded is None or mistakes:
        noun = "mistake" if len(mistakes) == 1 else "mistakes"
        console.print(f"{escape(str(folder))}: {len(mistakes)} {noun}; correct the files and check again")
        raise typer.Exit(1)
    console.print(
        f"[green]{escape(str(folder))} is right[/green]: {escape(loaded.name)}, {len(loaded.townships)} townships, "
        f"{len(loaded.cameras)} cameras with {len(loaded.camera_rules)} rules, "
        f"{len(loaded.checkpoints)} smart checkpoints, {len(loaded.posts)} posts, "
        f"{len(loaded.units)} units, {len(loaded.zones)} zones, {len(loaded.routes)} routes, "
        f"{len(loaded.standby_points)} standby points, {len(loaded.roads.node_lat)} junctions, "
        f"{len(loaded.roads.length_m)} roads"
    )
    if not loaded.camera_rules:
        console.print("note: no camera has a rule, none is watched for anything; docs/guide/rules.md says how")
