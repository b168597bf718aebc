"""A checkpoint's keyframes as its camera would send them: drawn plates on plain vehicles over a plain road, H.264."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from camera_config.county import Position, SmartCheckpoint
from camera_config.ids import CheckpointId, TownshipId
from ingest.simulate.plates import PlateKind, draw_plate

WIDTH, HEIGHT = 1280, 720
STEP_S = 0.5
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Drive:
    """A vehicle whose plate's middle goes from ``start`` to ``end`` (x, y pixels) between two times; None: no plate."""

    plate: str | None
    kind: PlateKind
    start: tuple[float, float]
    end: tuple[float, float]
    from_s: float
    to_s: float
    width_px: int = 110
    stops_s: tuple[float, float] | None = None

    def place(self, now_s: float) -> tuple[float, float] | None:
        """Return the plate's middle, None while the vehicle is not there."""
        if not self.from_s <= now_s <= self.to_s:
            return None
        driven, whole = now_s - self.from_s, self.to_s - self.from_s
        if self.stops_s:
            begin, end = self.stops_s
            driven -= min(max(now_s - begin, 0.0), end - begin)
            whole -= end - begin
        share = driven / whole
        return tuple(a + (b - a) * share for a, b in zip(self.start, self.end, strict=True))  # type: ignore[return-value]


def checkpoint(lanes: int = 2) -> SmartCheckpoint:
    """Return a checkpoint that looks at the whole picture."""
    return SmartCheckpoint(
        id=CheckpointId("k-1"), name="东门卡口", gb_code="22042100051210000001", position=Position(42.68, 125.53),
        heading_deg=0.0, township=TownshipId("t-1"), road="东大街", direction="out", lanes=lanes, lane_zone=(),
        purpose="", retention_class="", url="rtsp://127.0.0.1:1/k-1", post=None,
    )  # fmt: skip


def film(
    drives: Sequence[Drive], length_s: float, change: Callable[[Image, float], Image] | None = None
) -> Iterator[tuple[float, bytes]]:
    """Yield time (s) and keyframe (Annex B) twice a second; ``change`` may alter each picture before it is encoded."""
    noise = np.random.default_rng(1)
    grain = np.rint(noise.normal(0, 2, (HEIGHT + 64, WIDTH + 64, 3))).astype(np.int16)
    road = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
    cv2.line(road, (WIDTH // 2, 0), (WIDTH // 2, HEIGHT), (200, 200, 200), 6)
    encoder = _encoder()
    for count in range(int(length_s / STEP_S)):
        now_s = count * STEP_S
        image = road.copy()
        for drive in drives:
            place = drive.place(now_s)
            if place is not None:
                _draw(image, drive, place)
        image = change(image, now_s) if change else image
        shift = noise.integers(0, 64, 2)
        image = cv2.add(image, grain[shift[0] : shift[0] + HEIGHT, shift[1] : shift[1] + WIDTH], dtype=cv2.CV_8U)
        frame = av.VideoFrame.from_ndarray(np.asarray(image, np.uint8), format="bgr24")
        for packet in encoder.encode(frame):
            yield now_s, bytes(packet)


def _encoder() -> av.video.codeccontext.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.video.codeccontext.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base = Fraction(1, 2)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "24", "x264-params": "keyint=1:bframes=0"}
    return encoder


def _draw(image: Image, drive: Drive, place: tuple[float, float]) -> None:
    """Draw a body four plates wide with windows and lights, the plate low in the middle of it."""
    x, y, unit = place[0], place[1], drive.width_px

    def box(left: float, top: float, right: float, bottom: float, colour: tuple[int, int, int]) -> None:
        cv2.rectangle(
            image,
            (round(x + left * unit), round(y + top * unit)),
            (round(x + right * unit), round(y + bottom * unit)),
            colour,
            -1,
        )

    box(-2.0, -2.6, 2.0, 0.6, (60, 60, 150))
    box(-1.6, -2.4, 1.6, -1.3, (40, 34, 30))
    box(-1.9, -0.9, -1.2, -0.5, (230, 240, 240))
    box(1.2, -0.9, 1.9, -0.5, (230, 240, 240))
    box(-2.0, 0.6, -1.4, 0.9, (20, 20, 20))
    box(1.4, 0.6, 2.0, 0.9, (20, 20, 20))
    if drive.plate is None:
        return
    wide = 480 if drive.kind is PlateKind.GREEN else 440
    plate = draw_plate(drive.plate, drive.kind, unit / wide)
    left, top = round(x - plate.shape[1] / 2), round(y - plate.shape[0] / 2)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + plate.shape[1], WIDTH), min(top + plate.shape[0], HEIGHT)
    if x0 < x1 and y0 < y1:
        part = plate[y0 - top : y1 - top, x0 - left : x1 - left]
        cover = part[..., 3:] / 255.0
        image[y0:y1, x0:x1] = np.rint(part[..., :3] * cover + image[y0:y1, x0:x1] * (1 - cover)).astype(np.uint8)
