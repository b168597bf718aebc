"""Tables of logins, sessions and device tokens. A token itself is never stored, only its SHA-256."""

from sqlalchemy import Column, Float, Index, String, Table

from api.store import metadata

logins = Table(
    "access_login",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("created_at", Float, nullable=False, comment="unix seconds"),
    Column("ends_at", Float, nullable=False, comment="unix seconds"),
    Column("used_at", Float, comment="unix seconds; null: not used yet"),
)

sessions = Table(
    "access_session",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("subject", String(32), nullable=False, unique=True, comment="public name, for records"),
    Column("role", String(16), nullable=False),
    Column("created_at", Float, nullable=False, comment="unix seconds"),
    Column("seen_at", Float, nullable=False, comment="unix seconds, of the last thing its person did"),
    Column("ends_at", Float, nullable=False, comment="unix seconds, absolute"),
)
Index("ix_access_session_ends_at", sessions.c.ends_at)

devices = Table(
    "access_device",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("subject", String(64), nullable=False, comment="device id, or `units`"),
    Column("created_at", Float, nullable=False, comment="unix seconds"),
    Column("revoked_at", Float, comment="unix seconds; null: in force"),
)
