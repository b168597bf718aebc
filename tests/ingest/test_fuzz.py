"""Damaged input brings FeedProtocol or nothing: a short run a parser; ``tests/soak/test_fuzz.py`` is the long one."""

import pytest

from tests.support.fuzzing import PARSERS, corpus, fuzz

RUNS = {"h264": 5_000, "h265": 5_000}


@pytest.mark.parametrize("name", PARSERS)
def test_what_a_camera_should_send_is_taken(name: str) -> None:
    for data in corpus(name):
        PARSERS[name](data)


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_input_is_refused_and_nothing_else_happens(name: str) -> None:
    runs = RUNS.get(name, 20_000)
    taken = fuzz(name, runs, seed=1)
    assert taken > runs // 20, "hardly any input gets past the first check"
