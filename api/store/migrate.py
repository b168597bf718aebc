"""Bring a store to the newest schema; migrations are part of the wheel."""

import fcntl
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from api.store.engine import open_store
from camera_config.errors import StoreError

SCRIPTS = "api.store:migrations"
"""Found through the package, wherever it is installed."""


def migrate(url: str, revision: str = "head") -> None:
    """Bring the store to ``revision``; one process of this machine at a time, the others wait and find it done.

    Raises:
        StoreError: the store cannot be reached, or a migration failed; each migration is one transaction.
    """
    from alembic import command  # noqa: PLC0415  (costs a third of a second, which no worker should pay)
    from alembic.config import Config  # noqa: PLC0415

    with _alone(url):
        engine = open_store(url)
        try:
            with engine.begin() as connection:
                config = Config()
                config.set_main_option("script_location", SCRIPTS)
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        except SQLAlchemyError as error:
            shown = make_url(url).render_as_string(hide_password=True)
            raise StoreError(
                f"the store {shown} could not be migrated: {error}", hint="Is it reachable, and is there room?"
            ) from error
        finally:
            engine.dispose()


@contextmanager
def _alone(url: str) -> Iterator[None]:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        lock_file = Path(f"{parsed.database}.migrate.lock")
        lock_file.parent.mkdir(parents=True, exist_ok=True)
    else:
        lock_file = Path(tempfile.gettempdir()) / f"kakou-migrate-{zlib.crc32(str(parsed).encode()):08x}.lock"
    with lock_file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
