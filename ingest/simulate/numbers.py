"""Number plates nobody has seen before: the grammar of GA 36-2018, counted through so that none comes twice."""

import itertools
import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PlateKind(StrEnum):
    """Kinds of plates drawn; ``TRUCK_REAR``, ``TRAILER`` and ``MOTORCYCLE`` have two rows."""

    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    LEARNER = "learner"
    POLICE = "police"
    TRUCK_REAR = "truck_rear"
    TRAILER = "trailer"
    MOTORCYCLE = "motorcycle"
    HONG_KONG = "hong_kong"
    MACAU = "macau"
    EMBASSY = "embassy"
    CONSULATE = "consulate"
    ARMED_POLICE = "armed_police"
    MILITARY = "military"


TWO_ROWS = frozenset({PlateKind.TRUCK_REAR, PlateKind.TRAILER, PlateKind.MOTORCYCLE})


PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No I, no O: they look like digits (GA 36-2018)."""
DIGITS = "0123456789"
CLASSES = {"L": LETTERS, "D": DIGITS, "E": "DF", "P": "ABCD0123456789"}

FORMS: dict[PlateKind, tuple[str, ...]] = {
    PlateKind.BLUE: ("DDDDD", "LDDDD", "DLDDD", "DDLDD", "DDDLD", "LLDDD", "DLDLD", "LDLDD", "DDDLL"),
    PlateKind.GREEN: ("EDDDDD", "ELDDDD"),
    PlateKind.YELLOW: ("DDDDL", "LDDDL"),
    PlateKind.LEARNER: ("DDDD学",),
    PlateKind.POLICE: ("PDDD警",),
    PlateKind.TRUCK_REAR: ("LDDLD", "DLLDD"),
    PlateKind.TRAILER: ("DDDD挂", "LDDD挂"),
    PlateKind.MOTORCYCLE: ("DDLLD", "DLDDL"),
    PlateKind.HONG_KONG: ("LDDD港", "DDDL港"),
    PlateKind.MACAU: ("LDDD澳", "DDDL澳"),
    PlateKind.EMBASSY: ("DDDDDD",),
    PlateKind.CONSULATE: ("DDDD领",),
    PlateKind.ARMED_POLICE: ("DDDDD",),
    PlateKind.MILITARY: ("DDDDD",),
}
"""Serials: L letter, D digit, E new-energy letter, P police; anything else stands for itself.

Of the kinds with province and authority, no two that ``SHARES`` names share a form, so that a serial of one is never
one of another.
"""

SHARES = {
    PlateKind.BLUE: 0.66,
    PlateKind.GREEN: 0.20,
    PlateKind.YELLOW: 0.10,
    PlateKind.LEARNER: 0.02,
    PlateKind.POLICE: 0.02,
}
"""How often each kind passes, unless other shares are asked for."""

HOME = "吉"
HOME_SHARE = 0.78
HOME_AUTHORITIES = "DDDDDDDDAAABBCCEFHJK"
"""吉D is Liaoyuan, to which the county belongs; most vehicles are from there."""

FEW = frozenset({PlateKind.LEARNER, PlateKind.POLICE})
"""Kinds with few serials; when they are used up, the next authority's begin."""

STRIDE = 7_368_787
"""Prime, so that stepping by it through any of the serials comes back only after all of them."""

WANTED_FROM = 50_000_000
"""Numbers from here on are for ``wanted_plates``."""

WANTED_PATTERN = re.compile(rf"[{PROVINCES}][{LETTERS}](?:[A-Z0-9]{{5}}|[A-Z0-9]{{4}}[学警]|[A-Z0-9]{{6}})")


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate's characters as printed, without the dot, and its kind."""

    text: str
    kind: PlateKind


def plate(
    seed: int, number: int, taken: frozenset[str] = frozenset(), shares: Mapping[PlateKind, float] = SHARES
) -> Plate:
    """Return plate ``number`` of a run; two numbers of a run never give the same plate.

    The serial alone tells plates of one kind apart, for the first 600,000 numbers (three days of 13 checkpoints).

    Args:
        seed: of the run.
        number: from 0; need not come in order.
        taken: plates that are never given.
        shares: how often each kind comes.
    """
    rng = random.Random(f"{seed}/{number}")
    kind = rng.choices(list(shares), list(shares.values()))[0]
    province, authority = HOME, rng.choice(HOME_AUTHORITIES)
    if rng.random() > HOME_SHARE:
        province, authority = rng.choice(PROVINCES.replace(HOME, "")), rng.choice(LETTERS)
    if kind in FEW:
        used_up = number // _space(kind)
        authority, province = LETTERS[(3 + used_up) % len(LETTERS)], HOME
    for attempt in range(1000):
        at = (seed * 7919 + number + attempt * 1_000_003) * STRIDE
        text = _head(kind, province + authority, at) + _serial(kind, at % _space(kind))
        if text not in taken:
            return Plate(text, kind)
    raise ValueError("every plate is taken")


def wanted_plates(seed: int, count: int) -> list[str]:
    """Return plates to look for: blue and green ones that come by only where they are asked for."""
    far = (plate(seed, WANTED_FROM + number) for number in itertools.count())
    return list(itertools.islice((each.text for each in far if each.kind in (PlateKind.BLUE, PlateKind.GREEN)), count))


def kind_of(text: str) -> PlateKind:
    """Return the kind a wanted plate is drawn as.

    Raises:
        ValueError: ``text`` is no plate that we can draw.
    """
    if not WANTED_PATTERN.fullmatch(text):
        raise ValueError(f"{text!r} is no plate of the kinds we draw; write e.g. 吉D12345 or 吉DF12345")
    if len(text) == 8:
        return PlateKind.GREEN
    return {"学": PlateKind.LEARNER, "警": PlateKind.POLICE}.get(text[-1], PlateKind.BLUE)


def _head(kind: PlateKind, place: str, at: int) -> str:
    """Return what stands before the serial: province and authority, or what the kind has in their place."""
    if kind in (PlateKind.HONG_KONG, PlateKind.MACAU):
        return "粤Z"
    if kind is PlateKind.MILITARY:
        return "VZKHEBSLJNGC"[at % 12] + "ABCDEFGH"[at // 12 % 8]
    return {PlateKind.EMBASSY: "使", PlateKind.ARMED_POLICE: "WJ" + place[0]}.get(kind, place)


def _serial(kind: PlateKind, at: int) -> str:
    """Return the serial at place ``at`` of all serials of the kind, in a fixed order."""
    form = ""
    for form in FORMS[kind]:
        if at < _size(form):
            break
        at -= _size(form)
    out = []
    for symbol in reversed(form):
        choices = CLASSES.get(symbol, symbol)
        at, index = divmod(at, len(choices))
        out.append(choices[index])
    return "".join(reversed(out))


def _space(kind: PlateKind) -> int:
    return sum(map(_size, FORMS[kind]))


def _size(form: str) -> int:
    return math.prod(len(CLASSES.get(symbol, symbol)) for symbol in form)
