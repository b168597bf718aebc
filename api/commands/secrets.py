"""``kakou secrets``: users and passwords of the cameras. A password is asked for or piped in, never an argument."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from camera_config.secrets import Contents, Login

secrets = typer.Typer(help="Users and passwords of the cameras, kept encrypted.", no_args_is_help=True)

Device = Annotated[
    str, typer.Argument(help="Id of a camera or checkpoint, '*' (in quotes) for all others, or positions.stream.")
]
File = Annotated[
    Path, typer.Option(envvar="KAKOU_SECRETS_FILE", help="The secrets file; `kakou up --data D` reads D/secrets.json.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        envvar="KAKOU_SECRETS_KEY_FILE",
        help="Where the key is made when the secrets file is first written; default beside it, as FILE.key.",
    ),
]
DEFAULT = Path("data/secrets.json")
WHOM = {"*": "every device without an entry of its own", "positions.stream": "the other system's stream of positions"}
"""What is no device."""


@secrets.command("set")
def set_login(
    device: Device,
    user: Annotated[str, typer.Option(help="The user that the camera knows.")],
    file: File = DEFAULT,
    key_file: KeyFile = None,
    county: Annotated[Path | None, typer.Option(help="The county's folder: refuse a device that it has not.")] = None,
) -> None:
    """Keep a device's user and password; the password is asked for, or read from standard input when piped in."""
    from camera_config.secrets import change_secrets

    _check_device(device, county)
    login = asked_login(user)
    change_secrets(file, lambda contents: contents.logins.update({device: login}), key_file=key_file)
    whom = WHOM.get(device, device)
    Console().print(
        f"kept in {file} for {whom}; a running kakou uses it from its next connection on",
        soft_wrap=True, highlight=False, markup=False,
    )  # fmt: skip


@secrets.command("list")
def list_entries(file: File = DEFAULT) -> None:
    """Show which devices have an entry, and the user; never a password."""
    from camera_config.secrets import read_secrets

    contents = read_secrets(file)
    table = Table("device", "user", "pinned certificate, SHA-256", title=f"{file}")
    for device in sorted({*contents.logins, *contents.pins}):
        login = contents.logins.get(device)
        table.add_row(device, login.user if login else "–", contents.pins.get(device, "–"))
    console = Console()
    if table.row_count:
        console.print(table)
    else:
        console.print(
            f"{file} holds nothing: kakou secrets set '*' --user admin keeps the first login", highlight=False
        )


@secrets.command("remove")
def remove(device: Device, file: File = DEFAULT) -> None:
    """Forget a device's login and pinned certificate."""
    from camera_config.secrets import change_secrets

    gone: list[str] = []

    def drop(contents: "Contents") -> None:
        gone.extend(["login"] if contents.logins.pop(device, None) else [])
        gone.extend(["pinned certificate"] if contents.pins.pop(device, None) else [])

    if file.exists():
        change_secrets(file, drop)
    if not gone:
        raise typer.BadParameter(f"{file} has no entry for {device!r}; see `kakou secrets list`", param_hint="DEVICE")
    Console().print(f"{device}: {' and '.join(gone)} forgotten", highlight=False, markup=False)


@secrets.command("pin")
def pin(
    device: Annotated[str, typer.Argument(help="Id of a camera or checkpoint.")],
    sha256: Annotated[str, typer.Argument(help="SHA-256 of its certificate (DER), 64 hexadecimal digits.")],
    file: File = DEFAULT,
    key_file: KeyFile = None,
    county: Annotated[Path | None, typer.Option(help="The county's folder: refuse a device that it has not.")] = None,
) -> None:
    """Accept a camera's own certificate (rtsps), and no other, by its fingerprint."""
    from camera_config.secrets import change_secrets, fingerprint

    if device in WHOM:
        raise typer.BadParameter("each camera has a certificate of its own: name one device", param_hint="DEVICE")
    _check_device(device, county)
    try:
        wanted = fingerprint(sha256)
    except ValueError as error:
        hint = "openssl x509 -in camera.pem -noout -fingerprint -sha256 prints it"
        raise typer.BadParameter(f"{error}; {hint}", param_hint="SHA256") from None
    change_secrets(file, lambda contents: contents.pins.update({device: wanted}), key_file=key_file)
    Console().print(f"{device} is accepted with certificate {wanted[:16]}… alone", highlight=False)


@secrets.command("rotate-key")
def rotate(file: File = DEFAULT) -> None:
    """Encrypt everything under a new key. Backups of the old pair still open: change passwords that were exposed."""
    from camera_config.secrets import rotate_key

    rotate_key(file)
    Console().print(f"{file} is encrypted under a new key", highlight=False, soft_wrap=True)


def asked_login(user: str, *, confirm: bool = True) -> "Login":
    """Return the login with a password that was typed twice, or read as a line where input is piped."""
    from camera_config.secrets import Login

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise typer.BadParameter("no password came on standard input", param_hint="standard input")
    try:
        return Login(user, password)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="user or password") from None


def _check_device(device: str, county: Path | None) -> None:
    import re

    if device in WHOM:
        return
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", device):
        raise typer.BadParameter(f"{device!r} is not an id: lower-case letters, digits, dashes", param_hint="DEVICE")
    if county is not None:
        from camera_config.load import load_county

        loaded = load_county(county)
        if device not in {*(one.id for one in loaded.cameras), *(one.id for one in loaded.checkpoints)}:
            raise typer.BadParameter(f"{county} has no device {device!r}", param_hint="DEVICE")
