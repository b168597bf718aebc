"""The benchmark of leaks finds every planted one and no other, and finds searches that were made wrong on purpose."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.leaks import main, measure
from lockdown.leaks import find_leaks


def test_every_planted_leak_is_found_and_nothing_else_is_named(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["leaks", "--worlds", "60", "--real", "0", "--seed", "7", "--json"])
    main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["worlds"] == 60
    assert found["planted"] == found["found"] > 60
    assert (found["false_leaks"], found["oracle_mismatches"], found["bad_paths"]) == (0, 0, 0)
    assert set(found["kinds"]) == {"post gone", "turned post", "track", "against one-way"}
    assert found["closed_worlds"] > 0


def _forgets_a_post(graph, area, posts):
    own = [post for post in posts if post.ring is area.ring]
    return find_leaks(graph, area, [post for post in posts if post is not own[0]])


def _forgets_that_he_drives_against_one_way(graph, area, posts):
    star = graph.any_way
    return [
        leak
        for leak in find_leaks(graph, area, posts)
        if not graph.piece_one_way[star.piece[leak.way[-1]]]
        or graph.piece_end[star.piece[leak.way[-1]]] == star.head[leak.way[-1]]
    ]


def _lets_every_post_stop_both_ways(graph, area, posts):
    stood_by = {post.road for post in posts if post.ring is area.ring}
    return [leak for leak in find_leaks(graph, area, posts) if leak.road not in stood_by]


@pytest.mark.parametrize(
    "wrong", [_forgets_a_post, _forgets_that_he_drives_against_one_way, _lets_every_post_stop_both_ways]
)
def test_a_search_that_was_made_wrong_is_caught(wrong):
    found = measure(40, 0.0, None, 1, wrong)
    assert found["found"] < found["planted"] or found["false_leaks"] > 0
    assert found["oracle_mismatches"] == 0


def test_what_is_planted_shares_nothing_with_the_planner():
    for module in ("rings", "land", "oracle"):
        text = (Path(__file__).parents[2] / "benchmarks" / "worlds" / f"{module}.py").read_text(encoding="utf-8")
        assert not re.search(r"^(from|import) (lockdown|api)\b", text, re.MULTILINE), module
