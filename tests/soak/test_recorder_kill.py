"""A hundred kills of a recorder at work."""

import random
import shutil
import tempfile
from pathlib import Path

import pytest

from ingest.record.index import Index
from tests.ingest.record.killing import Site


@pytest.mark.timeout(1800)
def test_a_hundred_kills_leave_every_file_playable_and_the_index_true(tmp_path: Path) -> None:
    rings = Path(tempfile.mkdtemp(prefix="kt-", dir="/dev/shm"))
    try:
        with Site(tmp_path, rings) as site:
            assert all(site.kill_often(100, random.Random(11)))
            site.finish()
        index = Index.read(site.folder)
        assert sum(1 for _ in index.every(limit=10_000)) >= 100
        index.close()
        site.check()
    finally:
        shutil.rmtree(rings)
