"""CUMCM 2011 problem B by kakou's own planner: blocking a district and a city, and confining a fugitive, with proof.

``python -m benchmarks.cumcm --data DIR [--json] [--limit-s 300]``

DIR holds ``en_cumcm2011B_Appendix_2_Data.xls``: 582 junctions, 928 straight roads driven both ways at 60 km/h, 80
police platforms, 13 exits of district A, 17 of the city. T* and the least sum come from ``lockdown.seal``, the
containment from ``lockdown.containment``: he leaves junction 32 three minutes before the report and drives as fast as
the police.

Published answers have four decimals of a minute, 6 ms, and a way has twenty roads. So one tick of the planner's whole
numbers is 10 microseconds here, and each road is rounded up once as always.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.biff import Cells, sheets
from camera_config.county import Ring
from camera_config.ids import PostId, UnitId
from lockdown.containment import Chase, Containment, Objective, contain
from lockdown.graph import Star
from lockdown.lines import Floats, Ints
from lockdown.seal import solve
from lockdown.shortest import shortest
from lockdown.table import Demand, Table

FILE = "en_cumcm2011B_Appendix_2_Data.xls"
TICKS_PER_MIN = 6_000_000
M_PER_UNIT = 100.0
M_PER_MIN = 1000.0
CRIME = 31
"""Junction 32: numbers in the file begin at 1."""

HEAD_START_MIN = 3
REACH_MIN = 3
DISTRICT_PLATFORMS = 20
DEADLINE_TICKS = 15 * TICKS_PER_MIN


@dataclass(frozen=True, slots=True)
class Town:
    """The data set; nodes from 0, ``star.cost`` in ticks, ``metres`` of its arcs, ``district`` of the nodes."""

    star: Star
    metres: Floats
    district: Ints
    platforms: Ints
    city_exits: Ints
    district_exits: Ints


def read(path: Path) -> Town:
    """Read the workbook."""
    junctions, roads, platforms, exits, *_ = sheets(path)
    xy = np.column_stack([_column(junctions, 1), _column(junctions, 2)])
    a, b = _column(roads, 0).astype(np.int64) - 1, _column(roads, 1).astype(np.int64) - 1
    metres = np.hypot(*(xy[a] - xy[b]).T) * M_PER_UNIT
    tail, head, both = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([metres, metres])
    piece = np.tile(np.arange(len(a), dtype=np.int64), 2)
    order = np.lexsort((piece, head, tail))
    ptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=len(xy)))]).astype(np.int64)
    ticks = np.ceil(both[order] / M_PER_MIN * TICKS_PER_MIN).astype(np.int64)
    return Town(
        star=Star(ptr, head[order], piece[order], ticks),
        metres=both[order],
        district=_column(junctions, 3).astype(np.int64),
        platforms=_column(platforms, 2).astype(np.int64) - 1,
        city_exits=_column(exits, 1).astype(np.int64) - 1,
        district_exits=_column(exits, 2).astype(np.int64) - 1,
    )


def ticks_from(town: Town, nodes: Ints) -> Ints:
    """Return (nodes, all nodes) least ticks; roads run both ways, so it is the way back too."""
    rows, _ = shortest(town.star.ptr, town.star.head, town.star.cost.astype(np.float64), nodes)
    return rows.astype(np.int64)


def blocked(town: Town, platforms: Ints, exits: Ints) -> tuple[float, float]:
    """Return T* and the least total driving under it, in minutes, for one platform an exit."""
    drive = ticks_from(town, platforms)[:, exits]
    demands = tuple(
        Demand(PostId(f"{n + 1:03d}"), (PostId(f"{n + 1:03d}"),), Ring.TOWN, 1, DEADLINE_TICKS, 0)
        for n in sorted(exits.tolist())
    )
    units = tuple(UnitId(f"{i:02d}") for i in range(len(platforms)))
    drive = np.ascontiguousarray(drive[:, np.argsort(exits)])
    optimum = solve(Table(units, demands, (0,) * len(units), drive)).optimum
    if optimum is None:
        raise ArithmeticError("the exits cannot be blocked at any time")
    return optimum.ratio[0] / TICKS_PER_MIN, optimum.total_drive_ms / TICKS_PER_MIN


def chase(town: Town) -> Chase:
    """Return the pursuit from junction 32; times since the crime."""
    stands = ticks_from(town, town.platforms) + HEAD_START_MIN * TICKS_PER_MIN
    return Chase(town.star, town.metres, {CRIME: 0}, frozenset(town.city_exits.tolist()), stands)


def _column(cells: Cells, column: int) -> Floats:
    """Return the numbers of a column, by row."""
    return np.array([value for (_, at), value in sorted(cells.items()) if at == column])


def _whole(answer: Containment) -> int | None:
    return None if answer.value is None else round(answer.value)


def _shown(answer: Containment) -> dict[str, object]:
    return {"value": answer.value, "bound": answer.bound, "gap": answer.gap, "proved": answer.proved,
            "platforms": len(answer.guards), "region": len(answer.region)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit-s", type=float, default=300.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began_s = time.process_time()
    town = read(options.data / FILE)
    district = town.platforms[:DISTRICT_PLATFORMS]
    district_t, district_sum = blocked(town, district, town.district_exits)
    city_t, city_sum = blocked(town, town.platforms, town.city_exits)
    nearest = ticks_from(town, district).min(axis=0)[town.district == 1]
    pursuit = chase(town)
    fewest = contain(pursuit, Objective.UNITS, limit_s=options.limit_s)
    unimpeded = contain(pursuit, Objective.JUNCTIONS, limit_s=options.limit_s)
    given = contain(pursuit, Objective.JUNCTIONS, others_stand=True, limit_s=options.limit_s)
    result = {
        "district_a_t_star_min": round(district_t, 4),
        "district_a_sum_min": round(district_sum, 4),
        "over_3_min": int((nearest > REACH_MIN * TICKS_PER_MIN).sum()),
        "worst_min": round(int(nearest.max()) / TICKS_PER_MIN, 2),
        "city_t_star_min": round(city_t, 4),
        "city_sum_min": round(city_sum, 4),
        "containment_platforms_min": _whole(fewest),
        "containment_junctions_min_unimpeded": _whole(unimpeded),
        "containment_junctions_min": _whole(given),
        "proved": fewest.proved and unimpeded.proved and given.proved,
        "containment": {"platforms": _shown(fewest), "unimpeded": _shown(unimpeded), "others_stand": _shown(given)},
        "cpu_s": round(time.process_time() - began_s, 1),
    }
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:36} {value}")


if __name__ == "__main__":
    main()
