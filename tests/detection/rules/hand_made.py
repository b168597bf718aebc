"""A camera drawn by hand: boxes that move as told, in a picture that shows something, at the pace of keyframes."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np

from camera_config.camera_rules import ALWAYS, CameraRule, Hours, LineDirection, Points, RuleKind
from camera_config.ids import CameraId, RuleId
from camera_config.rule_records import DEFAULTS
from detection.decode import Box, Image, Picture
from detection.objects import Detection
from detection.rules import RuleEvent, RuleWatch

WIDTH, HEIGHT = 640, 360
CHINA_S = 8 * 3600
MONDAY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC).timestamp()
"""Noon in China."""
MIDDLE: Points = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def rule(kind: RuleKind, *, zone: Points = (), line: Points = (), **keys: object) -> CameraRule:
    """Return a rule with the defaults of its kind."""
    dwell_s, release_s, classes = DEFAULTS[kind]
    made = {
        "direction": LineDirection.BOTH, "classes": classes, "count": 0, "count_end": 0, "dwell_s": dwell_s,
        "release_s": release_s, "hours": ALWAYS,
    } | keys  # fmt: skip
    return CameraRule(
        id=RuleId("r-1"), camera=CameraId("cam-1"), name="规则", kind=kind, zone=zone, line=line, **made  # type: ignore[arg-type]
    )  # fmt: skip


def at(x: float, y: float, label: str = "person", *, score: float = 0.8, size: float = 0.2) -> Detection:
    """Return a box whose foot is at these shares of the picture, ``size`` of its height tall; cars are as wide."""
    tall = size * HEIGHT
    wide = tall if label != "person" else tall / 3
    left, bottom = x * WIDTH - wide / 2, y * HEIGHT
    return Detection(label, score, Box(round(left), round(bottom - tall), round(left + wide), round(bottom)))


def ground(seed: int = 1) -> Image:
    """Return brightness with a pattern, as a street has."""
    noise = np.random.default_rng(seed).integers(60, 160, (HEIGHT // 20, WIDTH // 20)).astype(np.uint8)
    return np.kron(noise, np.ones((20, 20), np.uint8))


def picture(y: Image) -> Picture:
    """Return a grey picture."""
    half = np.full((y.shape[0] // 2, y.shape[1] // 2), 128, np.uint8)
    return Picture(y, half, half)


GROUND = picture(ground())


class Film:
    """Plays pictures to the rules of one camera, ``every_s`` apart, and keeps what they tell."""

    def __init__(self, *rules: CameraRule, every_s: float = 2.0, start: float = MONDAY) -> None:
        self.watch = RuleWatch(CameraId("cam-1"), rules, CHINA_S)
        self.every_s, self.start, self.now_s = every_s, start, 1000.0
        self.told: list[RuleEvent] = []

    @property
    def wall(self) -> float:
        return self.start + self.now_s - 1000.0

    def show(self, found: Sequence[Detection] = (), seen: Picture = GROUND) -> list[RuleEvent]:
        """Show one picture."""
        told = self.watch.look(found, seen, at=self.wall, mono_s=self.now_s)
        self.told += told
        self.now_s += self.every_s
        return told

    def play(self, pictures: Iterable[Sequence[Detection]]) -> list[RuleEvent]:
        """Show several; return what they told."""
        return [event for found in pictures for event in self.show(found)]

    def states(self) -> list[str]:
        return [event.state.value for event in self.told]

    def seconds(self, event: RuleEvent) -> float:
        """Return when it was told, counted from the first picture."""
        return event.at - self.start


def walk(
    start: tuple[float, float], end: tuple[float, float], looks: int, label: str = "person"
) -> list[list[Detection]]:
    """Return pictures of one thing that goes straight from place to place, both included."""
    (x0, y0), (x1, y1) = start, end
    shares = [n / (looks - 1) for n in range(looks)]
    return [[at(x0 + share * (x1 - x0), y0 + share * (y1 - y0), label)] for share in shares]


def nights(*spans: tuple[int, int], days: frozenset[int] = frozenset(range(7))) -> Hours:
    """Return hours given in whole hours."""
    return Hours(days, tuple((begin * 60, end * 60) for begin, end in spans))
