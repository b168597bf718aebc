"""``kakou cameras``: bring a county's cameras in from a list, and write them back as one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.commands.discover import discover
from camera_config.errors import ConfigError

if TYPE_CHECKING:
    from camera_config.camera_list import CameraList
    from camera_config.list_changes import Changes, Standing
    from camera_config.mistakes import Mistakes

cameras = typer.Typer(help="The county's cameras: import a list, export it, find cameras.", no_args_is_help=True)
cameras.command("discover")(discover)

County = Annotated[Path, typer.Option(help="The county's folder.", exists=True, file_okay=False)]
SHOWN = 20
"""So many cameras of each kind are named in the preview."""


@cameras.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="The list: .csv or .xlsx, headings in the first row.")],
    county: County,
    apply: Annotated[bool, typer.Option("--apply", help="Write the county's cameras; without it only look.")] = False,
    confirm_removals: Annotated[
        int | None, typer.Option(help="How many cameras the list takes away, when it is more than a tenth.")
    ] = None,
    keep_others: Annotated[
        bool, typer.Option("--keep-others", help="Cameras that the list does not name stay as they are.")
    ] = False,
    take_passwords: Annotated[
        bool, typer.Option("--take-passwords", help="Move users and passwords of the list to the secrets file.")
    ] = False,
    secrets: Annotated[
        Path, typer.Option(envvar="KAKOU_SECRETS_FILE", help="The secrets file for --take-passwords.")
    ] = Path("data/secrets.json"),
) -> None:
    """Show what a list of cameras changes and every mistake in it; with --apply, change it."""
    from camera_config.camera_list import read_list
    from camera_config.list_changes import compare, replace_cameras, rewritten, standing
    from camera_config.mistakes import Mistakes

    console = Console(highlight=False, soft_wrap=True)
    now = standing(county)
    mistakes = Mistakes()
    found = read_list(file, now.records, now.townships, take_passwords=take_passwords, mistakes=mistakes)
    changes = compare(now.records, found.records, keep_others=keep_others)
    text, on_line = rewritten(now.text, changes)
    rows = {line: found.rows[camera] for line, camera in on_line.items() if camera in found.rows}
    if found.records:
        _look_at_county(now, text, rows, found, mistakes)
    _show(console, changes, found, whole=not len(mistakes))
    if len(mistakes):
        for mistake in mistakes.in_order():
            place = (
                f"{mistake.file} row {mistake.line}" if mistake.file == file.name else f"{mistake.file}:{mistake.line}"
            )
            console.print(f"[bold]{escape(place)}[/]: [red]{escape(mistake.what)}[/]; {escape(mistake.hint)}")
        noun = "mistake" if len(mistakes) == 1 else "mistakes"
        console.print(f"{len(mistakes)} {noun}: nothing can be applied; correct the list and look again")
        raise typer.Exit(1)
    if found.logins:
        console.print(f"{len(found.logins)} logins are taken out of the list, for {escape(str(secrets))}")
    if changes.many_removed and confirm_removals != len(changes.removed):
        said = f" (not {confirm_removals})" if confirm_removals is not None else ""
        console.print(
            f"[red]the list takes {len(changes.removed)} of {len(now.records)} cameras away{said}[/]: "
            f"if that is meant, add --confirm-removals {len(changes.removed)}; "
            "if the list names only some cameras, add --keep-others"
        )
        if apply:
            raise typer.Exit(1)
    if not apply:
        console.print("nothing is written; add --apply to do so")
        return
    if found.logins:
        from camera_config.secrets import change_secrets

        change_secrets(secrets, lambda contents: contents.logins.update(found.logins))
    if not changes:
        console.print("the cameras are as in the list already")
        return
    kept = replace_cameras(now, text, datetime.now(UTC).astimezone())
    before = f"; the one before is {escape(kept.name)}" if kept else ""
    console.print(f"[green]{escape(str(now.path))} is written[/]{before}. Restart kakou to use it.")


@cameras.command("export")
def export_list(
    file: Annotated[Path, typer.Argument(help="Where to write: .csv or .xlsx. An existing file is replaced.")],
    county: County,
) -> None:
    """Write the county's cameras as a list that `kakou cameras import` reads."""
    from camera_config.camera_list import COLUMNS
    from camera_config.list_changes import cells_of, standing
    from camera_config.sheet import write_sheet

    now = standing(county)
    try:
        write_sheet(file, COLUMNS, (cells_of(record) for record in now.records.values()))
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}", hint="Choose another place.") from None
    Console().print(f"{len(now.records)} cameras in {file}", highlight=False, soft_wrap=True, markup=False)


def _look_at_county(
    now: "Standing", text: str, rows: dict[int, int], found: "CameraList", mistakes: "Mistakes"
) -> None:
    """Note what is wrong in the county with the new cameras: places, datum, codes, addresses, other files."""
    from camera_config.list_changes import check_candidate

    for mistake in check_candidate(now, text):
        if mistake.file == now.path.name and mistake.line in rows:
            mistakes.add(found.file, rows[mistake.line], mistake.what, mistake.hint)
        else:
            mistakes.add(mistake.file, mistake.line, mistake.what, mistake.hint)


def _show(console: Console, changes: "Changes", found: "CameraList", *, whole: bool) -> None:
    if found.remark:
        console.print(f"{escape(found.file)}: {found.remark}")
    # While rows are wrong, what the list takes away is not known: it may name them in those rows.
    removed = changes.removed if whole else ()
    gone = f"{len(removed)} removed, " if whole else ""
    doubt = "" if whole else " (rows with mistakes left out)"
    console.print(
        f"{len(changes.added)} added, {len(changes.changed)} changed, {gone}{changes.unchanged} unchanged{doubt}"
    )
    table = Table("", "camera", "what", show_header=False, box=None, padding=(0, 1))
    lines = [("[green]+[/]", record.id, record.name) for record in changes.added[:SHOWN]]
    lines += [
        ("[yellow]~[/]", c.new.id, "; ".join(f"{k} {_said(c.old, k)} → {_said(c.new, k)}" for k in c.keys))
        for c in changes.changed[:SHOWN]
    ]
    lines += [("[red]-[/]", record.id, record.name) for record in removed[:SHOWN]]
    for mark, camera, what in lines:
        table.add_row(mark, escape(camera), escape(what))
    if lines:
        console.print(table)
    for noun, many in (("added", changes.added), ("changed", changes.changed), ("removed", removed)):
        if len(many) > SHOWN:
            console.print(f"… and {len(many) - SHOWN} more {noun}")


def _said(record: object, key: str) -> str:
    value = getattr(record, key)
    return "–" if value is None else str(value)
