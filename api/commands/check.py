"""``kakou check``: is a county's folder right? Starts nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from camera_config.road_summary import RoadSummary


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
    from camera_config.road_summary import summary_of
    from lockdown.graph import build_graph

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
    try:
        build_graph(loaded.roads, loaded.rules.speed_kmh[loaded.rules.weather], loaded.closures, loaded.posts,
                    loaded.rules.snap_max_m)  # fmt: skip
    except ValueError as error:  # what only the planner asks: a carriageway in the post's direction
        console.print(f"{escape(str(folder))}: [red]{escape(str(error))}[/red]")
        raise typer.Exit(1) from None
    console.print(
        f"[green]{escape(str(folder))} is right[/green]: {escape(loaded.name)}, {len(loaded.townships)} townships, "
        f"{len(loaded.cameras)} cameras with {len(loaded.camera_rules)} rules, "
        f"{len(loaded.checkpoints)} smart checkpoints, {len(loaded.posts)} posts, "
        f"{len(loaded.units)} units, {len(loaded.zones)} zones, {len(loaded.routes)} routes, "
        f"{len(loaded.standby_points)} standby points"
    )
    for line in _roads(summary_of(loaded.roads, loaded.posts, loaded.rules.snap_max_m)):
        console.print(escape(line))
    if not loaded.camera_rules:
        console.print("note: no camera has a rule, none is watched for anything; docs/guide/rules.md says how")


def _roads(found: "RoadSummary") -> Iterator[str]:
    km = ", ".join(f"{name} {length:.1f}" for name, length in found.km.items())
    private = f", {found.private_km:.1f} of them private" if found.private_km > 0 else ""
    yield (
        f"roads: {found.junctions} junctions, {found.roads} roads, {sum(found.km.values()):.1f} km ({km}){private}; "
        f"{found.strong_permille / 10:.1f} % of them in the largest part where every place reaches every other"
    )
    if found.left_out:
        yield f"ways left out or cut: {', '.join(f'{count} {reason}' for reason, count in found.left_out)}"
    for post in found.cut_off:
        yield f"note: post {post!r} is cut off: no way leads to it and back from the largest part of the roads"
