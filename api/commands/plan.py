"""``kakou plan``: can both rings be staffed in time from these positions, and who goes where."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from camera_config.errors import ConfigError
from camera_config.example import example_county

if TYPE_CHECKING:
    from api.plan.answer import Answer
    from api.plan.inputs import Prepared
    from api.plan.replay import Inputs
    from lockdown.units import UnitNow

MAX_LOOK_FOR = 40
"""Characters; what does not fit into an order's eight seconds is read out once, before the orders."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where the answer is to go beside the screen."""

    sheet: Path | None
    look_for: str
    map: Path | None
    geojson: Path | None
    replayed: bool

    @property
    def wanted(self) -> bool:
        """Tell whether any file was asked for."""
        return any((self.sheet, self.map, self.geojson))


def plan(
    positions: Annotated[
        Path | None, typer.Option(help="JSON list of unit positions; the county's positions.json without it.")
    ] = None,
    at: Annotated[str, typer.Option(help="With --positions FILE.csv: the moment of the recorded day.")] = "",
    county: Annotated[Path | None, typer.Option(help="The county's folder; the invented county without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything, with certificates, as JSON.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Write the orders to print (HTML, A4).")] = None,
    look_for: Annotated[str, typer.Option(help="What the posts look for, as it is read out.")] = "",
    map_file: Annotated[Path | None, typer.Option("--map", help="Draw the plan: FILE.svg or FILE.png.")] = None,
    geojson: Annotated[Path | None, typer.Option(help="Write posts, units and their ways, for a map.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep inputs and answer in this folder, by digest.")] = None,
    replay: Annotated[
        str | None, typer.Option(help="Make the kept plan of this digest again; ends 1 where anything differs.")
    ] = None,
    probable: Annotated[bool, typer.Option(help="Also the plan for probability, best found.")] = False,
    replanned: Annotated[bool, typer.Option(help="Also the odds with re-planning every 30 s; 15 s.")] = False,
    scenarios: Annotated[int, typer.Option(help="Scenarios of --replanned.", min=1, max=1_000_000)] = 1_000,
    drill: Annotated[bool, typer.Option(help="The positions are those of a drill: say so everywhere.")] = False,
    officers: Annotated[bool, typer.Option(help="Also the second crew model: officers summed over units.")] = False,
) -> None:
    """Say whether town and county can be closed now, who goes where, and what is missing if not."""
    from api.commands.officers import show_officers
    from api.commands.plan_shown import show
    from api.paper.situation import Origin
    from api.plan.answer import Asked, answer_text
    from api.plan.inputs import POSITIONS_FILE, prepare, read_positions
    from api.plan.officers import officers_now
    from api.plan.replay import inputs_of
    from api.plan.replay import keep as keep_record
    from api.positions.recorded import known_at
    from camera_config.load import load_county

    if replay is not None and (keep is None or positions is not None or probable or replanned):
        raise typer.BadParameter("--replay takes positions and what was asked from --keep DIR", param_hint="--replay")
    if bool(at) != (positions is not None and positions.suffix.lower() == ".csv"):
        raise typer.BadParameter("a recorded day is --positions FILE.csv with --at TIME", param_hint="--at")
    if len(look_for) > MAX_LOOK_FOR:
        raise typer.BadParameter(f"at most {MAX_LOOK_FOR} characters, to be read out", param_hint="--look-for")
    folder = county or example_county()
    loaded = load_county(folder)
    prepared = prepare(loaded)
    asked = Asked(probable=probable, replanned=scenarios if replanned else 0)
    if replay is not None and keep is not None:
        inputs, answer = _again(prepared, keep, replay)
    else:
        origin = Origin.DRILL if drill else Origin.FILE if positions else Origin.EXAMPLE
        if positions is not None and at:
            rows, now = known_at(positions, loaded, at)
        else:
            rows, now = read_positions(positions or folder / POSITIONS_FILE), time.time()
        inputs = inputs_of(prepared, rows, now, origin, asked)
        answer = _answer(prepared, inputs)
        if keep is not None:
            typer.echo(f"kept {keep_record(keep, inputs, answer)}", err=True)
    _write(prepared, inputs, answer, Output(sheet, look_for, map_file, geojson, replay is not None))
    by_officers = officers_now(prepared, _units(prepared, inputs)) if officers else None
    if as_json:
        text = answer_text(answer)
        if by_officers is not None:
            beside = {"officers": by_officers.model_dump(mode="json")}
            text = json.dumps({**json.loads(text), **beside}, ensure_ascii=False, allow_nan=False)
        print(text)
        return
    show(Console(), answer.out, loaded, answer.chances)
    if by_officers is not None:
        show_officers(Console(), by_officers, loaded)


def _units(prepared: "Prepared", inputs: "Inputs") -> "list[UnitNow]":
    from api.plan.inputs import units_from

    return units_from(prepared.county, inputs.positions)


def _answer(prepared: "Prepared", inputs: "Inputs") -> "Answer":
    from api.plan.answer import answer_of

    try:
        return answer_of(prepared, _units(prepared, inputs), inputs.computed_at, inputs.asked)
    except ValueError as error:
        raise ConfigError(f"--replanned: {error}", hint="Choose another [noise] model in rules.toml.") from error


def _again(prepared: "Prepared", folder: Path, digest: str) -> "tuple[Inputs, Answer]":
    """Return the kept inputs with the answer made anew; end 1 and say what differs where it is not the same bytes."""
    from api.plan.replay import SHOWN_DIFFERENCES, changed_answer, changed_inputs, find_record, inputs_of, read_inputs

    place = find_record(folder, digest)
    kept = read_inputs(place)
    now = inputs_of(prepared, kept.positions, kept.computed_at, kept.origin, kept.asked)
    changed = changed_inputs(kept, now)
    answer = None if changed else _answer(prepared, kept)
    if answer is not None:
        changed = changed_answer(place, answer)
        if answer.out.digest != place.name:
            changed.insert(0, f"positions: they are not those that {place.name} was made from")
    if answer is None or changed:
        typer.echo(f"{place.name}: not the same", err=True)
        for line in changed[:SHOWN_DIFFERENCES]:
            typer.echo(f"  {line}", err=True)
        if len(changed) > SHOWN_DIFFERENCES:
            typer.echo(f"  … and {len(changed) - SHOWN_DIFFERENCES} more", err=True)
        raise typer.Exit(1)
    typer.echo(f"{place.name}: the same bytes", err=True)
    return kept, answer


def _write(prepared: "Prepared", inputs: "Inputs", answer: "Answer", output: Output) -> None:
    from api import __version__
    from api.paper.picture import write_picture
    from api.paper.plan_map import plan_geojson, plan_picture
    from api.paper.sheet import sheet_of
    from api.paper.sheet_html import sheet_html
    from api.paper.situation import Situation, seen_now
    from api.paper.ways import ways

    if not output.wanted:
        return
    units = _units(prepared, inputs)
    seen = seen_now(prepared.county, units)
    situation = Situation(answer.out, prepared.county, seen, inputs.origin, __version__, output.replayed)
    if output.map is not None or output.geojson is not None:
        found = ways(prepared, units, [(order.unit, order.post) for order in answer.out.joint.plan])
        if output.map is not None:
            write_picture(output.map, plan_picture(situation, found))
        if output.geojson is not None:
            drawn = plan_geojson(situation, found)
            write_text(output.geojson, json.dumps(drawn, ensure_ascii=False, allow_nan=False))
    if output.sheet is not None:
        write_text(output.sheet, sheet_html(sheet_of(situation, output.look_for, answer.chances)))


def write_text(file: Path, text: str) -> None:
    """Write a file that a person asked for.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error}", hint="Give another file.") from error
