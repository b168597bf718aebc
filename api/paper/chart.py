"""What plan map and race map share: roads and rings on a county panel and a town panel, scale bar, north, legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np

from api.paper.picture import Lines, Panel, Words
from camera_config.county import ROAD_CLASSES, County, Position, Ring, RoadClass
from lockdown.lines import Floats, Plane

PAPER_MM = (420.0, 297.0)
"""A3, lying."""

TOP_MM, SIDE_MM, GAP_MM = 22.0, 108.0, 5.0
"""Heading; the list on the right; margins."""

ROADS = {
    RoadClass.EXPRESSWAY: (0.55, "#9a9a9a"),
    RoadClass.NATIONAL: (0.5, "#a6a6a6"),
    RoadClass.PROVINCIAL: (0.4, "#b0b0b0"),
    RoadClass.COUNTY: (0.3, "#bdbdbd"),
    RoadClass.STREET: (0.2, "#cccccc"),
    RoadClass.VILLAGE: (0.12, "#d6d6d6"),
    RoadClass.TRACK: (0.1, "#dedede"),
}
"""Millimetres and colour."""

RING_DASH = {Ring.TOWN: (2.5, 1.2), Ring.COUNTY: (6.0, 2.0)}
FINE_MM = 0.12
"""Points nearer to the one before are left out."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A panel with its own scale: ``place`` says where on the paper something lies."""

    panel: Panel
    plane: Plane
    low_x: float
    high_y: float
    mm_per_m: float

    def lines(self, lat_lon: Sequence[Floats]) -> list[Floats]:
        """Return lines of (lat, lon) in millimetres of paper."""
        return [self._thin(self._mm(np.asarray(line, np.float64))) for line in lat_lon]

    def place(self, at: Position) -> tuple[float, float]:
        """Return millimetres of paper."""
        x, y = self._mm(np.array([[at.lat, at.lon]]))[0]
        return float(x), float(y)

    def shows(self, x: float, y: float) -> bool:
        """Tell whether a place lies within the panel."""
        panel = self.panel
        return panel.x <= x <= panel.x + panel.width and panel.y <= y <= panel.y + panel.height

    def _mm(self, lat_lon: Floats) -> Floats:
        metres = self.plane.points(lat_lon)
        x = self.panel.x + (metres[:, 0] - self.low_x) * self.mm_per_m
        return np.column_stack([x, self.panel.y + (self.high_y - metres[:, 1]) * self.mm_per_m])

    @staticmethod
    def _thin(line: Floats) -> Floats:
        kept = [0]
        for i in range(1, len(line)):
            if i == len(line) - 1 or np.hypot(*(line[i] - line[kept[-1]])) >= FINE_MM:
                kept.append(i)
        return line[kept]


def frames(county: County) -> tuple[Frame, Frame]:
    """Return the county's panel and the town's below it, roads and rings drawn."""
    width, height = PAPER_MM
    every = np.vstack([*county.roads.shape, np.array([[p.position.lat, p.position.lon] for p in county.posts])])
    town = [p for area in county.rings if area.ring is Ring.TOWN for p in area.outline]
    near = np.array([[p.lat, p.lon] for p in town]) if town else every
    tall, free = height - TOP_MM - GAP_MM, width - SIDE_MM - 3 * GAP_MM
    left = _frame(county, every, Panel(GAP_MM, TOP_MM, free * 0.56, tall))
    right = _frame(county, near, Panel(2 * GAP_MM + free * 0.56, TOP_MM, free * 0.44 - GAP_MM, tall))
    for frame in (left, right):
        _base(frame, county)
    if town:
        corners = right.panel
        low = right.plane.position(right.low_x, right.high_y)
        x, y = left.place(low)
        scale = left.mm_per_m / right.mm_per_m
        box = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * [corners.width * scale, corners.height * scale]
        left.panel.items.append(Lines([box + np.array([x, y])], "#000000", 0.3))
        left.panel.items.append(Words(x, y - 1, "县城，见右图", 3.0, halo=True))
    return left, right


def heading(title: str, marks: Sequence[str], facts: Sequence[str]) -> Panel:
    """Return the strip over the map: title, marks in boxes, and what stands on every page."""
    panel = Panel(0, 0, PAPER_MM[0], TOP_MM)
    panel.items.append(Words(GAP_MM, 9, title, 6.5))
    x = PAPER_MM[0] - GAP_MM
    for mark in reversed(marks):
        wide = 5.6 * len(mark) + 5
        panel.items.append(Lines([_box(x - wide, 2.5, wide, 8.5)], "#000000", 0.6))
        panel.items.append(Words(x - wide / 2, 8.8, mark, 5.5, anchor="middle"))
        x -= wide + 3
    panel.items.extend(Words(GAP_MM, 14 + 4.2 * i, fact, 3.3) for i, fact in enumerate(facts))
    return panel


def scale_and_north(frame: Frame) -> None:
    """Draw a scale bar of a round length and a north arrow into the lower left corner."""
    panel = frame.panel
    rough = panel.width * 0.25 / frame.mm_per_m
    unit = 10 ** floor(log10(rough))
    metres = max(k * unit for k in (1, 2, 5) if k * unit <= rough)
    wide, x, y = metres * frame.mm_per_m, panel.x + 4, panel.y + panel.height - 5
    said = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    panel.items.append(Lines([_box(x - 2, y - 8, max(wide, 14) + 18, 12)], "#ffffff", 0, fill="#ffffff"))
    half = [_box(x, y, wide / 2, 1.4), _box(x + wide / 2, y, wide / 2, 1.4)]
    panel.items.append(Lines(half[:1], "#000000", 0.2, fill="#000000"))
    panel.items.append(Lines(half[1:], "#000000", 0.2, fill="#ffffff"))
    panel.items.append(Words(x, y - 1.2, said, 3.2))
    tip = x + max(wide, 14) + 8
    arrow = np.array([[tip, y - 7], [tip + 2.2, y + 1.5], [tip, y - 0.5], [tip - 2.2, y + 1.5]])
    panel.items.append(Lines([arrow], "#000000", 0.2, fill="#000000"))
    panel.items.append(Words(tip + 3, y - 3, "北 N", 3.2))
    panel.items.append(Lines([_box(panel.x, panel.y, panel.width, panel.height)], "#000000", 0.6))


def disc(x: float, y: float, radius: float) -> Floats:
    """Return a circle."""
    turn = np.linspace(0.0, 2 * np.pi, 25)[:-1]
    return np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)])


def triangle(x: float, y: float, radius: float) -> Floats:
    """Return a triangle that stands on its side, wide enough for a number."""
    return np.array(
        [[x, y - 1.5 * radius], [x + 1.6 * radius, y + 1.05 * radius], [x - 1.6 * radius, y + 1.05 * radius]]
    )


def square(x: float, y: float, radius: float) -> Floats:
    """Return a square."""
    return _box(x - radius, y - radius, 2 * radius, 2 * radius)[:-1]


def diamond(x: float, y: float, radius: float) -> Floats:
    """Return a square on its corner."""
    return np.array([[x, y - radius], [x + radius, y], [x, y + radius], [x - radius, y]])


def _frame(county: County, points: Floats, panel: Panel) -> Frame:
    plane = Plane(county.centre.lat, county.centre.lon)
    metres = plane.points(points)
    (low_x, low_y), (high_x, high_y) = metres.min(axis=0), metres.max(axis=0)
    wide, tall = max(high_x - low_x, 100.0), max(high_y - low_y, 100.0)
    scale = 0.92 * min(panel.width / wide, panel.height / tall)
    middle_x, middle_y = (low_x + high_x) / 2, (low_y + high_y) / 2
    return Frame(
        panel, plane, float(middle_x - panel.width / scale / 2), float(middle_y + panel.height / scale / 2), scale
    )


def _base(frame: Frame, county: County) -> None:
    roads = county.roads
    for code, kind in reversed(list(enumerate(ROAD_CLASSES))):
        lines = frame.lines([roads.shape[i] for i in np.flatnonzero(roads.road_class == code).tolist()])
        width, colour = ROADS[kind]
        if lines:
            frame.panel.items.append(Lines(lines, colour, width))
    for area in county.rings:
        outline = frame.lines([np.array([[p.lat, p.lon] for p in area.outline])])
        frame.panel.items.append(Lines(outline, "#555555", 0.45, dash=RING_DASH[area.ring]))


def _box(x: float, y: float, width: float, height: float) -> Floats:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]])
