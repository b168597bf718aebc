"""What a batch of events becomes in the store; the same on SQLite and PostgreSQL."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from api.alerts.tables import alert, delivery, subscriber, watchlist
from api.log.envelope import Event, new_event, new_id
from api.passages.tables import passage, report, vehicle
from api.store import open_store
from api.store.counters import count_verdicts, totals
from api.store.keeping import Kept, Store
from api.store.ledger import Entry
from api.store.tables import refused_event, watermark
from camera_config.errors import StoreError
from tests.support.passages import passage_data
from tests.support.web import StepClock

NOW = StepClock().wall_s


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    made = open_store(store_url)
    yield made
    made.dispose()


class Feed:
    """Gives a store events of producers, numbered as an outbox does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.clock = StepClock()
        self.store = Store(engine, self.clock, {"cp-01": "东门卡口"})
        self.store.open()
        self._seq: dict[str, int] = {}
        self._entry = 0

    def entry(self, event: Event, producer: str = "p", seq: int | None = None, after: int | None = None) -> Entry:
        number = self._seq.get(producer, 0) + 1 if seq is None else seq
        self._seq[producer] = max(number, self._seq.get(producer, 0))
        self._entry += 1
        return Entry(f"{self._entry}-0", producer, number, number - 1 if after is None else after, event.to_json())

    def passage(self, plate: str | None, producer: str = "p", drill: bool = False, **changes: Any) -> Kept:
        data = passage_data(plate, **{"at": NOW, "frame_mono_s": self.clock.mono_s - 0.25, **changes})
        kind = "passage.final" if data["final"] else "passage.provisional"
        return self.store.keep([self.entry(new_event(kind, data["checkpoint"], data, drill=drill), producer)])

    def rows(self, query: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(query).mappings())

    def watch(self, plate: str, ends_at: float = NOW + 3600) -> str:
        entry = new_id()
        with self.engine.begin() as connection:
            connection.execute(
                insert(watchlist).values(
                    id=entry,
                    plate=plate,
                    reason="盗抢车",
                    requester="张",
                    added_by="s-1",
                    created_at=NOW,
                    ends_at=ends_at,
                )
            )
        return entry

    def subscribe(self, drills: bool) -> str:
        made = new_id()
        with self.engine.begin() as connection:
            connection.execute(
                insert(subscriber).values(
                    id=made, name="", url="http://10.0.0.9/", secret="whsec_AAAA", drills=drills, created_at=NOW
                )
            )
        return made


@pytest.fixture
def feed(engine: Engine) -> Feed:
    return Feed(engine)


def test_events_are_stored_in_order_once(feed: Feed) -> None:
    one, two, three = (feed.entry(new_event("counters", "p", {"start": "a", "n": n})) for n in (1, 2, 3))
    kept = feed.store.keep([one, three, two, one, three])
    assert (kept.stored, kept.gaps, len(kept.repeats), kept.marks) == (3, 1, 1, {"p": 3})
    assert totals(feed.engine) == {"n": 3}
    assert feed.rows(select(watermark)) == [{"producer": "p", "seq": 3}]


def test_a_producer_that_shed_rows_leaves_no_gap(feed: Feed) -> None:
    event = new_event("counters", "p", {"start": "a", "n": 9})
    assert feed.store.keep([feed.entry(event, seq=40, after=0)]).marks == {"p": 40}


def test_an_event_that_cannot_be_read_is_kept_aside_and_its_producer_goes_on(feed: Feed) -> None:
    broken = Entry("1-0", "p", 1, 0, "{not json")
    strange = feed.entry(new_event("unheard.of", "p", {}), seq=2)
    bad = feed.entry(new_event("passage.final", "cp", passage_data("吉D12345", checkpoint="")), seq=3)
    nul = feed.entry(new_event("feed.state", "c", {"feed": "c", "state": "a\0b", "since": 1.0, "cause": ""}), seq=4)
    good = feed.entry(new_event("passage.final", "cp", passage_data("吉D12345")), seq=5)
    kept = feed.store.keep([broken, strange, bad, nul, good])
    assert kept.marks == {"p": 5}
    assert {row["seq"] for row in feed.rows(select(refused_event))} >= {1, 2, 3}
    assert len(feed.rows(select(passage))) == 1
    assert all("吉D12345" not in row["reason"] for row in feed.rows(select(refused_event)))


def test_a_second_keeper_is_noticed_and_stores_nothing(feed: Feed) -> None:
    feed.passage("吉D00001")
    other = Store(feed.engine, feed.clock, {})
    other.open()
    other.keep([feed.entry(new_event("counters", "p", {"start": "a", "n": 1}), seq=2)])
    late = feed.entry(new_event("counters", "p", {"start": "b", "n": 5}), seq=2)
    with pytest.raises(StoreError, match="another keeper"):
        feed.store.keep([late])
    feed.store.open()
    assert len(feed.store.keep([late]).repeats) == 1
    assert totals(feed.engine) == {"n": 1}


def test_the_final_version_replaces_the_provisional_and_is_never_replaced_by_it(feed: Feed) -> None:
    identity = new_id()
    first = feed.passage("吉D00001", id=identity, version=1, final=False)
    assert [kind for kind, _ in first.shown] == ["passage"]
    feed.passage("吉D00007", id=identity, version=2)
    late = feed.passage("吉D00001", id=identity, version=1, final=False, producer="q")
    assert late.shown == []
    (row,) = feed.rows(select(passage, vehicle.c.plate).join(vehicle))
    assert (row["version"], row["final"], row["plate"]) == (2, True, "吉D00007")


def test_totals_are_summed_over_producers_and_their_starts(feed: Feed) -> None:
    for producer, start, n in (("a", "1", 5), ("a", "1", 8), ("a", "2", 2), ("b", "1", 100)):
        feed.store.keep([feed.entry(new_event("counters", producer, {"start": start, "frames": n}), producer)])
    assert totals(feed.engine) == {"frames": 110}


@pytest.mark.parametrize(
    ("apart_s", "plate", "passages"),
    [(0.0, "吉D12345", 1), (3.0, "吉D12345", 1), (3.1, "吉D12345", 2), (1.0, "吉D12346", 1), (1.0, "吉D12366", 2)],
)
def test_video_and_device_at_one_checkpoint_are_one_passage(
    feed: Feed, apart_s: float, plate: str, passages: int
) -> None:
    feed.passage("吉D12345", producer="web", source="device", id="d-1")
    feed.passage(plate, at=NOW + apart_s, id="v-1", scene_path="pictures/v-1-scene.jpg", scene_sha256="0" * 64)
    rows = feed.rows(select(passage).order_by(passage.c.id))
    assert len(rows) == passages
    assert rows[0]["id"] == "d-1"
    assert {(row["id"], row["source"]) for row in feed.rows(select(report))} == {("d-1", "device"), ("v-1", "video")}
    if passages == 1:
        assert rows[0]["scene_path"] == "pictures/v-1-scene.jpg"
        assert rows[0]["source"] == "device"


def test_a_changed_verdict_is_kept_once_and_a_wrong_one_kept_aside(feed: Feed) -> None:
    data = {"computed_at": NOW, "state": "ready", "t_star_s": 600.0, "weakest_post": None, "margin_s": 300.0}
    event = new_event("verdict.changed", "planner", {**data, "digest": "d", "certificate": {}})
    wrong = new_event("verdict.changed", "planner", data)
    kept = feed.store.keep([feed.entry(event), feed.entry(wrong), feed.entry(event)])
    assert (kept.stored, kept.refused) == (2, 1)
    assert count_verdicts(feed.engine) == 1


def test_two_vehicles_of_one_source_are_never_one_passage(feed: Feed) -> None:
    feed.passage("吉D12345", id="v-1")
    feed.passage("吉D12346", id="v-2", at=NOW + 1)
    feed.passage("吉D12345", id="v-3", at=NOW + 2)
    assert len(feed.rows(select(passage))) == 3


def test_a_device_passage_joins_one_video_passage_only(feed: Feed) -> None:
    feed.passage("吉D12345", id="d-1", source="device", producer="web")
    feed.passage("吉D12345", id="v-1", at=NOW + 0.5)
    feed.passage("吉D12345", id="v-2", at=NOW + 1)
    assert {row["id"] for row in feed.rows(select(passage))} == {"d-1", "v-2"}


def test_a_final_version_of_a_joined_report_changes_the_joint_passage(feed: Feed) -> None:
    feed.passage("吉D12345", id="d-1", source="device", producer="web", certain=False)
    feed.passage("吉D12346", id="v-1", version=1, final=False, certain=False)
    feed.passage("吉D12346", id="v-1", version=2)
    (row,) = feed.rows(select(passage, vehicle.c.plate).join(vehicle))
    assert (row["id"], row["plate"], row["certain"]) == ("d-1", "吉D12346", True)


SPEED = ("direction", "speed_kmh", "speed_error_kmh")


def motion(row: Any) -> tuple[Any, ...]:
    """Return direction, speed and its error."""
    return tuple(row[name] for name in SPEED)


def test_the_live_message_the_alert_and_the_webhook_tell_direction_and_speed(feed: Feed) -> None:
    feed.watch("吉D12345")
    feed.subscribe(drills=False)
    kept = feed.passage("吉D12345", direction="away", speed_kmh=52.3, speed_error_kmh=4.1)
    told = dict(kept.shown)
    (sent,) = feed.rows(select(delivery.c.body))
    webhook = json.loads(sent["body"])["data"]["passage"]
    for shown in (told["passage"], told["alert"]["passage"], webhook):
        assert motion(shown) == ("away", 52.3, 4.1)


def test_a_speed_without_its_error_is_not_stored(feed: Feed) -> None:
    feed.passage("吉D00001", direction="towards", speed_kmh=52.3)
    feed.passage("吉D00002", at=NOW + 60, speed_error_kmh=4.1)
    rows = feed.rows(select(passage).order_by(passage.c.at))
    assert [motion(row) for row in rows] == [("towards", None, None), (None, None, None)]


def test_the_final_version_corrects_the_speed(feed: Feed) -> None:
    for version, speed in ((1, 40.0), (2, 52.3)):
        final = version == 2
        feed.passage("吉D00001", id="v-1", version=version, final=final, speed_kmh=speed, speed_error_kmh=4.1)
    assert [motion(row) for row in feed.rows(select(passage))] == [(None, 52.3, 4.1)]


def test_a_device_that_says_no_speed_leaves_and_takes_that_of_the_video(feed: Feed) -> None:
    known = {"direction": "away", "speed_kmh": 52.3, "speed_error_kmh": 4.1}
    feed.passage("吉D00001", id="v-1", **known)
    feed.passage("吉D00001", id="d-1", source="device", producer="web")
    feed.passage("吉D00002", id="d-2", at=NOW + 60, source="device", producer="web")
    feed.passage("吉D00002", id="v-2", at=NOW + 60, version=1, final=False, **known)
    assert [motion(row) for row in feed.rows(select(passage))] == [("away", 52.3, 4.1)] * 2


def test_a_watched_plate_alerts_once_with_its_latency(feed: Feed) -> None:
    entry = feed.watch("吉D12345")
    identity = new_id()
    kept = feed.passage("吉D·12345", id=identity, version=1, final=False)
    assert [kind for kind, _ in kept.shown] == ["alert", "passage"]
    told = kept.shown[0][1]
    assert told["passage"]["checkpoint_name"] == "东门卡口"
    assert told["watchlist"] == {"id": entry, "reason": "盗抢车", "requester": "张"}
    assert (told["state"], told["latency_ms"], told["drill"]) == ("open", 250.0, False)
    again = feed.passage("吉D12345", id=identity, version=2)
    assert [kind for kind, _ in again.shown] == ["passage"]
    assert len(feed.rows(select(alert))) == 1


def test_a_final_that_corrects_the_plate_onto_the_watchlist_alerts(feed: Feed) -> None:
    feed.watch("吉D12345")
    identity = new_id()
    assert [kind for kind, _ in feed.passage("吉D12346", id=identity, version=1, final=False).shown] == ["passage"]
    assert [kind for kind, _ in feed.passage("吉D12345", id=identity, version=2).shown] == ["alert", "passage"]


def test_an_uncertain_read_alerts_only_when_final_and_says_so(feed: Feed) -> None:
    feed.watch("吉D12345")
    identity = new_id()
    first = feed.passage("吉D12345", id=identity, version=1, final=False, certain=False)
    assert [kind for kind, _ in first.shown] == ["passage"]
    final = feed.passage("吉D12345", id=identity, version=2, certain=False)
    assert final.shown[0][1]["passage"]["certain"] is False
    assert [row["certain"] for row in feed.rows(select(alert))] == [False]


@pytest.mark.parametrize(("before_end_s", "alerts"), [(1.0, 1), (0.0, 0), (-1.0, 0)])
def test_an_entry_matches_until_its_end_and_not_at_it(feed: Feed, before_end_s: float, alerts: int) -> None:
    feed.watch("吉D12345", ends_at=NOW + 60)
    feed.clock.step(60 - before_end_s)
    feed.passage("吉D12345", at=NOW)
    assert len(feed.rows(select(alert))) == alerts


def test_a_removed_entry_matches_nothing(feed: Feed) -> None:
    feed.watch("吉D12345")
    with feed.engine.begin() as connection:
        connection.execute(update(watchlist).values(removed_at=NOW))
    feed.passage("吉D12345")
    assert feed.rows(select(alert)) == []


def test_a_drill_alerts_as_a_drill_and_is_sent_only_to_those_who_asked(feed: Feed) -> None:
    feed.watch("吉D12345")
    real, drills = feed.subscribe(drills=False), feed.subscribe(drills=True)
    kept = feed.passage("吉D12345", drill=True)
    assert kept.shown[0][1]["drill"] is True
    assert [row["subscriber_id"] for row in feed.rows(select(delivery))] == [drills]
    feed.passage("吉D12345", at=NOW + 100)
    sent = [row["subscriber_id"] for row in feed.rows(select(delivery))]
    assert sorted(sent) == sorted([drills, drills, real])


def test_what_was_stored_and_perhaps_not_shown_is_recalled(feed: Feed) -> None:
    feed.watch("吉D12345")
    entry = feed.entry(new_event("passage.final", "cp-01", passage_data("吉D12345", at=NOW)))
    feed.store.keep([entry])
    kept = feed.store.keep([entry])
    assert [kind for kind, _ in feed.store.recall(kept.repeats)] == ["passage", "alert"]
