"""Ordinary pictures as detection has them."""

import cv2
import numpy as np

from detection.decode import Image, Picture


def picture_of(image: Image) -> Picture:
    """Return an ordinary (height, width, 3) BGR picture as a ``Picture``; odd last lines are cut off."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    flat = cv2.cvtColor(np.ascontiguousarray(image[:height, :width]), cv2.COLOR_BGR2YUV_I420).reshape(-1)
    size, part = height * width, height * width // 4
    half = (height // 2, width // 2)
    return Picture(
        np.asarray(flat[:size].reshape(height, width), np.uint8),
        np.asarray(flat[size : size + part].reshape(half), np.uint8),
        np.asarray(flat[size + part :].reshape(half), np.uint8),
    )
