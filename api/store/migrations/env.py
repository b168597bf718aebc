"""Alembic's entry; ``api.store.migrate`` hands over the connection."""

from alembic import context
from sqlalchemy import text

from api.store.schema import metadata

LOCK = 0x6B616B6F75
"""PostgreSQL advisory lock, so that processes of several machines take turns; "kakou" in ASCII."""

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
context.run_migrations()
