"""Check a plan's certificate by itself. Nothing here is shared with the code that finds plans.

A certificate is plain JSON. It holds the arrival table (who could be where, when), and claims about it with what proves
them: a plan shows that something can be done; a set of posts that together ask more units than there are for them
shows that it cannot (Hall 1935); prices that no pair undercuts show that no plan drives less in all.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from camera_config.errors import CertificateError

SLACK_CAP = 100
"""Travel slack is not claimed beyond this factor."""

RINGS = ("town", "county")

Pair = tuple[int, int]

__all__ = ["CertificateError", "verify_certificate"]


def verify_certificate(data: object) -> None:
    """Return if every claim of the certificate holds.

    Raises:
        CertificateError: a claim does not hold, or something is missing, of a wrong kind or too much; says which.
    """
    body = _object(data, "certificate")
    if body.get("claim") == "undecided":
        _keys(body, "certificate", {"version", "inputs", "claim", "sure", "best", "digest"})
        _check_head(body)
        _check_undecided(body)
        return
    infeasible = {"deficiency", "shortage", "widest", "partial"} if body.get("claim") == "not_possible" else set()
    _keys(body, "certificate", {"version", "inputs", "claim", "table", "optimum", "slack", "digest"} | infeasible)
    _check_head(body)
    table = _read_table(body["table"])
    if body["claim"] == "feasible":
        _check_optimum(table, body["optimum"], feasible=True)
        _check_slack(table, body["slack"], feasible=True)
    elif body["claim"] == "not_possible":
        _check_not_possible(table, body)
        _check_optimum(table, body["optimum"], feasible=False)
        _check_slack(table, body["slack"], feasible=False)
    else:
        raise CertificateError(f"claim {body['claim']!r} is not one that we know")


@dataclass(frozen=True, slots=True)
class _Table:
    """The arrival table as read; times in milliseconds, ``drive[u][j]`` None where never."""

    units: dict[str, int]
    posts: dict[str, int]
    ring: list[str]
    need: list[int]
    deadline: list[int]
    setup: list[int]
    delay: list[int]
    drive: list[list[int | None]]

    def staffed(self, u: int, j: int) -> int | None:
        drive = self.drive[u][j]
        return None if drive is None else self.delay[u] + drive + self.setup[j]

    def in_time(self, u: int, j: int) -> bool:
        staffed = self.staffed(u, j)
        return staffed is not None and staffed <= self.deadline[j]

    def left(self, j: int, u: int) -> int:
        """Return what the deadline leaves for driving, below 0 where delay and set-up alone are too long."""
        return self.deadline[j] - self.delay[u] - self.setup[j]


def _check_head(body: dict[str, Any]) -> None:
    if _whole(body["version"], "version") != 1:
        raise CertificateError(f"version {body['version']} is not one that we know")
    _text(body["inputs"], "inputs")
    kept = {key: value for key, value in body.items() if key != "digest"}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if hashlib.sha256(text.encode()).hexdigest() != body["digest"]:
        raise CertificateError("the certificate was changed after it was written: its digest differs")


def _check_undecided(body: dict[str, Any]) -> None:
    sure, best = _object(body["sure"], "sure"), _object(body["best"], "best")
    for part, claim in ((sure, "not_possible"), (best, "feasible")):
        verify_certificate(part)
        if part["claim"] != claim or part["inputs"] != body["inputs"]:
            raise CertificateError(f"undecided: its part does not claim {claim} about the same inputs")
    one, other = _read_table(sure["table"]), _read_table(best["table"])
    same = (one.units, one.posts, one.ring, one.need, one.deadline, one.setup) == (
        *(other.units, other.posts, other.ring, other.need),
        *(other.deadline, other.setup),
    )
    if not same:
        raise CertificateError("undecided: its two parts speak of different units or posts")
    for u in range(len(one.delay)):
        for j in range(len(one.need)):
            slow, fast = one.staffed(u, j), other.staffed(u, j)
            if slow is not None and (fast is None or fast > slow):
                raise CertificateError(f"undecided: unit {u} is later at best than for sure")


def _check_optimum(table: _Table, data: object, *, feasible: bool) -> None:
    if data is None and not feasible:
        if _can_all(table, range(len(table.need)), lambda u, j: table.drive[u][j] is not None):
            raise CertificateError("optimum: it says that no plan exists at any time, but one does")
        return
    body = _object(data, "optimum")
    figures = {"ratio", "weakest", "margin_ms", "t_star_ms", "total_drive_ms"}
    _keys(body, "optimum", {"plan", "below", "price_post", "price_unit"} | figures)
    pairs = _check_timed_plan(table, body["plan"])
    staffed, deadline = (_whole(n, "ratio") for n in _list(body["ratio"], "ratio", 2))
    if deadline < 1 or (staffed <= deadline) != feasible:
        raise CertificateError("ratio: it does not fit the claim")
    times = {(u, j): ms for u, j in pairs if (ms := table.staffed(u, j)) is not None}
    if any(ms * deadline > staffed * table.deadline[j] for (_, j), ms in times.items()):
        raise CertificateError("ratio: a unit of the plan is later than claimed")
    weakest = _known(table.posts, body["weakest"], "weakest")
    if table.deadline[weakest] != deadline or max(ms for (_, j), ms in times.items() if j == weakest) != staffed:
        raise CertificateError("weakest: the ratio is not that of this post")
    if _whole(body["margin_ms"], "margin_ms", low=None) != deadline - staffed:
        raise CertificateError("margin_ms: not deadline minus staffed")
    by_ring = {ring: max(ms for (_, j), ms in times.items() if table.ring[j] == ring) for ring in set(table.ring)}
    if _numbers(body["t_star_ms"], "t_star_ms") != by_ring:
        raise CertificateError("t_star_ms: not the latest staffed time of each ring")
    earlier = _faster_than(table, staffed, deadline)
    _check_shortage(table, body["below"], "below", earlier)
    _check_prices(table, body, pairs, lambda u, j: not _slower_than(table, staffed, deadline)(u, j))


def _faster_than(table: _Table, staffed: int, deadline: int) -> Callable[[int, int], bool]:
    def faster(u: int, j: int) -> bool:
        ms = table.staffed(u, j)
        return ms is not None and ms * deadline < staffed * table.deadline[j]

    return faster


def _slower_than(table: _Table, staffed: int, deadline: int) -> Callable[[int, int], bool]:
    def slower(u: int, j: int) -> bool:
        ms = table.staffed(u, j)
        return ms is None or ms * deadline > staffed * table.deadline[j]

    return slower


def _check_timed_plan(table: _Table, data: object) -> list[Pair]:
    named = []
    for row in _list(data, "plan"):
        entry = _object(row, "plan")
        _keys(entry, "plan", {"unit", "post", "staffed_ms"})
        u, j = _known(table.units, entry["unit"], "plan"), _known(table.posts, entry["post"], "plan")
        if table.staffed(u, j) is None or table.staffed(u, j) != _whole(entry["staffed_ms"], "staffed_ms"):
            raise CertificateError(f"plan: {entry['unit']} does not staff {entry['post']} at the time claimed")
        named.append((u, j))
    _check_served(table, named, "plan")
    return named


def _check_prices(table: _Table, body: dict[str, Any], pairs: list[Pair], allowed: Callable[[int, int], bool]) -> None:
    """Check that the plan drives least: prices bound every plan's total from below, and this plan meets the bound."""
    posts = _numbers(body["price_post"], "price_post", low=None)
    units = _numbers(body["price_unit"], "price_unit", low=None)
    if set(posts) != set(table.posts) or not set(units) <= set(table.units):
        raise CertificateError("prices: not those of the posts and units of the table")
    if any(price >= 0 for price in units.values()):
        raise CertificateError("price_unit: only prices below 0 are written")
    post = [posts[name] for name in table.posts]
    unit = [units.get(name, 0) for name in table.units]
    for u, row in enumerate(table.drive):
        for j, drive in enumerate(row):
            if drive is not None and allowed(u, j) and drive < post[j] + unit[u]:
                raise CertificateError("prices: a pair undercuts them")
    total = sum(table.drive[u][j] or 0 for u, j in pairs)
    bound = sum(n * price for n, price in zip(table.need, post, strict=True)) + sum(unit)
    if total != bound or _whole(body["total_drive_ms"], "total_drive_ms") != total:
        raise CertificateError("total_drive_ms: not the least total driving")


def _check_slack(table: _Table, data: object, *, feasible: bool) -> None:
    if data is None and not feasible:
        if _can_all(
            table, range(len(table.need)), lambda u, j: table.drive[u][j] is not None and table.left(j, u) >= 0
        ):
            raise CertificateError("slack: it says that no driving time is short enough, but one is")
        return
    body = _object(data, "slack")
    _keys(body, "slack", {"factor", "permille", "plan", "above"})
    over, under = (_whole(n, "factor") for n in _list(body["factor"], "factor", 2))
    if under < 1 or (over >= under) != feasible or over > SLACK_CAP * under:
        raise CertificateError("slack: the factor does not fit the claim")
    if _whole(body["permille"], "permille") != 1000 * over // under:
        raise CertificateError("slack: permille is not the factor")
    pairs = _read_pairs(table, body["plan"], "slack")
    _check_served(table, pairs, "slack")
    for u, j in pairs:
        drive = table.drive[u][j]
        if drive is None or table.left(j, u) < 0 or drive * over > table.left(j, u) * under:
            raise CertificateError("slack: its plan does not hold at the factor")

    def beyond(u: int, j: int) -> bool:
        drive, left = table.drive[u][j], table.left(j, u)
        return drive is not None and left >= 0 and (drive == 0 or drive * over < left * under)

    if body["above"] is None:
        if over != SLACK_CAP * under:
            raise CertificateError("slack: nothing shows that no larger factor holds")
    else:
        _check_shortage(table, body["above"], "above", beyond)


def _check_not_possible(table: _Table, body: dict[str, Any]) -> None:
    deficiency = _whole(body["deficiency"], "deficiency", low=1)
    pairs = _read_pairs(table, body["partial"], "partial")
    if any(not table.in_time(u, j) for u, j in pairs):
        raise CertificateError("partial: a unit is not in time")
    if any(count > table.need[j] for j, count in _counts(pairs, "partial").items()):
        raise CertificateError("partial: a post has more units than it asks")
    if len(pairs) != sum(table.need) - deficiency:
        raise CertificateError("deficiency: not what the best partial plan leaves open")
    posts, units = _check_shortage(table, body["widest"], "widest", table.in_time)
    if sum(table.need[j] for j in posts) - len(units) != deficiency:
        raise CertificateError("widest: does not show the deficiency")
    posts, _ = _check_shortage(table, body["shortage"], "shortage", table.in_time)
    for left_out in posts:
        if not _can_all(table, [j for j in posts if j != left_out], table.in_time):
            raise CertificateError("shortage: fewer posts are enough, it is not minimal")


def _check_shortage(
    table: _Table, data: object, what: str, can: Callable[[int, int], bool]
) -> tuple[list[int], list[int]]:
    """Check that the posts ask more units than can serve any of them, and that these are all named."""
    body = _object(data, what)
    _keys(body, what, {"posts", "need", "units"})
    posts = [_known(table.posts, name, what) for name in _list(body["posts"], what)]
    units = [_known(table.units, name, what) for name in _list(body["units"], what)]
    if len(set(posts)) != len(posts) or len(set(units)) != len(units):
        raise CertificateError(f"{what}: something is named twice")
    need = sum(table.need[j] for j in posts)
    if _whole(body["need"], what) != need or need <= len(units):
        raise CertificateError(f"{what}: the posts do not ask more units than there are")
    if set(units) != {u for u in range(len(table.delay)) if any(can(u, j) for j in posts)}:
        raise CertificateError(f"{what}: not the units that could serve")
    return posts, units


def _check_served(table: _Table, pairs: list[Pair], what: str) -> None:
    counts = _counts(pairs, what)
    if any(counts.get(j, 0) != need for j, need in enumerate(table.need)):
        raise CertificateError(f"{what}: a post does not have the units it needs")


def _counts(pairs: list[Pair], what: str) -> dict[int, int]:
    if len({u for u, _ in pairs}) != len(pairs):
        raise CertificateError(f"{what}: a unit serves twice")
    counts: dict[int, int] = {}
    for _, j in pairs:
        counts[j] = counts.get(j, 0) + 1
    return counts


def _can_all(table: _Table, posts: Iterable[int], can: Callable[[int, int], bool]) -> bool:
    """Tell whether these posts can all be served, by the plainest method (Kuhn 1955), one place at a time."""
    places = [j for j in posts for _ in range(table.need[j])]
    holds: dict[int, int] = {}

    def place(p: int, tried: set[int]) -> bool:
        for u in range(len(table.delay)):
            if u not in tried and can(u, places[p]):
                tried.add(u)
                if u not in holds or place(holds[u], tried):
                    holds[u] = p
                    return True
        return False

    return all(place(p, set()) for p in range(len(places)))


def _read_table(data: object) -> _Table:
    body = _object(data, "table")
    _keys(body, "table", {"units", "delay_ms", "posts", "drive_ms"})
    units = [_text(u, "unit") for u in _list(body["units"], "units")]
    posts = [_object(p, "post") for p in _list(body["posts"], "posts")]
    for post in posts:
        _keys(post, "post", {"id", "posts", "ring", "need", "deadline_ms", "setup_ms"})
        if _text(post["id"], "post") not in [_text(p, "posts") for p in _list(post["posts"], "posts")]:
            raise CertificateError(f"post {post['id']}: not among its own posts")
        if post["ring"] not in RINGS:
            raise CertificateError(f"ring {post['ring']!r} is not one that we know")
    held = [name for post in posts for name in post["posts"]]
    if len(set(units)) != len(units) or len(set(held)) != len(held) or not posts:
        raise CertificateError("table: a unit or post is named twice, or there is no post")
    rows = [_list(row, "drive_ms", len(posts)) for row in _list(body["drive_ms"], "drive_ms", len(units))]
    return _Table(
        units={name: u for u, name in enumerate(units)},
        posts={post["id"]: j for j, post in enumerate(posts)},
        ring=[post["ring"] for post in posts],
        need=[_whole(post["need"], "need", low=1) for post in posts],
        deadline=[_whole(post["deadline_ms"], "deadline_ms", low=1) for post in posts],
        setup=[_whole(post["setup_ms"], "setup_ms") for post in posts],
        delay=[_whole(ms, "delay_ms") for ms in _list(body["delay_ms"], "delay_ms", len(units))],
        drive=[[None if ms is None else _whole(ms, "drive_ms") for ms in row] for row in rows],
    )


def _read_pairs(table: _Table, data: object, what: str) -> list[Pair]:
    rows = [_list(row, what, 2) for row in _list(data, what)]
    return [(_known(table.units, unit, what), _known(table.posts, post, what)) for unit, post in rows]


def _object(data: object, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise CertificateError(f"{what}: want an object")
    return data


def _list(data: object, what: str, length: int | None = None) -> list[Any]:
    if not isinstance(data, list) or (length is not None and len(data) != length):
        raise CertificateError(f"{what}: want a list{'' if length is None else f' of {length}'}")
    return data


def _keys(body: dict[str, Any], what: str, want: set[str]) -> None:
    if set(body) != want:
        raise CertificateError(f"{what}: want exactly {', '.join(sorted(want))}")


def _whole(value: object, what: str, low: int | None = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or (low is not None and value < low):
        raise CertificateError(f"{what}: want a whole number{'' if low is None else f' from {low}'}, got {value!r}")
    return value


def _numbers(data: object, what: str, low: int | None = 0) -> dict[str, int]:
    return {name: _whole(value, what, low) for name, value in _object(data, what).items()}


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise CertificateError(f"{what}: want text, got {value!r}")
    return value


def _known(names: dict[str, int], name: object, what: str) -> int:
    if not isinstance(name, str) or name not in names:
        raise CertificateError(f"{what}: {name!r} is not in the table")
    return names[name]
