"""The vertex p-center against the published optima of the OR-Library, and against brute force on generated graphs.

``python -m benchmarks.pcenter --orlib DIR [--json]``

DIR holds ``pmedN.txt`` (Beasley 1985; a repeated edge counts as last given) and ``kcenteropt.txt``, the published
optima (Pullan 2008). ``max_gap`` is the largest (radius - bound) / radius of our own proofs.
"""

import argparse
import json
import time
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np

from lockdown.lines import Ints
from lockdown.pcenter import p_center
from lockdown.shortest import shortest

GRAPHS = 20


def distances(nodes: int, edges: dict[tuple[int, int], int]) -> Ints:
    """Return (nodes, nodes) least distances over roads that run both ways."""
    ends = sorted((a, b, m) for (i, j), m in edges.items() for a, b in ((i, j), (j, i)))
    tail, head, cost = (np.array(part, np.int64) for part in zip(*ends, strict=True))
    ptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=nodes))])
    rows, _ = shortest(ptr, head, cost.astype(np.float64), list(range(nodes)))
    return rows.T.astype(np.int64)


def orlib(path: Path) -> tuple[Ints, int]:
    """Return the distances and p of a file."""
    rows = [[int(word) for word in line.split()] for line in path.read_text().splitlines() if line.strip()]
    nodes, _, p = rows[0]
    edges = {(min(a, b) - 1, max(a, b) - 1): m for a, b, m in rows[1:]}
    return distances(nodes, edges), p


def generated(seed: int) -> tuple[Ints, int]:
    """Return the distances of a random connected graph of up to 12 nodes, and p from 1 to 4."""
    random = Random(seed)
    nodes = random.randint(5, 12)
    edges = {(random.randrange(b), b): random.randint(1, 30) for b in range(1, nodes)}
    for _ in range(nodes):
        a, b = sorted(random.sample(range(nodes), 2))
        edges[a, b] = random.randint(1, 30)
    return distances(nodes, edges), random.randint(1, 4)


def brute_force(distance: Ints, p: int) -> int:
    """Return the least radius over all choices of p points."""
    choices = combinations(range(distance.shape[1]), min(p, distance.shape[1]))
    return min(int(distance[:, list(points)].min(axis=1).max()) for points in choices)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orlib", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    lines = (options.orlib / "kcenteropt.txt").read_text().splitlines()
    published = {name: int(best) for name, best in (line.split() for line in lines if line.strip())}
    cases, max_gap = {}, 0.0
    for path in sorted(options.orlib.glob("pmed*.txt"), key=lambda p: int(p.stem[4:])):
        distance, p = orlib(path)
        began_s = time.process_time()
        answer = p_center(distance, p)
        max_gap = max(max_gap, (answer.radius - answer.bound) / answer.radius)
        cases[path.stem] = {
            "nodes": len(distance),
            "p": p,
            "radius": answer.radius,
            "published": published[path.stem],
            "proved": answer.proved,
            "covers": answer.covers,
            "cpu_s": round(time.process_time() - began_s, 3),
        }
    optimal = sum(case["proved"] and case["radius"] == case["published"] for case in cases.values())
    agreed = [brute_force(*generated(seed)) == p_center(*generated(seed)).radius for seed in range(GRAPHS)]
    result = {
        "files": len(cases),
        "optimal": optimal,
        "max_gap": max_gap,
        "bruteforce_ok": all(agreed),
        "bruteforce_graphs": len(agreed),
        "cases": cases,
    }
    if options.json:
        print(json.dumps(result))
        return
    for name, case in cases.items():
        print(f"{name:8} n {case['nodes']:4} p {case['p']:3} radius {case['radius']:4} published {case['published']:4}"
              f" proved {case['proved']} {case['cpu_s']:7.2f} s CPU")  # fmt: skip
    print(f"optimal {optimal} of {len(cases)}, max gap {max_gap}, brute force {sum(agreed)} of {len(agreed)}")


if __name__ == "__main__":
    main()
