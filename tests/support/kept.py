"""Puts passages into a bench's store the way the keeper does."""

from typing import Any

from api.log.envelope import new_event
from api.passages.routes import checkpoint_names
from api.store.keeping import Kept, Store
from api.store.ledger import Entry
from tests.support.passages import passage_data
from tests.support.web import Bench


def keep(bench: Bench, plate: str | None, drill: bool = False, **changes: Any) -> Kept:
    """Store one passage at a checkpoint of the bench's county, now by the bench's clock unless changed."""
    checkpoint = str(bench.shared.county.checkpoints[0].id)
    data = passage_data(
        plate,
        **{
            "at": bench.clock.wall_s,
            "checkpoint": checkpoint,
            "frame_mono_s": bench.clock.mono_s - 0.1,
            **changes,
        },
    )
    store = Store(bench.shared.engine, bench.clock, checkpoint_names(bench.shared.county))
    seq = store.open().get("test", 0) + 1
    event = new_event("passage.final", data["checkpoint"], data, drill=drill)
    return store.keep([Entry(f"{seq}-0", "test", seq, seq - 1, event.to_json())])


def keep_waiting(bench: Bench) -> int:
    """Store what waits in the bench's own outbox; return how many were taken."""
    store = Store(bench.shared.engine, bench.clock, {})
    store.open()
    outbox = bench.shared.outbox
    outbox.flush()
    rows = outbox.after(0, 1000)
    kept = store.keep([Entry(f"{row.seq}-0", outbox.producer, row.seq, row.after, row.body) for row in rows])
    return kept.stored
