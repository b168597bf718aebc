"""Ten million damaged inputs a parser: only FeedProtocol comes out, and memory does not grow.

Run by ``make soak`` (about two hours on one core); ``KAKOU_FUZZ_RUNS`` says how many runs a parser,
``KAKOU_FUZZ_SEED`` where to begin: other seeds are other inputs.
"""

import os

import psutil
import pytest

from tests.support.fuzzing import PARSERS, fuzz

RUNS = int(os.environ.get("KAKOU_FUZZ_RUNS", "10_000_000"))
SEED = int(os.environ.get("KAKOU_FUZZ_SEED", "1000"))
ROUND = 20_000
GROWTH_MB = 32


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("name", PARSERS)
def test_millions_of_damaged_inputs_bring_nothing_but_a_refusal(name: str) -> None:
    fuzz(name, ROUND, SEED)
    before = psutil.Process().memory_info().rss
    for number in range(-(-RUNS // ROUND)):
        fuzz(name, min(ROUND, RUNS - number * ROUND), SEED + 1 + number)
    assert psutil.Process().memory_info().rss - before < GROWTH_MB * 1e6
