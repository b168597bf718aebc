"""How many persons and vehicles a street camera shows. Nothing else of a person is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from camera_config.ids import CameraId
from detection.decode import Picture
from detection.objects import Detection, Objects
from detection.objects_view import View

WINDOW_S: Final = 30.0
"""Counts of one camera are gathered for so long, so that 350 cameras make a dozen events a second."""


@dataclass(frozen=True, slots=True)
class StreetCounts:
    """Sums of boxes over the frames of one camera. Times are unix seconds of the first and last frame."""

    camera: CameraId
    start: float
    end: float
    frames: int
    persons: int
    vehicles: int

    def to_json(self) -> dict[str, Any]:
        """Return the data of the event ``street.counts``."""
        return {
            "camera": self.camera,
            "from": self.start,
            "to": self.end,
            "frames": self.frames,
            "persons": self.persons,
            "vehicles": self.vehicles,
        }


class StreetCounter:
    """Gathers the counts of one camera. Bicycles are neither persons nor vehicles; their riders are persons.

    Args:
        camera: whose.
        objects: finds them.
        view: this camera's own way of being looked at; None is that of cameras which name nothing.
    """

    def __init__(self, camera: CameraId, objects: Objects, view: View | None = None) -> None:
        self.camera = camera
        self._objects = objects
        self._view = view or View()
        self._start = self._end = 0.0
        self._start_s = 0.0
        self._frames = self._persons = self._vehicles = 0

    def look(self, picture: Picture, *, at: float, mono_s: float) -> Sequence[Detection]:
        """Count what is in one keyframe, and return it: label, score and box, never a part of the picture.

        Args:
            picture: the keyframe.
            at: receipt, unix s.
            mono_s: receipt, monotonic s.
        """
        found = self._view.find(self._objects, picture.bgr())
        if self._frames == 0:
            self._start, self._start_s = at, mono_s
        self._end = at
        self._frames += 1
        self._persons += persons(found)
        self._vehicles += vehicles(found)
        return found

    def due(self, mono_s: float) -> StreetCounts | None:
        """Return the counts when ``WINDOW_S`` is over (exactly then too), and begin anew; otherwise None."""
        return self.flush() if self._frames and mono_s - self._start_s >= WINDOW_S else None

    def flush(self) -> StreetCounts | None:
        """Return what was counted and begin anew; None when nothing was looked at."""
        if self._frames == 0:
            return None
        counts = StreetCounts(self.camera, self._start, self._end, self._frames, self._persons, self._vehicles)
        self._frames = self._persons = self._vehicles = 0
        return counts


def persons(found: Sequence[Detection]) -> int:
    """Return how many are persons."""
    return sum(one.label == "person" for one in found)


def vehicles(found: Sequence[Detection]) -> int:
    """Return how many are motor vehicles."""
    return sum(one.vehicle for one in found)
