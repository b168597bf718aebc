import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.log.outbox import Outbox
from camera_config.errors import StoreError

ROOT = Path(__file__).parents[3]


def bodies(outbox: Outbox) -> list[dict]:
    return [json.loads(row.body) for row in outbox.after(0, 10_000)]


def test_events_are_numbered_without_repeat_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    first = Outbox(path, "detect-0")
    first.put("passage.final", "cp", {"n": 1})
    first.put("passage.final", "cp", {"n": 2})
    first.flush()
    first.stored(2)
    first.close()
    second = Outbox(path, "another-name")
    second.put("passage.final", "cp", {"n": 3})
    second.flush()
    rows = second.after(0, 10)
    assert [(row.seq, row.after) for row in rows] == [(3, 0)]
    assert second.producer == "detect-0"
    second.close()


def test_counters_carry_an_id_of_their_start(tmp_path: Path) -> None:
    starts = []
    for _ in range(2):
        outbox = Outbox(tmp_path / "x.db", "ingest")
        outbox.put("counters", "ingest", {"frames_received": 5})
        outbox.flush()
        starts.append(outbox.start)
        last = bodies(outbox)[-1]["data"]
        assert last == {"start": outbox.start, "frames_received": 5}
        outbox.close()
    assert starts[0] != starts[1]


def test_a_full_outbox_sheds_counts_and_never_a_passage(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "x.db", "detect-0", limit=100)
    for n in range(100):
        outbox.put("passage.final" if n % 2 else "counters", "k", {"n": n})
    outbox.flush()
    for n in range(100, 140):
        outbox.put("passage.final", "k", {"n": n})
        outbox.flush()
    kept = bodies(outbox)
    assert sum(event["kind"] == "passage.final" for event in kept) == 90
    assert outbox.shed == 100 + 40 - len(kept) == 140 - outbox.depth
    rows = outbox.after(0, 1000)
    assert [row.after for row in rows] == [0, *(row.seq for row in rows[:-1])]  # no gap that is waited for
    outbox.close()


def test_passages_alone_may_exceed_the_bound(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "x.db", "detect-0", limit=10)
    for n in range(30):
        outbox.put("passage.final", "k", {"n": n})
    outbox.flush()
    assert (outbox.depth, outbox.shed) == (30, 0)
    outbox.close()


def test_an_outbox_has_one_owner(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "x.db", "web")
    with pytest.raises(StoreError, match="another process"):
        Outbox(tmp_path / "x.db", "web", wait_s=0.0)
    outbox.close()
    Outbox(tmp_path / "x.db", "web", wait_s=0.0).close()


def test_what_was_flushed_survives_kill_9(tmp_path: Path) -> None:
    """The writer is killed while it writes: it was past its 50th flush and had not ended."""
    code = """
import sys
from pathlib import Path
from api.log.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]), "detect-0")
n = 0
while True:
    outbox.put("passage.final", "k", {"n": n})
    outbox.flush()
    print(n, flush=True)
    n += 1
"""
    path = tmp_path / "x.db"
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(50):
        said = child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().split()
    assert child.wait() == -signal.SIGKILL
    flushed = int(rest[-1] if rest else said)
    outbox = Outbox(path, "detect-0")
    kept = [event["data"]["n"] for event in bodies(outbox)]
    assert kept[: flushed + 1] == list(range(flushed + 1))
    assert len(kept) <= flushed + 2
    outbox.close()


def test_a_disk_that_refuses_costs_nothing_that_was_accepted(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "x.db", "web")
    outbox._db.execute("PRAGMA max_page_count=8")  # SQLite then says "database or disk is full"
    accepted = 0

    def write_on() -> None:
        nonlocal accepted
        while accepted < 2000:
            outbox.put("passage.final", "k", {"n": accepted, "pad": "x" * 200})
            accepted += 1
            if accepted % 50 == 0:
                outbox.flush()

    with pytest.raises(StoreError, match="took no events"):
        write_on()
    assert outbox.depth == accepted
    outbox._db.execute("PRAGMA max_page_count=100000")
    outbox.flush()
    assert len(bodies(outbox)) == accepted
    outbox.close()


def test_what_is_not_json_is_told_to_its_producer_at_once(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "x.db", "web")
    with pytest.raises(ValueError):
        outbox.put("passage.final", "k", {"confidence": float("nan")})
    with pytest.raises(TypeError):
        outbox.put("passage.final", "k", {"path": Path("x")})
    outbox.put("passage.final", "k", {"n": 1})
    outbox.flush()
    assert outbox.depth == 1
    outbox.close()
