"""The example county as a folder that loads in a third of the time."""

import shutil
from pathlib import Path

from camera_config.example import example_county

CLOSED = ("莲河机耕道", "柳树沟机耕道")


def lighter_county(folder: Path, *, cameras: int = 350) -> Path:
    """Copy it into ``folder`` less village roads, tracks that no post closes, and cameras after the first."""
    shutil.copytree(example_county(), folder)
    head, *features, end = (folder / "roads.geojson").read_text(encoding="utf-8").splitlines()
    kept = [
        line.removesuffix(",")
        for line in features
        if '"village"' not in line and ('"track"' not in line or any(name in line for name in CLOSED))
    ]
    (folder / "roads.geojson").write_text("\n".join([head, ",\n".join(kept), end]) + "\n", encoding="utf-8")
    lines = (folder / "cameras.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "cameras.csv").write_text("".join(lines[: 2 + cameras]), encoding="utf-8")
    return folder
