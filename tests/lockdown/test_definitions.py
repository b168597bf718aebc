"""Every definition names a test that exists."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_test_that_a_definition_names_exists():
    text = (TESTS.parent / "docs" / "definitions.md").read_text(encoding="utf-8")
    file, named = "", 0
    for path, name in re.findall(r"`([\w/.…]+)::(\w+)`", text):
        file = file if path == "…" else path
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8"), (file, name)
        named += 1
    assert named > 30
