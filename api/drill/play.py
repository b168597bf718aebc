"""Plays a drill through the HTTP API: simulated units drive along the frozen plan, with human turnout and refusals.

Knows only the public API and the road graph; the same seed gives the same drill.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from api.plan.inputs import Prepared
from camera_config.clock import Clock
from camera_config.errors import CountyError
from camera_config.ids import PostId, UnitId
from lockdown.movement import Fleet

STEP_S = 10.0
"""Drill seconds between two reports of a unit; the dwell at a post is 20 s."""

LATEST_S = 600.0
"""Drill seconds after the last deadline at which a drill ends, whoever is still missing."""

ACKNOWLEDGE_MEAN_S = 20.0
TURNOUT = (0.6, 1.5)
"""The rest of the dispatch delay is multiplied by a number drawn evenly from this span."""

REFUSES = 0.03
"""Chance that a unit refuses: breakdown, a prisoner in the car, illness."""

PROBLEM_CHARS = 300


@dataclass(frozen=True, slots=True)
class Crew:
    """What a unit of the plan will do; times are drill seconds since the order."""

    unit: UnitId
    post: PostId
    acknowledges_s: float
    leaves_s: float
    refuses: bool


class Play:
    """One drill from beginning to end; ``run`` returns what the server makes of it."""

    def __init__(
        self, prepared: Prepared, operator: httpx.Client, device: httpx.Client, clock: Clock, *, seed: int, speed: float
    ) -> None:
        self._prepared = prepared
        self._operator = operator
        self._device = device
        self._clock = clock
        self._seed = seed
        self._speed = speed

    def run(self, rings: list[str], note: str, progress: Callable[[float, float, int], None]) -> dict[str, Any]:
        """Play the drill; ``progress`` is told drill time, its end, and how many units have arrived.

        Raises:
            CountyError: the server does not answer or refuses.
        """
        county = self._prepared.county
        fleet = Fleet(self._prepared.graph, county, self._seed, fields=self._prepared.fields)
        body = {"seed": self._seed, "rings": rings, "note": note, "positions": self._positions(fleet)}
        drill = _answer(self._operator, "POST", "/v1/drills", body)
        crews = [self._crew(line) for line in drill["plan"]["plan"]]
        for crew in crews:
            if not crew.refuses:
                fleet.send(crew.unit, crew.post, crew.leaves_s)
        deadlines = [post.deadline_s for post in county.posts if post.ring.value in rings]
        self._play(fleet, crews, str(drill["id"]), max(deadlines) + LATEST_S, progress)
        return _answer(self._operator, "POST", f"/v1/drills/{drill['id']}/end", None)

    def _play(
        self,
        fleet: Fleet,
        crews: list[Crew],
        drill: str,
        end_s: float,
        progress: Callable[[float, float, int], None],
    ) -> None:
        t_s, done_s, said = 0.0, end_s, set[UnitId]()
        began_s = self._clock.monotonic_s()
        while t_s < min(end_s, done_s):
            fleet.step(STEP_S)
            t_s += STEP_S
            reports: list[dict[str, Any]] = []
            for crew in crews:
                reports += self._reports(fleet, crew, t_s, said)
            if reports:
                _answer(self._device, "POST", f"/v1/drills/{drill}/reports", {"reports": reports})
            arrived = len(fleet.arrivals())
            if done_s == end_s and arrived == sum(not crew.refuses for crew in crews):
                done_s = t_s + 3 * STEP_S
            progress(t_s, end_s, arrived)
            self._clock.sleep(max(0.0, began_s + t_s / self._speed - self._clock.monotonic_s()))

    def _positions(self, fleet: Fleet) -> list[dict[str, Any]]:
        now = self._clock.now().timestamp()
        rows = []
        for unit in self._prepared.county.units:
            place = fleet.position(unit.id)
            rows.append(
                {
                    "unit": unit.id,
                    "lat": round(place.lat, 6),
                    "lon": round(place.lon, 6),
                    "at": now,
                    "speed_kmh": 0.0,
                    "status": unit.status.value,
                    "drill": True,
                }
            )
        return rows

    def _crew(self, line: dict[str, Any]) -> Crew:
        random = Random(f"drill {self._seed} {line['unit']}")
        acknowledges_s = min(180.0, random.expovariate(1 / ACKNOWLEDGE_MEAN_S))
        delay_s = line["arrive_s"] - line["drive_s"]
        turnout_s = max(0.0, delay_s - ACKNOWLEDGE_MEAN_S) * random.uniform(*TURNOUT)
        return Crew(
            unit=UnitId(line["unit"]),
            post=PostId(line["post"]),
            acknowledges_s=acknowledges_s,
            leaves_s=acknowledges_s + turnout_s,
            refuses=random.random() < REFUSES,
        )

    @staticmethod
    def _reports(fleet: Fleet, crew: Crew, t_s: float, said: set[UnitId]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        if crew.unit not in said and crew.acknowledges_s <= t_s:
            said.add(crew.unit)
            kind = "refused" if crew.refuses else "acknowledged"
            found.append({"unit": crew.unit, "kind": kind, "t_s": round(crew.acknowledges_s, 1)})
        place = fleet.position(crew.unit)
        here = {"lat": round(place.lat, 6), "lon": round(place.lon, 6)}
        return [*found, {"unit": crew.unit, "kind": "position", "t_s": t_s, **here}]


def _answer(client: httpx.Client, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    try:
        answer = client.request(method, path, json=body)
    except httpx.TransportError as error:
        raise CountyError(f"{client.base_url} does not answer: {error}", hint="Is `kakou up` running?") from error
    if answer.is_error:
        raise CountyError(f"{path}: {answer.status_code} {answer.text[:PROBLEM_CHARS]}")
    found: dict[str, Any] = answer.json()
    return found
