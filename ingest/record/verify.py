"""Whether a folder of recordings is what its index says, file by file.

Nothing is changed, and a recorder may go on beside it: what it removes meanwhile is no finding.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.record.index import Index
from ingest.record.recover import digest, files
from ingest.record.scan import scan
from ingest.record.segment import PART, Segment

OVERLAP_S = 0.002
"""Times are kept as floating numbers and in a file as 2^-32 s; what overlaps by less does not overlap."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with one segment, named by its path, or with a hold, named ``hold N``.

    ``kind``: missing, size, changed (SHA-256), unplayable, overlap, unindexed, hold, index.
    """

    kind: str
    what: str
    text: str


def verify(folder: Path) -> list[Finding]:
    """Return everything that is wrong, an empty list if nothing is; reads every file once.

    Raises:
        StoreError: there is no index to compare with.
    """
    index = Index.read(folder)
    try:
        return list(_findings(index, folder))
    finally:
        index.close()


def _findings(index: Index, folder: Path) -> Iterator[Finding]:
    sound = index.check()
    if sound != "ok":
        yield Finding("index", "index.db", sound)
    present = [str(path.relative_to(folder)) for path in files(folder)]
    last: dict[str, Segment] = {}
    for stream in index.streams():
        for one in index.segments(stream, float("-inf"), float("inf"), limit=100_000_000):
            yield from _segment(index, folder, one)
            before = last.get(stream)
            if before is not None and one.start < before.end - OVERLAP_S:
                yield Finding("overlap", one.path, f"begins {before.end - one.start:.3f} s before {before.path} ends")
            if before is None or one.end > before.end:
                last[stream] = one
    known = index.paths()
    for path in present:
        if not path.endswith(PART) and path not in known and (folder / path).exists():
            yield Finding("unindexed", path, "a file without a row")
    for hold in index.holds():
        begun = any(path.startswith(f"{hold.stream}/") and path.endswith(PART) for path in present)
        if not begun and not index.segments(hold.stream, hold.start, hold.end, limit=1):
            yield Finding("hold", f"hold {hold.id}", f"nothing of {hold.stream} is recorded in its span")


def _segment(index: Index, folder: Path, one: Segment) -> Iterator[Finding]:
    path = folder / one.path
    try:
        size = path.stat().st_size
        if size != one.bytes:
            yield Finding("size", one.path, f"{size} bytes, the index says {one.bytes}")
        if digest(path) != one.sha256:
            yield Finding("changed", one.path, "its SHA-256 is not the one that was taken while it was written")
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if index.has(one):
            yield Finding("missing", one.path, str(error))
        return
    try:
        found = scan(fd)
    finally:
        os.close(fd)
    if found is None or found.whole < found.size or len(found.fragments) != one.keyframes:
        whole = 0 if found is None else len(found.fragments)
        yield Finding("unplayable", one.path, f"{whole} of {one.keyframes} fragments are whole")
