"""One-time logins, sessions and device tokens: opaque, 256 bits, stored as SHA-256 (reliability 5, S7, S18).

No account exists at install. The supervisor prints a link with a one-time token; it lives 30 minutes, works once, and
becomes a cookie session. All times are unix seconds.
"""

import hashlib
import secrets

from sqlalchemy import Engine, delete, insert, select, update

from api.access.roles import Caller, Role
from api.access.tables import devices, logins, sessions
from camera_config.clock import Clock, SystemClock

LOGIN_S = 30 * 60
"""Life of a one-time login."""

IDLE_S: dict[Role, float | None] = {Role.OPERATOR: 15 * 60, Role.ADMINISTRATOR: 15 * 60, Role.WALL: None}
"""A session ends when its person did nothing for this long; a wall display has no hands."""

ABSOLUTE_S = 12 * 3600
"""A session's whole life: one shift."""

TOUCH_S = 15
"""``seen_at`` is written at most this often, so that looking does not write."""

MACHINE: Clock = SystemClock()


def create_login(engine: Engine, role: Role, clock: Clock = MACHINE) -> str:
    """Return a token that opens one session of ``role`` within 30 minutes.

    Raises:
        ValueError: ``role`` has no sessions.
    """
    if role not in IDLE_S:
        raise ValueError(f"create_login: the role {role.value} has no sessions")
    token, now = secrets.token_urlsafe(32), clock.now().timestamp()
    with engine.begin() as connection:
        connection.execute(delete(logins).where(logins.c.ends_at < now))
        connection.execute(
            insert(logins).values(hash=digest(token), role=role.value, created_at=now, ends_at=now + LOGIN_S)
        )
    return token


def create_device_token(engine: Engine, subject: str, clock: Clock = MACHINE) -> str:
    """Return a bearer token for ``subject``: a device's id, or ``units`` for the position feed."""
    token = secrets.token_urlsafe(32)
    with engine.begin() as connection:
        connection.execute(
            insert(devices).values(hash=digest(token), subject=subject, created_at=clock.now().timestamp())
        )
    return token


def open_session(engine: Engine, login: str, clock: Clock = MACHINE) -> tuple[str, Caller] | None:
    """Spend a one-time login; return the cookie's value and the caller, or None when it is unknown, used or old.

    Spending is one UPDATE, so that of two at the same time one gets the session.
    """
    now = clock.now().timestamp()
    token, subject = secrets.token_urlsafe(32), f"s-{secrets.token_hex(6)}"
    with engine.begin() as connection:
        spent = connection.execute(
            update(logins)
            .where(logins.c.hash == digest(login), logins.c.used_at.is_(None), logins.c.ends_at > now)
            .values(used_at=now)
        )
        if spent.rowcount != 1:
            return None
        role = connection.execute(select(logins.c.role).where(logins.c.hash == digest(login))).scalar_one()
        connection.execute(delete(sessions).where(sessions.c.ends_at <= now))
        connection.execute(
            insert(sessions).values(
                hash=digest(token), subject=subject, role=role, created_at=now, seen_at=now, ends_at=now + ABSOLUTE_S
            )
        )
    return token, Caller(Role(role), subject, digest(token))


def find_session(engine: Engine, hashed: str, now: float, *, touch: bool) -> Caller | None:
    """Return the caller of a session that has not ended by ``now``; ``touch`` counts as its person's doing."""
    with engine.connect() as connection:
        row = connection.execute(select(sessions).where(sessions.c.hash == hashed)).one_or_none()
    if row is None:
        return None
    role = Role(row.role)
    idle_s = IDLE_S[role]
    if now >= row.ends_at or (idle_s is not None and now - row.seen_at >= idle_s):
        close_session(engine, hashed)
        return None
    if touch and now - row.seen_at >= TOUCH_S:
        with engine.begin() as connection:
            connection.execute(update(sessions).where(sessions.c.hash == hashed).values(seen_at=now))
    return Caller(role, row.subject, hashed)


def find_device(engine: Engine, hashed: str) -> Caller | None:
    """Return the device a token belongs to."""
    with engine.connect() as connection:
        row = connection.execute(
            select(devices.c.subject).where(devices.c.hash == hashed, devices.c.revoked_at.is_(None))
        ).one_or_none()
    return None if row is None else Caller(Role.DEVICE, row.subject)


def close_session(engine: Engine, hashed: str) -> None:
    """End a session at once."""
    with engine.begin() as connection:
        connection.execute(delete(sessions).where(sessions.c.hash == hashed))


def revoke_device(engine: Engine, subject: str, clock: Clock = MACHINE) -> int:
    """Take back all tokens of a device; return how many were in force."""
    with engine.begin() as connection:
        done = connection.execute(
            update(devices)
            .where(devices.c.subject == subject, devices.c.revoked_at.is_(None))
            .values(revoked_at=clock.now().timestamp())
        )
    return int(done.rowcount)


def digest(token: str) -> str:
    """Return what is stored of a token; a plain hash is enough for 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
