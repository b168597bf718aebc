"""Users, passwords and pinned certificates of cameras and of the position stream, encrypted in a file of their own.

What the encryption protects: copies and backups of the secrets file without its key file, a file that was sent along by
mistake, a look over the shoulder, entries exchanged or changed. What it does not: anybody who can read both files, who
is root or the account that kakou runs under, who reads kakou's memory, or who listens where a camera takes its password
in clear (Basic without TLS). An entry taken out of the file is not missed. Old backups open with an old key.
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from camera_config.errors import ConfigError
from camera_config.sealed import read_sealed, write_sealed, writing

log = logging.getLogger(__name__)

GROUP = "*"
"""The entry for every device that has none of its own."""

POSITION_STREAM = "positions.stream"
"""The entry for the other system's stream of positions; no device's id has a dot."""


@dataclass(frozen=True, slots=True)
class Login:
    """A camera's user and password; ``repr`` and ``str`` show neither."""

    user: str
    password: str

    def __post_init__(self) -> None:
        if not _sayable(self.user) or ":" in self.user:
            raise ValueError("a user has 1 to 256 characters, no colon and no control characters")
        if not _sayable(self.password):
            raise ValueError("a password has 1 to 256 characters and no control characters")

    def __repr__(self) -> str:
        return "Login(…)"


@dataclass(slots=True, repr=False)
class Contents:
    """Everything the file holds: logins by device id or ``GROUP``, SHA-256 of certificates (hex) by device id."""

    logins: dict[str, Login] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)


class Secrets:
    """The secrets as they stand in the file now: a change of the file counts from the next question on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark = _mark(path)
        self._contents = read_secrets(path)

    @classmethod
    def open(cls, path: Path) -> "Secrets":
        """Return the secrets of ``path``; a file that does not exist (yet) holds none.

        Raises:
            ConfigError: file or key are open to others, cannot be read, are damaged, or do not fit each other.
        """
        return cls(path)

    def of(self, device: str) -> Login | None:
        """Return the device's login, its own before the group's; None where there is neither. Costs one stat."""
        logins = self._fresh().logins
        return logins.get(device) or logins.get(GROUP)

    def own(self, name: str) -> Login | None:
        """Return the login kept under this very name: the cameras' common one is not shown to another system."""
        return self._fresh().logins.get(name)

    def pin_of(self, device: str) -> str | None:
        """Return the SHA-256 of the certificate (DER) that the device must show, in lower-case hex."""
        return self._fresh().pins.get(device)

    def _fresh(self) -> Contents:
        """Read again after a change; a file that cannot be read leaves the last good state and one error a change."""
        mark = _mark(self._path)
        if mark != self._mark:
            self._mark = mark
            try:
                self._contents = read_secrets(self._path)
            except ConfigError as error:
                log.error("secrets.unreadable kept=last: %s %s", error, error.hint)
        return self._contents


def read_secrets(path: Path) -> Contents:
    """Return what the file holds now; nothing where it does not exist. Raises ConfigError as ``Secrets.open``."""
    tables = read_sealed(path)
    return Contents(
        logins={device: Login(*json.loads(value)) for device, value in tables["logins"].items()},
        pins={device: value.decode() for device, value in tables["pins"].items()},
    )


def change_secrets(path: Path, change: Callable[[Contents], None], *, key_file: Path | None = None) -> None:
    """Let ``change`` edit the contents and write them back in one step; other writers wait.

    ``key_file`` counts when the file is first written; from then on the file itself names its key.

    Raises:
        ConfigError: as for ``Secrets.open``, or the file cannot be written.
    """
    with writing(path):
        contents = read_secrets(path)
        change(contents)
        write_sealed(path, _tables(contents), key_file=key_file.absolute() if key_file else None)


def rotate_key(path: Path) -> None:
    """Seal everything under a new key. Raises ConfigError where there is no file, or as ``change_secrets``."""
    if not path.exists():
        raise ConfigError(f"there is no secrets file {path}", hint="Set a password first: kakou secrets set --help")
    with writing(path):
        write_sealed(path, _tables(read_secrets(path)), new_key=True)


def fingerprint(text: str) -> str:
    """Return a SHA-256 as lower-case hex, colons and blanks taken out; ValueError where it is none."""
    plain = re.sub(r"[:\s]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits")
    return plain


def _tables(contents: Contents) -> dict[str, dict[str, bytes]]:
    logins = {name: json.dumps([login.user, login.password]).encode() for name, login in contents.logins.items()}
    return {"logins": logins, "pins": {name: pin.encode() for name, pin in contents.pins.items()}}


def _sayable(text: str) -> bool:
    return 0 < len(text) <= 256 and text.isprintable()


def _mark(path: Path) -> tuple[int, ...]:
    try:
        seen = path.stat()
    except OSError:
        return ()
    return seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino
