"""What may stand on a plate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.plate_grammar import (
    ALPHABET,
    EVERY_FORM,
    FORMS,
    PROVINCE_CODES,
    PROVINCES,
    Layout,
    PlateColour,
    complete,
    following,
    form_of,
    forms_in,
    forms_of,
    province_of,
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
    ("text", "colour", "layout", "kind", "plate_class"),
    [
        ("吉D7K391", PlateColour.YELLOW, Layout.TWO_ROWS, "large", "01"),
        ("吉D7K391", PlateColour.YELLOW, Layout.SMALL, "motorcycle", "07"),
        ("吉D7K391", PlateColour.BLUE, Layout.SMALL, "moped", "08"),
        ("吉D7K39挂", PlateColour.YELLOW, Layout.TWO_ROWS, "trailer", "15"),
        ("吉0112345", PlateColour.GREEN, Layout.TWO_ROWS, "tractor", "14"),
        ("WJ吉1234X", PlateColour.WHITE, Layout.TWO_ROWS, "armed_police", "31"),
    ],
)
def test_kind_of_plate_follows_from_its_shape_too(
    text: str, colour: PlateColour, layout: Layout, kind: str, plate_class: str
) -> None:
    form = form_of(text, colour, layout)
    assert form is not None
    assert (form.kind, form.plate_class) == (kind, plate_class)


def test_a_plate_of_one_row_is_no_tractors_and_of_two_no_small_cars() -> None:
    one, two = forms_in(Layout.ROW), forms_in(Layout.TWO_ROWS, Layout.SMALL)
    kinds = {form.kind: (one >> place & 1, two >> place & 1) for place, form in enumerate(FORMS)}
    assert (kinds["tractor"], kinds["small"], kinds["large"]) == ((0, 1), (1, 0), (1, 1))
    assert one | two == EVERY_FORM


@pytest.mark.parametrize(
    "text", ["", "吉D7K39", "D7K3911", "吉I7K391", "吉D7KO91", "吉D7K39I", "吉17K391", "吉D7K3912", "EXIT"]
)
def test_what_is_no_plate_has_no_form(text: str) -> None:
    assert forms_of(text) == ()


def test_every_province_has_the_code_of_its_counties() -> None:
    assert sorted(PROVINCE_CODES.values()) == sorted(PROVINCES)
    assert (province_of("220421"), province_of("990000"), province_of("")) == ("吉", "", "")


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
