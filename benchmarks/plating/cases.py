"""Pictures with known plates, from folders as people keep them."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})
TRUTH_FILE = "gt.tsv"

PROVINCES = "皖沪津渝冀晋蒙辽吉黑苏浙京闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新警学O"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZO"
SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789O"
"""CCPD's tables (its README); the last of each is "none"."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One plate of a picture: its text, and its corners (4, 2) in pixels where they are known."""

    text: str
    quad: Quad | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One picture and all plates on it that are known; none: there is no plate on it."""

    path: Path
    truths: tuple[Truth, ...]

    def image(self) -> Image | None:
        """Return (height, width, 3) BGR; None where the file is no picture."""
        content = np.fromfile(self.path, np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
        return None if image is None else np.asarray(image, np.uint8)


def normal(text: str) -> str:
    """Return the characters a plate may hold: no dot, no space, capitals; a plate has no O and no I."""
    kept = "".join(sign for sign in text.upper() if sign in "0123456789" or "A" <= sign <= "Z" or "一" <= sign <= "鿿")
    return kept.replace("O", "0").replace("I", "1")


def crops(folder: Path) -> list[Case]:
    """Return the plates of a folder; a file's name is its plate, and what follows ``_`` or a space is not."""
    return [Case(path, (Truth(normal(path.stem.replace(" ", "_").split("_")[0])),)) for path in _pictures(folder)]


def photos(folder: Path) -> list[Case]:
    """Return whole pictures: plates by ``gt.tsv`` if there is one, else by names as CCPD writes them.

    ``gt.tsv`` has a line a plate: file, text, and where it is known left, top, right, bottom in pixels, between tabs. A
    picture that is not in it, or has another name than CCPD's, has no plate.
    """
    listed = folder / TRUTH_FILE
    known = _listed(listed) if listed.is_file() else None
    out = []
    for path in _pictures(folder):
        if known is None:
            out.append(Case(path, _ccpd(path.stem)))
        else:
            out.append(Case(path, tuple(known.pop(path.relative_to(folder).as_posix(), ()))))
    if known:
        raise SystemExit(f"{listed} names files that are not there: {', '.join(sorted(known)[:10])}")
    return out


def empties(folder: Path) -> list[Case]:
    """Return all pictures below a folder as pictures without a plate."""
    return [Case(path, ()) for path in _pictures(folder)]


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SystemExit(f"{folder} is no folder")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def _listed(path: Path) -> dict[str, list[Truth]]:
    known: dict[str, list[Truth]] = defaultdict(list)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file, delimiter="\t"), 1):
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#") or (number == 1 and cells[0].lower() in {"file", "filename"}):
                continue
            text = normal(cells[1]) if len(cells) > 1 else ""
            known[cells[0]] += [Truth(text, _upright(cells[2:6]))] if text else []
    return dict(known)


def _upright(cells: list[str]) -> Quad | None:
    try:
        left, top, right, bottom = (float(cell) for cell in cells)
    except ValueError:
        return None
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _ccpd(stem: str) -> tuple[Truth, ...]:
    """Return the plate that a CCPD name tells: …-box-corners (RB_LB_LT_RT)-indices-…; empty for any other name."""
    parts = stem.split("-")
    at = next((place for place, part in enumerate(parts) if part.count("_") in {6, 7} and "&" not in part), None)
    if at is None or at < 1 or parts[at - 1].count("&") != 4:
        return ()
    try:
        first, second, *rest = (int(number) for number in parts[at].split("_"))
        right_low, left_low, left_top, right_top = (
            tuple(map(int, each.split("&"))) for each in parts[at - 1].split("_")
        )
        text = PROVINCES[first] + LETTERS[second] + "".join(SIGNS[number] for number in rest)
    except (ValueError, IndexError):
        return ()
    return (Truth(normal(text), np.array([left_top, right_top, right_low, left_low], np.float32)),)
