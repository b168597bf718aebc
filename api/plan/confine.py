"""A containment as bytes and back, for the child process that searches it (``api.workers.confine``)."""

import json
import time
from collections.abc import Callable
from typing import IO

import numpy as np

from lockdown.containment import Chase, Containment, Guard, Objective, contain
from lockdown.graph import Star


def pack(file: IO[bytes], chase: Chase, objective: Objective, *, others_stand: bool, limit_s: float) -> None:
    """Write a question: arrays of whole numbers and metres."""
    np.savez(
        file,
        ptr=chase.star.ptr,
        head=chase.star.head,
        piece=chase.star.piece,
        cost=chase.star.cost,
        metres=chase.metres,
        starts=np.array(sorted(chase.starts.items()), np.int64),
        exits=np.array(sorted(chase.exits), np.int64),
        guard_ms=chase.guard_ms,
        objective=np.array(objective.value),
        others_stand=np.array(others_stand),
        limit_s=np.array(limit_s),
    )


def solve(file: IO[bytes], out: IO[str]) -> None:
    """Read a question and write the answer as JSON, one a line: the last is the best, those before are not proved."""
    asked = np.load(file, allow_pickle=False)
    star = Star(asked["ptr"], asked["head"], asked["piece"], asked["cost"])
    starts = {int(node): int(ms) for node, ms in asked["starts"]}
    chase = Chase(star, asked["metres"], starts, frozenset(asked["exits"].tolist()), asked["guard_ms"])
    objective, others, limit_s = (
        Objective(str(asked["objective"])),
        bool(asked["others_stand"]),
        float(asked["limit_s"]),
    )

    def write(found: Containment) -> None:
        guards = [[g.unit, g.node, g.stands_ms, g.comes_ms] for g in found.guards]
        said = {"value": found.value, "bound": found.bound, "proved": found.proved}
        out.write(json.dumps({**said, "guards": guards, "region": list(found.region)}) + "\n")
        out.flush()

    write(search(chase, objective, others_stand=others, limit_s=limit_s, found=write))


def unpacked(text: str, objective: Objective) -> Containment | None:
    """Return the last whole answer, None where there is none.

    Raises:
        ValueError: it is damaged.
    """
    lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
    if not lines:
        return None
    read = json.loads(lines[-1])
    guards = tuple(Guard(*row) for row in read["guards"])
    return Containment(objective, read["value"], read["bound"], read["proved"], guards, tuple(read["region"]))


def search(
    chase: Chase,
    objective: Objective,
    *,
    others_stand: bool,
    limit_s: float,
    found: Callable[[Containment], None] = lambda _: None,
) -> Containment:
    """Return the containment that is found within about ``limit_s``, proved or not; ``found`` as of ``contain``."""
    half_s = time.monotonic() + limit_s / 2
    return contain(
        chase,
        objective,
        others_stand=others_stand,
        limit_s=limit_s / 2 if others_stand else limit_s,
        stop=lambda: time.monotonic() > half_s,
        found=found,
    )
