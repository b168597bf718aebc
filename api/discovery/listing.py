"""What was found beside what the county has: which camera is new, and a list that ``kakou cameras import`` reads."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from api.discovery.onvif import FoundCamera
from camera_config.camera_list import COLUMNS
from camera_config.list_changes import cells_of
from camera_config.records import CameraRecord

REMARKS = ("# address", "# maker", "# model", "# serial")
"""Columns for the eye; an import passes over headings that begin with #."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A found camera with the county's camera at the same address, or an id proposed for a new one."""

    found: FoundCamera
    id: str
    known: CameraRecord | None
    changed: bool
    """Its streams have other addresses than the county knows."""


def propose(found: Sequence[FoundCamera], county: Mapping[str, CameraRecord]) -> list[Proposal]:
    """Return a proposal for each camera; no two get the same id, and none an id of the county."""
    at = {host: record for record in county.values() if (host := urlsplit(record.url or "").hostname)}
    taken = set(county)
    proposals = []
    for camera in found:
        known = at.get(camera.address)
        if known is None:
            id_ = _free_id(camera, taken)
            taken.add(id_)
            proposals.append(Proposal(camera, id_, None, changed=False))
        else:
            main, sub = _urls(camera)
            changed = bool(main) and (main, sub or None) != (known.url, known.sub_url)
            proposals.append(Proposal(camera, known.id, known, changed))
    return proposals


def list_rows(proposals: Sequence[Proposal]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return headings and rows of the list. Cameras without a readable stream are left out; new ones lack a place."""
    rows = []
    for proposal in proposals:
        main, sub = _urls(proposal.found)
        if not main:
            continue
        cells = dict(zip(COLUMNS, cells_of(proposal.known), strict=True)) if proposal.known else {}
        cells |= {"id": proposal.id, "url": main, "sub_url": sub}
        cells.setdefault("name", proposal.found.name or proposal.found.model or proposal.id)
        found = proposal.found
        rows.append([cells.get(key, "") for key in COLUMNS] + [found.address, found.maker, found.model, found.serial])
    return (*COLUMNS, *REMARKS), rows


def _urls(found: FoundCamera) -> tuple[str, str]:
    return found.main.url if found.main else "", found.sub.url if found.sub else ""


def _free_id(found: FoundCamera, taken: set[str]) -> str:
    """Return ``cam-`` and the end of the serial number, else the address; a number behind it where that is taken."""
    serial = re.sub(r"[^a-z0-9]", "", found.serial.lower())[-9:]
    base = f"cam-{serial or found.address.replace('.', '-')}"
    id_, number = base, 1
    while id_ in taken:
        number += 1
        id_ = f"{base}-{number}"
    return id_
