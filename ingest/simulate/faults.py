"""What may go wrong with a camera, on demand; F1 to F9 are the kinds of trouble a county's system has to survive."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """A kind of trouble of one mount; it lasts until it is taken back."""

    VANISH = "vanish"
    """F1. Connections are reset, and so are new ones: the camera's power is off."""
    EOF = "eof"
    """F1. Connections are closed in good order, and so are new ones at their first request: it starts anew."""
    REFUSE = "refuse"
    """F1. New connections are closed at their first request; those that play go on."""
    HANG_CONNECT = "hang_connect"
    """F2. Connections are taken, then nothing is read and nothing sent any more."""
    HANG_DESCRIBE = "hang_describe"
    """F2. Requests for the description are never answered; those that play go on."""
    STALL = "stall"
    """F3. Nothing is sent any more; the connection stays open and requests are answered."""
    GARBAGE = "garbage"
    """F4. Random bytes instead of answers and of video."""
    BITFLIP = "bitflip"
    """F4. Random bits of the compressed pictures are wrong, all headers are right. VALUE: bytes to a wrong bit."""
    TRUNCATE = "truncate"
    """F4. Packets end early; VALUE: one in so many."""
    RESCALE = "rescale"
    """F5. The picture becomes three quarters as wide and high, with new parameter sets, in the middle of the stream."""
    RENEGOTIATE = "renegotiate"
    """F5. Connections are closed; afterwards the stream has the other codec."""
    FLOOD = "flood"
    """F6. Pictures come without measure. VALUE: times the described rate."""
    FROZEN = "frozen"
    """F7. The same picture over and over. VALUE: ``repeat``, the very same bytes, or ``encoded``, compressed anew."""
    BLACK = "black"
    """F7. The picture is black."""
    COVERED = "covered"
    """F7. Something lies on the lens: nearly one dark colour, with light at one edge."""
    BLURRED = "blurred"
    """F7. Out of focus."""
    MOVED = "moved"
    """F7. The camera looks elsewhere: the view is shifted by a quarter of its width."""
    TIMESTAMP_STUCK = "timestamp_stuck"
    """F7. The RTP timestamp does not advance."""
    FLAP = "flap"
    """F8. It vanishes and comes back again and again. VALUE: seconds from one vanishing to the next."""
    CLOCK = "clock"
    """F9. The camera's clock is wrong. VALUE: by so many seconds, or ``back``: every second report is an hour back."""
    UNAUTHORISED = "unauthorised"
    """Connections are closed and new ones answered 401: the camera's password was changed."""
    STRETCHED = "stretched"
    """A smart codec: keyframes are rare. VALUE: seconds from one to the next."""
    NO_KEYFRAME = "no_keyframe"
    """Keyframes are left out altogether."""
    BIG_KEYFRAME = "big_keyframe"
    """Keyframes of more than 768 KiB: noise, 1920 x 1080."""
    REDIRECT = "redirect"
    """The description is said to be elsewhere. VALUE: the URL."""
    MANY_REDIRECTS = "many_redirects"
    """The description is said to be elsewhere, again and again."""
    LYING_LENGTH = "lying_length"
    """The description's length is told wrong. VALUE: by so many bytes."""
    GIANT_HEADER = "giant_header"
    """The description's header has a line of a mebibyte."""
    SLOW = "slow"
    """Everything comes one byte at a time. VALUE: seconds from byte to byte."""
    EARLY_MEDIA = "early_media"
    """Media come before PLAY is answered."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What VALUE may be for a kind of fault: a number from ``low`` to ``high``, or one of ``words``; ``any_url``."""

    default: float | str
    low: float = math.nan
    high: float = math.nan
    words: tuple[str, ...] = ()
    any_url: bool = False

    def read(self, text: str) -> float | str:
        """Return the value in ``text``.

        Raises:
            ValueError: it is out of scope; the message says what is in it.
        """
        if text in self.words or (self.any_url and text.startswith(("rtsp://", "rtsps://"))):
            return text
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if self.low <= number <= self.high:
            return number
        wanted = [f"a number from {self.low:g} to {self.high:g}"] if self.low <= self.high else []
        wanted += [*self.words, *(["an RTSP URL"] if self.any_url else [])]
        raise ValueError(f"{text!r} is not {' or '.join(wanted)}")


SCOPES = {
    Fault.BITFLIP: Scope(2000.0, 10.0, 1e6),
    Fault.TRUNCATE: Scope(3.0, 1.0, 1e6),
    Fault.FLOOD: Scope(40.0, 2.0, 1000.0),
    Fault.FROZEN: Scope("repeat", words=("repeat", "encoded")),
    Fault.FLAP: Scope(10.0, 0.1, 3600.0),
    Fault.CLOCK: Scope(3600.0, -1e9, 1e9, words=("back",)),
    Fault.STRETCHED: Scope(30.0, 1.0, 120.0),
    Fault.REDIRECT: Scope("rtsp://127.0.0.1:9/elsewhere", any_url=True),
    Fault.LYING_LENGTH: Scope(100.0, -10_000.0, 1e9),
    Fault.SLOW: Scope(0.02, 0.001, 60.0),
}
"""Kinds that take a value; the others take none."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault with its value; without one it is the kind's usual value, 0 for kinds that have none."""

    fault: Fault
    value: float | str = ""

    def __post_init__(self) -> None:
        scope = SCOPES.get(self.fault)
        if self.value == "":
            object.__setattr__(self, "value", scope.default if scope is not None else 0.0)

    @property
    def number(self) -> float:
        """Return the value, which is known to be a number."""
        return float(self.value)


def parse_trouble(text: str) -> Trouble:
    """Return the trouble that ``KIND`` or ``KIND:VALUE`` names.

    Raises:
        ValueError: there is no such kind, or not with this value.
    """
    kind, colon, value = text.partition(":")
    try:
        fault = Fault(kind)
    except ValueError:
        raise ValueError(f"there is no fault {kind!r}; there are {', '.join(Fault)}") from None
    if not colon:
        return Trouble(fault)
    if fault not in SCOPES:
        raise ValueError(f"{kind} takes no value")
    try:
        return Trouble(fault, SCOPES[fault].read(value))
    except ValueError as error:
        raise ValueError(f"{kind}: {error}") from None
