import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.log.envelope import Event, new_event, new_id, uuid_v7


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_an_id_is_a_version_7_uuid_that_holds_its_time(unix_ms: int, randomness: int) -> None:
    made = uuid_v7(unix_ms, randomness)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == unix_ms


def test_ids_do_not_repeat_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert [i[:13] for i in ids] == sorted(i[:13] for i in ids)


def test_an_event_comes_back_as_it_went() -> None:
    event = new_event("feed.state", "cam-001", {"cause": "断流", "since": 1.5}, drill=True)
    assert Event.from_json(event.to_json()) == event


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"id":"x"}',
        new_event("a", "b", {}).to_json().replace('"v":1', '"v":2'),
        new_event("a", "b", {}).to_json().replace('"drill"', '"more":1,"drill"'),
        new_event("a", "b", {}).to_json().replace('"mono_s":', '"mono_s":NaN,"x":'),
    ],
)
def test_what_is_no_envelope_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Event.from_json(text)


def test_nan_never_leaves() -> None:
    with pytest.raises(ValueError):
        new_event("a", "b", {"x": float("nan")}).to_json()
