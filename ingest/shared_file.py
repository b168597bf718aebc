"""A file that several processes map: it appears at its full size at once, or not at all."""

import os
import tempfile
from pathlib import Path


def create(path: Path, size: int, head: bytes) -> None:
    """Make a file of ``size`` bytes, all reserved, that begins with ``head``; one that is there is replaced.

    What maps it can neither meet a half-made file nor run out of room later, which would be a bus error.

    Raises:
        OSError: no room.
    """
    fd, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        os.posix_fallocate(fd, 0, size)
        os.pwrite(fd, head, 0)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
