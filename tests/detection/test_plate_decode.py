"""Steps along a plate in, texts out."""

import itertools

import numpy as np
import pytest

from detection.plate_decode import Steps, align, probability, search
from detection.plate_grammar import ALPHABET, Layout, forms_in

WIDTH = 1 + len(ALPHABET)


def column(sign: str) -> int:
    return 1 + ALPHABET.index(sign)


def spelled(text: str, sure: float = 0.9, other: str = "K") -> Steps:
    """Return steps with a gap after each character; ``other`` has what each character has not."""
    steps = np.zeros((2 * len(text), WIDTH))
    for place, sign in enumerate(text):
        steps[2 * place, column(sign)] += sure
        steps[2 * place, column(other)] += 1 - sure
        steps[2 * place + 1, 0] = 1.0
    return steps


def test_the_text_is_found_with_its_probability() -> None:
    found = search(spelled("吉D17A94", 0.9))
    assert max(found, key=lambda text: found[text]) == "吉D17A94"
    assert found["吉D17A94"] == pytest.approx(0.9**7)


def test_the_same_character_twice_needs_a_gap_between() -> None:
    steps = spelled("吉D11111", 1.0)
    assert set(search(steps)) == {"吉D11111"}
    steps[5, 0], steps[5, column("1")] = 0.0, 1.0
    assert search(steps) == {}


def test_only_forms_of_the_layout_are_found() -> None:
    steps = spelled("吉1234567", 1.0)
    assert set(search(steps, forms_in(Layout.TWO_ROWS))) == {"吉1234567"}
    assert search(steps, forms_in(Layout.ROW)) == {}


def test_a_texts_probability_is_the_sum_over_all_ways_to_spell_it() -> None:
    random = np.random.default_rng(3)
    signs = [0, column("A"), column("B")]
    steps = np.zeros((6, WIDTH))
    steps[:, signs] = random.dirichlet(np.ones(3), 6)
    for text in ("A", "AA", "ABA", "BB"):
        total = 0.0
        for path in itertools.product(signs, repeat=6):
            kept = [one for one, before in zip(path, (0, *path[:-1]), strict=True) if one and one != before]
            if kept == [column(sign) for sign in text]:
                total += float(np.prod(steps[np.arange(6), path]))
        assert probability(steps, text) == pytest.approx(total)


def test_each_character_has_its_own_confidence() -> None:
    steps = spelled("吉D17A94", 1.0)
    steps[6, :] = 0.0
    steps[6, column("7")], steps[6, column("1")] = 0.6, 0.4
    assert align(steps, "吉D17A94") == pytest.approx((1, 1, 1, 0.6, 1, 1, 1))
