"""A rectified plate in; its text with a confidence for every character out, by two readers that do not know each other.

Both give their steps along the plate and go through the same search with the grammar (``plate_decode``). Where they
give the same text, each with at least its own floor, they agree: only that can make a plate certain (``plate_vote``).
Where they differ, the text stands that both together hold most probable. Of two rows, both are read side by side.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detection.plate_colour import plate_colour
from detection.plate_decode import Steps, align, probability, search
from detection.plate_first import FirstReader
from detection.plate_grammar import PROVINCES, Layout, PlateColour, forms_in, forms_of
from detection.plate_rows import in_one_row
from detection.plate_second import SecondReader

Image = NDArray[np.uint8]
Weights = tuple[float, float]
"""Of the first and the second reader."""

WEIGHTS: Final = (0.7, 0.3)
"""Of the first and the second reader, where they differ. Chosen on 522 real crops and on 1,427 hard drawn plates:
of those the first alone reads 0.48 right and both together 0.60, of the crops 0.983 and 0.985."""
ROWS_WEIGHTS: Final = (0.5, 0.5)
"""The same where two rows were put side by side, at which the second is the better one: 0.65 against 0.54 of 338."""
LEAST: Final = 1e-2
"""A text that a reader holds less probable than this counts as this: no reader alone can rule a text out."""
AGREE_MIN: Final = (0.3, 0.3)
"""The readers agree where both give one text, each with at least this probability."""
SURE_MIN: Final = (0.75, 0.3)
"""They agree surely from these on: one picture is enough then. Of the real crops 0.87 reach it and of the hard drawn
plates 0.28, none of them wrong; of all drawn ones on which both say the same 4 of 643 are."""
BOTH_WAYS_ASPECT: Final = 2.6
"""A plate narrower than so many heights may have two rows: GA 36 makes 440 x 140 and 480 x 140, and 440 x 220, 300 x
165 and 220 x 140 mm. Seen askew, a quad does not tell, so it is read both ways."""
SMALL_ASPECT: Final = 1.75
"""Two rows in a narrower shape than this are on 220 x 140."""
OTHER_COLOUR: Final = math.log(0.02)
"""Weight of a text whose form is not made in the colour seen; white and black are too easily mistaken to count."""
COUNTED_COLOURS: Final = frozenset({PlateColour.BLUE, PlateColour.YELLOW, PlateColour.GREEN, PlateColour.YELLOW_GREEN})
PRIOR_FACTOR: Final = 2.0
"""The province of the county wins over one that is less than so many times as probable, all else on the plate alike."""


@dataclass(frozen=True, slots=True)
class PlateRead:
    """One reading of one picture of a plate.

    Args:
        text: as printed, without the dot, upper row first; a whole plate by the grammar.
        chars: confidence of each character, 0 to 1.
        probability: of the whole text, 0 to 1; the rest of the probability is other texts.
        colour: ground colour, None where it could not be seen.
        agreed: both readers give this very text, each with at least ``AGREE_MIN``, and it fits the colour.
        sure: they do, each with at least ``SURE_MIN``.
        province_prior: the province is the county's own because another one was hardly more probable.
        layout: the shape and rows it was read as.
    """

    text: str
    chars: tuple[float, ...]
    probability: float
    colour: PlateColour | None
    agreed: bool = False
    sure: bool = False
    province_prior: bool = False
    layout: Layout = Layout.ROW

    @property
    def weakest(self) -> float:
        """Return the confidence of the least certain character."""
        return min(self.chars)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one reader says of one row: its steps, and the texts found in them with their probabilities."""

    steps: Steps
    found: dict[str, float]

    @property
    def best(self) -> str:
        """Return the most probable text; empty where there is none."""
        return max(self.found, key=lambda text: self.found[text], default="")

    def says(self, text: str) -> float:
        """Return how probable a text is by this reader."""
        return self.found[text] if text in self.found else probability(self.steps, text)


class PlateReader:
    """Two readers and what they say together. Not for several threads at once.

    Args:
        home: the county's own province, one of ``PROVINCES``; empty for none.
    """

    def __init__(self, home: str = "") -> None:
        if home and home not in PROVINCES:
            raise ValueError(f"home: {home} is no province")
        self._first, self._second = FirstReader(), SecondReader()
        self._home = home

    def read(self, plate: Image) -> PlateRead | None:
        """Read one plate.

        Args:
            plate: (height, width, 3) BGR, one row or two, upright, cut at about the plate's edge.

        Returns:
            The best text that is a plate, or None when nothing on it can be one.
        """
        height, width = plate.shape[:2]
        if height < 1 or width < 1:
            return None
        colour, _ = plate_colour(plate)
        straight = self._second.straight(plate)
        read = self._read_row(plate, straight, colour, Layout.ROW)
        aspect = width / height
        if aspect >= BOTH_WAYS_ASPECT:
            return read
        layout = Layout.SMALL if aspect < SMALL_ASPECT else Layout.TWO_ROWS
        rows = in_one_row(straight)
        other = self._read_row(rows, rows, colour, layout)
        return max((one for one in (read, other) if one), key=lambda one: one.probability, default=None)

    def _read_row(self, row: Image, straight: Image, colour: PlateColour | None, layout: Layout) -> PlateRead | None:
        forms = forms_in(Layout.ROW) if layout is Layout.ROW else forms_in(Layout.TWO_ROWS, Layout.SMALL)
        steps = self._first.steps(row), self._second.steps(straight)
        return together([Heard(each, search(each, forms)) for each in steps], colour, layout, self._home)


def together(heard: list[Heard], colour: PlateColour | None, layout: Layout, home: str = "") -> PlateRead | None:
    """Return what both readers say of one row together; None where neither found a plate.

    Args:
        heard: of the first and the second reader.
        colour: of the plate.
        layout: the row is this, or was made of this.
        home: the county's own province; empty for none.
    """
    texts = {text for one in heard for text in one.found}
    if not texts:
        return None
    weights = WEIGHTS if layout is Layout.ROW else ROWS_WEIGHTS
    coherent = {text: _coherent(text, colour, layout) for text in texts}
    text = max(texts, key=lambda each: fused(each, heard, weights) + (0.0 if coherent[each] else OTHER_COLOUR))
    same = coherent[text] and all(one.best == text for one in heard)
    text, prior = _prefer(home, text, heard, weights)
    same = same and not prior  # what only the county's province decided, neither reader said
    says = [one.says(text) for one in heard]
    chars = [align(one.steps, text) for one in heard]
    return PlateRead(
        text,
        tuple(_mean(pair, weights) for pair in zip(*chars, strict=True)),
        _mean(says, weights),
        colour,
        agreed=same and all(each >= least for each, least in zip(says, AGREE_MIN, strict=True)),
        sure=same and all(each >= least for each, least in zip(says, SURE_MIN, strict=True)),
        province_prior=prior,
        layout=layout,
    )


def fused(text: str, heard: list[Heard], weights: Weights) -> float:
    """Return the weighed logarithm of what the readers say of a text."""
    return sum(weight * math.log(max(one.says(text), LEAST)) for weight, one in zip(weights, heard, strict=True))


def _prefer(home: str, text: str, heard: list[Heard], weights: Weights) -> tuple[str, bool]:
    """Return a text with the county's province where that is nearly as probable, and whether it was changed."""
    if not home or text[0] not in PROVINCES or text[0] == home:
        return text, False
    there = home + text[1:]
    odds = math.exp(fused(text, heard, weights) - fused(there, heard, weights))
    return (there, True) if odds < PRIOR_FACTOR else (text, False)


def _coherent(text: str, colour: PlateColour | None, layout: Layout) -> bool:
    if colour not in COUNTED_COLOURS:
        return True
    return any(colour in form.colours for form in forms_of(text) if layout is Layout.ROW or layout in form.layouts)


def _mean(values: list[float] | tuple[float, ...], weights: Weights) -> float:
    return min(sum(weight * value for weight, value in zip(weights, values, strict=True)), 1.0)
