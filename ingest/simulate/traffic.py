"""Who passes a checkpoint when, in which lane, with which plate: made up from a seed, one after the other, for ever."""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ingest.simulate import numbers
from ingest.simulate.numbers import PlateKind
from ingest.simulate.view import LANES_M, View, plate_track

FPS = 10
MEAN_S = 6.0
"""Mean time between two vehicles of a checkpoint, over both lanes."""

PAIR_SHARE = 0.12
"""So many vehicles come with another one beside them."""

SEEN_S = (2.6, 3.2)
"""For how long a plate is fully in the picture: between these."""

GAP_S = 1.0
"""From one vehicle's tail to the next one's front, in the same lane."""

FIRST_S = 1.5
WANTED_FIRST = 2
WANTED_EVERY = 20
"""A wanted plate shows up as the third vehicle of one checkpoint, then as every 20th of another one."""


class Body(StrEnum):
    """What the vehicle looks like."""

    CAR = "car"
    SUV = "suv"
    TRUCK = "truck"
    BUS = "bus"
    MOTORCYCLE = "motorcycle"


LENGTHS_M = {Body.CAR: 4.6, Body.SUV: 4.8, Body.TRUCK: 7.2, Body.BUS: 10.5, Body.MOTORCYCLE: 2.0}
LEVELS_M = {Body.CAR: 0.45, Body.SUV: 0.58, Body.TRUCK: 0.60, Body.BUS: 0.62, Body.MOTORCYCLE: 0.8}
"""Height of the front plate's middle above the ground."""


class Wear(StrEnum):
    """What a plate has been through: mud leaves it legible, something that hangs over it does not."""

    CLEAN = "clean"
    DIRTY = "dirty"
    COVERED = "covered"


class Driven(Protocol):
    """A vehicle on its way through the picture, as far as drawing it goes.

    It drives towards the camera, or ``away`` from it, and then its tail is what is nearest. ``u_m + slope * s`` is
    where it is across the road; ``look`` seeds its paint. A ``plate`` of None is none.
    """

    @property
    def number(self) -> int:
        """Return its number, unlike any other's."""

    @property
    def plate(self) -> str | None:
        """Return its plate as printed."""

    @property
    def kind(self) -> PlateKind:
        """Return the kind of its plate."""

    @property
    def body(self) -> Body:
        """Return what it looks like."""

    @property
    def look(self) -> int:
        """Return the seed of its paint."""

    @property
    def u_m(self) -> float:
        """Return where it is across the road at s = 0."""

    @property
    def slope(self) -> float:
        """Return how much further to the right it is a metre farther away."""

    @property
    def away(self) -> bool:
        """Return whether it drives away."""

    @property
    def wear(self) -> Wear:
        """Return what its plate has been through."""

    @property
    def first(self) -> int:
        """Return the first frame in which anything of it can show."""

    @property
    def last(self) -> int:
        """Return the last one."""

    def front_m(self, frame: int) -> float:
        """Return where its nearest end is along the road."""

    def move_m(self, frame: int) -> float:
        """Return how far it goes in a frame, metres."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One vehicle by one checkpoint once.

    ``enters`` is the first frame in which the plate is fully in the picture, ``leaves`` the first after it in
    which it no longer is. The vehicle's front is at s = ``start_m`` in frame ``enters`` and comes nearer by
    ``step_m`` each frame. ``u_m + slope * s`` is where it is across the road. ``look`` seeds its paint.
    """

    number: int
    plate: str
    kind: PlateKind
    body: Body
    lane: int
    enters: int
    leaves: int
    start_m: float
    step_m: float
    u_m: float
    slope: float
    look: int

    @property
    def away(self) -> bool:
        """Return whether it drives away from the camera: never."""
        return False

    @property
    def wear(self) -> Wear:
        """Return what its plate has been through: nothing."""
        return Wear.CLEAN

    def front_m(self, frame: int) -> float:
        """Return where the vehicle's front is along the road."""
        return self.start_m - self.step_m * (frame - self.enters)

    def move_m(self, frame: int) -> float:  # noqa: ARG002 - its speed never changes
        """Return how far it goes in a frame, metres."""
        return self.step_m

    @property
    def first(self) -> int:
        """Return the first frame in which anything of it can show."""
        return self.enters - 8

    @property
    def last(self) -> int:
        """Return the last frame in which anything of it can show: its tail is below the picture's edge."""
        return self.leaves + round((LENGTHS_M[self.body] + 1.5) / self.step_m)


class Traffic:
    """One checkpoint's passes in the order of ``enters``, made as far as asked for; old ones are forgotten."""

    def __init__(self, index: int, count: int, seed: int, view: View, wanted: Sequence[str] = ()) -> None:
        """Start at frame 0 of checkpoint ``index`` of ``count``; ``wanted`` plates pass now and then."""
        self._index, self._count, self._seed, self._view = index, count, seed, view
        self._wanted = tuple(wanted)
        self._made: deque[Pass] = deque()
        self._more = self._arrivals()

    def between(self, first: int, last: int) -> list[Pass]:
        """Return those who can show in frames ``first`` to ``last`` inclusive; ``first`` must never fall."""
        while self._made and self._made[0].last < first:
            self._made.popleft()
        while not self._made or self._made[-1].first <= last + FPS:
            self._made.append(next(self._more))
        return [each for each in self._made if each.first <= last and each.last >= first]

    def _arrivals(self) -> Iterator[Pass]:
        rng = random.Random(f"traffic/{self._seed}/{self._index}")
        free = [0.0] * len(LANES_M)
        arrives_s = at_s = FIRST_S
        number = 0
        while True:
            arrives_s += rng.expovariate((1.0 - PAIR_SHARE / (1.0 + PAIR_SHARE)) / MEAN_S)
            at_s = max(at_s, arrives_s)
            lanes = rng.sample(range(len(LANES_M)), len(LANES_M))
            lanes.sort(key=lambda lane: free[lane] > at_s)
            pair = rng.random() < PAIR_SHARE
            group: list[Pass] = []
            for lane in lanes[: 2 if pair else 1]:
                start_s = max(at_s + (rng.uniform(0.0, 0.4) if group else 0.0), free[lane])
                if not group:
                    at_s = start_s  # who finds both lanes taken waits; nobody overtakes the queue
                made = self._pass(rng, number, lane, start_s)
                free[lane] = made.last / FPS + GAP_S
                group.append(made)
                number += 1
            yield from sorted(group, key=lambda each: each.enters)

    def _pass(self, rng: random.Random, number: int, lane: int, start_s: float) -> Pass:
        wanted = self._wanted_at(number)
        if wanted is None:
            run_number = number * self._count + self._index
            plate = numbers.plate(self._seed, run_number, frozenset(self._wanted))
        else:
            plate = numbers.Plate(wanted, numbers.kind_of(wanted))
        body = _body(rng, plate.kind)
        slope = rng.uniform(-0.07, 0.07)
        u = LANES_M[lane] + rng.uniform(-0.12, 0.12)
        near, far = plate_track(self._view, u, slope, LEVELS_M[body])
        frames = round(rng.uniform(*SEEN_S) * FPS)
        step = (far - near) / (frames - 1)
        enters = round(start_s * FPS)
        # In the last of these frames the plate is just inside, in the next one it is not.
        return Pass(
            number,
            plate.text,
            plate.kind,
            body,
            lane + 1,
            enters,
            enters + frames,
            far,
            step,
            u,
            slope,
            rng.getrandbits(32),
        )

    def _wanted_at(self, number: int) -> str | None:
        for place, plate in enumerate(self._wanted):
            again, rest = divmod(number - WANTED_FIRST - place // self._count, WANTED_EVERY)
            if rest == 0 and again >= 0 and (place + 5 * again) % self._count == self._index:
                return plate
        return None


def _body(rng: random.Random, kind: PlateKind) -> Body:
    if kind is PlateKind.YELLOW:
        return rng.choice((Body.TRUCK, Body.TRUCK, Body.BUS))
    if kind is PlateKind.LEARNER:
        return Body.CAR
    return rng.choices((Body.CAR, Body.SUV), (0.62, 0.38))[0]
