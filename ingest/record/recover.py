"""What a kill left, made whole at the next start: nothing that can be played is thrown away.

Done in the folders of the days since the last row (all of them when the index is new), because the rest was closed
before; ``verify`` looks at everything.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.record.disk import Disk
from ingest.record.index import Index
from ingest.record.scan import Scan, scan
from ingest.record.segment import PART, Segment

log = logging.getLogger(__name__)

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found.

    ``resume`` holds for each stream that was being recorded the unix time at which the last GOP on disk began.
    """

    closed: int
    indexed: int
    discarded: int
    removed: int
    resume: dict[str, float]


def recover(index: Index, disk: Disk, now: float) -> Recovered:
    """Close open segments, index files without a row, finish what was on its way out.

    Raises:
        OSError, StoreError: the disk or the index refuses; what was done is done.
    """
    removed = len(finish_going(index, disk))
    newest = max(index.ends().values(), default=None)
    since = "" if newest is None else f"{datetime.fromtimestamp(min(newest, now), UTC) - timedelta(days=1):%Y-%m-%d}"
    known = index.paths() if newest is not None else set()
    closed = indexed = discarded = 0
    resume: dict[str, float] = {}
    for path in files(index.folder, since):
        if path.name.endswith(PART):
            found = _close(index.folder, path, disk)
            if found is None:
                discarded += 1
                continue
            segment, seen = found
            closed += 1
            resume[segment.stream] = max(seen.fragments[-1].at, resume.get(segment.stream, 0.0))
        elif str(path.relative_to(index.folder)) in known:
            continue
        else:
            found = _described(index.folder, path)
            if found is None:
                log.error("recording.unreadable path=%s", path)
                continue
            segment = found[0]
            indexed += 1
        index.add([segment])
    return Recovered(closed, indexed, discarded, removed, resume)


def finish_going(index: Index, disk: Disk) -> list[Segment]:
    """Remove the files of segments that are marked, then their rows; return them.

    Raises:
        OSError, StoreError: what is left stays marked.
    """
    going = index.going()
    for one in going:
        disk.unlink(index.folder / one.path)
    for parent in {(index.folder / one.path).parent for one in going}:
        if parent.is_dir():
            disk.sync_folder(parent)
            _drop_empty(parent, index.folder)
    index.remove(going)
    return going


def files(folder: Path, since: str = "") -> Iterator[Path]:
    """Yield every recording, open ones too, of the days from ``since`` (ISO date) on."""
    for stream in sorted(path for path in folder.iterdir() if path.is_dir()):
        for day in sorted(path for path in stream.iterdir() if path.is_dir() and path.name >= since):
            yield from sorted(path for path in day.iterdir() if path.name.endswith((".mp4", PART)))


def digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    made = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            made.update(piece)
    return made.hexdigest()


def _close(folder: Path, part: Path, disk: Disk) -> tuple[Segment, Scan] | None:
    """Cut a ``.part`` behind its last whole fragment and give it its name; without a fragment it goes."""
    fd = os.open(part, os.O_RDWR | os.O_CLOEXEC)
    try:
        found = scan(fd)
        if found is not None:
            if found.whole < found.size:
                disk.cut(fd, found.whole)
            disk.sync(fd)
    finally:
        os.close(fd)
    if found is None:
        log.warning("recording.discarded path=%s bytes=%d", part, part.stat().st_size)
        disk.unlink(part)
        return None
    path = part.with_name(part.name.removesuffix(PART))
    disk.rename(part, path)
    disk.sync_folder(path.parent)
    log.info("recording.recovered path=%s bytes=%d cut=%d", path, found.whole, found.size - found.whole)
    return _segment(folder, path, found), found


def _described(folder: Path, path: Path) -> tuple[Segment, Scan] | None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = scan(fd)
    finally:
        os.close(fd)
    return None if found is None or found.whole < found.size else (_segment(folder, path, found), found)


def _segment(folder: Path, path: Path, found: Scan) -> Segment:
    about = found.about
    return Segment(
        id=0,
        stream=path.parent.parent.name,
        start=found.start,
        end=found.end,
        path=str(path.relative_to(folder)),
        bytes=found.whole,
        sha256=digest(path),
        codec=found.codec,
        width=int(about["width"]),
        height=int(about["height"]),
        reason=str(about["reason"]),
        keyframes=len(found.fragments),
    )


def _drop_empty(day: Path, folder: Path) -> None:
    """Remove a day's folder and its stream's when nothing is in them."""
    for path in (day, day.parent):
        if path == folder or any(path.iterdir()):
            return
        try:
            path.rmdir()
        except OSError:  # something was begun there just now
            return
