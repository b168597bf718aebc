"""What a person can mend, told in one message without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from camera_config.errors import CountyError

BAD_INPUT = 2
"""A command whose 1 is an answer ends with this where it could not answer."""


def tell(error: CountyError) -> None:
    """Print the error's code, message and hint to standard error."""
    console = Console(stderr=True)
    console.print(f"[red bold]{error.code}[/] ", end="")
    console.print(str(error), markup=False, highlight=False)
    if error.hint:
        console.print(error.hint, style="yellow", markup=False, highlight=False)


@contextmanager
def bad_input() -> Iterator[None]:
    """End the command with ``BAD_INPUT`` when an error of the county's is raised."""
    try:
        yield
    except CountyError as error:
        tell(error)
        raise typer.Exit(BAD_INPUT) from error
