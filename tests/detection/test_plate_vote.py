"""Many readings in, one text out, certain only where both readers agree."""

from collections.abc import Sequence

import pytest

from detection.plate_grammar import Layout, PlateColour
from detection.plate_read import PlateRead
from detection.plate_vote import Ballot, Verdict, vote


def read(
    text: str, probability: float = 0.95, *, agreed: bool = True, sure: bool = False, prior: bool = False
) -> PlateRead:
    return PlateRead(
        text, (0.99,) * len(text), probability, None, agreed=agreed, sure=sure and agreed, province_prior=prior
    )


def voted(*reads: PlateRead, frames: Sequence[int] | None = None) -> Verdict:
    seen = vote([Ballot(one, 100.0, frame) for one, frame in zip(reads, frames or range(len(reads)), strict=True)])
    assert seen is not None
    return seen


def test_agreement_in_two_keyframes_makes_a_plate_certain_and_in_one_twice_does_not() -> None:
    assert not voted(read("吉D7K391"), read("吉D7K391"), frames=(1, 1)).certain
    twice = voted(read("吉D7K391"), read("吉D7K391"), frames=(1, 2))
    assert twice.certain
    assert (twice.text, twice.agreeing) == ("吉D7K391", 2)


def test_one_keyframe_in_which_both_are_sure_is_enough() -> None:
    assert voted(read("吉D7K391", sure=True)).certain


def test_one_reader_alone_is_never_certain_however_often_it_says_so() -> None:
    alone = [read("吉D7K391", 0.9999, agreed=False) for _ in range(20)]
    assert not voted(*alone).certain
    assert not voted(*alone, read("吉D7K391")).certain


def test_agreement_on_two_texts_makes_neither_certain() -> None:
    reads = [read("吉D7K391", sure=True) for _ in range(6)]
    assert voted(*reads, read("吉D7K891", 0.4, agreed=False)).certain
    seen = voted(*reads, read("吉D7K891", 0.6))
    assert seen.text == "吉D7K391"
    assert not seen.certain


def test_characters_are_voted_on_one_by_one() -> None:
    reads = ["吉D7K397", "吉D7K391", "吉D1K391", "黑D7K391"]
    seen = voted(*(PlateRead(text, (0.9,) * 7, 0.5, None) for text in reads))
    assert seen.text == "吉D7K391"
    assert not seen.certain


def test_a_text_put_together_of_several_is_not_certain() -> None:
    seen = voted(*(read(text, sure=True) for text in ("吉D7K397", "吉D1K391", "黑D7K391")))
    assert seen.text == "吉D7K391"
    assert not seen.certain


def test_a_province_by_the_prior_is_told_unless_another_reading_saw_it() -> None:
    assert voted(read("吉D7K391", prior=True, agreed=False)).province_prior
    assert not voted(read("吉D7K391", prior=True, agreed=False), read("吉D7K391")).province_prior


@pytest.mark.parametrize(
    ("layout", "colour", "plate_class"),
    [
        (Layout.ROW, PlateColour.YELLOW, "01"),
        (Layout.TWO_ROWS, PlateColour.YELLOW, "01"),
        (Layout.SMALL, PlateColour.YELLOW, "07"),
        (Layout.SMALL, PlateColour.BLUE, "08"),
        (Layout.ROW, PlateColour.BLUE, "02"),
    ],
)
def test_the_class_follows_from_colour_and_shape(layout: Layout, colour: PlateColour, plate_class: str) -> None:
    one = PlateRead("吉D7K391", (0.9,) * 7, 0.9, colour, layout=layout)
    assert voted(one).plate_class == plate_class
