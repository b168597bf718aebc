"""Many readings of one plate in; one text with a confidence for every character out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from detection.plate_grammar import Layout, PlateColour, form_of
from detection.plate_read import PlateRead

SURE: Final = 0.6
"""From this probability on a reading needs no second look at other corners. It makes nothing certain."""
CLEAR_PX: Final = 90.0
"""From this width on a plate's reading has full weight; below, weight falls with the width."""
AGREE: Final = 2
"""In so many keyframes both readers must agree on a text to make it certain; in one, where they agree surely."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One reading: what was read, how wide the plate was (pixels), and the number of the keyframe."""

    read: PlateRead
    width_px: float
    frame: int

    @property
    def weight(self) -> float:
        """Return probability times size, at most 1."""
        return self.read.probability * min(1.0, self.width_px / CLEAR_PX)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the readings say together.

    Args:
        text: a whole plate by the grammar.
        chars: share of the votes each character has, times its readers' confidence, 0 to 1.
        certain: both readers agree on exactly this, in one keyframe surely or in ``AGREE``, and on nothing else.
        agreeing: keyframes in which both readers agree on exactly this.
        colour: ground colour seen most often; None where none was.
        layout: shape and rows it was read as most often.
        province_prior: the province is the county's own because another one was hardly more probable, in every reading
            that says exactly this.
    """

    text: str
    chars: tuple[float, ...]
    certain: bool
    agreeing: int
    colour: PlateColour | None
    layout: Layout = Layout.ROW
    province_prior: bool = False

    @property
    def confidence(self) -> float:
        """Return the confidence of the least certain character."""
        return min(self.chars)

    @property
    def plate_class(self) -> str | None:
        """Return PlateClass (GA 24.7)."""
        form = form_of(self.text, self.colour, self.layout)
        return form.plate_class if form else None


def vote(ballots: Sequence[Ballot]) -> Verdict | None:
    """Return what the readings say together; None without a reading.

    Characters are voted on one by one among the readings of the most probable length, so that one covered character
    does not lose the rest of a reading. Where that gives no plate, the best whole reading stands.
    """
    if not ballots:
        return None
    lengths: dict[int, float] = defaultdict(float)
    for ballot in ballots:
        lengths[len(ballot.read.text)] += ballot.weight
    length = max(lengths, key=lambda size: lengths[size])
    voters = [ballot for ballot in ballots if len(ballot.read.text) == length]
    total = sum(ballot.weight for ballot in voters) or 1e-9
    places: list[dict[str, float]] = [defaultdict(float) for _ in range(length)]
    for ballot in voters:
        for place, sign, sure in zip(places, ballot.read.text, ballot.read.chars, strict=True):
            place[sign] += ballot.weight * sure
    colour, layout = _colour(ballots), _layout(ballots)
    text = "".join(max(place, key=lambda sign, at=place: at[sign]) for place in places)  # type: ignore[misc]
    if form_of(text, colour) is None:
        text = max(voters, key=lambda ballot: ballot.weight).read.text
    chars = tuple(min(place[sign] / total, 1.0) for place, sign in zip(places, text, strict=True))
    agreed: dict[str, set[int]] = defaultdict(set)
    for ballot in ballots:
        if ballot.read.agreed:
            agreed[ballot.read.text].add(ballot.frame)
    agreeing = len(agreed[text])
    saying = [ballot.read for ballot in ballots if ballot.read.text == text]
    enough = agreeing >= AGREE or any(read.agreed and read.sure for read in saying)
    alone = all(other == text or not frames for other, frames in agreed.items())
    prior = any(read.province_prior for read in saying) and all(read.province_prior for read in saying)
    return Verdict(text, chars, enough and alone, agreeing, colour, layout, prior)


def alike(one: str, other: str) -> float:
    """Return how much two texts agree, 0 to 1: one less their edit distance over the longer length (Levenshtein)."""
    if one == other:
        return 1.0
    row = list(range(len(other) + 1))
    for i, sign in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, letter in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (sign != letter))
    return 1.0 - row[-1] / max(len(one), len(other), 1)


def _colour(ballots: Sequence[Ballot]) -> PlateColour | None:
    seen: dict[PlateColour, float] = defaultdict(float)
    for ballot in ballots:
        if ballot.read.colour is not None:
            seen[ballot.read.colour] += ballot.weight
    return max(seen, key=lambda colour: seen[colour]) if seen else None


def _layout(ballots: Sequence[Ballot]) -> Layout:
    seen: dict[Layout, float] = defaultdict(float)
    for ballot in ballots:
        seen[ballot.read.layout] += ballot.weight
    return max(seen, key=lambda layout: seen[layout])
