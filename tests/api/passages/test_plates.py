import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.passages.plates import like_pattern, near, normalise

PLATES = st.text("吉京AB01", min_size=0, max_size=6)


@pytest.mark.parametrize("text", ["吉D·12345", "吉d 12345", "吉Ｄ．１２３４５", " 吉D-12345 ", "吉D•12345"])
def test_a_plate_is_compared_without_dots_spaces_and_width(text: str) -> None:
    assert normalise(text) == "吉D12345"


@pytest.mark.parametrize("text", ["", " ", "吉D12345'; --", "吉" * 17, "吉D%", "吉D_1234"])
def test_what_is_no_plate_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        normalise(text)


def test_wildcards_become_a_like_pattern() -> None:
    assert like_pattern("吉D_12？") == "吉D_12_"
    assert like_pattern("*2345") == "%2345"


@pytest.mark.parametrize("text", ["*", "_____", "吉*", "吉D%", "吉D\\*", ""])
def test_a_search_names_at_least_two_characters_and_no_sql(text: str) -> None:
    with pytest.raises(ValueError):
        like_pattern(text)


def distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


@given(PLATES, PLATES)
def test_near_is_an_edit_distance_of_at_most_one(one: str, other: str) -> None:
    assert near(one, other) == (distance(one, other) <= 1)
