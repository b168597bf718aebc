"""From what was read to what may be used: validation of rows, tables and features, each mistake with its line."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from camera_config.files import Feature, Place
from camera_config.mistakes import Mistakes
from camera_config.records import Record

R = TypeVar("R", bound=Record)

_POINTS_AT_LEAST = {"LineString": 2, "Polygon": 4}
_WHY = {
    "finite_number": ("is not a finite number", "write a number, not NaN or inf"),
    "string_type": ("is not text", "write text"),
    "literal_error": ("has a value that is not known", ""),
    "enum": ("has a value that is not known", ""),
}


def accept(
    model: type[R], data: object, file: str, line_of: Callable[[Place], int], mistakes: Mistakes, place: Place = ()
) -> R | None:
    """Return the record, or None after noting each mistake at ``line_of(place of the key)``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=True):
            inner: Place = detail["loc"]
            what, hint = _told(model, detail, ".".join(str(part) for part in place[2:] + inner))
            mistakes.add(file, line_of(place + inner), what, hint)
        return None


def _told(model: type[Record], detail: ErrorDetails, key: str) -> tuple[str, str]:
    kind = detail["type"]
    if kind == "missing":
        return f"missing key {key!r}", "add it (docs/ref/config.md says what it means)"
    if kind == "extra_forbidden":
        known = ", ".join(columns(_around(model, detail["loc"])))
        return f"unknown key {key!r}", f"remove it or correct its spelling; known are {known}"
    if kind == "value_error":
        what, _, hint = detail["msg"].removeprefix("Value error, ").partition(": ")
        return (f"{key}: {what}" if key else what), hint
    if kind in _WHY:
        what, hint = _WHY[kind]
        expected = detail.get("ctx", {}).get("expected", "")
        return f"{key} {what}", hint or f"write one of {expected}"
    return (
        f"{key}: {detail['msg'][0].lower()}{detail['msg'][1:]} (found {_short(detail['input'])})",
        "correct the value",
    )


def columns(model: type[Record]) -> tuple[str, ...]:
    """Return the keys of a record as they are written."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _around(model: type[Record], place: Place) -> type[Record]:
    """Return the record in which the last key of ``place`` stands."""
    for part in place[:-1]:
        field = model.model_fields.get(str(part))
        if field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, Record):
            model = field.annotation
    return model


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


Line = list[list[float]]
"""Positions of a geometry, each [lon, lat] as GeoJSON has it."""


def geometry(feature: Feature, kind: str, file: str, mistakes: Mistakes) -> Line | None:
    """Return the feature's positions (of a polygon, its outline), or None after noting what is wrong."""
    data = feature.data
    if not isinstance(data, dict) or data.get("type") != "Feature":
        mistakes.add(file, feature.line, "not a GeoJSON Feature", 'write {"type": "Feature", …}')
        return None
    for key in sorted(set(data) - {"type", "id", "properties", "geometry", "bbox"}):
        mistakes.add(file, feature.line, f"unknown key {key!r}", "remove it; values stand under properties")
    shape = data.get("geometry")
    found = shape.get("type") if isinstance(shape, dict) else None
    if not isinstance(shape, dict) or found != kind:
        mistakes.add(file, feature.line, f"geometry is {found}, not {kind}", f"draw the feature as a {kind}")
        return None
    points: Any = shape.get("coordinates")
    if kind == "Polygon":
        if isinstance(points, list) and len(points) > 1:
            mistakes.add(file, feature.line, "polygon has a hole", "draw an outline without holes")
        points = points[0] if isinstance(points, list) and points else None
    elif kind == "Point":
        points = [points]
    if not isinstance(points, list) or not all(map(_is_position, points)):
        if isinstance(points, list) and any(map(_is_endless, points)):
            mistakes.add(file, feature.line, "a coordinate is not a finite number", "write a number, not NaN or inf")
        else:
            mistakes.add(file, feature.line, "coordinates are not [lon, lat] numbers", "write each as [lon, lat]")
        return None
    if len(points) < _POINTS_AT_LEAST.get(kind, 1):
        mistakes.add(file, feature.line, f"{kind} has too few points", f"draw at least {_POINTS_AT_LEAST[kind]}")
        return None
    return points


def _is_number(value: object) -> bool:
    return type(value) in (float, int) and -1e9 < value < 1e9  # type: ignore[operator]


def _is_position(point: object) -> bool:
    return type(point) is list and len(point) == 2 and _is_number(point[0]) and _is_number(point[1])


def _is_endless(point: object) -> bool:
    return (
        type(point) is list
        and any(type(value) is float and not _is_number(value) for value in point)
        and all(type(value) in (float, int) for value in point)
    )


def properties(model: type[R], feature: Feature, file: str, mistakes: Mistakes) -> R | None:
    """Return the feature's properties as a record, or None after noting the mistakes."""
    data = feature.data.get("properties") if isinstance(feature.data, dict) else None
    # QGIS writes null for an empty attribute: as if the key were absent.
    present = {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else {}
    return accept(model, present, file, lambda _: feature.line, mistakes)
