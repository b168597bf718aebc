"""Made footage is kept in a cache folder: keyed by what it was made from, bounded in size."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

CACHE_BYTES = 4 * 1024**3
"""What the whole cache may hold; the least recently used goes first."""

HASH_BLOCK = 1024 * 1024


def default_folder() -> Path:
    """Return the user's cache folder for simulated footage."""
    return Path.home() / ".cache" / "kakou" / "simulate"


def key_of(*parts: object) -> str:
    """Return a name for what is made from ``parts``; equal parts, equal name."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:24]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def code_hash(modules: Iterable[str]) -> str:
    """Return the hash of source files beside this one, so that a changed renderer makes new footage."""
    here = Path(__file__).parent
    return key_of(*(file_hash(here / name) for name in modules))


def touch(path: Path) -> None:
    """Mark ``path`` as used now."""
    with contextlib.suppress(OSError):
        os.utime(path)


def trim(folder: Path, limit_bytes: int, keep: Iterable[Path] = ()) -> None:
    """Remove the least recently used files and folders directly in ``folder`` until it fits; never those to keep."""
    kept = set(keep)
    entries = []
    total = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            size = _size(path)
            total += size
            entries.append((path.stat().st_mtime, size, path))
    for _, size, path in sorted(entries, key=lambda entry: entry[0]):
        if total <= limit_bytes:
            return
        if path in kept:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        total -= size


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size
