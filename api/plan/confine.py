"""A containment as bytes and back, for the child process that searches it (``api.workers.confine``)."""

import json
import time
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


def solved(file: IO[bytes]) -> str:
    """Read a question and return the answer as JSON; at most one and a half of its limit is used."""
    asked = np.load(file, allow_pickle=False)
    star = Star(asked["ptr"], asked["head"], asked["piece"], asked["cost"])
    starts = {int(node): int(ms) for node, ms in asked["starts"]}
    chase = Chase(star, asked["metres"], starts, frozenset(asked["exits"].tolist()), asked["guard_ms"])
    objective, others, limit_s = (
        Objective(str(asked["objective"])),
        bool(asked["others_stand"]),
        float(asked["limit_s"]),
    )
    found = search(chase, objective, others_stand=others, limit_s=limit_s)
    return json.dumps(
        {
            "value": found.value,
            "bound": found.bound,
            "proved": found.proved,
            "guards": [[g.unit, g.node, g.stands_ms, g.comes_ms] for g in found.guards],
            "region": list(found.region),
        }
    )


def unpacked(text: str, objective: Objective) -> Containment:
    """Return the answer.

    Raises:
        ValueError: it is none.
    """
    read = json.loads(text)
    guards = tuple(Guard(*row) for row in read["guards"])
    return Containment(objective, read["value"], read["bound"], read["proved"], guards, tuple(read["region"]))


def search(chase: Chase, objective: Objective, *, others_stand: bool, limit_s: float) -> Containment:
    """Return the containment that is found within about ``limit_s``, proved or not."""
    half_s = time.monotonic() + limit_s / 2
    return contain(
        chase,
        objective,
        others_stand=others_stand,
        limit_s=limit_s / 2 if others_stand else limit_s,
        stop=lambda: time.monotonic() > half_s,
    )
