"""The fingerprint of everything that an answer depends on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from camera_config.county import Post, Rules
from lockdown.graph import Graph
from lockdown.units import UnitNow


def digest_of(graph: Graph, rules: Rules, posts: Sequence[Post], units: Sequence[UnitNow], version: str) -> str:
    """Return SHA-256 (hex) over graph with closures, rules, posts, units with the ages of their positions, version.

    The same inputs in any order give the same digest, and the same digest the same answer.
    """
    return sha256_of(
        {
            "graph": graph.digest,
            "rules": rules,
            "posts": sorted(posts, key=lambda p: p.id),
            "units": sorted(units, key=lambda u: u.id),
            "version": version,
        }
    )


def sha256_of(value: Any) -> str:
    """Return SHA-256 (hex) of canonical JSON: keys sorted, no spaces, UTF-8, no NaN; dataclasses by field."""
    made = json.JSONEncoder(
        sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_by_fields
    )
    return hashlib.sha256(made.encode(value).encode()).hexdigest()


def _by_fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
