"""Orders as they are read out: one line a unit, in eight seconds, the least slack first."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.paper.situation import Situation
from api.paper.terms import age_text, clock, clock_down, side, span
from api.plan.wire import AssignedOut
from camera_config.county import Post, Ring

READ_S = 8.0
"""An order must be read aloud within this (PLANNER.md 3)."""

SPOKEN_A_S = 5.0
"""Characters spoken a second: news is read at about 300 characters a minute."""


@dataclass(frozen=True, slots=True)
class Line:
    """One unit's order: ``text`` is what is read out; times as they are shown."""

    text: str
    staffed: str
    deadline: str
    margin: str
    age: str


def lines_of(situation: Situation, look_for: str = "") -> tuple[Line, ...]:
    """Return the orders of the joint plan, the least slack first; not orders where the plan is not whole."""
    by_id = {str(post.id): post for post in situation.county.posts}
    seen = {unit.id: unit for unit in situation.units}
    rank = {Ring.TOWN: 0, Ring.COUNTY: 1}

    def line(order: AssignedOut) -> Line:
        held = [by_id[post] for post in (order.post, *order.also_holds)]
        unit = seen.get(order.unit)
        text = read_aloud(unit.call_sign if unit else order.unit, held, look_for)
        age = "不明" if unit is None or unit.age_s is None else age_text(unit.age_s)
        return Line(
            text=text if situation.whole else f"（仅供参考）{text}",
            staffed=f"T+{clock(order.staffed_s)}",
            deadline=f"T+{clock(min(post.deadline_s for post in held))}",
            margin=clock_down(order.margin_s),
            age=age,
        )

    ordered = sorted(situation.answer.joint.plan, key=lambda o: (o.margin_s, rank[Ring(o.ring)], o.unit))
    return tuple(line(order) for order in ordered)


def spoken_s(text: str) -> float:
    """Return how long a line takes to be read aloud; a letter or digit is a syllable, pauses are short."""
    return sum(char.isalnum() for char in text) / SPOKEN_A_S


def read_aloud(call_sign: str, posts: Sequence[Post], look_for: str = "") -> str:
    """Return an order to be read aloud in ``READ_S``; the road, then what to look for, give way where it is too long.

    ``posts``: the one that is ordered first, then others that the same crew holds.
    """
    first, others = posts[0], posts[1:]
    also = "".join(f"，兼守{_apart(post.name, first.name)}" for post in others)
    road = "" if not first.road or _alike(first.name, first.road) else f"，{first.road}"
    deadline_s = min(post.deadline_s for post in posts)
    head, tail = f"{call_sign}，到{first.name}{also}", f"，{side(first)}，{span(deadline_s)}内到岗"
    looks = (f"，查{look_for}", "，目标见页首") if look_for else ()
    tries = [f"{head}{road}{tail}{look}" for look in looks] + [f"{head}{road}{tail}", f"{head}{tail}"]
    return next((line for line in tries if spoken_s(line) <= READ_S), tries[-1])


def _alike(name: str, road: str) -> bool:
    """Tell whether the post's name says the road already."""
    return name[:3] == road[:3]


def _apart(name: str, other: str) -> str:
    """Return what tells a post's name from that of the first post of its crew."""
    same = next((i for i, (a, b) in enumerate(zip(name, other, strict=False)) if a != b), 0)
    return name[same:].rstrip("）)") if same >= 3 else name
