"""Whose keyframe a process has in hand right now, in a file that outlives the process: bad bytes may kill a decoder.

The supervisor starts the process again, and it would meet the same camera at once. So that camera is left out for a
while, and for longer when it goes on killing. The same file holds the process's heartbeat: what hangs, in a decoder or
in a network, is killed by the supervisor at its deadline, and the camera in hand is left out in the same way.

File of ``SIZE`` bytes: length and name of the feed; at ``STAGE`` what is done with it; at ``CONDEMNED`` 1 when the
supervisor killed the process for hanging; at ``BEAT`` monotonic seconds (an 8-byte float, one store) of the last beat.
"""

import json
import logging
import mmap
import os
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

log = logging.getLogger(__name__)

SIZE: Final = 256
NAME_BYTES: Final = 200
STAGE: Final = 240
CONDEMNED: Final = 241
BEAT: Final = 31
"""As a number of 8-byte words."""

LEFT_OUT_S: Final = 60.0
LEFT_OUT_LONG_S: Final = 600.0
DEATHS: Final = 3
"""From so many deaths within ``FORGIVEN_S`` on, a camera is left out for the longer time."""
FORGIVEN_S: Final = 3600.0

HUNG_S: Final = 15.0
"""A process that has not beaten for so long hangs. One keyframe takes 0.1 s, the dearest (tiles of 4096 pixels, on
cores that others use too) some seconds; other work between two beats takes less."""
START_S: Final = 120.0
"""It beats first when its models are open; on a GPU that may take a minute."""


class Stage(IntEnum):
    """What a process does with the feed in hand."""

    NOTHING = 0
    DECODE = 1
    LOOK = 2


@dataclass(slots=True)
class _Deaths:
    """Deaths of one feed: when (monotonic s), and what the last one was like."""

    times: list[float]
    cause: str


CAUSE: Final = "no analytics: its pictures ended the decoding process"
CAUSE_HUNG: Final = "no analytics: looking at its picture did not end in time"


class InHand:
    """The note of one process. Building it reads what its predecessor left.

    Who dies while decoding is put down to the feed. Who dies while looking is not: a network gets numbers, never a
    camera's bytes, and whoever killed the process meant no camera. Who hangs, in either, is.

    Args:
        folder: the run folder; it holds ``NAME.hand`` and ``NAME.deaths``.
        name: the process, as it is called at every start.
        now_s: monotonic, one scale for all processes of the machine.

    Raises:
        OSError: the run folder has no room.
    """

    def __init__(self, folder: Path, name: str, now_s: float) -> None:
        self._deaths_file = folder / f"{name}.deaths"
        deaths = {feed: kept for feed, one in self._read().items() if (kept := _recent(one, now_s))}
        handle = os.open(folder / f"{name}.hand", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, SIZE)
            self._note = mmap.mmap(handle, SIZE)
        finally:
            os.close(handle)
        self._words = memoryview(self._note).cast("d")
        died = self._note[1 : 1 + self._note[0]].decode("utf-8", "replace")
        hung = self._note[CONDEMNED] == 1
        if died and (hung or self._note[STAGE] == Stage.DECODE):
            times = deaths[died].times if died in deaths else []
            deaths[died] = _Deaths([*times, now_s], CAUSE_HUNG if hung else CAUSE)
            log.error("look.died feed=%s hung=%s deaths=%d", died, hung, len(deaths[died].times))
            self._write(deaths)
        self._note[CONDEMNED] = 0
        self.done()
        self._deaths = deaths

    def take(self, feed: str, now_s: float) -> None:
        """Note that the next bytes to be decoded are this feed's."""
        name = feed.encode()[:NAME_BYTES]
        self._words[BEAT] = now_s
        self._note[STAGE] = Stage.DECODE
        self._note[1 : 1 + len(name)] = name
        self._note[0] = len(name)

    def looks(self) -> None:
        """Note that what was decoded is looked at now."""
        self._note[STAGE] = Stage.LOOK

    def done(self) -> None:
        """Note that nothing is in hand."""
        self._note[0] = 0
        self._note[STAGE] = Stage.NOTHING

    def beat(self, now_s: float) -> None:
        """Say that the process is alive; at least every few seconds."""
        self._words[BEAT] = now_s

    def left_out(self, now_s: float) -> dict[str, str]:
        """Return the feeds whose keyframes are not to be decoded now, and why."""
        return {feed: one.cause for feed, one in self._deaths.items() if now_s < _until_s(one)}

    def close(self) -> None:
        """Release the file; the deaths stay for the next start."""
        self._words.release()
        self._note.close()

    def _read(self) -> dict[str, _Deaths]:
        try:
            read: dict[str, Any] = json.loads(self._deaths_file.read_text(encoding="utf-8"))
            return {
                str(feed): _Deaths([float(at) for at in one["times"]], str(one["cause"])) for feed, one in read.items()
            }
        except (OSError, ValueError, AttributeError, TypeError, KeyError):
            return {}

    def _write(self, deaths: dict[str, _Deaths]) -> None:
        draft = self._deaths_file.with_suffix(".draft")
        text = {feed: {"times": one.times, "cause": one.cause} for feed, one in deaths.items()}
        draft.write_text(json.dumps(text), encoding="utf-8")
        os.replace(draft, self._deaths_file)  # noqa: PTH105  (one word for one system call)


class Pulse:
    """The supervisor's look at the note of a process called ``name``: its heartbeat, and whom it has in hand.

    Time in which the supervisor did not look itself (the whole machine was held up) is not held against the process.
    """

    LOOKS_S: Final = 2.0

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name}.hand"
        self._looked_s: float | None = None
        self._since_s = float("-inf")
        self._condemned_s = float("-inf")

    def hangs(self, started_s: float, now_s: float) -> str | None:
        """Return whose picture the process hangs in, empty for nobody's; None while it does not hang.

        Called at least every ``LOOKS_S``; told once a process, which is then condemned, and to be killed.

        Args:
            started_s: when the process was started; an older beat was its predecessor's.
            now_s: monotonic, as ``started_s``.
        """
        if self._looked_s is not None and now_s - self._looked_s > self.LOOKS_S:
            self._since_s = now_s
        self._looked_s = now_s
        if started_s <= self._condemned_s:
            return None
        note = self._open()
        beat_s = _beat(note) if note else 0.0
        own = beat_s >= started_s
        feed = None
        if now_s - max(started_s, beat_s, self._since_s) > (HUNG_S if own else START_S):
            self._condemned_s = started_s
            feed = ""
            if note and own:
                note[CONDEMNED] = 1
                feed = note[1 : 1 + note[0]].decode("utf-8", "replace")
        if note:
            note.close()
        return feed

    def _open(self) -> mmap.mmap | None:
        try:
            handle = os.open(self._file, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            return mmap.mmap(handle, SIZE) if os.fstat(handle).st_size == SIZE else None
        finally:
            os.close(handle)


def _beat(note: mmap.mmap) -> float:
    with memoryview(note) as view, view.cast("d") as words:
        return words[BEAT]


def _recent(one: _Deaths, now_s: float) -> _Deaths | None:
    times = [at for at in one.times if 0 <= now_s - at < FORGIVEN_S]
    return _Deaths(times, one.cause) if times else None


def _until_s(one: _Deaths) -> float:
    return one.times[-1] + (LEFT_OUT_LONG_S if len(one.times) >= DEATHS else LEFT_OUT_S)
