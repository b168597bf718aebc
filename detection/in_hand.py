"""Whose keyframe is being decoded right now, in a file that outlives the process: bad bytes may kill a decoder.

The supervisor starts the process again, and it would meet the same camera at once. So that camera is left out for a
while, and for longer when it goes on killing.
"""

import json
import logging
import mmap
import os
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

SIZE: Final = 256
LEFT_OUT_S: Final = 60.0
LEFT_OUT_LONG_S: Final = 600.0
DEATHS: Final = 3
"""From so many deaths within ``FORGIVEN_S`` on, a camera is left out for the longer time."""
FORGIVEN_S: Final = 3600.0
CAUSE: Final = "its pictures ended the decoding process"


class InHand:
    """The note of one process. Building it reads what its predecessor left.

    Args:
        folder: the run folder; it holds ``NAME.hand`` and ``NAME.deaths``.
        name: the process, as it is called at every start.
        now_s: monotonic, one scale for all processes of the machine.

    Raises:
        OSError: the run folder has no room.
    """

    def __init__(self, folder: Path, name: str, now_s: float) -> None:
        self._deaths_file = folder / f"{name}.deaths"
        self._until_s = {}
        deaths = {feed: kept for feed, times in self._read().items() if (kept := _recent(times, now_s))}
        handle = os.open(folder / f"{name}.hand", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, SIZE)
            self._note = mmap.mmap(handle, SIZE)
        finally:
            os.close(handle)
        died = self._note[1 : 1 + self._note[0]].decode("utf-8", "replace")
        if died:
            deaths[died] = [*deaths.get(died, []), now_s]
            log.error("decode.died feed=%s deaths=%d", died, len(deaths[died]))
            self._write(deaths)
            self.done()
        self._until_s = {
            feed: times[-1] + (LEFT_OUT_LONG_S if len(times) >= DEATHS else LEFT_OUT_S)
            for feed, times in deaths.items()
        }

    def take(self, feed: str) -> None:
        """Note that the next bytes to be decoded are this feed's."""
        name = feed.encode()[: SIZE - 1]
        self._note[1 : 1 + len(name)] = name
        self._note[0] = len(name)

    def done(self) -> None:
        """Note that nothing is being decoded."""
        self._note[0] = 0

    def left_out(self, now_s: float) -> set[str]:
        """Return the feeds whose keyframes are not to be decoded now."""
        return {feed for feed, until_s in self._until_s.items() if now_s < until_s}

    def close(self) -> None:
        """Release the file; the deaths stay for the next start."""
        self._note.close()

    def _read(self) -> dict[str, list[float]]:
        try:
            read = json.loads(self._deaths_file.read_text(encoding="utf-8"))
            return {str(feed): [float(at) for at in times] for feed, times in read.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def _write(self, deaths: dict[str, list[float]]) -> None:
        draft = self._deaths_file.with_suffix(".draft")
        draft.write_text(json.dumps(deaths), encoding="utf-8")
        os.replace(draft, self._deaths_file)  # noqa: PTH105  (one word for one system call)


def _recent(times: list[float], now_s: float) -> list[float]:
    return [at for at in times if 0 <= now_s - at < FORGIVEN_S]
