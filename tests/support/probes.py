"""A producer whose every event leaves a countable mark in the store, and what the store counted.

The keeper knows no kind ``probe``, so that each goes to ``refused_event``, which has no unique column: an event that
is stored twice is seen twice there.
"""

import threading
from collections import Counter

from sqlalchemy import Engine, select

from api.log.envelope import Event
from api.log.outbox import Outbox
from api.passages.tables import passage
from api.store.tables import refused_event
from tests.support.passages import passage_data


class Producer:
    """A thread that puts a passage and a probe every few milliseconds until ``stop``, at most ``most`` under way."""

    def __init__(self, outbox: Outbox, every_s: float = 0.01, most: int = 400) -> None:
        self.outbox = outbox
        self.passages: list[str] = []
        self.probes: list[str] = []
        self._every_s = every_s
        self._most = most
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ending.wait(self._every_s):
            if self.outbox.depth >= self._most:
                continue
            n = len(self.passages)
            data = passage_data(f"吉D{n % 100_000:05d}", at=1e9 + 10 * n)
            self.outbox.put("passage.final", "cp-01", data)
            self.passages.append(data["id"])
            self.probes.append(self.outbox.put("probe", "cp-01", {"n": n}))


def lost_and_doubled(engine: Engine, producers: list[Producer]) -> tuple[int, int]:
    """Return how many events are not in the store, and how many are there more than once."""
    with engine.connect() as connection:
        passages = Counter(connection.execute(select(passage.c.id)).scalars())
        probes = Counter(
            Event.from_json(body).id for body in connection.execute(select(refused_event.c.body)).scalars()
        )
    lost = doubled = 0
    for producer in producers:
        for wanted, found in ((producer.passages, passages), (producer.probes, probes)):
            lost += sum(found[name] == 0 for name in wanted)
            doubled += sum(found[name] > 1 for name in wanted)
    assert sum(probes.values()) == sum(len(producer.probes) for producer in producers) + doubled - lost
    return lost, doubled
