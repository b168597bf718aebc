"""A rectified plate in; its text with a confidence for every character out.

The recogniser (PP-OCRv4) knows 6,624 characters. Only the columns a plate may hold are read, the dot between the second
and third character counts as a gap, and a beam search over its output (CTC prefix search, Graves 2006 section 3.2)
keeps only beginnings of plates that the grammar allows. Probabilities are *not* scaled up to make good for what was
left out, so ordinary text read as a plate stays improbable.
"""

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.models import PLATE_READER, load_model
from detection.plate_colour import plate_colour
from detection.plate_grammar import (
    ALPHABET,
    EVERY_FORM,
    LETTERS,
    MAX_LENGTH,
    PlateColour,
    complete,
    following,
    form_of,
    forms_of,
)

Image = NDArray[np.uint8]

HEIGHT_PX = 48
BUCKETS_PX: Final = (160, 224, 256, 320)
"""Input widths; the cost grows with the width (facts/traps 1: 9.9 core-ms at 160, 21.5 at 320)."""
EMPTY_PX: Final = 48
"""Empty space left at the right. Without it 0.975 of the 522 real plates are read right, with it 0.985."""

DOTS = "·.•・-˙*:"
ALIASES: Final = {"0": "Oo〇○", "1": "Iil|", **{letter: letter.lower() for letter in LETTERS if letter != "L"}}
"""What the recogniser says for a character of a plate: no plate holds O or I, so an O is a 0. Small l is a 1."""
MODEST: Final = 10.0
"""A Q that the recogniser sees beside a 0 counts so many times. On drawn plates it gives a true 0 less than 0.005 for
Q, and a true Q mostly at least 0.1, though less than for 0. So 79 of 80 drawn Qs are read right, not half of them, and
nothing changes on the 522 real crops."""
BEAM = 12
FLOOR = 1e-3
"""Characters less probable than this at a step are not followed."""
OTHER_COLOUR: Final = math.log(0.02)
"""Weight of a text whose form is not made in the colour seen; white and black are too easily mistaken to count."""
COUNTED_COLOURS = frozenset({PlateColour.BLUE, PlateColour.YELLOW, PlateColour.GREEN, PlateColour.YELLOW_GREEN})


@dataclass(frozen=True, slots=True)
class PlateRead:
    """One reading of one picture of a plate.

    Args:
        text: as printed, without the dot; a whole plate by the grammar.
        chars: confidence of each character, 0 to 1.
        probability: of the whole text, 0 to 1; the rest of the probability is other texts.
        colour: ground colour, None where it could not be seen.
    """

    text: str
    chars: tuple[float, ...]
    probability: float
    colour: PlateColour | None

    @property
    def weakest(self) -> float:
        """Return the confidence of the least certain character."""
        return min(self.chars)


class PlateReader:
    """The recogniser with the plate decoder behind it. Not for several threads at once."""

    def __init__(self) -> None:
        self._session = load_model(PLATE_READER)
        signs = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        index = {sign: place + 1 for place, sign in enumerate(signs)}
        self._plate = np.array([index[sign] for sign in ALPHABET])
        self._aliases = [
            (1 + ALPHABET.index(sign), [index[other] for other in others if other in index])
            for sign, others in ALIASES.items()
        ]
        space = len(signs) + 1
        self._blank = np.array([0, space, *(index[dot] for dot in DOTS if dot in index)])

    def read(self, plate: Image) -> PlateRead | None:
        """Read one plate.

        Args:
            plate: (height, width, 3) BGR, one row, upright.

        Returns:
            The best text that is a plate, or None when nothing on it can be one.
        """
        colour, _ = plate_colour(plate)
        steps = self.steps(plate)
        found = _search(steps)
        if not found:
            return None
        text, probability = max(found.items(), key=lambda item: math.log(item[1]) + _prior(item[0], colour))
        return PlateRead(text, _align(steps, text), min(probability, 1.0), colour)

    def steps(self, plate: Image) -> NDArray[np.float64]:
        """Return the probabilities (steps, 1 + len(ALPHABET)) along the plate; column 0 is "no character"."""
        raw = self._session.run(None, {"x": _prepare(plate)})[0][0]
        blank = raw[:, self._blank].sum(axis=1, keepdims=True)
        steps = np.concatenate([blank, raw[:, self._plate]], axis=1).astype(np.float64)
        for column, others in self._aliases:
            steps[:, column] += raw[:, others].sum(axis=1)
        zero, tailed = 1 + ALPHABET.index("0"), 1 + ALPHABET.index("Q")
        both = steps[:, zero] + steps[:, tailed]
        raised = steps[:, tailed] * MODEST
        steps[:, tailed] = both * raised / np.maximum(steps[:, zero] + raised, 1e-12)
        steps[:, zero] = both - steps[:, tailed]
        return steps


def _prepare(plate: Image) -> NDArray[np.float32]:
    """Return (1, 3, 48, bucket) with values from -1 to 1; the rest of the bucket is zero, as in training."""
    height, width = plate.shape[:2]
    wanted = max(round(HEIGHT_PX * width / height), HEIGHT_PX)
    bucket = next((size for size in BUCKETS_PX if size >= wanted + EMPTY_PX), BUCKETS_PX[-1])
    wide = min(wanted, bucket - EMPTY_PX)
    method = cv2.INTER_AREA if height > HEIGHT_PX else cv2.INTER_LINEAR
    line = cv2.resize(plate, (wide, HEIGHT_PX), interpolation=method).astype(np.float32)
    out = np.zeros((1, 3, HEIGHT_PX, bucket), np.float32)
    out[0, :, :, :wide] = (line / 127.5 - 1.0).transpose(2, 0, 1)
    return out


def _prior(text: str, colour: PlateColour | None) -> float:
    if colour not in COUNTED_COLOURS:
        return 0.0
    return 0.0 if any(colour in form.colours for form in forms_of(text)) else OTHER_COLOUR


def _search(steps: NDArray[np.float64]) -> dict[str, float]:
    """Return whole plates and their probabilities; keys of the beam are prefixes with the forms still possible."""
    beam: dict[tuple[str, int], tuple[float, float]] = {("", EVERY_FORM): (1.0, 0.0)}
    for row in steps:
        blank = float(row[0])
        likely = np.flatnonzero(row[1:] > FLOOR)
        signs = [(ALPHABET[int(place)], float(row[1 + int(place)])) for place in likely]
        after: dict[tuple[str, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for (prefix, live), (ends_blank, ends_sign) in beam.items():
            both = ends_blank + ends_sign
            here = after[prefix, live]
            here[0] += both * blank
            for sign, chance in signs:
                last = prefix[-1:] == sign
                if last:
                    here[1] += ends_sign * chance
                grow = (ends_blank if last else both) * chance
                if grow <= 0.0 or len(prefix) >= MAX_LENGTH:
                    continue
                forms = following(live, len(prefix), sign)
                if forms:
                    after[prefix + sign, forms][1] += grow
        best = sorted(after.items(), key=lambda item: -(item[1][0] + item[1][1]))[:BEAM]
        beam = {key: (ends[0], ends[1]) for key, ends in best}
    return {prefix: sum(ends) for (prefix, live), ends in beam.items() if complete(live, len(prefix)) and sum(ends) > 0}


def _align(steps: NDArray[np.float64], text: str) -> tuple[float, ...]:
    """Return each character's greatest probability along the best path that spells ``text`` (Viterbi)."""
    columns = [0]
    for sign in text:
        columns += [1 + ALPHABET.index(sign), 0]
    cost = np.log(np.maximum(steps[:, columns], 1e-12))
    count = len(columns)
    skip = np.array([place > 1 and columns[place] not in (0, columns[place - 2]) for place in range(count)])
    score = np.full(count, -np.inf)
    score[:2] = cost[0, :2]
    came = np.zeros((len(steps), count), np.int8)
    for step in range(1, len(steps)):
        one = np.concatenate([[-np.inf], score[:-1]])
        two = np.where(skip, np.concatenate([[-np.inf, -np.inf], score[:-2]]), -np.inf)
        options = np.stack([score, one, two])
        came[step] = options.argmax(axis=0)
        score = options.max(axis=0) + cost[step]
    place = count - 1 if score[-1] >= score[-2] else count - 2
    chars = [0.0] * len(text)
    for step in range(len(steps) - 1, -1, -1):
        if place % 2:
            chars[place // 2] = max(chars[place // 2], float(steps[step, columns[place]]))
        place -= int(came[step, place])
    return tuple(chars)


def plate_class(read: PlateRead) -> str:
    """Return PlateClass (GA 24.7) of a reading: "02" small car, "99" other."""
    form = form_of(read.text, read.colour)
    return form.plate_class if form else "99"
