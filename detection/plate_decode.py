"""What a reader's steps spell: a search over texts that are plates, and how probable one text is.

A reader gives ``steps``: probabilities (steps, 1 + len(ALPHABET)) along a plate, column 0 is "no character" (CTC,
Graves 2006). The search (prefix search, section 3.2) keeps only beginnings of plates that the grammar allows.
Probabilities are *not* scaled up to make good for what was left out, so ordinary text read as a plate stays improbable.
"""

from collections import defaultdict
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detection.plate_grammar import ALPHABET, EVERY_FORM, MAX_LENGTH, complete, following

Steps = NDArray[np.float64]

BEAM: Final = 12
FLOOR: Final = 1e-3
"""Characters less probable than this at a step are not followed."""
EMPTY: Final = 0.9999
"""A step with "no character" this probable says nothing else."""


def search(steps: Steps, forms: int = EVERY_FORM) -> dict[str, float]:
    """Return whole plates of ``forms`` (``plate_grammar.following``) and their probabilities, at most ``BEAM``."""
    beam: dict[tuple[str, int], tuple[float, float]] = {("", forms): (1.0, 0.0)}
    for row in steps:
        blank = float(row[0])
        if blank >= EMPTY:
            beam = {key: ((ends[0] + ends[1]) * blank, 0.0) for key, ends in beam.items()}
            continue
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
                left = following(live, len(prefix), sign)
                if left:
                    after[prefix + sign, left][1] += grow
        best = sorted(after.items(), key=lambda item: -(item[1][0] + item[1][1]))[:BEAM]
        beam = {key: (ends[0], ends[1]) for key, ends in best}
    return {prefix: sum(ends) for (prefix, live), ends in beam.items() if complete(live, len(prefix)) and sum(ends) > 0}


def probability(steps: Steps, text: str) -> float:
    """Return how probable exactly ``text`` is: the sum over all ways to spell it (Graves 2006, section 4.1)."""
    columns, skip = _states(text)
    chances = steps[:, columns]
    now = np.zeros(len(columns))
    now[:2] = chances[0, :2]
    for row in chances[1:]:
        before = now.copy()
        before[1:] += now[:-1]
        before[2:] += np.where(skip[2:], now[:-2], 0.0)
        now = before * row
    return float(min(now[-2:].sum(), 1.0))


def align(steps: Steps, text: str) -> tuple[float, ...]:
    """Return each character's greatest probability along the best path that spells ``text`` (Viterbi)."""
    columns, skip = _states(text)
    cost = np.log(np.maximum(steps[:, columns], 1e-12))
    count = len(columns)
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


def _states(text: str) -> tuple[list[int], NDArray[np.bool_]]:
    """Return the columns of a text with "no character" around each, and which may be reached past the one before."""
    columns = [0]
    for sign in text:
        columns += [1 + ALPHABET.index(sign), 0]
    skip = [place > 1 and columns[place] not in (0, columns[place - 2]) for place in range(len(columns))]
    return columns, np.array(skip)
