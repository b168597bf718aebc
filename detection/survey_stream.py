"""Pictures of one camera as kakou itself would get them: pulled by our own client, every keyframe, for a while."""

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from camera_config.clock import SystemClock
from camera_config.errors import FeedError
from camera_config.ids import CameraId
from detection.decode import CpuDecoder, Picture
from ingest.auth import Credentials
from ingest.feed import Feed
from ingest.health import State
from ingest.loop import new_loop
from ingest.receiver import Receiver
from ingest.slot import SlotReader

PATIENCE_S: Final = 15.0
"""The first keyframe comes within this, or never: cameras send one every few seconds."""
LOOK_S: Final = 0.02
AWAY_S: Final = 3.0
"""A camera that is still unreachable then is not there."""
SLOT: Final = CameraId("stream")


def pictures_of(
    url: str,
    *,
    seconds: float = float("inf"),
    pictures: int = 1 << 30,
    credentials: Callable[[], Credentials | None] | None = None,
    pin: Callable[[], str | None] | None = None,
) -> Iterator[tuple[str, Picture, float]]:
    """Yield name, picture and decoding time (ms) of the newest keyframe, again and again.

    Args:
        url: rtsp or rtsps; it may hold user and password, and is never shown.
        seconds: end so long after the first picture.
        pictures: end after so many.
        credentials: asked at every connection; None for those of the URL.
        pin: likewise for the SHA-256 of the camera's certificate.

    Raises:
        FeedError: the camera cannot be reached, gives no keyframe within ``PATIENCE_S``, or one that cannot be decoded.
    """
    with tempfile.TemporaryDirectory(prefix="kakou-detect-") as folder:
        feed = Feed(SLOT, url, credentials=credentials, pin=pin)
        receiver = Receiver([feed], Path(folder), SystemClock(), gate_floor_s=0.0)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            loop = runner.get_loop()
            thread = threading.Thread(target=runner.run, args=(receiver.run(),), name="detect-stream", daemon=True)
            thread.start()
            try:
                yield from _taken(Path(folder), receiver, seconds, pictures)
            finally:
                loop.call_soon_threadsafe(receiver.stop)
                thread.join()


def _taken(folder: Path, receiver: Receiver, seconds: float, pictures: int) -> Iterator[tuple[str, Picture, float]]:
    decoder = CpuDecoder()
    began_s = time.monotonic()
    ends_s = began_s + PATIENCE_S
    given = 0
    with SlotReader(folder / SLOT) as slot:
        while given < pictures and time.monotonic() < ends_s:
            item = slot.take()
            if item is None and not given and _hopeless(receiver, time.monotonic() - began_s):
                break
            if item is None:
                time.sleep(LOOK_S)
                continue
            before_s = time.perf_counter()
            picture = decoder.decode(item.payload, item.codec)
            took_s = time.perf_counter() - before_s
            if not given:
                began_s = time.monotonic()
            given += 1
            ends_s = min(began_s + seconds, time.monotonic() + PATIENCE_S)
            yield f"stream-{given:04d}@{item.mono_s - began_s + 0.0:.1f}s", picture, 1000 * took_s
    if not given:
        waited_s = time.monotonic() - began_s
        status = receiver.status()[0]
        raise FeedError(
            f"no picture came within {waited_s:.0f} s: {status.state.replace('_', ' ')}, {status.cause}".rstrip(", "),
            hint="Check address, user and password; `kakou cameras` and the wall tell the same of a county's camera.",
        )


def _hopeless(receiver: Receiver, waited_s: float) -> bool:
    """Tell whether waiting longer is of no use: the camera refused the password, or nothing answers."""
    state = receiver.status()[0].state
    return state is State.BAD_CREDENTIALS or (state is State.UNREACHABLE and waited_s > AWAY_S)
