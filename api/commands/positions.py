"""``kakou positions``: recorded days of positions, examined and played again."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from camera_config.clock import SystemClock
from camera_config.errors import ConfigError
from camera_config.example import example_county

if TYPE_CHECKING:
    from api.positions.examined import Examined, Span, UnitDay
    from api.positions.recorded import Day
    from camera_config.county import County

positions = typer.Typer(
    help="位置 Recorded days of unit positions: what is in them, and played again.", no_args_is_help=True
)

TIMEOUT_S = 5.0
WIDTH = 120
SHOWN_SPANS = 3
"""So many intervals of a unit are written out, the longest; --json has all."""

File = Annotated[Path, typer.Argument(help="CSV: unit,lat,lon,at and speed_kmh,heading_deg,status,received_at.")]
Folder = Annotated[Path | None, typer.Option("--county", help="The county's folder; the invented county without it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
Strict = Annotated[bool, typer.Option(help="A line that is wrong ends it, and nothing is done.")]


@positions.command()
def check(file: File, county: Folder = None, as_json: AsJson = False, strict: Strict = False) -> None:
    """Say what is in a file: units, gaps, jumps, frozen stretches, clocks, what lies outside of the county."""
    from api.positions.examined import examine
    from camera_config.load import load_county

    loaded = load_county(county or example_county())
    day = _read(file, loaded, strict=strict)
    found = examine(day, loaded)
    if as_json:
        print(json.dumps(found.json(day), ensure_ascii=False, allow_nan=False))
        return
    console = Console(width=max(WIDTH, Console().width))
    _tell_file(console, day)
    console.print(_table(found, day, loaded))
    for unit in found.units:
        for words, spans in (("失联 gap", unit.gaps), ("不动 frozen", unit.frozen)):
            longest = sorted(spans, key=lambda span: (-span.seconds, span.start))[:SHOWN_SPANS]
            for span in sorted(longest, key=lambda span: span.start):
                console.print(Text(f"{unit.unit} {words} {_between(span, loaded)}"))
            if len(spans) > SHOWN_SPANS:
                console.print(Text(f"{unit.unit} {words} …… 其余 {len(spans) - SHOWN_SPANS} 段见 --json"))
        for reason, lines in unit.doubts.items():
            console.print(Text(f"{unit.unit} {reason}: {_lines(lines)}"))
    if found.strangers:
        console.print(Text(f"名册中没有 not in units.csv: {', '.join(sorted(found.strangers))}", style="yellow"))


@positions.command()
def replay(
    file: File,
    speed: Annotated[float, typer.Option(min=1.0, max=3600.0, help="Seconds of the day a second.")] = 1.0,
    api: Annotated[str, typer.Option("--url", help="Address of the running system.")] = "http://127.0.0.1:8080",
    token_file: Annotated[Path, typer.Option(help="File with the position feed's token.")] = Path("data/units.token"),
    live: Annotated[bool, typer.Option("--live", help="Not a drill: the verdict counts them. Own pace only.")] = False,
    county: Folder = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Send a recorded day to a running system, each position as old as it was; a drill unless it is --live."""
    import httpx

    from api.positions.replayed import Pace
    from api.positions.replayed import replay as play
    from camera_config.load import load_county

    try:
        pace = Pace(speed, live)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--speed") from None
    loaded = load_county(county or example_county())
    day = _read(file, loaded, strict=strict)
    errors = Console(stderr=True)
    _tell_file(errors, day)
    try:
        token = token_file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{token_file} cannot be read", hint="`kakou up` writes DATA/units.token.") from error
    seconds = (day.rows[-1].received_at - day.rows[0].received_at) / speed
    word = "实况 LIVE" if live else "演练 DRILL"
    errors.print(Text(f"{word}: {len(day.rows)} positions in {seconds:.0f} s to {api}"))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=api, headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
        sent = play(day, client, pace, SystemClock(), lambda text: errors.print(Text(text)))
    if as_json:
        print(json.dumps(sent.json(), ensure_ascii=False, allow_nan=False))
        return
    console = Console()
    console.print(Text(f"{sent.positions} sent, {sent.accepted} trusted"))
    for reason, number in sent.untrusted.most_common():
        console.print(Text(f"{number} untrusted: {reason}"))
    if sent.unknown_units:
        console.print(Text(f"名册中没有 not in units.csv: {', '.join(sorted(sent.unknown_units))}", style="yellow"))


def _read(file: Path, county: "County", *, strict: bool) -> "Day":
    """Return the file; end 2 where it is none, or ``strict`` and not whole."""
    from api.positions.recorded import read_day

    try:
        return read_day(file, county, strict=strict)
    except ConfigError as error:
        typer.echo(f"{error}\n{error.hint}", err=True)
        raise typer.Exit(2) from None


def _tell_file(console: Console, day: "Day") -> None:
    for bad in day.bad:
        console.print(Text(f"{bad}", style="yellow"))
    if day.ignored:
        console.print(Text(f"columns ignored: {', '.join(day.ignored)}"))
    if day.missing:
        console.print(Text(f"columns absent: {', '.join(day.missing)}"))
    if not day.timed:
        console.print(Text("without received_at each counts as received when it was measured: clocks cannot be judged"))


def _table(found: "Examined", day: "Day", county: "County") -> Table:
    table = Table(title=f"{_clock(found.start, county)} – {_clock(found.end, county)}")
    headings = (
        "单元 unit",
        "位置 positions",
        "失联 gaps",
        "跳变 jumps",
        "不动 frozen",
        "其他疑点 doubts",
        "乱序 重复",
        "时钟 clock",
    )
    for heading in headings:
        table.add_column(heading)
    for unit in found.units:
        jumps = sum(len(lines) for reason, lines in unit.doubts.items() if "further apart" in reason)
        others = sum(map(len, unit.doubts.values())) - jumps
        table.add_row(
            unit.unit,
            str(unit.positions),
            f"{len(unit.gaps)} · {_span_s(unit.gaps)}" if unit.gaps else "–",
            str(jumps or "–"),
            f"{len(unit.frozen)} · {_span_s(unit.frozen)}" if unit.frozen else "–",
            str(others or "–"),
            f"{unit.out_of_order} {unit.repeated}",
            _lateness(unit) if day.timed else "?",
        )
    return table


def _lateness(unit: "UnitDay") -> str:
    if not unit.late_s:
        return "–"
    return f"{min(unit.late_s):.1f} … {max(unit.late_s):.1f} s {unit.clock}".strip()


def _span_s(spans: "list[Span]") -> str:
    whole = -int(-sum(span.seconds for span in spans) // 1)
    return f"{whole // 60}:{whole % 60:02d}"


def _between(span: "Span", county: "County") -> str:
    return f"{_clock(span.start, county)} – {_clock(span.end, county)} ({_span_s([span])})"


def _clock(at: float, county: "County") -> str:
    zone = timezone(timedelta(seconds=county.utc_offset_s))
    try:
        return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return f"{at:.0f}"


def _lines(lines: list[int]) -> str:
    more = f" … {len(lines)}" if len(lines) > 10 else ""
    return f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines[:10]))}{more}"
