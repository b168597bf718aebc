import json
from pathlib import Path

import numpy as np
import pytest

from camera_config.errors import ConfigError
from ingest.simulate.checkpoints import ClipSource, TrafficSource
from ingest.simulate.film import GOP
from ingest.simulate.pictures import decode
from ingest.simulate.server import CameraServer, CameraServerThread
from ingest.simulate.source import LoopSource, PackedClip
from ingest.simulate.stage import Wish, set_stage
from ingest.simulate.studio import FIRST_STRETCHES, STRETCH_FRAMES, Crew, Plan, stretch_path
from ingest.simulate.traffic import FPS
from ingest.simulate.truth import TruthLog, read_truth_csv
from ingest.simulate.variants import covered, sample
from tests.ingest.simulate.conftest import opened, write_clip


def ignore(*_: object) -> None:
    """Nobody watches."""


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Crew:
    """Twenty seconds of one checkpoint, rendered by a process of its own."""
    made = Crew(Plan(11, 1, ("吉D12345",)), tmp_path_factory.mktemp("films"), processes=1)
    made.prepare(20.0, ignore)
    return made


def test_rendering_ends_before_a_run_of_known_length_starts(crew: Crew):
    assert stretch_path(crew.folder, 0, 1).is_file()
    assert not stretch_path(crew.folder, 0, 2).exists()
    assert crew.cpu_s > 0


def test_an_endless_run_renders_on_while_it_plays(tmp_path: Path):
    crew = Crew(Plan(12, 1), tmp_path, processes=1)
    try:
        crew.prepare(None, ignore)
        assert crew.stretch(0, FIRST_STRETCHES - 1) is not None
        while not stretch_path(crew.folder, 0, FIRST_STRETCHES + 1).is_file():
            crew.listen(10.0)
    finally:
        crew.stop()


def test_the_truth_is_the_schedule_and_comes_when_the_plate_leaves(crew: Crew, tmp_path: Path):
    log = TruthLog(tmp_path / "truth.jsonl")
    source = TrafficSource("north", 0, crew, log)
    schedule = [each for each in crew.plan.traffic(0).between(0, 199) if each.leaves < 200]
    assert schedule
    written = []
    for frame in range(200):
        source.frame(frame)
        source.sent(frame, 1000.0)
        written += [frame] * (log.rows - len(written))
    assert written == sorted(each.leaves for each in schedule)
    rows = rows_of(tmp_path / "truth.jsonl")
    assert {row["plate"] for row in rows} == {each.plate for each in schedule}
    for row in rows:
        assert row["checkpoint"] == "north"
        assert row["left_at"] == pytest.approx(1000.0 + row["leaves_s"])
        assert row["leaves_s"] - row["enters_s"] >= 2.5


def test_traffic_begins_again_where_no_more_is_rendered_and_the_truth_says_so(crew: Crew, tmp_path: Path):
    log = TruthLog(tmp_path / "truth.jsonl")
    source = TrafficSource("north", 0, crew, log)
    for frame in range(4 * STRETCH_FRAMES):
        assert len(source.frame(frame).headers) > 0
        source.sent(frame, 1000.0)
    assert source.rewound == 2, "after twenty seconds, and after twenty more"
    rows = rows_of(tmp_path / "truth.jsonl")
    once, again = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    assert once
    assert [row["plate"] for row in once] == [row["plate"] for row in again]
    assert [row["left_at"] + 20.0 for row in once] == pytest.approx([row["left_at"] for row in again])


def test_a_viewer_gets_a_keyframe_every_half_second_and_the_vehicle_in_the_picture(crew: Crew):
    source = TrafficSource("north", 0, crew, TruthLog(None))
    first = crew.plan.traffic(0).between(0, 199)[0]
    at = (first.leaves - 3) // GOP * GOP
    assert at < STRETCH_FRAMES, "the seed gives a vehicle in the first ten seconds"
    assert [source.frame(number).key for number in range(20)] == [number % 5 == 0 for number in range(20)]
    shown = _Repeat(source, at)
    empty = _Repeat(source, 0)
    with CameraServerThread(CameraServer({"shown": shown, "empty": empty})) as server:
        pictures = []
        for mount in ("shown", "empty"):
            with opened(server.url(mount)) as stream:
                pictures.append(next(stream.decode(video=0)).to_ndarray(format="gray"))
    changed = np.abs(pictures[0].astype(int) - pictures[1]) > 40
    assert 0.05 < changed.mean() < 0.9


def test_a_checkpoints_traffic_can_be_covered_like_any_picture(crew: Crew):
    traffic = _Repeat(TrafficSource("north", 0, crew, TruthLog(None)), 0)
    of = sample(traffic, 3)
    assert (len(of.frames), of.key_every, [frame.key for frame in of.frames[:6]]) == (
        1000,
        GOP,
        [True, *[False] * 4, True],
    )
    picture = next(decode(PackedClip.of(covered(of, 0.0)).frames, of.codec))
    assert picture.shape == (720, 1280, 3)
    assert picture[:, 400:].std() < 12


class _Repeat:
    """One GOP of another source over and over, faster than life."""

    fps = 100.0

    def __init__(self, source: TrafficSource, first: int) -> None:
        self.codec, self.sets = source.codec, source.sets
        self._frames = [source.frame(first + number) for number in range(GOP)]

    def frame(self, number: int):
        return self._frames[number % GOP]

    def sent(self, number: int, started_at: float) -> None:
        pass


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with two checkpoint clips of three seconds and one street clip."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("east", "west"):
        write_clip(folder / f"{name}.mp4", frames=30, fps=10, key_every=10)
    write_clip(folder / "street.mp4", frames=50, fps=10, key_every=10)
    (folder / "truth.csv").write_text(
        "checkpoint,time_s,plate\nwest,1.0,吉D·11111\neast,2.0,吉D22222\neast,0.5,吉D33333\n"
    )
    return folder


def stage_of(own: Path, truth: TruthLog, checkpoints: tuple[str, ...]):
    wish = Wish(checkpoints, ("cam-1", "cam-2", "cam-3"), own.parent / "cache", clips=own)
    return set_stage(wish, truth, ignore)


def test_unseen_footage_is_given_to_the_checkpoints_in_order_and_the_rest_loop_it(own: Path):
    stage = stage_of(own, TruthLog(None), ("cp-1", "cp-2", "cp-3"))
    assert stage.crew is None
    assert [note.split(" from ")[0] for note in stage.notes] == [
        "cp-1 shows east.mp4",
        "cp-2 shows west.mp4",
        "cp-3 shows east.mp4",
    ]
    assert isinstance(stage.mounts["cp-3"], ClipSource)
    assert stage.mounts["cp-1"].frame(15) is stage.mounts["cp-3"].frame(0)
    assert isinstance(stage.mounts["cam-1"], LoopSource)
    assert stage.mounts["cam-1"].frame(0) is not stage.mounts["cam-2"].frame(0)


def test_footage_named_like_a_checkpoint_is_that_checkpoints(own: Path):
    stage = stage_of(own, TruthLog(None), ("cp-1", "east"))
    assert [note.split(" from ")[0] for note in stage.notes] == ["cp-1 shows west.mp4", "east shows east.mp4"]


def test_every_loop_is_a_new_passage(own: Path, tmp_path: Path):
    log = TruthLog(tmp_path / "truth.jsonl")
    stage = stage_of(own, log, ("cp-1", "cp-2", "cp-3"))
    for frame in range(60):
        for name in ("cp-1", "cp-2", "cp-3"):
            stage.mounts[name].sent(frame, 500.0)
    log.close()
    rows = [(row["checkpoint"], row["plate"], row["leaves_s"]) for row in rows_of(tmp_path / "truth.jsonl")]
    assert sorted(row for row in rows if row[0] == "cp-2") == [("cp-2", "吉D11111", 1.0), ("cp-2", "吉D11111", 4.0)]
    assert [row[1:] for row in rows if row[0] == "cp-1"] == [
        ("吉D33333", 0.5),
        ("吉D22222", 2.0),
        ("吉D33333", 3.5),
        ("吉D22222", 5.0),
    ]
    assert [row[1:] for row in rows if row[0] == "cp-3"][:2] == [("吉D22222", 0.5), ("吉D33333", 2.0)], "from 1.5 s on"


def test_mistakes_in_truth_csv_are_told_by_line(tmp_path: Path):
    path = tmp_path / "truth.csv"
    path.write_text("checkpoint,time_s,plate\na,1,吉D12345\na,soon,吉D12345\n,2,吉D12345\na,-1,吉D12345\n\na,3,\n")
    with pytest.raises(ConfigError) as told:
        read_truth_csv(path)
    for line in ("line 3: time_s is 'soon'", "line 4: checkpoint is empty", "line 5:", "line 7: plate is empty"):
        assert line in str(told.value)
    assert "line 2" not in str(told.value)


def test_a_truth_csv_without_header_is_told(tmp_path: Path):
    path = tmp_path / "truth.csv"
    path.write_text("a,1,吉D12345\n")
    with pytest.raises(ConfigError, match="line 1: no column checkpoint, time_s, plate"):
        read_truth_csv(path)


def test_truth_about_footage_that_is_not_there_is_told(own: Path):
    with (own / "truth.csv").open("a") as file:
        file.write("north,1.0,吉D44444\n")
    with pytest.raises(ConfigError, match="no footage of north"):
        stage_of(own, TruthLog(None), ("cp-1",))


def test_truth_after_the_end_of_the_clip_is_told(own: Path):
    with (own / "truth.csv").open("a") as file:
        file.write("east,9.0,吉D44444\n")
    with pytest.raises(ConfigError, match=r"line 5: time_s is after the end of the clip \(3 s\)"):
        stage_of(own, TruthLog(None), ("cp-1", "cp-2"))


def test_a_wanted_plate_that_is_none_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="no plate"):
        set_stage(Wish(("cp-1",), (), tmp_path, wanted=("hello",)), TruthLog(None), ignore)


def test_frames_a_second_are_those_of_the_contract():
    assert (FPS, GOP) == (10, 5)
