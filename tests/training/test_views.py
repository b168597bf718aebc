"""What the second reader is trained on says truly what stands on it, and where."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from detection.plate_grammar import ALPHABET, LETTERS, PROVINCES, forms_of
from training.letters import HAN, LATIN
from training.plate_views import PLAIN, Views, spread
from training.plates import KINDS
from training.strokes import HANDS, SHAPES, stroked

pytestmark = pytest.mark.skipif(
    not all(Path(path).is_file() for path, _ in (*HAN, *LATIN)), reason="the training's fonts are not installed"
)


@pytest.fixture(autouse=True)
def seeded() -> None:
    random.seed(11)
    np.random.seed(11)
    cv2.setRNGSeed(11)


def test_every_letter_and_digit_has_strokes_in_every_hand() -> None:
    assert sorted(SHAPES) == sorted("0123456789" + LETTERS)
    for sign in SHAPES:
        for hand in (0, HANDS // 2, HANDS - 1):
            cover = (stroked(sign, hand) > 128).mean()
            assert 0.08 < cover < 0.8, (sign, hand, cover)


def test_views_know_their_characters_in_order_and_within_the_picture() -> None:
    views = Views(pool=40)
    kinds = set()
    for _ in range(120):
        view = views.make()
        kinds.add(view.kind)
        assert len(view.middles) == len(view.text)
        middles = [middle for middle, _ in view.middles]
        assert middles == sorted(middles)
        assert all(-0.05 < middle < 1.05 and 0.01 < half < 0.12 for middle, half in view.middles)
        assert view.image.dtype == view.cut.dtype == np.uint8
        assert view.quad is None or view.quad.shape == (4, 2)
    assert len(kinds) > 5


def test_all_provinces_are_drawn_alike_and_signs_stand_anywhere() -> None:
    texts = [spread("blue") for _ in range(1500)]
    plates = [text for text in texts if forms_of(text)]
    assert {text[0] for text in plates} == set(PROVINCES)
    assert sum(text[0] == "吉" for text in plates) < 0.1 * len(plates)
    assert set("".join(texts)) == set(ALPHABET)
    assert all(forms_of(spread(kind)) for kind in KINDS if kind not in PLAIN)
