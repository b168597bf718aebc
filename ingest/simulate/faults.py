"""What may go wrong with a camera, on demand."""

from enum import StrEnum


class Fault(StrEnum):
    """One mount's trouble; it lasts until it is taken back."""

    STALL = "stall"
    """Nothing is sent any more; the connection stays open and requests are answered."""
    REFUSE = "refuse"
    """New connections are closed at their first request; those that play go on."""
    VANISH = "vanish"
    """Connections are reset, and so are new ones: the camera's power is off."""
    UNAUTHORISED = "unauthorised"
    """Connections are closed and new ones answered 401: the camera's password was changed."""
    GARBAGE = "garbage"
    """Random bytes instead of answers and of video."""
