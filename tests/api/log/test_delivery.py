"""Whatever dies, every event is stored exactly once. Real bus, real keeper process, kill -9."""

import signal
import time

from sqlalchemy import func, select

from api.log.bus import EVENTS, LIVE, STORED
from api.log.leftover import LeftOver
from api.log.outbox import Outbox
from api.log.pump import Pump
from api.passages.tables import passage
from api.store import open_store
from tests.support.bus_system import BusSystem, bus_system, wait_until
from tests.support.passages import passage_data
from tests.support.probes import Producer, lost_and_doubled

PATIENCE_S = 60.0


def flowing(system: BusSystem, *names: str) -> tuple[list[Outbox], list[Pump], list[Producer]]:
    """Start producers and return once their first events are stored."""
    boxes = [system.outbox(name) for name in names]
    pumps = [Pump(box, system.settings, system.run) for box in boxes]
    producers = [Producer(box) for box in boxes]
    for thing in (*pumps, *producers):
        thing.start()
    assert wait_until(lambda: all(system.bus.hget(STORED, name) for name in names), PATIENCE_S)
    return boxes, pumps, producers


def finish(system: BusSystem, boxes: list[Outbox], pumps: list[Pump], producers: list[Producer]) -> tuple[int, int]:
    """Let everything arrive and return how many events were lost and doubled."""
    for producer in producers:
        producer.stop()
    assert wait_until(lambda: all(box.depth == 0 for box in boxes), PATIENCE_S), [box.depth for box in boxes]
    for pump in pumps:
        assert pump.stop()
    for box in boxes:
        box.close()
    engine = open_store(system.settings.store_url)
    try:
        return lost_and_doubled(engine, producers)
    finally:
        engine.dispose()


def under_way(boxes: list[Outbox]) -> bool:
    """Return whether every producer has events that are not stored yet."""
    return all(box.depth > 0 for box in boxes)


def stored_moves(system: BusSystem, name: str) -> bool:
    """Return once more is stored than now: the flow goes on."""
    before = int(system.bus.hget(STORED, name) or 0)
    return wait_until(lambda: int(system.bus.hget(STORED, name) or 0) > before, PATIENCE_S)


def test_a_bus_killed_five_times_loses_and_doubles_nothing() -> None:
    with bus_system() as system:
        boxes, pumps, producers = flowing(system, "detect-0", "detect-1")
        for _ in range(5):
            assert wait_until(lambda: under_way(boxes), PATIENCE_S)
            system.kill_bus()
            assert under_way(boxes), "the kill must hit work in flight"
            system.start_bus()
            assert stored_moves(system, "detect-0")
        assert finish(system, boxes, pumps, producers) == (0, 0)
        assert system.keeper is not None
        assert system.keeper.poll() is None, "the keeper lived through all of it"


def test_a_keeper_killed_three_times_loses_and_doubles_nothing() -> None:
    with bus_system() as system:
        boxes, pumps, producers = flowing(system, "detect-0")
        for _ in range(3):
            assert wait_until(lambda: under_way(boxes), PATIENCE_S)
            system.kill_keeper()
            assert under_way(boxes)
            system.start_keeper()
            assert stored_moves(system, "detect-0")
        assert finish(system, boxes, pumps, producers) == (0, 0)


def test_a_bus_that_lost_all_its_files_is_filled_again_from_the_outboxes() -> None:
    with bus_system() as system:
        boxes, pumps, producers = flowing(system, "detect-0")
        assert wait_until(lambda: under_way(boxes), PATIENCE_S)
        system.lose_bus()
        assert under_way(boxes)
        system.start_bus()
        assert finish(system, boxes, pumps, producers) == (0, 0)


def test_entries_the_bus_lost_in_the_middle_are_sent_again() -> None:
    """Without a keeper, one entry of ten is deleted; the keeper passes over the rest, and the producer goes back."""
    with bus_system(keeper=False) as system:
        box = system.outbox("detect-0")
        pump = Pump(box, system.settings, system.run)
        pump.start()
        for n in range(10):
            box.put("passage.final", "cp", passage_data(f"吉D{n:05d}", at=1e9 + n * 10))
        assert wait_until(lambda: system.bus.xlen(EVENTS) == 10)
        entries = system.bus.xrange(EVENTS)
        system.bus.xdel(EVENTS, entries[4][0])
        system.start_keeper()
        assert wait_until(lambda: box.depth == 0, PATIENCE_S)
        assert count_passages(system) == 10
        pump.stop()
        box.close()


def test_a_dead_keeper_does_not_fill_the_bus_and_its_successor_takes_up_all() -> None:
    with bus_system(keeper=False) as system:
        box = system.outbox("detect-0")
        pump = Pump(box, system.settings, system.run)
        pump.start()
        for n in range(200):
            box.put("passage.final", "cp", passage_data(f"吉D{n:05d}", at=1e9 + n * 10))
        assert wait_until(lambda: system.bus.xlen(EVENTS) == 200)
        assert not wait_until(lambda: system.bus.xlen(EVENTS) > 200, 4.5), "sent again although the bus holds all"
        system.start_keeper()
        assert wait_until(lambda: box.depth == 0, PATIENCE_S)
        assert count_passages(system) == 200
        assert wait_until(lambda: system.bus.xlen(EVENTS) == 0, PATIENCE_S), "what is stored is trimmed"
        pump.stop()
        box.close()


def test_a_full_bus_stops_nothing_for_good() -> None:
    """F12: the bus refuses writes; the outbox holds them; once there is room all arrives."""
    with bus_system(keeper=False) as system:
        box = system.outbox("detect-0")
        pump = Pump(box, system.settings, system.run)
        pump.start()
        system.bus.config_set("maxmemory", "1")
        for n in range(300):
            box.put("passage.final", "cp", passage_data(f"吉D{n:05d}", at=1e9 + n * 10))
        system.start_keeper()
        assert not wait_until(lambda: box.depth < 300, 1.0)
        system.bus.config_set("maxmemory", "64mb")
        assert wait_until(lambda: box.depth == 0, PATIENCE_S)
        assert count_passages(system) == 300
        pump.stop()
        box.close()


def test_a_restarted_producer_sends_what_its_predecessor_left() -> None:
    with bus_system(keeper=False) as system:
        first = system.outbox("detect-0")
        first.put("passage.final", "cp", passage_data("吉D00001"))
        first.put("counters", "detect-0", {"keyframes_analysed": 7})
        first.close()  # it never had a pump
        system.start_keeper()
        second = system.outbox("detect-0")
        second.put("counters", "detect-0", {"keyframes_analysed": 5})
        pump = Pump(second, system.settings, system.run)
        pump.start()
        assert wait_until(lambda: second.depth == 0, PATIENCE_S)
        pump.stop()
        second.close()
        from api.store.counters import totals

        engine = open_store(system.settings.store_url)
        assert totals(engine) == {"keyframes_analysed": 12}
        engine.dispose()
        assert count_passages(system) == 1


def test_an_outbox_that_nobody_owns_any_more_is_drained() -> None:
    with bus_system() as system:
        gone = system.outbox("detect-7")
        gone.put("passage.final", "cp", passage_data("吉D00001"))
        gone.close()
        owned = system.outbox("detect-0")
        owned.put("passage.final", "cp", passage_data("吉D00002"))
        owned.flush()
        left_over = LeftOver(system.settings, system.run, first_s=0.0, every_s=0.1)
        left_over.start()
        assert wait_until(lambda: count_passages(system) == 1, PATIENCE_S)
        left_over.stop()
        assert owned.depth == 1, "what has an owner is left to it"
        owned.close()


def test_the_keeper_ends_within_five_seconds_also_while_the_bus_is_stalled() -> None:
    with bus_system() as system:
        boxes, pumps, producers = flowing(system, "detect-0")
        assert system.bus_process is not None
        assert system.keeper is not None
        system.bus_process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        system.keeper.terminate()
        assert system.keeper.wait(8) == 0
        assert time.monotonic() - began <= 5.0
        system.bus_process.send_signal(signal.SIGCONT)
        system.start_keeper()
        assert finish(system, boxes, pumps, producers) == (0, 0)


def test_what_is_shown_live_is_in_the_store_already() -> None:
    with bus_system() as system:
        box = system.outbox("detect-0")
        pump = Pump(box, system.settings, system.run)
        pump.start()
        box.put("passage.final", "cp-01", passage_data("吉D00001"))
        shown = system.bus.xread({LIVE: "0"}, block=2000) or wait_until(lambda: system.bus.xlen(LIVE) > 0, PATIENCE_S)
        assert shown
        assert count_passages(system) == 1
        pump.stop()
        box.close()


def count_passages(system: BusSystem) -> int:
    engine = open_store(system.settings.store_url)
    try:
        with engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(passage)).scalar_one())
    finally:
        engine.dispose()
