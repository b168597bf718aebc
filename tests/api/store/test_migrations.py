"""The shipped migrations make exactly the tables the code declares, on both databases."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, func, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError

from api.alerts.tables import alert, delivery, subscriber, watchlist
from api.passages.tables import passage
from api.store import migrate, open_store
from api.store.schema import metadata
from api.store.tables import audit, watermark

ROW = {
    "at": 1.0,
    "who": "s-1",
    "role": "operator",
    "what": "passages.search",
    "purpose": "investigation",
    "case_no": "A-1",
    "reason": "stolen car",
    "detail": "{}",
}


def test_the_migrated_store_has_the_declared_tables(store_url: str) -> None:
    engine = open_store(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    changes = [d if isinstance(d, tuple) else d[0] for d in differences]
    assert [str(change) for change in changes if not change[0].endswith("_comment")] == []


def test_migrating_again_changes_nothing(store_url: str) -> None:
    migrate(store_url)
    engine = open_store(store_url)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(watermark)).scalar_one() == 0
    engine.dispose()


def test_passages_from_before_speeds_say_nothing_of_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kakou.db'}"
    migrate(url, "0004")
    engine = open_store(url)
    old = {"id": "p1", "version": 2, "checkpoint": "cp-01", "at": 1.0, "first_seen": 1.0, "last_seen": 1.0}
    old |= {"certain": True, "confidence": 0.9, "source": "video", "final": True, "drill": False, "stored_at": 1.0}
    with engine.begin() as connection:
        connection.execute(insert(passage).values(**old))
    migrate(url)
    with engine.connect() as connection:
        row = connection.execute(select(passage)).mappings().one()
    engine.dispose()
    assert [row[name] for name in ("direction", "speed_kmh", "speed_error_kmh", "province_prior")] == [None] * 4
    assert row["at"] == 1.0


def test_deliveries_from_before_rules_wait_on_and_their_subscribers_hear_nothing_of_rules(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kakou.db'}"
    migrate(url, "0005")
    engine = open_store(url)
    seen = {"id": "p1", "version": 2, "checkpoint": "cp-01", "at": 1.0, "first_seen": 1.0, "last_seen": 1.0}
    seen |= {"certain": True, "confidence": 0.9, "source": "video", "final": True, "drill": False, "stored_at": 1.0}
    wanted = {
        "id": "w1",
        "plate": "吉D12345",
        "reason": "",
        "requester": "",
        "added_by": "",
        "created_at": 1,
        "ends_at": 9,
    }
    raised = {"id": "a1", "raised_at": 1.0, "passage_id": "p1", "watchlist_id": "w1", "certain": True}
    who = {"id": "s1", "name": "", "url": "http://10.0.0.9/", "secret": "whsec_AAAA", "drills": True, "created_at": 1.0}
    what = {"seq": 7, "id": "a1_s1", "subscriber_id": "s1", "alert_id": "a1", "body": "{}", "state": "waiting"}
    with engine.begin() as connection:
        connection.execute(insert(passage).values(**seen))
        connection.execute(insert(watchlist).values(**wanted))
        connection.execute(insert(alert).values(**raised, state="open", drill=False))
        connection.execute(insert(subscriber).values(**who))
        connection.execute(insert(delivery).values(**what, attempts=3, next_at=5.0))
    migrate(url)
    with engine.connect() as connection:
        waits = connection.execute(select(delivery)).mappings().one()
        hears = connection.execute(select(subscriber)).mappings().one()
    kept = inspect(engine)
    assert {**what, "attempts": 3, "next_at": 5.0, "rule_event_id": None}.items() <= dict(waits).items()
    assert (hears["drills"], hears["rules"]) == (True, False)
    assert {one["name"] for one in kept.get_unique_constraints("delivery")} == {"uq_delivery_id"}
    assert len(kept.get_foreign_keys("delivery")) == 3
    engine.dispose()


def test_the_audit_refuses_update_and_delete(store_url: str) -> None:
    engine = open_store(store_url)
    with engine.begin() as connection:
        connection.execute(insert(audit).values(**ROW))
    for change in (update(audit).values(who="nobody"), delete(audit)):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(change)
    with engine.connect() as connection:
        assert connection.execute(select(audit.c.who)).scalars().all() == ["s-1"]
    engine.dispose()


def test_processes_that_migrate_at_once_take_turns(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    root = str(Path(__file__).parents[3])
    code = "import sys; from api.store import migrate; migrate(sys.argv[1])"
    both = [subprocess.Popen([sys.executable, "-c", code, url], cwd=root) for _ in range(2)]
    assert [process.wait(100) for process in both] == [0, 0]


def test_a_writer_that_reads_first_waits_for_another_instead_of_failing(tmp_path: Path) -> None:
    """BEGIN IMMEDIATE: 4 threads of 25 read-then-write transactions lose no update on SQLite.

    PostgreSQL locks rows instead; there the keeper's conditional watermark holds the promise.
    """
    url = f"sqlite:///{tmp_path / 'kakou.db'}"
    migrate(url)
    engine = open_store(url)
    with engine.begin() as connection:
        connection.execute(insert(watermark).values(producer="p", seq=0))

    def work() -> None:
        for _ in range(25):
            with engine.begin() as connection:
                seq = connection.execute(select(watermark.c.seq)).scalar_one()
                connection.execute(update(watermark).values(seq=seq + 1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.execute(select(watermark.c.seq)).scalar_one() == 100
    engine.dispose()
