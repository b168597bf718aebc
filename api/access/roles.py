"""The roles, and one caller with one of them."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who calls. A caller has exactly one role; an administrator may not search plates."""

    ANONYMOUS = "anonymous"
    OPERATOR = "operator"
    WALL = "wall"
    ADMINISTRATOR = "administrator"
    DEVICE = "device"


VIEWERS = (Role.OPERATOR, Role.WALL, Role.ADMINISTRATOR)
"""Those who may look at the wall."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: ``subject`` is a session's public name, a device's id, or ``anonymous``.

    ``session`` is the hash under which the session is stored, empty where there is none; it is never shown.
    """

    role: Role
    subject: str
    session: str = ""


ANYONE = Caller(Role.ANONYMOUS, "anonymous")
