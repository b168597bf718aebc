"""The three models, opened once for all tests of detection."""

import cv2
import pytest

from detection.objects import ObjectFinder
from detection.plate_find import PlateFinder
from detection.plate_read import PlateReader
from detection.tools import Tools


@pytest.fixture(scope="session")
def tools() -> Tools:
    cv2.setNumThreads(1)
    return Tools(PlateFinder(), PlateReader(), ObjectFinder())
