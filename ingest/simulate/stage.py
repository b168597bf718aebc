"""Everything that is on at once: which camera shows what, made ready before anybody connects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from camera_config.errors import ConfigError
from ingest.auth import Credentials
from ingest.codec import Codec
from ingest.simulate import footage
from ingest.simulate.checkpoints import ClipSource, TrafficSource
from ingest.simulate.mount import Mount
from ingest.simulate.numbers import kind_of
from ingest.simulate.source import LoopSource, PackedClip, Source, phases
from ingest.simulate.studio import Crew, Plan
from ingest.simulate.truth import ClipPass, TruthLog, read_truth_csv

TRUTH_CSV = "truth.csv"
PHASES = 24
"""Street cameras show their clips at so many places each."""

Progress = Callable[[str, float], None]
"""Told what is being made ready and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be played.

    Args:
        checkpoints, cameras: ids of the feeds, which become the mounts' names.
        cache: folder for what was made once.
        seed: of the drawn traffic.
        wanted: plates that shall come by, early and again now and then.
        seconds: length of the run, all of which is then rendered before it starts; None: endless.
        clips: folder with footage of one's own, None for drawn checkpoints and what street footage there is.
        sub: every street camera has a sub-stream, and a main stream of 1280 x 720 instead of 640 x 360.
        h265_every: so many street cameras to one that sends H.265; 0: none does.
    """

    checkpoints: tuple[str, ...]
    cameras: tuple[str, ...]
    cache: Path
    seed: int = 1
    wanted: tuple[str, ...] = ()
    seconds: float | None = None
    clips: Path | None = None
    sub: bool = False
    h265_every: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """Mounts ready to be served, what a person should know about them, and the rendering processes if any."""

    mounts: dict[str, Source]
    subs: dict[str, Source]
    notes: tuple[str, ...]
    crew: Crew | None

    def for_server(self, credentials: Credentials | None) -> dict[str, Mount]:
        """Return the mounts with their sub-streams, open to who has the credentials, or to everybody."""
        return {
            name: Mount(source, credentials=credentials, sub=self.subs.get(name))
            for name, source in self.mounts.items()
        }

    @property
    def rewound(self) -> int:
        """Return how often a checkpoint's drawn traffic began again, because no more of it was rendered."""
        return sum(source.rewound for source in self.mounts.values() if isinstance(source, TrafficSource))

    def close(self) -> None:
        """End the rendering processes."""
        if self.crew is not None:
            self.crew.stop()


def set_stage(wish: Wish, truth: TruthLog, progress: Progress) -> Stage:
    """Make everything ready; takes minutes the first time and seconds from the cache.

    Raises:
        ConfigError: footage is missing or wrong, or a wanted plate is none.
    """
    _check_wanted(wish.wanted)
    mounts: dict[str, Source] = {}
    notes: list[str] = []
    crew = None
    own = wish.clips is not None and (wish.clips / TRUTH_CSV).is_file()
    rows = read_truth_csv(wish.clips / TRUTH_CSV) if own and wish.clips is not None else []
    values = sorted({row.checkpoint for row in rows})
    if own and wish.clips is not None:
        mounts.update(_own_checkpoints(wish, wish.clips, values, rows, truth, progress, notes))
    streets, subs = _streets(wish, values, progress)
    mounts.update(streets)
    if not own and wish.checkpoints:
        crew = Crew(Plan(wish.seed, len(wish.checkpoints), wish.wanted), wish.cache)
        try:
            crew.prepare(wish.seconds, lambda share: progress("checkpoint traffic", share))
        except BaseException:
            crew.stop()
            raise
        for index, checkpoint in enumerate(wish.checkpoints):
            mounts[checkpoint] = TrafficSource(checkpoint, index, crew, truth)
    return Stage(mounts, subs, tuple(notes), crew)


def _check_wanted(wanted: Sequence[str]) -> None:
    for plate in wanted:
        try:
            kind_of(plate)
        except ValueError as error:
            raise ConfigError(f"The wanted plate is wrong: {error}.") from error


def _streets(wish: Wish, values: Sequence[str], progress: Progress) -> tuple[dict[str, Source], dict[str, Source]]:
    """Give every street camera a clip and a place in it, so that neighbours differ; return main and sub-streams."""
    if not wish.cameras:
        return {}, {}
    paths: list[Path] = []
    if wish.clips is not None:
        paths = [path for path in footage.clips_in(wish.clips) if path.stem not in values]
    paths = paths or footage.street_clips(None)
    each = max(1, min(PHASES, -(-len(wish.cameras) // len(paths))))
    h265 = {
        camera for number, camera in enumerate(wish.cameras, 1) if wish.h265_every and number % wish.h265_every == 0
    }

    def shown(form: footage.Form) -> dict[str, Source]:
        places: dict[Codec, list[LoopSource]] = {}
        for codec in {Codec.H265 if camera in h265 else Codec.H264 for camera in wish.cameras}:
            like = replace(form, codec=codec)
            rows = [phases(footage.prepare(path, like, wish.cache, progress), each) for path in paths]
            places[codec] = [row[place] for place in range(each) for row in rows]
        return {
            camera: places[Codec.H265 if camera in h265 else Codec.H264][number % (each * len(paths))]
            for number, camera in enumerate(wish.cameras)
        }

    # Both streams have as many frames and keyframes, so that they show the same moment.
    return (shown(footage.MAIN), shown(footage.STREET)) if wish.sub else (shown(footage.STREET), {})


def _own_checkpoints(
    wish: Wish,
    folder: Path,
    values: Sequence[str],
    rows: Sequence[ClipPass],
    truth: TruthLog,
    progress: Progress,
    notes: list[str],
) -> dict[str, Source]:
    """Play the given footage at the checkpoints; those without footage of their own loop another's, shifted."""
    if not values:
        raise ConfigError(f"{folder / TRUTH_CSV} has no lines.", hint="Give at least one vehicle.")
    files = {path.stem: path for path in footage.clips_in(folder)}
    absent = [value for value in values if value not in files]
    if absent:
        raise ConfigError(
            f"{folder} has no footage of {', '.join(absent)}.",
            hint="Name each video file like its value in the checkpoint column, e.g. north.mp4 for north.",
        )
    assigned = _assign(values, wish.checkpoints)
    clips = {value: footage.prepare(files[value], footage.CHECKPOINT, wish.cache, progress) for value in values}
    passes = {value: [row for row in rows if row.checkpoint == value] for value in values}
    for value in values:
        _check_times(folder / TRUTH_CSV, clips[value], passes[value])
    mounts: dict[str, Source] = {}
    used = dict.fromkeys(values, 0)
    total = {value: sum(each == value for each in assigned.values()) for value in values}
    for checkpoint, value in assigned.items():
        clip = clips[value]
        phase = used[value] * len(clip.frames) // total[value]
        used[value] += 1
        mounts[checkpoint] = ClipSource(checkpoint, clip, phase, passes[value], truth)
        notes.append(f"{checkpoint} shows {files[value].name} from {phase / clip.fps:.1f} s")
    left = [value for value in values if not used[value]]
    if left:
        notes.append(f"not shown, because there are more clips than checkpoints: {', '.join(left)}")
    return mounts


def _assign(values: Sequence[str], checkpoints: Sequence[str]) -> dict[str, str]:
    """Return what each checkpoint shows: its own id's footage, else the other values in order, then all again."""
    named = {checkpoint: checkpoint for checkpoint in checkpoints if checkpoint in values}
    others = iter([value for value in values if value not in named])
    free = [checkpoint for checkpoint in checkpoints if checkpoint not in named]
    for checkpoint in free:
        named[checkpoint] = next(others, "")
    again = [checkpoint for checkpoint in checkpoints if not named[checkpoint]]
    for number, checkpoint in enumerate(again):
        named[checkpoint] = values[number % len(values)]
    return {checkpoint: named[checkpoint] for checkpoint in checkpoints}


def _check_times(path: Path, clip: PackedClip, passes: Sequence[ClipPass]) -> None:
    """The clip is cut to whole GOPs; a vehicle in what was cut counts for the last frame."""
    end_s = clip.duration_s + footage.CHECKPOINT.key_every / footage.CHECKPOINT.fps
    late = [str(row.line) for row in passes if row.time_s > end_s]
    if late:
        raise ConfigError(
            f"{path}, line {', '.join(late)}: time_s is after the end of the clip ({clip.duration_s:g} s).",
            hint="time_s is in seconds from the start of the clip.",
        )
