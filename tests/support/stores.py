"""Real stores for tests: a SQLite file, and a private PostgreSQL on a Unix socket.

Use: ``from tests.support.stores import postgres, store_url  # noqa: F401`` in a ``conftest.py``, then ask for
``store_url``: every such test runs twice, on an empty database that has the newest schema.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from api.store import migrate

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60")
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL of our own; return the folder of its socket."""
    if not (PROGRAMS / "initdb").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have PostgreSQL 15 (Debian: postgresql-15)")
        pytest.skip("PostgreSQL 15 is not installed")
    home = Path(tempfile.mkdtemp(prefix="kpg-", dir="/tmp"))
    user = _unprivileged()
    if user is not None:
        shutil.chown(home, user, user)
    data = home / "data"
    _run("initdb", "-D", data, "-N", "-A", "trust", "-U", "kakou", "-E", "UTF8", "--locale=C", user=user, home=home)
    options = " ".join(f"-c {setting}" for setting in FAST)
    start = f"-k {home} -c listen_addresses='' {options}"
    _run("pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", start, "start", user=user, home=home)
    try:
        yield str(home)
    finally:
        _run("pg_ctl", "-D", data, "-m", "immediate", "stop", user=user, home=home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of an empty store with the newest schema."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'kakou.db'}"
        migrate(url)
        yield url
        return
    folder = request.getfixturevalue("postgres")
    url = new_database(folder)
    migrate(url)
    yield url


def new_database(folder: str) -> str:
    """Make an empty database in the PostgreSQL whose socket is in ``folder``; return its URL."""
    name = f"t{next(_numbers)}"
    with psycopg.connect(f"host={folder} user=kakou dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://kakou@/{name}?host={folder}"


def _unprivileged() -> str | None:
    """Return whom to run PostgreSQL as; it refuses to run as root."""
    if os.getuid() != 0:
        return None
    return pwd.getpwnam("postgres").pw_name


def _run(program: str, *args: object, user: str | None, home: Path) -> None:
    done = subprocess.run(
        [str(PROGRAMS / program), *map(str, args)],
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{program} failed: {(done.stdout or b'').decode()}")
