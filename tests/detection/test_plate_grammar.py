"""What may stand on a plate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.plate_grammar import (
    ALPHABET,
    EVERY_FORM,
    FORMS,
    PlateColour,
    complete,
    following,
    form_of,
    forms_of,
)


@pytest.mark.parametrize(
    ("text", "colour", "kind", "plate_class"),
    [
        ("吉D7K391", PlateColour.BLUE, "small", "02"),
        ("吉D7K391", PlateColour.YELLOW, "large", "01"),
        ("吉DD12345", PlateColour.GREEN, "small_new_energy", "52"),
        ("吉D12345D", PlateColour.YELLOW_GREEN, "large_new_energy", "51"),
        ("吉D1234学", PlateColour.YELLOW, "coach", "16"),
        ("吉DA123警", PlateColour.WHITE, "police", "23"),
        ("粤Z1234港", PlateColour.BLACK, "hong_kong", "26"),
        ("使123456", PlateColour.BLACK, "embassy", "03"),
    ],
)
def test_kind_of_plate_follows_from_text_and_colour(
    text: str, colour: PlateColour, kind: str, plate_class: str
) -> None:
    form = form_of(text, colour)
    assert form is not None
    assert (form.kind, form.plate_class) == (kind, plate_class)


@pytest.mark.parametrize(
    "text", ["", "吉D7K39", "D7K3911", "吉I7K391", "吉D7KO91", "吉D7K39I", "吉17K391", "吉D7K3912", "EXIT"]
)
def test_what_is_no_plate_has_no_form(text: str) -> None:
    assert forms_of(text) == ()


@given(st.sampled_from(FORMS), st.data())
def test_a_plate_is_found_letter_by_letter_exactly_when_it_matches(form, data) -> None:  # type: ignore[no-untyped-def]
    text = "".join(data.draw(st.sampled_from(sorted(place))) for place in form.positions)
    live = EVERY_FORM
    for place, sign in enumerate(text):
        live = following(live, place, sign)
        assert live
    found = complete(live, len(text))
    assert [FORMS[i] for i in range(len(FORMS)) if found >> i & 1] == list(forms_of(text))
    assert form in forms_of(text)


@given(st.text(alphabet=ALPHABET, max_size=9))
def test_any_text_that_survives_letter_by_letter_is_a_plate(text: str) -> None:
    live = EVERY_FORM
    for place, sign in enumerate(text):
        live = following(live, place, sign)
    assert bool(complete(live, len(text))) == bool(forms_of(text))
