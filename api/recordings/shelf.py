"""The recordings of this machine for the web process: the recorder's index, and playbacks made on request.

A playback is one or more seekable MP4 files in a folder of their own, for the person who asked, as long as it is used.
"""

import secrets
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from camera_config.clock import Clock
from camera_config.errors import FeedError
from ingest.record.index import Index
from ingest.record.playback import Part, make_parts
from ingest.record.segment import Segment

KEPT_S = 600.0
"""Time since a playback was last read, after which it goes."""

PLAYBACKS = 16
"""So many may be kept at once; one more takes the place of the oldest."""

KEPT_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Playback:
    """What was made for ``owner`` (a caller's subject); ``hashes`` are the SHA-256 of the segments it came from."""

    id: str
    owner: str
    folder: Path
    parts: tuple[Part, ...]
    hashes: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Return the size of all parts."""
        return sum(part.bytes for part in self.parts)


class Shelf:
    """Recordings below ``recordings`` and playbacks below ``playbacks``, which is emptied. All methods may block."""

    def __init__(self, recordings: Path, playbacks: Path, clock: Clock) -> None:
        self._recordings = recordings
        self._playbacks = playbacks
        self._clock = clock
        self._gate = threading.Lock()
        self._index: Index | None = None
        self._kept: dict[str, Playback] = {}
        self._used_s: dict[str, float] = {}
        shutil.rmtree(playbacks, ignore_errors=True)

    @property
    def index(self) -> Index:
        """Return the recorder's index; made when nothing was ever recorded.

        Raises:
            StoreError: it cannot be used.
        """
        with self._gate:
            if self._index is None:
                self._index = Index(self._recordings)
            return self._index

    def segments(self, stream: str, start: float, end: float) -> list[Segment]:
        """Return what is recorded of a stream between two unix times, oldest first."""
        return self.index.segments(stream, start, end)

    def play(self, segments: list[Segment], start: float, end: float, owner: str) -> Playback:
        """Make a playback out of ``segments`` of one stream, cut to the keyframes around ``start`` and ``end``.

        Raises:
            FeedError: a file is not what it was, or is lost.
            FileNotFoundError: one was removed meanwhile, as its retention wants it.
            OSError: no room, or a disk that fails.
        """
        identity = secrets.token_urlsafe(16)
        folder = self._playbacks / identity
        folder.mkdir(parents=True)
        try:
            parts = make_parts(self._recordings, segments, start, end, folder)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, FileNotFoundError):
                self._check_not_lost(segments)
            raise
        hashes = tuple(one.sha256 for one in segments)
        made = Playback(identity, owner, folder, tuple(parts), hashes)
        with self._gate:
            self._kept[identity] = made
            self._used_s[identity] = self._clock.monotonic_s()
            self._tidy()
        return made

    def find(self, identity: str, owner: str) -> Playback | None:
        """Return a playback while it is kept, for nobody but its owner."""
        with self._gate:
            self._tidy()
            found = self._kept.get(identity)
            if found is None or found.owner != owner:
                return None
            self._used_s[identity] = self._clock.monotonic_s()
            return found

    def close(self) -> None:
        """Let the index go and remove all playbacks."""
        with self._gate:
            if self._index is not None:
                self._index.close()
                self._index = None
            self._kept.clear()
        shutil.rmtree(self._playbacks, ignore_errors=True)

    def _check_not_lost(self, segments: list[Segment]) -> None:
        """Return if every file that is missing was removed by the recorder, which marks the row first."""
        for one in segments:
            if not (self._recordings / one.path).exists() and self.index.has(one):
                raise FeedError(f"the recording {one.path} is lost", hint="Run `kakou recordings verify`.")

    def _tidy(self) -> None:
        """Remove what is too old, too many or too much; the one last used stays, if it is not too old."""
        now_s = self._clock.monotonic_s()
        room = KEPT_BYTES
        for place, one in enumerate(sorted(self._kept.values(), key=lambda kept: -self._used_s[kept.id])):
            room -= one.bytes
            if now_s - self._used_s[one.id] >= KEPT_S or (place and (place >= PLAYBACKS or room < 0)):
                del self._kept[one.id], self._used_s[one.id]
                shutil.rmtree(one.folder, ignore_errors=True)
