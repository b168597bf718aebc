"""The checker names what was changed; people get files that any player can seek in."""

from pathlib import Path

import av
import pytest

from camera_config.errors import FeedProtocol
from ingest.codec import Codec
from ingest.record.index import Index
from ingest.record.playback import make_parts
from ingest.record.segment import Segment
from ingest.record.verify import verify
from tests.ingest.record.feeding import BEGIN, Camera, ManualClock, clip_h265, played, recorder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cameras, two minutes: several segments each, with an H.265 spell in the first camera's."""
    clock = ManualClock()
    cameras = [Camera(tmp_path / "rings", name, clock) for name in ("cam-1", "cam-2")]
    for camera in cameras:
        camera.ticks *= 2  # they take turns on one clock
    made = recorder(tmp_path / "rec", tmp_path / "rings", clock, "cam-1", "cam-2")
    for second in range(60):
        for camera in cameras:
            camera.send(13)
        if second == 40:
            cameras[0].become(clip_h265(), Codec.H265, (64, 48))
        made.round()
    made.close()
    return tmp_path / "rec"


def segments(folder: Path, stream: str = "cam-1") -> list[Segment]:
    index = Index.read(folder)
    try:
        return index.segments(stream, 0, 1e12)
    finally:
        index.close()


@pytest.mark.parametrize("place", [10, 0.5, -10])
def test_one_changed_byte_in_any_segment_names_that_segment(folder: Path, place: float) -> None:
    assert verify(folder) == []
    for one in [*segments(folder), *segments(folder, "cam-2")]:
        path = folder / one.path
        whole = path.read_bytes()
        at = int(one.bytes * place) if isinstance(place, float) else int(place) % one.bytes
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        found = verify(folder)
        assert {finding.what for finding in found} == {one.path}
        assert "changed" in {finding.kind for finding in found}
        path.write_bytes(whole)


def test_missing_short_unknown_and_overlapping_files_and_holds_of_nothing_are_named(folder: Path) -> None:
    first, second, *_ = segments(folder)
    other = segments(folder, "cam-2")[0]
    (folder / first.path).unlink()
    with (folder / second.path).open("ab") as file:
        file.write(b"more")
    stray = folder / Path(other.path).with_name("stray.mp4")
    stray.write_bytes((folder / other.path).read_bytes())
    index = Index(folder)
    hold = index.hold("cam-9", 1.0, 2.0, reason="case 7", by="officer", at=BEGIN)
    index._db.execute("UPDATE segment SET start = start - 3 WHERE id = ?", (segments(folder, "cam-2")[1].id,))
    index.close()
    found = {(one.kind, one.what) for one in verify(folder)}
    assert ("missing", first.path) in found
    assert {("size", second.path), ("changed", second.path), ("unplayable", second.path)} <= found
    assert ("unindexed", str(stray.relative_to(folder))) in found
    assert ("overlap", segments(folder, "cam-2")[1].path) in found
    assert ("hold", f"hold {hold.id}") in found


def test_a_span_becomes_one_seekable_file_a_codec_cut_at_keyframes(folder: Path, tmp_path: Path) -> None:
    change = next(one.start for one in segments(folder) if one.codec is Codec.H265)
    out = tmp_path / "out"
    out.mkdir()
    first, second = make_parts(folder, segments(folder), change - 7.3, change + 5.2, out)
    assert (first.codec, second.codec, first.width) == (Codec.H264, Codec.H265, 64)
    assert change - 7.3 - 2.1 <= first.start <= change - 7.3
    assert first.end == pytest.approx(change, abs=0.6)
    assert second.start == pytest.approx(change, abs=0.001)
    assert second.end >= change + 5.2
    for part in (first, second):
        content = part.path.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")
        assert b"moof" not in content
        assert part.bytes == len(content)
        assert len(played(part.path)) > 50
        with av.open(str(part.path)) as container:
            container.seek(int(2.0 * av.time_base))
            assert next(container.decode(video=0)).key_frame


def test_a_span_without_video_gives_no_file_and_a_changed_file_is_refused(folder: Path, tmp_path: Path) -> None:
    assert make_parts(folder, segments(folder), BEGIN - 100, BEGIN - 50, tmp_path) == []
    (folder / segments(folder)[0].path).write_bytes(b"else")
    with pytest.raises(FeedProtocol, match="not what its index says"):
        make_parts(folder, segments(folder), BEGIN, BEGIN + 5, tmp_path)
