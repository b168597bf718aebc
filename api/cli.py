"""The command ``kakou``. Each command stands in a module of its own and loads what it needs when it runs."""

import sys
from typing import Annotated

import typer

from api import __version__
from api.commands.cameras import cameras
from api.commands.check import check
from api.commands.contain import contain
from api.commands.demo import demo
from api.commands.detect import detect
from api.commands.doctor import doctor
from api.commands.drill import drill
from api.commands.leaks import leaks
from api.commands.mask import mask
from api.commands.plan import plan
from api.commands.positions import positions
from api.commands.race import cut, race
from api.commands.recordings import recordings
from api.commands.refusal import tell
from api.commands.secrets import secrets
from api.commands.simulate_cameras import simulate_cameras
from api.commands.simulate_units import simulate_units
from api.commands.standby import standby
from api.commands.up import up
from api.commands.verify_plan import verify_plan
from api.commands.watch import watch
from api.commands.whatif import whatif
from camera_config.errors import CountyError

app = typer.Typer(
    name="kakou",
    help="卡口: watch a county's cameras and checkpoints, and prove whether it can be sealed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
simulate = typer.Typer(help="Play cameras or police units, for demos, tests and benchmarks.", no_args_is_help=True)

for command in (demo, up, check, doctor, plan, whatif, verify_plan, race, cut, leaks, contain, standby, detect, mask):
    app.command()(command)
simulate.command("cameras")(simulate_cameras)
simulate.command("units")(simulate_units)
app.add_typer(simulate, name="simulate")
app.add_typer(drill, name="drill")
app.add_typer(watch, name="watch")
app.add_typer(recordings, name="recordings")
app.add_typer(cameras, name="cameras")
app.add_typer(secrets, name="secrets")
app.add_typer(positions, name="positions")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"kakou {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


def main() -> None:
    """Run a command; what a person can mend is told in one message without a traceback."""
    try:
        app()
    except CountyError as error:
        tell(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
