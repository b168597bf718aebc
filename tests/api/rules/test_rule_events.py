"""What rules say, from the outbox through the store to those who ask and decide."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from api.access.rights import Role
from api.alerts.tables import delivery, subscriber
from api.log.envelope import Event, new_event, new_id
from api.rules.record import HISTORY_S
from api.rules.tables import rule_event
from api.settings import Settings
from api.store import open_store
from api.store.keeping import Kept, Store
from api.store.ledger import Entry
from api.store.tables import audit, refused_event
from api.workers.detect import rule_reset
from camera_config.camera_rules import RuleKind
from camera_config.ids import CameraId
from tests.detection.rules.hand_made import MIDDLE, Film, at, rule
from tests.support.kept import keep_waiting
from tests.support.small_county import small_county
from tests.support.web import Bench, StepClock

NOW = StepClock().wall_s


def said(state: str = "began", **changes: Any) -> dict[str, Any]:
    """Return the data of an event of a rule, as detection tells it."""
    told = {
        "id": new_id(), "camera": "cam-1", "rule": "r-1", "name": "夜间闯入", "kind": "intrusion", "state": state,
        "at": NOW, "began_at": NOW, "since": NOW - 2.0, "count": 1, "class": "person",
        "box": [0.1, 0.2, 0.3, 0.4], "cause": "",
    }  # fmt: skip
    return {**told, **changes}


class Keeper:
    """Stores events as the keeper does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.store = Store(engine, StepClock(), {})
        self.seq = self.store.open().get("detect-0", 0)

    def keep(self, data: dict[str, Any], kind: str = "rule.event", *, drill: bool = False) -> Kept:
        self.seq += 1
        return self.store.keep([self.entry(new_event(kind, "cam-1", data, drill=drill))])

    def entry(self, event: Event) -> Entry:
        return Entry(f"{self.seq}-0", "detect-0", self.seq, self.seq - 1, event.to_json())

    def subscribe(self, name: str, *, rules: bool) -> None:
        who = {"id": name, "name": "", "url": "http://10.0.0.9/", "secret": "whsec_AAAA", "created_at": NOW}
        with self.engine.begin() as connection:
            connection.execute(insert(subscriber).values(**who, drills=True, rules=rules))

    def deliveries(self) -> list[tuple[str, str | None]]:
        with self.engine.connect() as connection:
            query = select(delivery.c.id, delivery.c.rule_event_id).order_by(delivery.c.seq)
            return [(row.id, row.rule_event_id) for row in connection.execute(query)]

    def rows(self) -> dict[str, Any]:
        with self.engine.connect() as connection:
            return {row["id"]: row for row in connection.execute(select(rule_event)).mappings()}


@pytest.fixture
def keeper(store_url: str) -> Any:
    engine = open_store(store_url)
    yield Keeper(engine)
    engine.dispose()


def test_what_began_is_one_row_that_its_end_closes(keeper: Keeper) -> None:
    began = said()
    first = keeper.keep(began)
    last = keeper.keep({**began, "state": "ended", "at": NOW + 60, "count": 3})
    (row,) = keeper.rows().values()
    assert (row["state"], row["ended_at"], row["count"], row["review"]) == ("ended", NOW + 60, 3, "open")
    assert [(kind, told["state"], told["class"]) for kind, told in first.shown + last.shown] == [
        ("rule_event", "began", "person"),
        ("rule_event", "ended", "person"),
    ]
    assert first.shown[0][1]["box"] == [0.1, 0.2, 0.3, 0.4]


def test_an_end_whose_begin_was_lost_is_kept_whole(keeper: Keeper) -> None:
    keeper.keep(said("unknown", cause="no picture", box=None, **{"class": None}))
    (row,) = keeper.rows().values()
    assert (row["state"], row["cause"], row["label"], row["box"]) == ("unknown", "no picture", None, None)


def test_what_was_closed_stays_as_it_was(keeper: Keeper) -> None:
    began = said()
    keeper.keep(began)
    keeper.keep({**began, "state": "unknown", "at": NOW + 5, "cause": "no picture"})
    keeper.keep({**began, "state": "ended", "at": NOW + 60})
    keeper.keep(began)
    assert [(row["state"], row["ended_at"]) for row in keeper.rows().values()] == [("unknown", NOW + 5)]


def test_a_process_that_starts_closes_what_its_predecessor_held_and_not_what_others_hold(keeper: Keeper) -> None:
    mine, others, gone, done = said(), said(camera="cam-2"), said(camera="cam-77"), said()
    for one in (mine, others, gone, done):
        keeper.keep(one)
    keeper.keep({**done, "state": "ended"})
    shown = keeper.keep({"except": ["cam-2"], "at": NOW + 9, "cause": "kakou started"}, "rule.reset").shown
    states = {event_id: (row["state"], row["ended_at"], row["cause"]) for event_id, row in keeper.rows().items()}
    lost = ("unknown", NOW + 9, "kakou started")
    assert states == {
        mine["id"]: lost,
        gone["id"]: lost,
        others["id"]: ("began", None, ""),
        done["id"]: ("ended", NOW, ""),
    }
    assert {told["id"] for _, told in shown} == {mine["id"], gone["id"]}


def test_each_process_leaves_the_cameras_of_the_others_alone() -> None:
    county = small_county(cameras=3)
    rules = tuple(replace(rule(RuleKind.LOITERING), camera=CameraId(f"cam-{n}")) for n in (1, 2, 3))
    county = replace(county, camera_rules=rules)
    settings = Settings(county=Path(), data=Path(), detectors=2)
    told = [set(rule_reset(county, settings, index, 1.0)["except"]) for index in range(2)]
    assert told[0] | told[1] == {"cam-1", "cam-2", "cam-3"}
    assert not told[0] & told[1]


@pytest.mark.parametrize(
    "wrong", [{"state": "maybe"}, {"count": -1}, {"box": [0, 0, 2, 1]}, {"began_at": None}, {"id": "x" * 40}]
)
def test_what_is_not_as_agreed_is_refused_and_the_next_is_kept(keeper: Keeper, wrong: dict[str, Any]) -> None:
    assert keeper.keep(said(**wrong)).refused == 1
    assert keeper.keep(said()).stored == 1
    assert len(keeper.rows()) == 1


def test_what_is_older_than_the_term_goes(keeper: Keeper) -> None:
    old, kept = said(began_at=NOW - HISTORY_S - 1), said(began_at=NOW - HISTORY_S)
    for one in (old, kept, said()):
        keeper.keep(one)
    assert old["id"] not in keeper.rows()
    assert kept["id"] in keeper.rows()


def test_who_asked_for_it_is_told_once_that_it_began_and_once_that_it_is_over(keeper: Keeper) -> None:
    keeper.subscribe("asked", rules=True)
    keeper.subscribe("did-not", rules=False)
    seen, lost = said(), said(camera="cam-2")
    for one in (seen, seen, {**seen, "state": "ended"}, {**seen, "state": "ended"}, lost):
        keeper.keep(one)
    for _ in range(2):
        keeper.keep({"except": [], "at": NOW + 9, "cause": "kakou started"}, "rule.reset")
    told = [(seen, "began"), (seen, "ended"), (lost, "began"), (lost, "ended")]
    assert keeper.deliveries() == [(f"{one['id']}_{step}_asked", one["id"]) for one, step in told]


def test_nobody_is_told_what_a_rule_said_in_a_drill_even_when_it_is_closed(keeper: Keeper) -> None:
    keeper.subscribe("asked", rules=True)
    ended, held = said(), said()
    keeper.keep(ended, drill=True)
    keeper.keep({**ended, "state": "ended"}, drill=True)
    keeper.keep(held, drill=True)
    keeper.keep({"except": [], "at": NOW + 9, "cause": "kakou started"}, "rule.reset")
    assert {row["state"] for row in keeper.rows().values()} == {"ended", "unknown"}
    assert keeper.deliveries() == []


def test_a_delivery_goes_with_its_event_when_the_term_is_over(keeper: Keeper) -> None:
    keeper.subscribe("asked", rules=True)
    old, new = said(began_at=NOW - HISTORY_S - 1), said()
    keeper.keep(old)
    assert keeper.keep(new).refused == 0
    assert keeper.deliveries() == [(f"{new['id']}_began_asked", new["id"])]


async def test_from_a_camera_to_a_decision(web: Bench) -> None:
    """Boxes, rule, outbox, store, list, review: each the real one."""
    film = Film(rule(RuleKind.INTRUSION, zone=MIDDLE), start=web.clock.wall_s)
    film.play([[at(0.5, 0.5)]] * 4)
    for one in film.told:
        web.shared.outbox.put("rule.event", one.camera, one.to_json())
    assert keep_waiting(web) == 1
    async with web.logged_in(Role.OPERATOR) as client:
        (listed,) = (await client.get("/v1/rule-events", params={"state": "began"})).json()["rule_events"]
        assert (listed["kind"], listed["camera"], listed["class"]) == ("intrusion", "cam-1", "person")
        assert listed["since"] <= listed["began_at"]
        path = f"/v1/rule-events/{listed['id']}/review"
        decided = await client.post(path, json={"verdict": "rejected", "note": "是清洁工"})
        assert (decided.status_code, decided.json()["review"]) == (200, "rejected")
        assert decided.json()["state"] == "began", "it holds all the same"
        assert (await client.post(path, json={"verdict": "confirmed"})).status_code == 409
        assert (await client.post("/v1/rule-events/none/review", json={"verdict": "confirmed"})).status_code == 404
        assert (await client.get("/v1/rule-events", params={"review": "open"})).json()["rule_events"] == []
    with web.shared.engine.connect() as connection:
        assert connection.execute(select(audit.c.what)).scalars().all() == ["rule-events.review"]
        assert connection.execute(select(refused_event)).all() == []


async def test_pages_follow_each_other_newest_first(web: Bench) -> None:
    keeper = Keeper(web.shared.engine)
    for number in range(5):
        keeper.keep(said(began_at=NOW + number, camera=f"cam-{number % 2}"))
    async with web.logged_in(Role.WALL) as client:
        seen: list[float] = []
        after = ""
        while after is not None:
            page = (await client.get("/v1/rule-events", params={"limit": 2, "after": after})).json()
            seen += [one["began_at"] for one in page["rule_events"]]
            after = page["next"]
        assert seen == [NOW + number for number in (4, 3, 2, 1, 0)]
        own = (await client.get("/v1/rule-events", params={"camera": "cam-1"})).json()["rule_events"]
        assert [one["began_at"] for one in own] == [NOW + 3, NOW + 1]
        assert (await client.get("/v1/rule-events", params={"after": "nonsense"})).status_code == 422
