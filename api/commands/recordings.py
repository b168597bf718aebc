"""``kakou recordings``: look at a folder of recordings on this machine, while the recorder runs or without it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

recordings = typer.Typer(help="Look at recorded video (录像): list it, and verify file by file.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder of recordings; with `kakou up` it is DATA/recordings.")]


@recordings.command("list")
def list_(folder: Folder) -> None:
    """Show what is recorded of each stream, how much of it, and what is held."""
    from rich.console import Console
    from rich.table import Table

    from ingest.record.index import Index

    index = Index.read(folder)
    try:
        table = Table("stream", "first", "last", "hours", "MB", "segments", "holds")
        for stream in index.streams():
            found = index.segments(stream, float("-inf"), float("inf"), limit=10_000_000)
            hours = sum(one.end - one.start for one in found) / 3600
            size = sum(one.bytes for one in found) / 1e6
            times = (_local(found[0].start), _local(found[-1].end))
            held = str(len(index.holds(stream)) or "")
            table.add_row(stream, *times, f"{hours:.2f}", f"{size:.1f}", str(len(found)), held)
        console = Console()
        console.print(table)
        console.print(f"{index.used_bytes() / 1e9:.2f} GB in {folder}", highlight=False)
    finally:
        index.close()


@recordings.command()
def verify(folder: Folder) -> None:
    """Compare every file with the index: there, of its size and SHA-256, playable, no overlap; exit 1 if not."""
    from rich.console import Console
    from rich.table import Table

    from ingest.record.verify import verify as findings_of

    found = findings_of(folder)
    console = Console()
    if not found:
        console.print(f"{folder}: every file is what the index says", highlight=False)
        return
    table = Table("what is wrong", "which", "how")
    for one in found:
        table.add_row(one.kind, one.what, one.text)
    console.print(table)
    console.print(f"{len(found)} findings. Nothing was changed.", highlight=False)
    raise typer.Exit(1)


def _local(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
