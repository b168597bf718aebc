"""How a device fared is kept: its latest state, and its changes for ninety days."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select

from api.devices.record import HISTORY_S
from api.devices.tables import device_history, picture_state
from api.log.envelope import new_event
from api.passages.tables import feed_state
from api.store import open_store
from api.store.keeping import Kept, Store
from api.store.ledger import Entry
from tests.support.web import StepClock


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    made = open_store(store_url)
    yield made
    made.dispose()


def keep(engine: Engine, *events: tuple[str, dict[str, object]]) -> Kept:
    store = Store(engine, StepClock(), {})
    seq = store.open().get("p", 0)
    made = [new_event(kind, str(data.get("feed")), data) for kind, data in events]
    return store.keep([Entry(f"{n}-0", "p", n, n - 1, event.to_json()) for n, event in enumerate(made, seq + 1)])


def picture(state: str, since: float, **more: object) -> tuple[str, dict[str, object]]:
    return "picture.state", {"feed": "cam-1", "picture": state, "since": since, "score": 0.5, "cause": "", **more}


def test_the_latest_picture_state_is_kept_with_its_history(engine: Engine) -> None:
    stream = {"feed": "cam-1", "state": "online", "since": 90.0, "cause": None}
    kept = keep(engine, picture("good", 100.0), ("feed.state", stream), picture("moved", 200.0, cause="c"))
    assert (kept.stored, kept.refused) == (3, 0)
    with engine.connect() as connection:
        latest = connection.execute(select(picture_state)).mappings().one()
        stored = connection.execute(select(feed_state.c.state)).scalar_one()
        order = select(device_history.c.what, device_history.c.state).order_by(device_history.c.id)
        history = connection.execute(order).all()
    assert (latest["feed"], latest["picture"], latest["since"], latest["score"], latest["cause"]) == (
        "cam-1", "moved", 200.0, 0.5, "c",
    )  # fmt: skip
    assert stored == "online"
    assert [tuple(row) for row in history] == [("picture", "good"), ("feed", "online"), ("picture", "moved")]


def test_changes_older_than_ninety_days_go_with_the_next_change(engine: Engine) -> None:
    keep(engine, picture("good", 100.0), picture("moved", 101.0), picture("good", 101.0 + HISTORY_S))
    with engine.connect() as connection:
        kept = connection.execute(select(device_history.c.since).order_by(device_history.c.since)).scalars().all()
    assert kept == [101.0, 101.0 + HISTORY_S]


@pytest.mark.parametrize("wrong", [{"feed": "x" * 65}, {"since": "soon"}, {"picture": None}])
def test_a_picture_state_that_is_none_is_refused_and_the_rest_kept(engine: Engine, wrong: dict[str, object]) -> None:
    kind, data = picture("good", 100.0)
    kept = keep(engine, (kind, {**data, **wrong}), picture("good", 100.0))
    assert (kept.stored, kept.refused) == (1, 1)
