"""Traffic as it is on a bad day: queues that stand and creep, motorcycles beside them, plates of all kinds and states.

Vehicles follow one another by the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000); now and then a lane is
held at a line and its vehicles are let go one by one. ``traffic`` makes the demo's vehicles, which keep their speed.
"""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.simulate import numbers
from ingest.simulate.numbers import PlateKind
from ingest.simulate.traffic import FPS, LENGTHS_M, Body, Wear
from ingest.simulate.view import LANES_M, View, plate_track

MEAN_S: Final = 6.0
"""Mean time between two vehicles of a lane."""
CYCLE_MEAN_S: Final = 30.0
"""The same for motorcycles."""
CYCLE_U_M: Final = 0.0
"""They drive between the lanes, past all that stand; at the edges of the road they would be beside the picture."""
SPEED_MS: Final = (5.0, 1.0, 3.0, 7.5)
"""What drivers like: mean, deviation, least and most. There are speed strips before a checkpoint; at the mean a plate
is in the picture for 2 s."""
FASTEN_MS2, BRAKE_MS2, HEADWAY_S, GAP_M = 1.5, 2.5, 1.2, 2.0
"""Parameters of the model."""
CREEP_MS, START_MS2 = 0.3, 0.3
"""Slower than this a driver stands, until there is room to start with this."""
HOLD_EVERY_S: Final = 60.0
HOLD_S: Final = (20.0, 45.0)
"""A lane is held about so often and for so long."""
CHECK_S: Final = (2.0, 7.0)
"""Everybody stands at the line for so long then."""
FAR_M: Final = 14.0
"""Vehicles come into being, or are forgotten, so far beyond where plates can be seen."""
NO_PLATE: Final = 0.015
WORN: Final = {Wear.CLEAN: 0.95, Wear.DIRTY: 0.04, Wear.COVERED: 0.01}
SPECIAL: Final = {
    PlateKind.LEARNER: 0.02,
    PlateKind.POLICE: 0.02,
    PlateKind.HONG_KONG: 0.01,
    PlateKind.MACAU: 0.01,
    PlateKind.EMBASSY: 0.01,
    PlateKind.CONSULATE: 0.01,
    PlateKind.ARMED_POLICE: 0.015,
    PlateKind.MILITARY: 0.015,
}
FRONTS: Final = {PlateKind.BLUE: 0.58, PlateKind.GREEN: 0.20, PlateKind.YELLOW: 0.11, **SPECIAL}
TAILS: Final = {
    PlateKind.BLUE: 0.58,
    PlateKind.GREEN: 0.20,
    PlateKind.TRUCK_REAR: 0.08,
    PlateKind.TRAILER: 0.03,
    **SPECIAL,
}
"""How often each kind passes, seen from in front and from behind; motorcycles have a plate at their tail only."""


@dataclass(frozen=True, slots=True)
class Drive:
    """One vehicle on its way; ``places_m`` is where its nearest end is, s from frame ``first`` on, a value a frame."""

    number: int
    plate: str | None
    kind: PlateKind
    body: Body
    lane: int
    look: int
    u_m: float
    slope: float
    away: bool
    wear: Wear
    first: int
    places_m: NDArray[np.float64]

    @property
    def last(self) -> int:
        """Return the last frame in which anything of it can show."""
        return self.first + len(self.places_m) - 1

    def front_m(self, frame: int) -> float:
        """Return where its nearest end is along the road."""
        return float(self.places_m[min(max(frame - self.first, 0), len(self.places_m) - 1)])

    def move_m(self, frame: int) -> float:
        """Return how far it goes in a frame, metres."""
        return abs(self.front_m(frame) - self.front_m(frame - 1))

    def speed_ms(self, frame: int) -> float:
        """Return its speed, metres a second."""
        return self.move_m(frame) * FPS


@dataclass(slots=True)
class _Car:
    """A vehicle while its way is worked out; ``x_m`` is how far its front has come."""

    plate: numbers.Plate
    body: Body
    likes_ms: float
    speed_ms: float
    first: int
    x_m: float = 0.0
    let_go: bool = False
    waits_s: float | None = None
    way_m: list[float] = field(default_factory=list)

    @property
    def tail_m(self) -> float:
        return self.x_m - LENGTHS_M[self.body]


def flow(view: View, seed: int, vehicles: int, *, away: bool = False) -> list[Drive]:
    """Return the first ``vehicles`` that come by, in order of their first frame; the same seed, the same traffic."""
    rng = random.Random(f"flow/{seed}/{away}")
    near, far = plate_track(view, 0.0)
    long = far - near + 2 * FAR_M
    frames = round((vehicles * MEAN_S + 120.0) * FPS)
    ways: list[tuple[_Car, int]] = []
    shares = TAILS if away else FRONTS
    plates, cycles = _plates(seed, shares), _plates(seed + 1, {PlateKind.MOTORCYCLE: 1.0})
    for lane in range(len(LANES_M)):
        ways += [(car, lane) for car in _lane(rng, frames, long, plates)]
    ways += [(car, len(LANES_M)) for car in _cycles(rng, frames, long, cycles)]
    ways.sort(key=lambda each: each[0].first)
    made = []
    for number, (car, lane) in enumerate(ways[:vehicles]):
        cycle = car.body is Body.MOTORCYCLE
        u = (CYCLE_U_M if cycle else LANES_M[lane]) + rng.uniform(-0.15, 0.15)
        x = np.array(car.way_m)
        # The picture's lower edge is where those that come leave it and those that go enter it.
        places = near - FAR_M + x - LENGTHS_M[car.body] if away else far + FAR_M - x
        bare = rng.random() < NO_PLATE or (cycle and not away)
        made.append(
            Drive(
                number,
                None if bare else car.plate.text,
                car.plate.kind,
                car.body,
                1 + (u > 0),
                rng.getrandbits(32),
                u,
                rng.uniform(-0.03, 0.03),
                away,
                rng.choices(list(WORN), list(WORN.values()))[0],
                car.first,
                places,
            )
        )
    return made


def _plates(seed: int, shares: Mapping[PlateKind, float]) -> Iterator[numbers.Plate]:
    """Yield plates, none twice."""
    given: set[str] = set()
    number = 0
    while True:
        made = numbers.plate(seed, number, frozenset(given), shares)
        given.add(made.text)
        number += 1
        yield made


def _lane(rng: random.Random, frames: int, long: float, plates: Iterator[numbers.Plate]) -> list[_Car]:
    """Return everybody who drives along one lane."""
    cars: list[_Car] = []
    on: list[_Car] = []
    due = rng.expovariate(1 / MEAN_S) * FPS
    hold_at, hold_end, line = rng.uniform(10, HOLD_EVERY_S) * FPS, 0.0, 0.0
    for frame in range(frames):
        if frame >= hold_at and frame > hold_end:
            hold_end = frame + rng.uniform(*HOLD_S) * FPS
            hold_at = hold_end + rng.expovariate(1 / HOLD_EVERY_S) * FPS
            line = rng.uniform(0.45, 0.9) * long
        if frame >= due and (not on or on[-1].tail_m > 2 * GAP_M):
            plate = next(plates)
            body = _body(rng, plate.kind)
            likes = min(max(rng.gauss(*SPEED_MS[:2]), SPEED_MS[2]), SPEED_MS[3])
            free = on[-1].tail_m if on else 1e9
            car = _Car(plate, body, likes, min(likes, on[-1].speed_ms + free / 4 if on else likes), frame)
            cars.append(car)
            on.append(car)
            due = max(due, frame - FPS) + rng.expovariate(1 / MEAN_S) * FPS
        _step(rng, on, line if frame < hold_end else None)
        on = [car for car in on if car.tail_m < long]
    return cars


def _step(rng: random.Random, on: list[_Car], line: float | None) -> None:
    """Move a lane's cars, the foremost first, by one frame."""
    for place, car in enumerate(on):
        car.way_m.append(car.x_m)
        gap, ahead = (on[place - 1].tail_m - car.x_m, on[place - 1].speed_ms) if place else (1e9, car.speed_ms)
        if line is not None and not car.let_go and car.x_m <= line:
            if line - car.x_m < gap:
                gap, ahead = line - car.x_m + GAP_M, 0.0
            if car.speed_ms < 0.15 and line - car.x_m < 1.5:
                car.waits_s = rng.uniform(*CHECK_S) if car.waits_s is None else car.waits_s - 1 / FPS
                car.let_go = car.waits_s <= 0
        closing = car.speed_ms * (car.speed_ms - ahead) / (2 * math.sqrt(FASTEN_MS2 * BRAKE_MS2))
        wish = GAP_M + max(0.0, car.speed_ms * HEADWAY_S + closing)
        push = FASTEN_MS2 * (1 - (car.speed_ms / car.likes_ms) ** 4 - (wish / max(gap, 0.1)) ** 2)
        car.speed_ms = max(0.0, car.speed_ms + max(push, -8.0) / FPS)
        if car.speed_ms < CREEP_MS and push < START_MS2:
            car.speed_ms = 0.0  # the model alone would creep for ever
        car.x_m += min(car.speed_ms / FPS, max(gap - 0.3, 0.0))


def _cycles(rng: random.Random, frames: int, long: float, plates: Iterator[numbers.Plate]) -> list[_Car]:
    """Return the motorcycles: they pass whatever stands in the lanes."""
    out = []
    at = rng.expovariate(1 / CYCLE_MEAN_S) * FPS
    while at < frames:
        speed = rng.uniform(*SPEED_MS[2:])
        car = _Car(next(plates), Body.MOTORCYCLE, speed, speed, round(at))
        car.way_m = list(np.arange(0.0, long + LENGTHS_M[Body.MOTORCYCLE], speed / FPS))
        out.append(car)
        at += (3.0 + rng.expovariate(1 / CYCLE_MEAN_S)) * FPS
    return out


def _body(rng: random.Random, kind: PlateKind) -> Body:
    if kind in (PlateKind.YELLOW, PlateKind.TRUCK_REAR):
        return rng.choice((Body.TRUCK, Body.TRUCK, Body.BUS))
    if kind is PlateKind.TRAILER:
        return Body.TRUCK
    return rng.choices((Body.CAR, Body.SUV), (0.62, 0.38))[0]
