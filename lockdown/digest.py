"""The fingerprint of everything that an answer depends on."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from camera_config.county import Post, Rules
from lockdown.graph import Graph
from lockdown.units import UnitNow


def digest_of(graph: Graph, rules: Rules, posts: Sequence[Post], units: Sequence[UnitNow], version: str) -> str:
    """Return SHA-256 (hex) over graph with closures, rules, posts, units with the ages of their positions, version.

    The same inputs in any order give the same digest, and the same digest the same answer.
    """
    base = base_digest(graph, rules, posts, version)
    return joined(base, [unit_digest(unit) for unit in sorted(units, key=lambda u: u.id)])


def base_digest(graph: Graph, rules: Rules, posts: Sequence[Post], version: str) -> bytes:
    """Return SHA-256 over all that stays while units move."""
    ordered = sorted(posts, key=lambda p: p.id)
    return _sha256({"graph": graph.digest, "rules": rules, "posts": ordered, "version": version})


def unit_digest(unit: UnitNow) -> bytes:
    """Return SHA-256 over what is known of one unit: its fields as Python writes them, a third of JSON's time."""
    at = unit.position
    place = None if at is None else (at.lat, at.lon)
    return hashlib.sha256(repr((place, unit.status.value, *_OF_UNIT(unit))).encode()).digest()


def joined(base: bytes, units: Iterable[bytes]) -> str:
    """Return SHA-256 (hex) over ``base_digest`` and the ``unit_digest`` of every unit in order of id."""
    return hashlib.sha256(base + b"".join(units)).hexdigest()


def sha256_of(value: Any) -> str:
    """Return SHA-256 (hex) of canonical JSON: keys sorted, no spaces, UTF-8, no NaN; dataclasses by field."""
    return _sha256(value).hex()


def _sha256(value: Any) -> bytes:
    return hashlib.sha256(_CANONICAL.encode(value).encode()).digest()


def _by_fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


_OF_UNIT = attrgetter(*(field.name for field in fields(UnitNow) if field.name not in ("position", "status")))

_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_by_fields
)
