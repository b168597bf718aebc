"""``kakou drill run`` as a person calls it, with a private server that is gone afterwards."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.timeout(300)
def test_a_drill_without_a_server_starts_its_own_and_ends_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", "drill", "run", "--ring", "town", "--seed", "2", "--speed", "1e6", "--json"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["drill"], result["state"], result["rings"]) == (True, "ended", ["town"])
    assert all(post["ring"] == "town" and post["planned_staffed_s"] for post in result["posts"])
    assert any(post["in_time"] for post in result["posts"])
    assert list(tmp_path.glob("kakou-drill-*")) == []
