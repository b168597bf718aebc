"""The same question asked of pyvalhalla and OR-Tools, where both are installed (Python 3.12, group ``bench``)."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sealing.flows import has_ortools, served_by_flow
from camera_config.county import Post
from lockdown.graph import Graph
from lockdown.units import UnitNow

try:
    import valhalla
except ImportError:
    valhalla = None


class Valhalla:
    """Tiles of the same roads, and the rows of all units as last asked."""

    def __init__(self, roads: Path, posts: Sequence[Post]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        config = valhalla.get_config(tile_extract="", tile_dir=self._folder.name, verbose=False)
        config["thor"]["source_to_target_algorithm"] = "timedistancematrix"
        config["loki"]["service_defaults"] |= {"minimum_reachability": 1, "radius": 0}
        config["mjolnir"]["concurrency"] = 1
        for limits in config["service_limits"].values():
            if isinstance(limits, dict) and "max_matrix_location_pairs" in limits:
                limits["max_matrix_location_pairs"] = 100_000
        self._build(config, roads)
        self._actor: Any = valhalla.Actor(config)
        self._posts = [{"lat": p.position.lat, "lon": p.position.lon} for p in posts]
        self._deadline_s = np.array([p.deadline_s - p.setup_s - 60 for p in posts], np.int64)
        self._rows: dict[str, Any] = {}

    @classmethod
    def of(cls, roads: Path, posts: Sequence[Post], _: Graph) -> "Valhalla | None":
        """Return it where it can be asked, else None."""
        if valhalla is None or not has_ortools() or not roads.name.endswith(".osm.pbf"):
            return None
        return cls(roads, posts)

    @staticmethod
    def _build(config: dict[str, Any], roads: Path) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(config, file)
            file.flush()
            tool = Path(sys.executable).with_name("valhalla_build_tiles")
            subprocess.run([str(tool), "-c", file.name, str(roads)], check=True, capture_output=True)

    def decide(self, unit: UnitNow) -> bool:
        """Return whether all posts can be staffed after one unit has moved: one row by routing, one flow."""
        if unit.position is None:
            return False
        answer = self._actor.matrix(
            {
                "sources": [{"lat": unit.position.lat, "lon": unit.position.lon}],
                "targets": self._posts,
                "costing": "auto",
            }
        )
        row = [cell["time"] for cell in answer["sources_to_targets"][0]]
        self._rows[unit.id] = np.array([1 << 30 if s is None else s for s in row], np.int64)
        fits = np.array(list(self._rows.values())) <= self._deadline_s
        return served_by_flow(fits, np.ones(len(self._posts), np.int64)) == len(self._posts)
