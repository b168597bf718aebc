"""Figures for Prometheus: whole, bounded, documented, and without anything that must stay inside."""

import dataclasses
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from api.access.rights import Role
from api.alerts.tables import alert, watchlist
from api.metrics.feed_counts import NAMES, write_counts
from api.metrics.figures import COUNTS_MAX, Figures, text_of
from api.passages.tables import passage
from api.store.tables import counter
from detection.analyst import Counters
from tests.support.feed import devices
from tests.support.kept import keep
from tests.support.web import Bench

DOCS = Path(__file__).parents[3] / "docs" / "ref" / "metrics.md"


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, metric: str, /, **labels: str) -> float:
    return samples(text)[(metric, frozenset(labels.items()))]


async def asked(web: Bench, role: Role = Role.DEVICE) -> str:
    async with web.logged_in(role) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


async def test_states_and_ages_of_every_device_are_told(web_and_bus: Bench) -> None:
    shared, clock = web_and_bus.shared, web_and_bus.clock
    message = devices(clock.mono_s, clock.wall_s - 3, cam_1="online", cp_n="stalled")
    message["devices"][0] |= {"codec": "h265", "via": "rtsp", "watched": "main", "gop_s": 2.0, "notes": ["flood"]}
    shared.board.accept(message)
    row = {"picture": "moved", "since": 1.0, "seen_at": clock.wall_s - 7, "cause": ""}
    shared.board.accept_pictures({"at": clock.wall_s, "mono_s": clock.mono_s, "pictures": {"cam-1": row}})
    text = await asked(web_and_bus)
    assert value(text, "kakou_feed_state", feed="cam-1", kind="camera", state="online") == 1
    assert value(text, "kakou_feed_state", feed="cam-1", kind="camera", state="stalled") == 0
    assert value(text, "kakou_feed_state", feed="cp-n", kind="checkpoint", state="stalled") == 1
    assert value(text, "kakou_feed_state", feed="cam-2", kind="camera", state="unknown") == 1
    assert value(text, "kakou_feed_frame_age_seconds", feed="cam-1") == 3
    assert value(text, "kakou_feed_gop_seconds", feed="cam-1") == 2
    assert value(text, "kakou_feed_note", feed="cam-1", note="flood") == 1
    assert value(text, "kakou_feed_stream", feed="cam-1", codec="h265", via="rtsp", watched="main") == 1
    assert value(text, "kakou_picture_state", feed="cam-1", state="moved") == 1
    assert value(text, "kakou_picture_state", feed="cam-2", state="unknown") == 1
    assert value(text, "kakou_picture_age_seconds", feed="cam-1") == 7
    assert value(text, "kakou_event_log_entries") == 0
    assert value(text, "kakou_up", part="store") == 1


async def test_a_part_that_is_down_costs_its_own_figures(web: Bench) -> None:
    text = await asked(web, Role.ADMINISTRATOR)
    assert value(text, "kakou_up", part="bus") == 0
    assert not [name for name, _ in samples(text) if name == "kakou_event_log_entries"]
    assert value(text, "kakou_outbox_rows") == 0


async def test_running_totals_are_summed_over_processes_and_their_starts(web: Bench) -> None:
    with web.shared.engine.begin() as connection:
        rows = [("detect-0.1", "a", 5), ("detect-0.2", "b", 7), ("detect-1.1", "a", 30)]
        for producer, start, number in rows:
            values = {"producer": producer, "start": start, "name": "keyframes_analysed", "value": number, "at": 1.0}
            connection.execute(insert(counter).values(**values))
    assert value(await asked(web), "kakou_count_total", name="keyframes_analysed") == 42


async def test_alerts_are_counted_by_how_long_they_took_without_drills(web: Bench) -> None:
    keep(web, "吉D00001")
    with web.shared.engine.begin() as connection:
        found = connection.execute(passage.select()).mappings().one()
        for number, (latency_ms, drill) in enumerate([(150.0, False), (700.0, False), (90_000.0, False), (1.0, True)]):
            entry = {"id": f"w{number}", "plate": "x", "reason": "", "requester": "", "added_by": ""}
            connection.execute(insert(watchlist).values(**entry, created_at=0.0, ends_at=1.0))
            values = {"id": f"a{number}", "raised_at": 1.0, "passage_id": found["id"], "watchlist_id": f"w{number}"}
            rest = {"certain": True, "state": "open", "drill": drill, "latency_ms": latency_ms}
            connection.execute(insert(alert).values(**values, **rest))
    text = await asked(web)
    assert value(text, "kakou_alert_latency_seconds_bucket", le="0.2") == 1
    assert value(text, "kakou_alert_latency_seconds_bucket", le="1.0") == 2
    assert value(text, "kakou_alert_latency_seconds_bucket", le="+Inf") == 3
    assert abs(value(text, "kakou_alert_latency_seconds_sum") - 90.85) < 1e-6


async def test_no_plate_no_address_and_no_password_is_told(web: Bench) -> None:
    keep(web, "吉D00001")
    web.shared.board.accept({**devices(web.clock.mono_s, 1.0, cam_1="unreachable"), "full": True})
    row = web.shared.board.everything(web.clock.mono_s)["devices"][0]
    row["cause"] = "rtsp://admin:hunter2@10.0.0.3/ch1"
    figures = plain(devices=[{**row, "name": "hunter2"}])
    for text in (await asked(web), text_of(figures).decode()):
        assert not re.search("D00001|吉|rtsp://|hunter2|10\\.0\\.0|摄像机", text)


async def test_what_processes_counted_of_each_feed_of_the_county_is_told_and_nothing_else(web: Bench) -> None:
    run = web.shared.run
    write_counts(run, "ingest", {"cam-1": {"packets_lost": 7, "keyframes_gated": 3}, "cp-n": {"packets_lost": 0}})
    write_counts(
        run, "detect-0", {"cam-1": {"keyframes_analysed": 5, "persons": 9}, "吉D00001": dict.fromkeys(NAMES, 1)}
    )
    (run.path / "counts-detect-1.json").write_text("{half", encoding="ascii")
    told = {
        labels: count for (name, labels), count in samples(await asked(web)).items() if name == "kakou_feed_count_total"
    }
    assert {(dict(labels)["feed"], dict(labels)["name"]): count for labels, count in told.items()} == {
        ("cam-1", "packets_lost"): 7,
        ("cam-1", "keyframes_gated"): 3,
        ("cam-1", "keyframes_analysed"): 5,
        ("cp-n", "packets_lost"): 0,
    }
    write_counts(run, "ingest", {"cam-1": {"packets_lost": 8}})
    assert value(await asked(web), "kakou_feed_count_total", feed="cam-1", name="packets_lost") == 8


def plain(**changes: object) -> Figures:
    base = Figures("1", 1.0, {}, [], {}, ([0] * 11, 0.0, 0), 0, 0, 0, None, {})
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def test_a_producer_cannot_make_series_without_end() -> None:
    counts = {f"c_{number:04}": number for number in range(3 * COUNTS_MAX)} | {"Bad name{}": 1, "吉D00001": 2}
    text = text_of(plain(counts=counts)).decode()
    shown = [labels for name, labels in samples(text) if name == "kakou_count_total"]
    assert len(shown) == COUNTS_MAX
    assert "D00001" not in text


async def test_every_name_is_documented_and_every_documented_name_is_told(web_and_bus: Bench) -> None:
    clock = web_and_bus.clock
    message = devices(clock.mono_s, clock.wall_s, cam_1="online")
    message["devices"][0] |= {"codec": "h264", "gop_s": 2.0, "clock_offset_s": 0.1}
    web_and_bus.shared.board.accept(message)
    row = {"picture": "good", "since": 1.0, "seen_at": clock.wall_s, "cause": ""}
    web_and_bus.shared.board.accept_pictures({"at": clock.wall_s, "mono_s": clock.mono_s, "pictures": {"cam-1": row}})
    with web_and_bus.shared.engine.begin() as connection:
        connection.execute(insert(counter).values(producer="p", start="s", name="n", value=1, at=1.0))
    write_counts(web_and_bus.shared.run, "ingest", {"cam-1": {"packets_lost": 1}})
    told = {re.sub("_(bucket|sum|count|created)$", "", name) for name, _ in samples(await asked(web_and_bus))}
    documented = set(re.findall(r"^\| `(kakou_\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == documented - {"kakou_positions_silence_seconds"}
    assert value(text_of(plain(silence_s=7.5)).decode(), "kakou_positions_silence_seconds") == 7.5


def test_every_total_of_a_detecting_process_is_told_and_explained() -> None:
    counts = dataclasses.asdict(Counters(keyframes_closed=2, boxes_damaged=3, rule_events=4))
    text, explained = text_of(plain(counts=counts)).decode(), DOCS.read_text(encoding="utf-8")
    for name, count in counts.items():
        assert value(text, "kakou_count_total", name=name) == count
        assert f"`{name}`" in explained
