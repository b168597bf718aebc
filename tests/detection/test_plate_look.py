"""One picture in, its plates out: the chain of checkpoints, ``kakou detect`` and the benchmark."""

import cv2
import numpy as np

from detection.plate_look import look
from detection.tools import Tools
from ingest.simulate.plates import PlateKind, draw_plate
from tests.support.checkpoint_film import Image


def street() -> Image:
    return np.full((480, 720, 3), 96, np.uint8)


def put(scene: Image, text: str, kind: PlateKind, at: tuple[int, int], width_px: int = 130) -> None:
    plate = draw_plate(text, kind, width_px / 440)
    left, top = at
    cover = plate[..., 3:] / 255.0
    spot = scene[top : top + plate.shape[0], left : left + plate.shape[1]]
    spot[:] = np.rint(plate[..., :3] * cover + spot * (1 - cover)).astype(np.uint8)


def test_all_plates_of_a_picture_are_read_where_they_stand(tools: Tools) -> None:
    scene = street()
    put(scene, "吉D7K391", PlateKind.BLUE, (60, 300))
    put(scene, "黑B2345K", PlateKind.YELLOW, (480, 200))
    seen = {one.read.text: one.box.centre for one in look(tools, scene) if one.read is not None}
    assert set(seen) == {"吉D7K391", "黑B2345K"}
    assert abs(seen["吉D7K391"][0] - 125) < 8
    assert abs(seen["黑B2345K"][1] - 221) < 8


def test_a_plate_that_cannot_be_read_is_still_seen(tools: Tools) -> None:
    scene = street()
    put(scene, "吉D7K391", PlateKind.BLUE, (290, 200))
    # Mud over province and letter: the rest is no plate's text.
    cv2.rectangle(scene, (300, 204), (330, 238), (70, 90, 105), -1)
    assert [one.read is None or one.read.text != "吉D7K391" for one in look(tools, scene)] == [True]


def test_a_shop_sign_is_no_plate(tools: Tools) -> None:
    scene = street()
    cv2.putText(scene, "OPEN 24 HOURS", (80, 240), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (230, 230, 230), 5)
    assert look(tools, scene) == []
