"""The example county as a folder that loads in a third of the time."""

import shutil
from pathlib import Path

from camera_config.example import example_county

CLOSED = ("莲河机耕道", "柳树沟机耕道")


def lighter_county(folder: Path, *, cameras: int = 350) -> Path:
    """Copy it into ``folder`` less village roads, tracks that no post closes, and cameras after the first.

    Rules of those cameras go too.
    """
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
    rules = (folder / "camera_rules.toml").read_text(encoding="utf-8").split("[[rule]]")
    numbers = {n: f'"cam-{n:03d}"' for n in range(1, cameras + 1)}
    kept_rules = [rule for rule in rules[1:] if any(camera in rule for camera in numbers.values())]
    (folder / "camera_rules.toml").write_text("[[rule]]".join([rules[0], *kept_rules]), encoding="utf-8")
    return folder
