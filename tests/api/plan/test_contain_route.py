"""POST /v1/plan/contain and GET /v1/plan/leaks: the search runs beside the planner, whose verdicts go on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO, StringIO
from math import inf
from pathlib import Path

import httpx
import pytest

from api.access.rights import Role
from api.live.entries import READINESS_KEY, compact, get_json
from api.log.bus import connect
from api.log.outbox import Outbox, outbox_path
from api.plan.aside import PATIENCE_S, Aside
from api.plan.confine import pack, solve, unpacked
from api.plan.contain import ContainIn, answered, question_of
from api.plan.inputs import PositionRow, Prepared, prepare, units_from
from api.plan.planner import CONTAIN_S, Planner
from api.plan.routes import CONTAIN_WAIT_S
from camera_config.clock import SystemClock
from camera_config.county import Position
from lockdown.containment import Objective, contain
from tests.support.small_county import LAT, LON, place, small_county
from tests.support.waiting import until
from tests.support.web import Bench, StepClock

ASKED = {"lat": LAT, "lon": LON, "seen_ago_s": 5.0}
OUTSIDE: list[dict[str, object]] = [
    {"unit": f"u-{n + 1}", "lat": at.lat, "lon": at.lon, "speed_kmh": 10.0, "heading_deg": 90.0 * n}
    for n, at in enumerate(place(arm, 4.2) for arm in "nesw")
]
"""A unit on each road out of town, driving out: it is at the edge before he can be."""


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(small_county())


@asynccontextmanager
async def planning(web: Bench, prepared: Prepared) -> AsyncIterator[None]:
    outbox = Outbox(outbox_path(web.shared.settings.data, "planner"), "planner")
    bus = connect(web.shared.settings, web.shared.run)
    ending = asyncio.Event()
    planner = Planner(prepared, bus, outbox, SystemClock())
    thread = asyncio.create_task(asyncio.to_thread(planner.run, ending.is_set))
    try:
        yield
    finally:
        ending.set()
        await thread
        outbox.close()
        bus.close()


def searching() -> list[int]:
    """Return the child processes of this one that search a containment."""
    children = [int(child) for file in Path("/proc/self/task").glob("*/children") for child in file.read_text().split()]
    return [child for child in children if b"api.workers.confine" in Path(f"/proc/{child}/cmdline").read_bytes()]


async def post_positions(device: httpx.AsyncClient, at: float) -> None:
    sent = [{**one, "at": at} for one in OUTSIDE]
    assert (await device.post("/v1/units/positions", json={"positions": sent})).status_code == 200


async def test_verdicts_and_other_questions_go_on_while_a_containment_is_searched(
    web_and_bus: Bench, prepared: Prepared
) -> None:
    web = web_and_bus
    clock = SystemClock()
    web.clock.mono_s, web.clock.wall_s = clock.monotonic_s(), clock.now().timestamp()
    async with planning(web, prepared), web.logged_in(Role.OPERATOR) as operator, web.logged_in(Role.DEVICE) as device:
        await post_positions(device, web.shared.now())
        asking = asyncio.create_task(operator.post("/v1/plan/contain", json={**ASKED, "roads": True}))
        await until(searching, 60.0)
        (child,) = searching()
        os.kill(child, signal.SIGSTOP)
        said = set()
        while len(said) < 3:
            full = await get_json(web.shared.bus, READINESS_KEY)
            said |= {full["computed_at"]} if full else set()
            await asyncio.sleep(0.05)
        assert (await operator.post("/v1/plan/race", json=ASKED)).status_code == 200
        other = await operator.post("/v1/plan/contain", json=ASKED)
        assert (other.status_code, other.json()["detail"]) == (503, "another containment is being searched")
        assert not asking.done()
        os.kill(child, signal.SIGCONT)
        answer = (await asking).json()
        assert (answer["proved"], answer["may_be_out"]) == (True, False)
        assert answer["value"] == answer["bound"] > 0
        assert {guard["unit"] for guard in answer["guards"]} == {"u-1", "u-2", "u-3", "u-4"}
        assert answer["area"]
        assert searching() == []


async def test_who_may_be_out_is_answered_at_once_and_leaks_are_told(web_and_bus: Bench, prepared: Prepared) -> None:
    web = web_and_bus
    async with planning(web, prepared), web.logged_in(Role.OPERATOR) as operator:
        gone = (await operator.post("/v1/plan/contain", json={**ASKED, "seen_ago_s": 3600.0})).json()
        assert (gone["may_be_out"], gone["value"]) == (True, None)
        assert "请通知邻县" in gone["text"]
        far = await operator.post("/v1/plan/contain", json={**ASKED, "lat": 0.0})
        assert (far.status_code, far.json()["detail"]) == (422, "no road is near the place where he was seen")
        closed = (await operator.get("/v1/plan/leaks")).json()
        assert closed["closed"] is True
        assert [ring["posts"] for ring in closed["rings"]] == [4, 4]


async def test_without_a_planner_nobody_is_told_that_a_ring_is_closed(web: Bench) -> None:
    async with web.logged_in(Role.OPERATOR) as operator:
        assert (await operator.get("/v1/plan/leaks")).json() == {"closed": None, "rings": []}
        assert (await operator.post("/v1/plan/contain", json=ASKED)).status_code == 503


async def test_a_search_ends_with_its_time_and_one_that_dies_is_said_to_have_failed(prepared: Prepared) -> None:
    county, clock = small_county(), StepClock()
    rows = [PositionRow.model_validate({**one, "age_s": 0.0}) for one in OUTSIDE]
    chase = question_of(prepared, units_from(county, rows), Position(LAT, LON), 5_000).chase
    aside = Aside(clock)
    aside.begin("stopped", chase, Objective.METRES, others_stand=False, limit_s=1.0)
    with pytest.raises(ValueError, match="a search runs"):
        aside.begin("another", chase, Objective.METRES, others_stand=False, limit_s=1.0)
    await until(searching, 60.0)
    os.kill(searching()[0], signal.SIGSTOP)
    assert aside.done() is None
    clock.step(10.0)
    late = aside.done()
    assert late is not None
    assert late.found is not None
    assert (late.identity, late.found.value, late.found.proved, searching()) == ("stopped", None, False, [])

    aside.begin("killed", chase, Objective.METRES, others_stand=False, limit_s=1.0)
    await until(searching, 60.0)
    os.kill(searching()[0], signal.SIGKILL)
    ended = []
    await until(lambda: ended.append(aside.done()) or ended[-1], 60.0)
    assert ended[-1].found is None

    aside.begin("whole", chase, Objective.METRES, others_stand=True, limit_s=5.0)
    await until(lambda: ended.append(aside.done()) or ended[-1], 60.0)
    assert ended[-1].found == contain(chase, Objective.METRES, others_stand=True)
    assert ended[-1].found.value > 0
    aside.begin("closed", chase, Objective.METRES, others_stand=True, limit_s=5.0)
    aside.close()
    assert searching() == []


def test_a_plan_is_kept_before_its_proof_so_that_one_who_is_ended_has_answered(prepared: Prepared) -> None:
    county = small_county()
    rows = [PositionRow.model_validate({**one, "age_s": 0.0}) for one in OUTSIDE]
    units = units_from(county, rows)
    asked = question_of(prepared, units, Position(LAT, LON), 5_000)
    question, answers = BytesIO(), StringIO()
    pack(question, asked.chase, Objective.METRES, others_stand=True, limit_s=5.0)
    question.seek(0)
    solve(question, answers)
    first, last = answers.getvalue().splitlines(keepends=True)
    plan, proved = unpacked(first + last[:40], Objective.METRES), unpacked(first + last, Objective.METRES)
    assert plan is not None
    assert proved is not None
    assert plan.value is not None
    assert (plan.proved, proved.proved, plan.bound <= plan.value) == (False, True, True)
    assert plan.guards == proved.guards
    assert unpacked(first[:40], Objective.METRES) is None
    body, plan = ContainIn.model_validate(ASKED), replace(plan, bound=-inf)
    shown = answered(prepared, units, asked, body, plan, limit_s=5.0, computed_at=0.0)
    assert compact(shown.model_dump(mode="json"))
    assert (shown.bound, shown.gap, shown.proved) == (None, None, False)
    assert "也没有得出下界" in shown.text
    assert 2 * CONTAIN_S + PATIENCE_S < CONTAIN_WAIT_S
