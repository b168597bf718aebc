"""How a feed is, in words the command centre uses, and since when."""

from dataclasses import dataclass
from enum import StrEnum

LATE_S = 1.0
"""Silence after which a feed is late; longer for a feed whose pictures usually come more than a third as far apart."""

STALLED_S = 2.5
"""Silence after which a feed is stalled (断流), so that it is seen within 3 s at four looks a second."""

KEYLESS_S = 12.0
"""Time without a usable keyframe after which there is nothing to look at, though packets come."""

_INTERVALS = 3.0


class State(StrEnum):
    """States of a feed; everything but ``ONLINE`` and ``LATE`` means that nothing is seen there."""

    ONLINE = "online"
    LATE = "late"
    STALLED = "stalled"
    NO_KEYFRAME = "no_keyframe"
    BAD_CREDENTIALS = "bad_credentials"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """A state, since when (unix seconds), and its cause in one line; the cause never holds a password."""

    state: State
    since: float
    cause: str

    def then(self, state: State, cause: str, at: float) -> "Condition":
        """Return the condition from ``at`` on; an unchanged state keeps its since-time."""
        if state is self.state:
            return self if cause == self.cause else Condition(state, self.since, cause)
        return Condition(state, at, cause)


def judge(silence_s: float, fps: float, keyless_s: float, gop_s: float) -> State:
    """Return the state of a feed that plays.

    Args:
        silence_s: time since its last video packet.
        fps: pictures a second over the last seconds, 0 when not known.
        keyless_s: time since its last usable keyframe, or since it plays.
        gop_s: usual time between its keyframes, 0 when not known; smart codecs stretch it to many seconds.
    """
    usual_s = _INTERVALS / fps if fps > 0 else 0.0
    if silence_s > max(STALLED_S, usual_s):
        return State.STALLED
    if keyless_s > max(KEYLESS_S, _INTERVALS * gop_s):
        return State.NO_KEYFRAME
    return State.LATE if silence_s > max(LATE_S, usual_s) else State.ONLINE
