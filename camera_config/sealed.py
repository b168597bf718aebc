"""A file of sealed values and the key file beside it, both for our eyes alone and replaced as a whole.

Each value is sealed with AES-256-GCM; its place (table and name) is authenticated with it, so that two values cannot be
exchanged. The file names its key by an id, and the key file's place where that is not ``PATH.key``.
"""

import base64
import binascii
import contextlib
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from camera_config.errors import ConfigError

MAX_BYTES = 4 * 2**20
_KEY_BYTES, _NONCE_BYTES = 32, 12
_TABLES = ("logins", "pins")
_AGAIN = "Restore it, or move {path} away and set the passwords again."

Tables = dict[str, dict[str, bytes]]
"""Opened values by table and name; the tables are ``logins`` and ``pins``."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """The file as it lies there: ``key`` is the key's id, ``key_file`` its place where that is not beside the file."""

    key: str
    key_file: str | None
    tables: dict[str, dict[str, str]]

    def place(self, path: Path) -> Path:
        """Return where the key file lies."""
        return Path(self.key_file) if self.key_file else path.with_name(f"{path.name}.key")


def read_sealed(path: Path) -> Tables:
    """Return the opened values; empty tables where the file does not exist.

    Raises:
        ConfigError: file or key may be read by others, cannot be read, are damaged, or do not fit each other.
    """
    try:
        sealed = _load(path)
    except FileNotFoundError:
        return {table: {} for table in _TABLES}
    key, _ = _key(path, sealed)
    return {
        table: {name: _open(path, key, table, name, value) for name, value in values.items()}
        for table, values in sealed.tables.items()
    }


def write_sealed(path: Path, tables: Tables, *, key_file: Path | None = None, new_key: bool = False) -> None:
    """Seal all values anew and replace the file; call it under ``writing``.

    Args:
        path: the file.
        tables: all values.
        key_file: where the key is made or lies, absolute; counts only while the file does not exist.
        new_key: seal under a new key. Killed at any moment, the old pair or the new pair works.

    Raises:
        ConfigError: as for ``read_sealed``.
        OSError: the disk refused.
    """
    try:
        old = _load(path)
    except FileNotFoundError:
        sealed = _Sealed("", str(key_file) if key_file else None, {})
        _put(path, sealed, _first_key(sealed.place(path)), tables)
        return
    place = old.place(path)
    key, lies = _key(path, old)
    if lies != place:  # a change of the key was cut short
        _settle(lies, place)
    if new_key:
        key = os.urandom(_KEY_BYTES)
        _replace(_coming(place), base64.b64encode(key) + b"\n")
    _put(path, old, key, tables)
    if new_key:
        _settle(_coming(place), place)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make the folder, hold it against other writers, and tell what the disk refuses as ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
    except OSError as error:
        said = f"the secrets cannot be written to {path}: {error.strerror}"
        raise ConfigError(said, hint="Check the folder's rights and room.") from None


def _private(path: Path, what: str) -> bytes:
    """Return the bytes of a file that only its owner may touch. FileNotFoundError is passed on."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & 0o077:
                said = f"the {what} {path} is open to others (mode {stat.S_IMODE(mode):04o})"
                raise ConfigError(said, hint=f"Take their rights away: chmod 600 {path}")
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        said = f"the {what} {path} cannot be read: {error.strerror}"
        raise ConfigError(said, hint="Check its owner: kakou runs under the account that set the passwords.") from None


def _load(path: Path) -> _Sealed:
    raw = _private(path, "secrets file")
    data: Any = None
    with contextlib.suppress(ValueError, RecursionError):  # what stands there is not repeated
        data = json.loads(raw) if len(raw) <= MAX_BYTES else None
    if not _is_whole(data):
        raise ConfigError(f"the secrets file {path} is damaged", hint=_AGAIN.format(path=path))
    return _Sealed(data["key"], data["key_file"], {table: data[table] for table in _TABLES})


def _is_whole(data: Any) -> bool:
    return (
        isinstance(data, dict)
        and set(data) == {"kakou_secrets", "key", "key_file", *_TABLES}
        and data["kakou_secrets"] == 1
        and isinstance(data["key"], str)
        and isinstance(data["key_file"], str | None)
        and all(isinstance(data[table], dict) for table in _TABLES)
        and all(isinstance(value, str) for table in _TABLES for value in data[table].values())
    )


def _put(path: Path, sealed: _Sealed, key: bytes, tables: Tables) -> None:
    data: dict[str, object] = {"kakou_secrets": 1, "key": _id_of(key), "key_file": sealed.key_file}
    for table, values in tables.items():
        data[table] = {name: _seal(key, table, name, value) for name, value in sorted(values.items())}
    _replace(path, json.dumps(data, indent=1).encode() + b"\n")


def _key(path: Path, sealed: _Sealed) -> tuple[bytes, Path]:
    """Return the key that the file names and where it lies: at its place, or beside it while it is being replaced."""
    place = sealed.place(path)
    seen = False
    # The place is looked at again in case the new key moved there meanwhile.
    for candidate in (place, _coming(place), place):
        with contextlib.suppress(FileNotFoundError):
            key = _decoded(_private(candidate, "key file"))
            seen = True
            if len(key) == _KEY_BYTES and _id_of(key) == sealed.key:
                return key, candidate
    what = f"the key file {place} does not fit the secrets file {path}" if seen else f"the key file {place} is missing"
    raise ConfigError(what, hint=_AGAIN.format(path=path))


def _first_key(place: Path) -> bytes:
    """Return the key that lies at ``place``, made if there is none."""
    try:
        key = _decoded(_private(place, "key file"))
    except FileNotFoundError:
        key = os.urandom(_KEY_BYTES)
        _replace(place, base64.b64encode(key) + b"\n")
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"{place} is not a key file", hint="Name another place for the key, or move the file away.")
    return key


def _settle(lies: Path, place: Path) -> None:
    lies.replace(place)
    _sync(place.parent)


def _coming(place: Path) -> Path:
    return place.with_name(f"{place.name}.new")


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"kakou secrets key\0" + key).hexdigest()[:16]


def _seal(key: bytes, table: str, name: str, value: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, value, _bound(table, name))).decode()


def _open(path: Path, key: bytes, table: str, name: str, value: str) -> bytes:
    sealed = _decoded(value.encode())
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(table, name))
    except (InvalidTag, ValueError):
        what = f"{table}: the entry of {name!r} in the secrets file {path} was changed or belongs to another device"
        raise ConfigError(what, hint=_AGAIN.format(path=path)) from None


def _bound(table: str, name: str) -> bytes:
    return f"kakou\0{table}\0{name}".encode()


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _replace(path: Path, content: bytes) -> None:
    """Write a file that only we may read, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
