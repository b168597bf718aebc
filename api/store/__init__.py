"""The store, the record of everything: a URL goes in, an engine over SQLite or PostgreSQL comes out."""

from api.store.engine import open_store
from api.store.metadata import metadata
from api.store.migrate import migrate

__all__ = ["metadata", "migrate", "open_store"]
