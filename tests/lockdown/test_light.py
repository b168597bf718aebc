"""The planner is imported by processes that never plan, so importing it must cost nothing heavy."""

import subprocess
import sys

HEAVY = ("scipy", "numba", "cv2", "torch", "redis", "fastapi", "pydantic", "onnxruntime", "ingest", "api")


def test_importing_the_planner_loads_nothing_heavy():
    code = "import sys, lockdown, lockdown.movement; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)
