"""A recorder that is killed at any moment leaves files that play and a true index, and the next one goes on."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.record.disk import Disk
from ingest.record.index import Index
from ingest.record.recover import recover
from ingest.record.segment import PART
from ingest.record.verify import verify
from tests.ingest.record.feeding import BEGIN, Camera, ManualClock, played, recorder, scanned, settle
from tests.ingest.record.killing import Site


@pytest.fixture
def rings() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="kt-", dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


def test_five_kills_lose_no_gop_that_was_written_and_nothing_that_the_rings_still_hold(
    tmp_path: Path, rings: Path
) -> None:
    with Site(tmp_path, rings) as site:
        written = site.kill_often(5, random.Random(7))
        assert all(written), "each was killed at work"
        site.finish()
        site.check()


def part_of(folder: Path) -> Path:
    (part,) = folder.glob(f"*/*/*{PART}")
    return part


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """A folder as a kill leaves it: one open segment of five GOPs."""
    clock = ManualClock()
    camera = Camera(tmp_path / "rings", "cam-1", clock)
    made = recorder(tmp_path / "live", tmp_path / "rings", clock, "cam-1")
    camera.seconds(5.1, made)
    settle(made)
    shutil.copytree(tmp_path / "live", tmp_path / "rec")
    made.close()
    return tmp_path / "rec"


@pytest.mark.parametrize("cut", [1, 40, 5000])
def test_an_open_segment_is_cut_behind_its_last_whole_gop(interrupted: Path, cut: int) -> None:
    part = part_of(interrupted)
    with part.open("r+b") as file:
        file.truncate(part.stat().st_size - cut)
    index = Index(interrupted)
    found = recover(index, Disk(), BEGIN + 10)
    (one,) = index.segments("cam-1", 0, 1e12)
    index.close()
    assert (found.closed, one.keyframes, one.start, one.end) == (1, 4, BEGIN, pytest.approx(BEGIN + 4))
    assert found.resume == {"cam-1": pytest.approx(BEGIN + 3)}
    assert len(played(interrupted / one.path)) == 100
    assert verify(interrupted) == []


def test_a_tail_of_zeros_is_not_taken_for_video(interrupted: Path) -> None:
    part = part_of(interrupted)
    last = scanned(part).fragments[-1]  # type: ignore[union-attr]
    with part.open("r+b") as file:  # the size was on the medium before the data
        file.seek(last.offset + last.size - 3000)
        file.write(bytes(3000))
        file.write(bytes(8192))
    index = Index(interrupted)
    recover(index, Disk(), BEGIN + 10)
    assert [one.keyframes for one in index.segments("cam-1", 0, 1e12)] == [4]
    index.close()
    assert verify(interrupted) == []


def test_an_open_segment_without_a_whole_gop_is_let_go(interrupted: Path) -> None:
    part = part_of(interrupted)
    with part.open("r+b") as file:
        file.truncate(scanned(part).header_bytes + 100)  # type: ignore[union-attr]
    index = Index(interrupted)
    assert recover(index, Disk(), BEGIN + 10).discarded == 1
    index.close()
    assert verify(interrupted) == []


def test_a_file_whose_row_was_never_written_gets_it(interrupted: Path) -> None:
    part = part_of(interrupted)
    part.rename(part.with_name(part.name.removesuffix(PART)))
    assert [finding.kind for finding in verify(interrupted)] == ["unindexed"]
    index = Index(interrupted)
    assert recover(index, Disk(), BEGIN + 10).indexed == 1
    assert [one.keyframes for one in index.segments("cam-1", 0, 1e12)] == [5]
    index.close()
    assert verify(interrupted) == []


def test_an_index_that_was_lost_is_made_again_from_the_files(interrupted: Path) -> None:
    index = Index(interrupted)
    recover(index, Disk(), BEGIN + 10)
    before = index.segments("cam-1", 0, 1e12)
    index.close()
    for path in interrupted.glob("index.db*"):
        path.unlink()
    again = Index(interrupted)
    recover(again, Disk(), BEGIN + 10)
    assert again.segments("cam-1", 0, 1e12) == before
    again.close()


def test_two_recorders_never_share_a_folder(tmp_path: Path) -> None:
    clock = ManualClock()
    first = recorder(tmp_path / "rec", tmp_path / "rings", clock)
    with pytest.raises(Exception, match="another process records"):
        recorder(tmp_path / "rec", tmp_path / "rings", clock)
    first.close()
    recorder(tmp_path / "rec", tmp_path / "rings", clock).close()
