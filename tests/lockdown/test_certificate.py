"""A certificate that says something false is refused, whatever was changed in it."""

import ast
import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

import lockdown.certificate
from lockdown.certificate import CertificateError, verify_certificate
from lockdown.proof import certificate_of, sealed, undecided
from lockdown.seal import solve
from tests.support.claims import claims_are_true
from tests.support.tables import demand, random_table, table

MUTATIONS = 1000


@pytest.fixture(scope="module")
def certificates() -> list[dict[str, Any]]:
    random = Random(77)
    tables = [random_table(random) for _ in range(140)]
    return [certificate_of(t, solve(t), "inputs") for t in tables]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of everything that can be changed."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += _places(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            found += _places(inner, (*path, i))
    return found


def _changed(value: Any, random: Random, ids: list[str]) -> Any:
    if isinstance(value, bool) or value is None:
        return random.choice([0, 1, {}, []])
    if isinstance(value, int):
        return random.choice([value + 1, value - 1, value * 2 + 1, 0, -value - 1, float(value), str(value), None, True])
    if isinstance(value, str):
        return random.choice([*ids, "nobody", 7, None])
    if isinstance(value, list):
        options = [value[:-1], [*value, *value[:1]], [*value, random.choice(ids)], value[1:], None, [], value[::-1]]
        return random.choice(options)
    return random.choice([{}, None, {**value, "more": 1}, dict(list(value.items())[1:])])


def _mutate(certificate: dict[str, Any], random: Random) -> dict[str, Any]:
    body = copy.deepcopy(certificate)
    ids = [*body["table"]["units"], *(p["id"] for p in body["table"]["posts"])]
    *way, last = random.choice(_places(body))
    target = body
    for key in way:
        target = target[key]
    target[last] = _changed(target[last], random, ids)
    return body


def test_certificates_as_written_hold(certificates):
    for certificate in certificates:
        verify_certificate(certificate)
        verify_certificate(json.loads(json.dumps(certificate)))
        assert claims_are_true(certificate)


def test_a_thousand_false_certificates_are_refused_although_their_digest_is_right(certificates):
    random, refused, kept = Random(4), 0, 0
    while refused < MUTATIONS:
        certificate = random.choice(certificates)
        mutated = _mutate(certificate, random)
        try:
            mutated = sealed(mutated)
        except (TypeError, ValueError):
            continue
        if claims_are_true(mutated):
            kept += 1
            continue
        with pytest.raises(CertificateError):
            verify_certificate(mutated)
        refused += 1
    assert kept < MUTATIONS  # most changes do make a claim false


def test_any_change_without_a_new_digest_is_refused(certificates):
    random = Random(9)
    for _ in range(MUTATIONS):
        certificate = random.choice(certificates)
        mutated = _mutate(certificate, random)
        if mutated != certificate or json.dumps(mutated) != json.dumps(certificate):
            with pytest.raises(CertificateError):
                verify_certificate(mutated)


@pytest.mark.parametrize("key", ["price_post", "price_unit", "total_drive_ms"])
def test_a_plan_that_drives_more_than_it_must_is_refused(key):
    """Two units, two posts: crossed they drive 300 + 300, straight 100 + 400; both are below T*."""
    t = table([demand("a"), demand("b"), demand("c")], [[100, 300, None], [300, 400, None], [None, None, 800_000]])
    certificate = certificate_of(t, solve(t), "")
    crossed = copy.deepcopy(certificate)
    crossed["optimum"]["plan"] = [
        {"unit": "u1", "post": "b", "staffed_ms": 300},
        {"unit": "u2", "post": "a", "staffed_ms": 300},
        {"unit": "u3", "post": "c", "staffed_ms": 800_000},
    ]
    crossed["optimum"]["total_drive_ms"] = 800_600
    with pytest.raises(CertificateError):
        verify_certificate(sealed(crossed))
    broken = copy.deepcopy(certificate)
    value = broken["optimum"][key]
    broken["optimum"][key] = value - 1 if isinstance(value, int) else dict.fromkeys(value, 10**6)
    if broken["optimum"][key] != value:
        with pytest.raises(CertificateError):
            verify_certificate(sealed(broken))


def test_an_undecided_certificate_needs_both_halves():
    posts = [demand("north"), demand("south")]
    sure = table(posts, [[100, None], [None, None]])
    best = table(posts, [[100, 50], [90, 80]])
    parts = certificate_of(sure, solve(sure), "i"), certificate_of(best, solve(best), "i")
    verify_certificate(undecided(*parts, "i"))
    with pytest.raises(CertificateError):
        verify_certificate(undecided(parts[1], parts[0], "i"))
    with pytest.raises(CertificateError):
        verify_certificate(undecided(*parts, "other inputs"))
    slower = table(posts, [[101, 50], [90, 80]])
    with pytest.raises(CertificateError, match="later at best"):
        verify_certificate(undecided(parts[0], certificate_of(slower, solve(slower), "i"), "i"))


@pytest.mark.parametrize("data", [None, [], 3, "x", {}, {"claim": "feasible"}, {"claim": "undecided"}])
def test_what_is_no_certificate_is_refused(data):
    with pytest.raises(CertificateError):
        verify_certificate(data)


def test_the_checker_shares_nothing_with_the_planner():
    source = Path(lockdown.certificate.__file__).read_text(encoding="utf-8")
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
    ours = {"camera_config.errors"}
    assert {name for name in names if name.split(".")[0] in {"lockdown", "camera_config", "api", "numpy"}} == ours
