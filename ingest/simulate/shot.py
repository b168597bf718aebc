"""One picture of a checkpoint in any weather, with the truth of what can be seen in it."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.simulate.faces import Vehicle
from ingest.simulate.road import draw_road
from ingest.simulate.scene import LEVELS, Place, Scene, smear
from ingest.simulate.traffic import Driven
from ingest.simulate.vehicles import build
from ingest.simulate.view import HEIGHT_PX, MARGIN_PX, WIDTH_PX, View
from ingest.simulate.weather import Dark, Lamp, Plate, Rain, Weather

BEAM_M = (1.0, 11.0, 1.4)
"""A headlamp's patch on the road: from, to and half as wide as this, metres before the vehicle."""
LAMP_M = 0.07


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame as I420, (1080, 1280) uint8, and the numbers of the vehicles whose plate is whole and free in it."""

    yuv: NDArray[np.uint8]
    shown: frozenset[int]


class Shots:
    """Draws the pictures of one checkpoint; the frames asked for must rise."""

    def __init__(self, view: View, index: int, seed: int, weather: Weather) -> None:
        self._view, self._weather = view, weather
        self._scene = Scene(view, index, seed)
        self._road = draw_road(view, index, seed)
        self._asphalt = cv2.mean(self._road[HEIGHT_PX // 2 :, WIDTH_PX // 4 : -WIDTH_PX // 4])[:3]
        self._dark = Dark(seed, infrared=weather is Weather.INFRARED)
        self._rain = Rain(seed)
        self._vehicles: dict[int, Vehicle] = {}

    def draw(self, frame: int, drives: Sequence[Driven]) -> Shot:
        """Return frame ``frame`` with those of ``drives`` who are in it."""
        present = [each for each in drives if each.first <= frame <= each.last]
        self._vehicles = {each.number: self._vehicles.get(each.number) or build(each) for each in present}
        present.sort(key=lambda each: -each.front_m(frame))
        places = [Place(self._view, self._vehicles[each.number], each, frame) for each in present]
        places = [place for place in places if place.rect[0] < place.rect[2] and place.rect[1] < place.rect[3]]
        shown = frozenset(place.each.number for at, place in enumerate(places) if _free(place, places[at + 1 :]))
        if self._weather is Weather.DAY:
            bright = round((math.sin(frame / 300) + 1) / 2 * (LEVELS - 1))
            return Shot(self._scene.draw(frame, present, bright), shown)
        image = self._road.copy()
        for place in places:
            place.paint(image, self._asphalt)
            _blur(image, place)
        lamps = [lamp for place in places for lamp in self._lamps(place, frame)]
        if self._weather is Weather.RAIN:
            seen = self._rain.expose(image, lamps, frame)
        else:
            beams = [quad for place in places for quad in self._beams(place.each, frame)]
            plates = [
                Plate(place.plate, random.Random(place.each.look).random())
                for place in places
                if place.plate is not None and place.each.number in shown
            ]
            seen = self._dark.expose(image, lamps, beams, plates)
        return Shot(np.asarray(cv2.cvtColor(seen, cv2.COLOR_BGR2YUV_I420), np.uint8), shown)

    def _lamps(self, place: Place, frame: int) -> list[Lamp]:
        each, front = place.each, place.each.front_m(frame)
        if front < 2.0 - self._view.base_z_m:
            return []
        middle = each.u_m + each.slope * front
        out = []
        for back, across, up in place.vehicle.lamps:
            spot = (front + back, middle + across, up)
            (x, y), (edge, _) = self._view.project([spot, (spot[0], spot[1] + LAMP_M, up)])
            if -60 < x < WIDTH_PX + 60 and -60 < y < HEIGHT_PX + 60:
                out.append(Lamp((float(x), float(y)), float(abs(edge - x)), each.away))
        return out

    def _beams(self, each: Driven, frame: int) -> list[NDArray[np.float64]]:
        front = each.front_m(frame)
        near, far = max(front - BEAM_M[1], 1.5 - self._view.base_z_m), front - BEAM_M[0]
        if each.away or far <= near:
            return []
        middle = each.u_m + each.slope * front
        corners = [
            (far, middle - BEAM_M[2] / 2, 0),
            (far, middle + BEAM_M[2] / 2, 0),
            (near, middle + BEAM_M[2], 0),
            (near, middle - BEAM_M[2], 0),
        ]
        return [self._view.project(corners)]


def _free(place: Place, nearer: Sequence[Place]) -> bool:
    """Tell whether a plate is whole in the picture and nothing nearer stands before it."""
    if place.plate is None:
        return False
    x, y = place.plate[:, 0], place.plate[:, 1]
    inside = (x >= MARGIN_PX) & (x <= WIDTH_PX - MARGIN_PX) & (y >= MARGIN_PX) & (y <= HEIGHT_PX - MARGIN_PX)
    if not inside.all():
        return False
    spots = [*place.plate.tolist(), place.plate.mean(axis=0).tolist()]
    return all(cv2.pointPolygonTest(other.outline, spot, False) < 0 for other in nearer for spot in spots)


def _blur(image: NDArray[np.uint8], place: Place) -> None:
    """Smear a vehicle by its motion."""
    if place.smear_px > 0.5:
        left, top, right, bottom = place.rect
        part = image[top:bottom, left:right]
        part[:] = cv2.sepFilter2D(part, -1, np.ones(1), smear(place.smear_px))
