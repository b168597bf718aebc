"""What happens to a plate, and to a picture of it: dirt, frames, shadow, night, rain, blur, noise, compression."""

import random

import cv2
import numpy as np
from numpy.typing import NDArray

from training.plates import Image, jitter


def worn(image: Image) -> Image:
    """Return a plate with dirt, fading, a frame over its edge, something in front of it; or none of these."""
    high, wide = image.shape[:2]
    if random.random() < 0.35:
        image = _dirty(image)
    if random.random() < 0.2:
        veil = np.full_like(image, random.randint(60, 200))
        image = np.asarray(
            cv2.addWeighted(image, random.uniform(0.5, 0.95), veil, random.uniform(0.05, 0.4), 0), np.uint8
        )
    if random.random() < 0.25:
        edge = max(1, round(random.uniform(0.02, 0.09) * high))
        cv2.rectangle(image, (0, 0), (wide - 1, high - 1), jitter((40, 40, 40), 40), edge)
    if random.random() < 0.05:
        left = random.randrange(wide)
        image[:, left : left + random.randint(1, max(2, wide // 12))] = jitter((60, 60, 60), 60)
    if random.random() < 0.1:
        top = random.choice((0, high - high // 8))
        image[top : top + high // 8] = jitter((50, 50, 50), 50)
    return image


def _dirty(image: Image) -> Image:
    high, wide = image.shape[:2]
    coarse = np.random.rand(max(2, high // 8), max(2, wide // 8)).astype(np.float32)
    cover = cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC)
    cover = np.clip((cover - random.uniform(0.45, 0.75)) * 3, 0, random.uniform(0.2, 0.8))[..., None]
    dirt = np.array(jitter((70, 90, 105), 40), np.float32)
    return np.asarray(image * (1 - cover) + dirt * cover, np.uint8)


def shaded(image: Image) -> Image:
    """Return a plate in its light, a quarter of them with the edge of a shadow across."""
    high, wide = image.shape[:2]
    light = np.full((high, wide, 1), random.uniform(0.55, 1.1), np.float32)
    if random.random() < 0.25:
        above, below = (random.uniform(-0.2, 1.2) * wide for _ in range(2))
        edge = np.array([[above, 0], [below, high], [2 * wide, high], [2 * wide, 0]], np.int32)
        shadow = np.ones((high, wide), np.float32)
        cv2.fillPoly(shadow, [edge], random.uniform(0.35, 0.8))
        light *= shadow[..., None]
    return np.asarray(np.clip(image * light, 0, 255), np.uint8)


def weathered(image: Image, fine: float = 1.0) -> Image:
    """Return a picture as a camera might give it: exposure, tint, glare, rain, blur, noise, compression.

    Rain, blur and motion are ``fine`` times what a whole picture has: less for a small piece of one.
    """
    kind = random.random()
    if random.random() < 0.35:
        power = random.uniform(0.35, 1.6)
        image = _through(255 * (np.arange(256) / 255.0) ** power, image)
    if kind < 0.12:
        image = _through(np.arange(256) * random.uniform(0.12, 0.45), image)
    elif kind < 0.18:
        image = _through(np.arange(256) * random.uniform(1.3, 2.2), image)
    if random.random() < 0.08:
        image = np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    if random.random() < 0.25:
        tint = np.array([random.uniform(0.75, 1.25) for _ in range(3)])
        image = np.clip(image * tint, 0, 255).astype(np.uint8)
    if random.random() < 0.1:
        image = _glaring(image)
    if random.random() < 0.07:
        image = _raining(image, fine)
    kind = random.random()
    if kind < 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 + random.uniform(0, 1.2) * fine), np.uint8)
    elif kind < 0.42:
        image = _moving(image, fine)
    if random.random() < 0.4:
        noise: NDArray[np.int16] = np.empty(image.shape, np.int16)
        cv2.randn(noise, np.zeros(3), np.full(3, random.uniform(1, 14)))
        image = np.asarray(np.clip(image + noise, 0, 255), np.uint8)
    if random.random() < 0.6:
        _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, random.randint(25, 92)])
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return image


def _through(curve: np.ndarray, image: Image) -> Image:
    return np.asarray(cv2.LUT(image, np.clip(curve, 0, 255).astype(np.uint8)), np.uint8)


def _glaring(image: Image) -> Image:
    high, wide = image.shape[:2]
    glow = np.zeros((high, wide), np.float32)
    cv2.circle(
        glow, (random.randrange(wide), random.randrange(high)), max(2, random.randint(high // 40, high // 8)), 1, -1
    )
    soft = np.asarray(cv2.GaussianBlur(glow, (0, 0), random.uniform(0.025, 0.1) * high), np.float32)
    soft *= random.uniform(60, 255) / max(float(soft.max()), 1e-6)
    return np.asarray(np.clip(image + soft[..., None], 0, 255), np.uint8)


def _raining(image: Image, fine: float) -> Image:
    high, wide = image.shape[:2]
    rain = np.zeros((high, wide), np.uint8)
    for _ in range(round(random.randint(30, 200) * fine)):
        x, y = random.randrange(wide), random.randrange(high)
        end = (x + random.randint(-2, 2), y + random.randint(4, 18))
        cv2.line(rain, (x, y), end, random.randint(30, 90), 1)
    return np.asarray(cv2.add(image, cv2.cvtColor(rain, cv2.COLOR_GRAY2BGR)), np.uint8)


def _moving(image: Image, fine: float) -> Image:
    length = random.randint(3, max(3, round(11 * fine)))
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    middle = length / 2 - 0.5
    turn = cv2.getRotationMatrix2D((middle, middle), random.choice((0, 0, 90, random.uniform(0, 180))), 1)
    leant = np.asarray(cv2.warpAffine(line, turn, (length, length)), np.float32)
    return np.asarray(cv2.filter2D(image, -1, leant / max(float(leant.sum()), 1e-6)), np.uint8)
