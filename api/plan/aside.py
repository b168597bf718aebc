"""Work that takes seconds, beside the planner's loop: a child process, one at a time, that has an end.

The loop only starts it and looks whether it is done, so that no verdict waits for it. Question and answer go by files
without a name, and nobody ever waits at a pipe.
"""

import logging
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO

from api.plan.confine import pack, unpacked
from camera_config.clock import Clock
from lockdown.containment import Chase, Containment, Objective

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""Beyond its limit twice over the child may need so long to start, read and write; then it is ended."""


@dataclass(frozen=True, slots=True)
class Done:
    """``found`` is None where the child failed; of one whose time was over it is what it had found by then."""

    identity: str
    found: Containment | None


@dataclass(frozen=True, slots=True)
class _Running:
    identity: str
    objective: Objective
    child: subprocess.Popen[bytes]
    answer: IO[bytes]
    until_s: float


class Aside:
    """One search at a time. ``begin`` and ``done`` never wait; ``close`` ends what still runs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: _Running | None = None

    @property
    def busy(self) -> bool:
        """Tell whether a search runs."""
        return self._running is not None

    def begin(self, identity: str, chase: Chase, objective: Objective, *, others_stand: bool, limit_s: float) -> None:
        """Start a search.

        Raises:
            ValueError: one runs.
        """
        if self._running is not None:
            raise ValueError("a search runs")
        answer = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the search)
        with tempfile.TemporaryFile() as question:
            pack(question, chase, objective, others_stand=others_stand, limit_s=limit_s)
            question.seek(0)
            child = subprocess.Popen([sys.executable, "-m", "api.workers.confine"], stdin=question, stdout=answer)
        until_s = self._clock.monotonic_s() + 2 * limit_s + PATIENCE_S
        self._running = _Running(identity, objective, child, answer, until_s)

    def done(self) -> Done | None:
        """Return the search that has ended since, or whose time is over; None: nothing has."""
        running = self._running
        if running is None:
            return None
        code = running.child.poll()
        if code is None and self._clock.monotonic_s() < running.until_s:
            return None
        self._end()
        with running.answer:
            running.answer.seek(0)
            found = unpacked(running.answer.read().decode(), running.objective)
        if code is None:
            log.warning("planner.aside_ended id=%s: its time is over", running.identity)
            found = found or Containment(running.objective, None, float("-inf"), False, (), ())
        elif code != 0:
            log.error("planner.aside_failed id=%s exit=%d", running.identity, code)
            found = None
        return Done(running.identity, found)

    def close(self) -> None:
        """End what runs."""
        if self._running is not None:
            answer = self._running.answer
            self._end()
            answer.close()

    def _end(self) -> None:
        running, self._running = self._running, None
        if running is not None and running.child.poll() is None:
            running.child.kill()
            running.child.wait()
