"""How well one side found and read plates: what is right, what is missed, and what is certain and wrong."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from benchmarks.plating.cases import Case, Quad, Truth
from benchmarks.plating.sides import Found, Side
from detection.plate_grammar import forms_of
from detection.plate_vote import alike

IOU_MIN: Final = 0.5
"""A plate is found by a box that shares so much with it, intersection over union of the upright boxes."""
LIKE_MIN: Final = 0.5
"""Where its place is not known, it is found by a box whose text agrees so much with it."""


@dataclass(slots=True)
class Score:
    """Everything counted of one side; lists name files."""

    n: int = 0
    exact: int = 0
    but_province: int = 0
    certain: int = 0
    certain_right: int = 0
    sure: int = 0
    sure_right: int = 0
    found: int = 0
    false_boxes: int = 0
    empty: int = 0
    says_certain: bool = False
    cpu_ms: float = 0.0
    missed: list[str] = field(default_factory=list)
    misread: list[str] = field(default_factory=list)
    false_certain: list[str] = field(default_factory=list)
    false_at: list[str] = field(default_factory=list)
    kinds: dict[str, list[int]] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Return the figures by name; None for what nothing was counted of."""
        claimed = self.certain_right + len(self.false_certain)
        return {
            "n": self.n,
            "exact": _share(self.exact, self.n),
            "exact_without_province": _share(self.but_province, self.n),
            "certain_share": _share(self.certain, self.n) if self.says_certain else None,
            "certain_exact": _share(self.certain_right, claimed) if self.says_certain else None,
            "found": _share(self.found, self.n),
            "false_boxes": self.false_boxes if self.empty else None,
            "ms_per_plate": round(self.cpu_ms / self.n, 2) if self.n else None,
            "false_certain": len(self.false_certain) if self.says_certain else None,
            "false_certain_rate": _share(len(self.false_certain), claimed) if self.says_certain else None,
            "sure_share": _share(self.sure, self.n) if self.says_certain else None,
            "sure_exact": _share(self.sure_right, self.sure) if self.says_certain else None,
            "pictures_without_plates": self.empty,
            "kinds": {kind: {"n": n, "exact": _share(right, n)} for kind, (n, right) in sorted(self.kinds.items())},
        }


def score(side: Side, cases: Iterable[Case], *, whole: bool, tell: Callable[[Case], None] | None = None) -> Score:
    """Return what a side makes of the cases.

    Args:
        side: who reads.
        cases: crops, or with ``whole`` whole photos, some of them perhaps without plates.
        whole: look for the plates first.
        tell: called after every picture.
    """
    out = Score()
    for case in cases:
        image = case.image()
        if image is None:
            raise SystemExit(f"{case.path} is no picture")
        started = time.process_time()
        found = side.photo(image) if whole else [side.crop(image)]
        spent_ms = (time.process_time() - started) * 1000
        out.says_certain |= any(one.certain is not None for one in found)
        if case.truths:
            out.cpu_ms += spent_ms
            _compare(out, case, found, whole=whole)
        else:
            out.empty += 1
            _none(out, case, found)
        if tell:
            tell(case)
    return out


def _compare(out: Score, case: Case, found: list[Found], *, whole: bool) -> None:
    pairs = _pairs(case.truths, found) if whole else dict(enumerate(one for one in found if one.text))
    for place, truth in enumerate(case.truths):
        seen = pairs.get(place)
        right = seen is not None and seen.text == truth.text
        kind = next((form.kind for form in forms_of(truth.text)), "other")
        counted = out.kinds.setdefault(kind, [0, 0])
        counted[0], counted[1] = counted[0] + 1, counted[1] + right
        out.n += 1
        out.exact += right
        out.but_province += seen is not None and seen.text is not None and seen.text[1:] == truth.text[1:]
        placed = seen is not None and _placed(truth, seen)
        out.found += placed
        if not placed:
            where = "" if seen is None else f" (read {seen.text} in another place)"
            out.missed.append(f"{case.path.name}: {truth.text}{where}")
        if seen is None:
            continue
        if not right:
            out.misread.append(f"{case.path.name}: {truth.text} read {seen.text or 'as nothing'}")
        out.certain += bool(seen.certain)
        out.certain_right += bool(seen.certain) and right
        out.sure += bool(seen.sure)
        out.sure_right += bool(seen.sure) and right
        if seen.certain and not right:
            out.false_certain.append(f"{case.path.name}: {truth.text} read {seen.text}")
    used = {id(one) for one in pairs.values()}
    out.false_certain += [
        f"{case.path.name}: {one.text} is not there" for one in found if one.certain and id(one) not in used
    ]


def _none(out: Score, case: Case, found: list[Found]) -> None:
    out.false_boxes += len(found)
    if found:
        out.false_at.append(f"{case.path.name}: {', '.join(one.text or 'unread' for one in found)}")
    out.false_certain += [f"{case.path.name}: {one.text} is not there" for one in found if one.certain]


def _pairs(truths: tuple[Truth, ...], found: list[Found]) -> dict[int, Found]:
    """Return which truth was found by what: the best pairs first, each used once."""
    likely = [
        (_fit(truth, one), place, number) for place, truth in enumerate(truths) for number, one in enumerate(found)
    ]
    pairs: dict[int, Found] = {}
    used: set[int] = set()
    for fit, place, number in sorted(likely, reverse=True):
        if fit > 0 and place not in pairs and number not in used:
            pairs[place] = found[number]
            used.add(number)
    return pairs


def _fit(truth: Truth, found: Found) -> float:
    """Return how well a box fits a plate, 0 where it does not: by place where that is known, and by text."""
    text = alike(truth.text, found.text) if found.text else 0.0
    if truth.quad is not None and found.quad is not None:
        placed = _placed(truth, found)
        return placed + text if placed or truth.text == found.text else 0.0
    return text if text >= LIKE_MIN else 0.0


def _placed(truth: Truth, found: Found) -> bool:
    """Tell whether the box is where the plate is, as far as that is known."""
    if truth.quad is None or found.quad is None:
        return True
    return _iou(truth.quad, found.quad) >= IOU_MIN


def _iou(one: Quad, other: Quad) -> float:
    low = np.maximum(one.min(axis=0), other.min(axis=0))
    high = np.minimum(one.max(axis=0), other.max(axis=0))
    wide, tall = (float(side) for side in high - low)
    if wide <= 0 or tall <= 0:
        return 0.0
    areas = sum(float(np.prod(quad.max(axis=0) - quad.min(axis=0))) for quad in (one, other))
    return wide * tall / (areas - wide * tall)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
