"""The models that a process looks at pictures with."""

from dataclasses import dataclass

from detection.objects import Objects
from detection.plate_find import PlateFinder
from detection.plate_read import PlateReader


@dataclass(frozen=True, slots=True)
class Tools:
    """The models of one process, used by all its checkpoints in turn."""

    finder: PlateFinder
    reader: PlateReader
    objects: Objects
