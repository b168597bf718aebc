"""When two reports are one passage, and what the passage then says. Plain values in, plain values out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from api.passages.plates import near
from api.passages.report import PassageReport

SAME_PASSAGE_S = 3.0
"""A video and a device report of one checkpoint at most this far apart, inclusive, may be one passage."""

PLATE = ("plate", "certain", "confidence", "plate_class", "plate_colour", "province_prior")
MOTION = ("direction", "speed_kmh", "speed_error_kmh")
PICTURES = ("scene_path", "scene_sha256", "crop_path", "crop_sha256")
RECEIPT = "frame_received_at"


@dataclass(frozen=True, slots=True)
class Known:
    """A passage of another source that may be the same; ``plate`` is never unread."""

    id: str
    at: float
    plate: str


def same_passage(report: PassageReport, others: Iterable[Known]) -> str | None:
    """Return the id of the passage that ``report`` also speaks about, or None.

    An equal plate goes before a similar one, then the nearest in time, then the smaller id.
    """
    if report.plate is None:
        return None
    fitting = [
        (other.plate != report.plate, abs(other.at - report.at), other.id)
        for other in others
        if abs(other.at - report.at) <= SAME_PASSAGE_S and near(other.plate, report.plate)
    ]
    return min(fitting)[2] if fitting else None


def news(report: PassageReport) -> dict[str, Any]:
    """Return what a passage says that only ``report`` speaks about; ``plate`` stands for its vehicle."""
    values = {name: getattr(report, name) for name in (*PLATE, *MOTION, *PICTURES, RECEIPT)}
    for name in ("version", "checkpoint", "at", "first_seen", "last_seen", "lane", "vehicle_class", "final", "drill"):
        values[name] = getattr(report, name)
    return values


def merge(passage: dict[str, Any], report: PassageReport, *, own: bool, shared: bool) -> dict[str, Any]:
    """Return what changes in ``passage`` by ``report``.

    Args:
        passage: what the passage says so far.
        report: a newer report of it.
        own: the report comes from the source that reported the passage first.
        shared: another source speaks about it too.

    The first source's newer version replaces what it said; a certain plate is only replaced by a certain one once
    two sources speak. The second source adds what is missing of pictures, direction and speed, and a certain plate.
    """
    if own and not shared:
        return news(report)
    changes: dict[str, Any] = news(report) if own else {}
    if own:
        for name in (*MOTION, *PICTURES, RECEIPT):
            if changes[name] is None:
                changes[name] = passage[name]
        if passage["certain"] and not report.certain:
            changes.update({name: passage[name] for name in PLATE})
    else:
        if report.certain and not passage["certain"]:
            changes.update({name: getattr(report, name) for name in PLATE})
        if passage["scene_path"] is None and passage["crop_path"] is None:
            changes.update({name: getattr(report, name) for name in PICTURES if getattr(report, name) is not None})
        for name in (*MOTION, RECEIPT):
            if passage[name] is None and getattr(report, name) is not None:
                changes[name] = getattr(report, name)
    changes["first_seen"] = min(passage["first_seen"], report.first_seen)
    changes["last_seen"] = max(passage["last_seen"], report.last_seen)
    return changes
