"""The benchmark of odds judges a county's own roads, and finds nothing wrong with what it judges."""

import json

from benchmarks.risk import main
from camera_config.example import example_county

NONE_WRONG = (
    "bracket_violations",
    "routed_violations",
    "policy_violations",
    "reference_mismatches",
    "probable_significantly_below",
)


def test_every_figure_is_there_and_nothing_is_wrong(monkeypatch, capsys):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    few = ["--scenarios", "2048", "--routed", "8", "--reference", "60", "--situations", "1", "--json"]
    roads = str(example_county() / "roads.geojson")
    monkeypatch.setattr("sys.argv", ["risk", "--roads", roads, "--units", "24", "--posts", "8", *few])
    main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [found[key] for key in NONE_WRONG] == [0] * len(NONE_WRONG)
    assert (found["units"], found["posts"], found["groups"]) == (24, 8, 24)
    assert 0 < found["committed_p"] <= found["hindsight_p"] <= 1
    assert found["routed_hindsight_fixed_p"] <= found["routed_hindsight_exact_p"]
    for rate in ("committed_per_s", "hindsight_fixed_per_s", "replanned_per_s"):
        assert found[rate] > 0
