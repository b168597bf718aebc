"""``kakou watch``: look for a plate, over the HTTP API of a running installation."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from camera_config.errors import CountyError

watch = typer.Typer(help="Look for a plate (布控): add, list, remove.", no_args_is_help=True)

TIMEOUT_S = 10.0
KEPT = "session:"

Api = Annotated[str, typer.Option("--api", help="Where the installation is served.")]
TokenFile = Annotated[
    Path,
    typer.Option(
        "--token-file",
        help="File with an operator's one-time link or its token; it then holds the session that was opened with it.",
    ),
]
LOCAL = "http://127.0.0.1:8080"
FILE = Path("operator.token")


@watch.command()
def add(
    plate: Annotated[str, typer.Argument(help="For example 吉D12345.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    requester: Annotated[str, typer.Option(help="Who asks for it.")],
    ends: Annotated[datetime, typer.Option(help="Until when, local time; at most 90 days.")],
    api: Api = LOCAL,
    token_file: TokenFile = FILE,
) -> None:
    """Look for a plate until a day."""
    entry = {"plate": plate, "reason": reason, "requester": requester, "ends_at": ends.astimezone().timestamp()}
    with _client(api, token_file) as client:
        made = _answer(client.post("/v1/watchlist", json=entry))
    Console().print(f"{made['id']} {made['plate']} until {_local(made['ends_at'])}", highlight=False, soft_wrap=True)


@watch.command("list")
def list_(api: Api = LOCAL, token_file: TokenFile = FILE) -> None:
    """Show what is looked for."""
    with _client(api, token_file) as client:
        entries = _answer(client.get("/v1/watchlist"))["watchlist"]
    table = Table("id", "plate", "until", "reason", "requester")
    for entry in entries:
        table.add_row(entry["id"], entry["plate"], _local(entry["ends_at"]), entry["reason"], entry["requester"])
    Console().print(table)


@watch.command()
def remove(
    entry: Annotated[str, typer.Argument(help="The id that `kakou watch list` shows.")],
    api: Api = LOCAL,
    token_file: TokenFile = FILE,
) -> None:
    """Look for it no longer."""
    if not re.fullmatch(r"[0-9a-f-]{36}", entry):
        raise CountyError(f"{entry!r} is not the id of an entry", hint="`kakou watch list` shows the ids.")
    with _client(api, token_file) as client:
        _answer(client.delete(f"/v1/watchlist/{entry}"))
    Console().print(f"removed {entry}", highlight=False)


@contextmanager
def _client(api: str, token_file: Path) -> Iterator[Any]:
    """Yield a client that is logged in."""
    import httpx

    origin = api.rstrip("/")
    try:
        secret = token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CountyError(
            f"{token_file} cannot be read: {error.strerror}",
            hint="Save the operator's one-time link that `kakou up` prints in a file and name it with --token-file.",
        ) from error
    try:
        with httpx.Client(base_url=origin, headers={"Origin": origin}, timeout=TIMEOUT_S, trust_env=False) as client:
            if secret.startswith(KEPT):
                name, _, value = secret.removeprefix(KEPT).partition("=")
                client.cookies.set(name, value)
            else:
                token = secret.partition("#token=")[2] or secret
                _answer(client.post("/v1/session", json={"token": token}))
                kept = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
                token_file.write_text(KEPT + kept, encoding="utf-8")
                token_file.chmod(0o600)
            yield client
    except httpx.InvalidURL as error:
        raise CountyError(f"{api} is not a URL: {error}", hint="For example --api http://127.0.0.1:8080.") from error
    except httpx.TransportError as error:
        raise CountyError(
            f"{origin} does not answer: {type(error).__name__}", hint="Does `kakou up` run there? --api names another."
        ) from error


def _answer(response: Any) -> Any:
    """Return the answer's JSON, None when it has none.

    Raises:
        CountyError: it was refused.
    """
    if response.status_code == 204:
        return None
    try:
        body = response.json()
    except ValueError:
        body = {}
    if response.is_success:
        return body
    detail = str(body.get("detail") or response.reason_phrase)
    for mistake in body.get("errors", []):
        detail += f"; {mistake}"
    hint = (
        "Ask for a new one-time link: the old one is used or its session has ended."
        if (response.status_code in {401, 403})
        else ""
    )
    raise CountyError(f"{response.status_code}: {detail}", hint=hint)


def _local(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"
