"""How a stream is, in words the command centre uses, and since when; and how fast its pictures usually come."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

LATE_S = 1.0
"""Silence after which a feed is late; longer for a feed whose pictures usually come more than a third as far apart."""

STALLED_S = 2.5
"""Silence after which a feed is stalled (断流), so that it is seen within 3 s at four looks a second."""

KEYLESS_S = 12.0
"""Time without a usable keyframe after which there is nothing to look at, though packets come."""

STRETCHED_S = 4.0
"""Keyframes further apart than this come from a smart codec, and what happens between them is seen late."""

CLOCK_OFF_S = 2.0
"""A camera's clock further off than this is told; ours is used whatever it says."""

PATIENCE_S = 30.0
"""Longest silence granted to a stream that has not yet shown how far apart its pictures are: one every 10 s."""

LONGEST_S = 60.0
"""Longest silence that counts as usual, whatever a camera says of itself."""

_INTERVALS = 3.0
_FPS_WINDOW = 6
_MEASURED = 5
_FEW = 3


class State(StrEnum):
    """States of a feed; everything but ``ONLINE`` and ``LATE`` means that nothing is seen there."""

    ONLINE = "online"
    LATE = "late"
    STALLED = "stalled"
    NO_KEYFRAME = "no_keyframe"
    BAD_CREDENTIALS = "bad_credentials"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Note(StrEnum):
    """What is odd about a feed that is seen all the same."""

    STRETCHED_GOP = "stretched_gop"
    CLOCK_OFF = "clock_off"
    FLOOD = "flood"
    BIG_KEYFRAMES = "big_keyframes"


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


def judge(silence_s: float, usual_s: float, keyless_s: float, gop_s: float) -> State:
    """Return the state of a stream that plays.

    Args:
        silence_s: time since its last video packet.
        usual_s: the silence that is usual for it, see ``Pace.usual_s``.
        keyless_s: time since its last usable keyframe, or since it plays.
        gop_s: usual time between its keyframes, 0 when not known; smart codecs stretch it to many seconds.
    """
    if silence_s > max(STALLED_S, usual_s):
        return State.STALLED
    if keyless_s > max(KEYLESS_S, _INTERVALS * gop_s):
        return State.NO_KEYFRAME
    return State.LATE if silence_s > max(LATE_S, usual_s) else State.ONLINE


class Pace:
    """How far apart a stream's pictures and keyframes come, told from what was counted at each look.

    Nothing is measured for each picture. A stream of one picture in many seconds would be taken for stalled before its
    second came: as long as nothing is known, each connection that ends so is granted twice the silence of the last.
    """

    def __init__(self) -> None:
        self.described_fps = 0.0
        """What the camera says of itself, pictures a second; 0 when it says nothing."""
        self._seconds: deque[tuple[float, int]] = deque(maxlen=_FPS_WINDOW)
        self._pauses: deque[float] = deque(maxlen=_MEASURED)
        self._gops: deque[float] = deque(maxlen=_MEASURED)
        self._interval_s = self._gop_s = 0.0
        self._seen = -1
        self._seen_s = self._key_s = self._granted_s = 0.0
        self._begun = 0

    def begin(self, frames: int) -> None:
        """Start measuring anew: a connection plays; ``frames`` were counted before."""
        self._seconds.clear()
        self._begun = frames
        self._seen = -1
        self._key_s = 0.0

    def look(self, now_s: float, frames: int) -> None:
        """Note how many pictures there are by now."""
        if not self._seconds or now_s - self._seconds[-1][0] >= 1.0:
            self._seconds.append((now_s, frames))
        if frames != self._seen:
            if self._seen > self._begun:
                self._pauses.append(now_s - self._seen_s)
                self._interval_s = median(self._pauses)
                self._granted_s = 0.0
            self._seen, self._seen_s = frames, now_s

    def keyframe(self, now_s: float) -> None:
        """Note a keyframe."""
        if self._key_s:
            self._gops.append(now_s - self._key_s)
            self._gop_s = median(self._gops)
        self._key_s = now_s

    def ended_silent(self) -> None:
        """Note that the connection was given up after a silence."""
        if self._seen - self._begun < _FEW and not self._pauses:
            self._granted_s = min(PATIENCE_S, 2 * max(STALLED_S, self._granted_s))

    def fps(self, now_s: float, frames: int) -> float:
        """Return pictures a second over the last seconds, 0 when not known."""
        interval_s = self._interval_s
        if interval_s > 1.0:
            return 1.0 / interval_s
        if not self._seconds:
            return 0.0
        then_s, before = self._seconds[0]
        return (frames - before) / (now_s - then_s) if now_s - then_s >= 0.5 else 0.0

    @property
    def usual_s(self) -> float:
        """The silence between pictures that is no trouble: three times what was described and measured."""
        described_s = 1.0 / self.described_fps if self.described_fps > 0 else 0.0
        return min(LONGEST_S, max(_INTERVALS * max(described_s, self._interval_s), self._granted_s))

    @property
    def gop_s(self) -> float:
        """The usual time between keyframes: the median of the last five; 0 when not known."""
        return self._gop_s

    @property
    def key_s(self) -> float:
        """When the last keyframe of this connection came, monotonic; 0 before the first."""
        return self._key_s
