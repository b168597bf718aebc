"""A drawing in millimetres of paper, and the same drawing as SVG or PNG. No colour says anything that a shape does not.

A panel is a window of the paper: what lies outside it is cut off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np
from numpy.typing import NDArray

from camera_config.errors import ConfigError
from lockdown.lines import Floats

Bytes = NDArray[np.uint8]
Dots = NDArray[np.int32]

DOTS_PER_MM = 8
"""Of a PNG: 203 dots an inch."""

FONT = "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei','Source Han Sans SC',sans-serif"


@dataclass(frozen=True, slots=True)
class Lines:
    """Polylines, or polygons where ``fill`` is given; ``dash`` is drawn and left out, millimetres."""

    points: Sequence[Floats]
    colour: str
    width: float
    dash: tuple[float, float] | None = None
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; ``anchor`` is start, middle or end; ``size`` the height of the type in millimetres."""

    x: float
    y: float
    text: str
    size: float
    colour: str = "#000000"
    anchor: str = "start"
    halo: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A window, millimetres from the upper left corner of the paper."""

    x: float
    y: float
    width: float
    height: float
    items: list[Lines | Words] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Picture:
    """A sheet of paper with its panels, drawn in order."""

    width: float
    height: float
    title: str
    panels: list[Panel]


def write_picture(file: Path, picture: Picture) -> None:
    """Write SVG or PNG, by the name's ending.

    Raises:
        ConfigError: another ending, a PNG that this OpenCV cannot letter, or a file that cannot be written.
    """
    ending = file.suffix.lower()
    if ending not in {".svg", ".png"}:
        raise ConfigError(f"{file}: a map is .svg or .png", hint="Give a file that ends so.")
    body = svg(picture).encode() if ending == ".svg" else png(picture)
    try:
        file.write_bytes(body)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error}", hint="Give another file.") from error


def svg(picture: Picture) -> str:
    """Return the picture as one SVG file without anything from elsewhere."""
    size = {"width": f"{picture.width:g}mm", "height": f"{picture.height:g}mm"}
    view = f"0 0 {picture.width:g} {picture.height:g}"
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, "viewBox": view, "font-family": FONT})
    SubElement(root, "title").text = _clean(picture.title)
    SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    for number, panel in enumerate(picture.panels):
        box = {k: f"{v:g}" for k, v in zip(("x", "y", "width", "height"), _box(panel), strict=True)}
        SubElement(SubElement(root, "clipPath", {"id": f"p{number}"}), "rect", box)
        group = SubElement(root, "g", {"clip-path": f"url(#p{number})"})
        for item in panel.items:
            _svg_words(group, item) if isinstance(item, Words) else _svg_lines(group, item)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def png(picture: Picture) -> bytes:
    """Return the picture as PNG, drawn by OpenCV with its built-in font.

    Raises:
        ConfigError: this OpenCV has no font for Chinese.
    """
    import cv2  # noqa: PLC0415  (0.2 s; only who wants a PNG pays for it)

    try:
        font = cv2.FontFace("uni")
    except (AttributeError, cv2.error) as error:
        raise ConfigError(
            "PNG: this OpenCV has no Chinese font", hint="Write an .svg, or use opencv-python 5."
        ) from error
    paper = np.full((round(picture.height * DOTS_PER_MM), round(picture.width * DOTS_PER_MM), 3), 255, np.uint8)
    for panel in picture.panels:
        x, y, width, height = (round(value * DOTS_PER_MM) for value in _box(panel))
        window, corner = paper[y : y + height, x : x + width], np.array([panel.x, panel.y])
        for item in panel.items:
            if isinstance(item, Words):
                _put_words(cv2, window, item, corner, font)
            else:
                _put_lines(cv2, window, item, corner)
    return bytes(cv2.imencode(".png", paper)[1])


def _svg_lines(group: Element, item: Lines) -> None:
    close = "Z" if item.fill else ""
    path = "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in line) + close for line in item.points)
    more = {"stroke-dasharray": f"{item.dash[0]:g} {item.dash[1]:g}"} if item.dash else {}
    style = {"fill": item.fill or "none", "stroke": item.colour, "stroke-width": f"{item.width:g}", **more}
    SubElement(group, "path", {"d": path, **style, "stroke-linejoin": "round", "stroke-linecap": "round"})


def _svg_words(group: Element, item: Words) -> None:
    halo = {"stroke": "#ffffff", "stroke-width": f"{item.size / 4:g}", "paint-order": "stroke"} if item.halo else {}
    place = {"x": f"{item.x:.2f}", "y": f"{item.y:.2f}", "text-anchor": item.anchor}
    made = SubElement(group, "text", {**place, "font-size": f"{item.size:g}", "fill": item.colour, **halo})
    made.text = _clean(item.text)


def _put_lines(cv2: Any, window: Bytes, item: Lines, corner: Floats) -> None:
    shapes = [_dots(line, corner) for line in item.points]
    if item.fill:
        cv2.fillPoly(window, shapes, _bgr(item.fill), 16, 4)
        shapes = [np.vstack([shape, shape[:1]]) for shape in shapes]
    elif item.dash:
        shapes = [_dots(part, corner) for line in item.points for part in _dashes(line, item.dash)]
    thick = max(1, round(item.width * DOTS_PER_MM))
    if item.width > 0:
        cv2.polylines(window, shapes, False, _bgr(item.colour), thick, 16, 4)


def _put_words(cv2: Any, window: Bytes, item: Words, corner: Floats, font: Any) -> None:
    size, text = max(6, round(item.size * DOTS_PER_MM)), _clean(item.text)
    (_, _, wide, _) = cv2.getTextSize((0, 0), text, (0, 0), font, size, 400)
    left = {"start": 0.0, "middle": wide / 2, "end": float(wide)}[item.anchor]
    x, y = (np.array([item.x, item.y]) - corner) * DOTS_PER_MM
    if item.halo:
        for dx, dy in ((-2, 0), (2, 0), (0, -2), (0, 2)):
            cv2.putText(window, text, (int(x - left + dx), int(y + dy)), (255, 255, 255), font, size, 400)
    cv2.putText(window, text, (int(x - left), int(y)), _bgr(item.colour), font, size, 400)


def _dashes(line: Floats, dash: tuple[float, float]) -> list[Floats]:
    """Return the drawn parts of a dashed line."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    parts = []
    for low in np.arange(0.0, at[-1], sum(dash)):
        high = min(low + dash[0], at[-1])
        inner = line[(at > low) & (at < high)]
        ends = [np.array([[np.interp(s, at, line[:, k]) for k in (0, 1)]]) for s in (low, high)]
        parts.append(np.vstack([ends[0], inner, ends[1]]))
    return parts


def _dots(line: Floats, corner: Floats) -> Dots:
    """Return points in 1/16 of a dot."""
    return np.rint((line - corner) * DOTS_PER_MM * 16).astype(np.int32)


def _box(panel: Panel) -> tuple[float, float, float, float]:
    return panel.x, panel.y, panel.width, panel.height


def _bgr(colour: str) -> tuple[int, int, int]:
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)


def _clean(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
