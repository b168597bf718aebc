"""Render checkpoint footage ahead of time, in processes of their own that give way to everything else."""

import contextlib
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import av
import cv2

from ingest.simulate import cache
from ingest.simulate.film import GOP, Encoder, Film, read_film, write_film
from ingest.simulate.rtp import Packets
from ingest.simulate.scene import LEVELS, Scene
from ingest.simulate.traffic import FPS, Pass, Traffic
from ingest.simulate.view import make_view

STRETCH_S = 10
"""A film holds so many seconds of one checkpoint."""

STRETCH_FRAMES = STRETCH_S * FPS
STRETCH_GOPS = STRETCH_FRAMES // GOP

FIRST_STRETCHES = 6
"""An endless run starts when so much is rendered, a minute; it goes on as far as the machine has time to render."""

ENDLESS_STRETCHES = 30
"""At most so much is rendered for an endless run, five minutes; then it begins again."""

NICE = 10
STOP_S = 5.0

MODULES = (
    "clip.py",
    "faces.py",
    "film.py",
    "font/plate.otf",
    "mounted.py",
    "numbers.py",
    "plates.py",
    "road.py",
    "rtp.py",
    "scene.py",
    "studio.py",
    "tails.py",
    "traffic.py",
    "vehicles.py",
    "view.py",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be seen: the same plan gives the same traffic, and with the same code the same pictures."""

    seed: int
    checkpoints: int
    wanted: tuple[str, ...] = ()

    def traffic(self, index: int) -> Traffic:
        """Return the traffic at checkpoint ``index``, from the start."""
        return Traffic(index, self.checkpoints, self.seed, make_view(index, self.seed), self.wanted)

    def folder(self, root: Path) -> Path:
        """Return where this plan's films are kept below the cache folder ``root``."""
        made_by = cache.code_hash(MODULES)
        libraries = (av.__version__, cv2.__version__)
        return root / f"traffic-{cache.key_of(self.seed, self.checkpoints, self.wanted, made_by, libraries)}"


def empty_path(folder: Path, index: int) -> Path:
    """Return the film of the empty road: one GOP for each brightness."""
    return folder / f"{index:03d}-empty.film"


def stretch_path(folder: Path, index: int, stretch: int) -> Path:
    """Return the film of ten seconds of a checkpoint."""
    return folder / f"{index:03d}-{stretch:06d}.film"


def level(index: int, gop: int) -> int:
    """Return the picture's brightness in a GOP: it wanders as clouds do, over a minute or so."""
    wave = math.sin(2 * math.pi * gop / 127 + index) + 0.5 * math.sin(2 * math.pi * gop / 41 + 2 * index)
    return min(LEVELS - 1, max(0, round((wave / 1.5 + 1) / 2 * (LEVELS - 1))))


class Studio:
    """Renders the films of some checkpoints, one stretch after the other."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan, self._folder = plan, folder
        self._scenes: dict[int, Scene] = {}
        self._traffic: dict[int, Traffic] = {}

    def render(self, index: int, stretch: int) -> None:
        """Make the film of a stretch, and that of the empty road before, unless they are there; stretches must rise."""
        if index not in self._traffic:
            self._traffic[index] = self._plan.traffic(index)
        first = stretch * STRETCH_FRAMES
        passes = self._traffic[index].between(first, first + STRETCH_FRAMES - 1)
        path, empty = stretch_path(self._folder, index, stretch), empty_path(self._folder, index)
        if path.is_file() and empty.is_file():
            cache.touch(path)
            return
        if index not in self._scenes:
            self._scenes[index] = Scene(make_view(index, self._plan.seed), index, self._plan.seed)
        if not empty.is_file():
            self._render_empty(index, empty)
        self._render_stretch(index, stretch, passes, path)

    def _render_empty(self, index: int, path: Path) -> None:
        encoder = Encoder()
        scene = self._scenes[index]
        gops = [(each, [encoder.packets(scene.draw(0, (), each)) for _ in range(GOP)]) for each in range(LEVELS)]
        write_film(path, encoder.sets, gops)

    def _render_stretch(self, index: int, stretch: int, passes: Sequence[Pass], path: Path) -> None:
        encoder = Encoder()
        scene = self._scenes[index]
        gops: list[tuple[int, list[Packets]]] = []
        for gop in range(stretch * STRETCH_GOPS, (stretch + 1) * STRETCH_GOPS):
            frames = range(gop * GOP, (gop + 1) * GOP)
            # Nobody comes and goes within half a second.
            if scene.shows(frames[0], passes) or scene.shows(frames[-1], passes):
                bright = level(index, gop)
                gops.append((gop, [encoder.packets(scene.draw(frame, passes, bright)) for frame in frames]))
        write_film(path, encoder.sets, gops)


@dataclass(frozen=True, slots=True)
class _Done:
    """One stretch of one checkpoint is there; ``cpu_s`` is what its process has used so far."""

    index: int
    stretch: int
    cpu_s: float


def work(plan: Plan, folder: Path, indexes: Sequence[int], orders: Connection, endless: bool) -> None:
    """Render what is ordered until the other end closes; the main function of a rendering process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    if endless:
        # What runs beside us is under test; we take what it leaves over.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    cv2.setNumThreads(1)
    studio = Studio(plan, folder)
    stretch, through = 0, -1
    with contextlib.suppress(EOFError, OSError):
        while True:
            while stretch > through:
                through = orders.recv()
            # Each time somebody else begins, so that a machine too slow for all of them is fair to all.
            for turn in range(len(indexes)):
                index = indexes[(turn + stretch) % len(indexes)]
                studio.render(index, stretch)
                orders.send(_Done(index, stretch, time.process_time()))
            stretch += 1


class Crew:
    """The rendering processes of one plan, and the films they have made. Building it starts nothing.

    Args:
        plan: what is to be seen.
        root: the cache folder.
        processes: at most so many render at the same time, checkpoints shared out among them.
    """

    def __init__(self, plan: Plan, root: Path, processes: int = 2) -> None:
        self.plan = plan
        self.folder = plan.folder(root)
        self.cpu_s = 0.0
        self._root = root
        self._count = max(1, min(processes, plan.checkpoints))
        self._workers: list[tuple[multiprocessing.process.BaseProcess, Connection]] = []
        self._cpu: dict[int, float] = {}
        self._endless = False

    def prepare(self, seconds: float | None, progress: Callable[[float], None]) -> None:
        """Render the first ``seconds`` and return when all of it is there; None: an endless run's start.

        With a known length the processes have ended when this returns.
        """
        self._endless = seconds is None
        stretches = FIRST_STRETCHES if seconds is None else math.ceil(seconds / STRETCH_S)
        self.folder.mkdir(parents=True, exist_ok=True)
        cache.trim(self._root, cache.CACHE_BYTES, keep=(self.folder,))
        self._start()
        self._order(stretches - 1)
        left = stretches * self.plan.checkpoints
        while left:
            left -= self.listen(1.0)
            progress(1.0 - left / (stretches * self.plan.checkpoints))
        if self._endless:
            self._order(ENDLESS_STRETCHES - 1)
        else:
            self.stop()

    def empty(self, index: int) -> Film:
        """Return the film of the empty road."""
        return read_film(empty_path(self.folder, index))

    def stretch(self, index: int, stretch: int) -> Film | None:
        """Return the film of a stretch, None if it is not there (yet)."""
        try:
            return read_film(stretch_path(self.folder, index, stretch))
        except FileNotFoundError:
            return None

    def listen(self, timeout_s: float) -> int:
        """Wait until a film is made, at most so long; return how many were made.

        Raises:
            RuntimeError: a rendering process has died.
        """
        ready = wait([pipe for _, pipe in self._workers], timeout_s)
        if not ready and not all(process.is_alive() for process, _ in self._workers):
            raise RuntimeError("a rendering process ended before its work was done")
        return sum(self._hear(pipe) for pipe in ready if isinstance(pipe, Connection))

    def stop(self) -> None:
        """End the rendering processes; a film half made is not seen by anybody."""
        for _, pipe in self._workers:
            pipe.close()
        for process, _ in self._workers:
            process.terminate()
        for process, _ in self._workers:
            process.join(STOP_S)
        self._workers.clear()

    def _start(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        for number in range(self._count):
            here, there = spawn.Pipe()
            indexes = range(number, self.plan.checkpoints, self._count)
            process = spawn.Process(
                target=work, args=(self.plan, self.folder, indexes, there, self._endless), daemon=True
            )
            process.start()
            there.close()
            self._workers.append((process, here))

    def _order(self, through: int) -> None:
        """Ask for every stretch up to ``through``, without waiting."""
        for _, pipe in self._workers:
            with contextlib.suppress(OSError):  # a dead one makes no more films; the traffic begins again sooner
                pipe.send(through)

    def _hear(self, pipe: Connection) -> int:
        try:
            done = pipe.recv()
        except (EOFError, OSError) as error:
            raise RuntimeError("a rendering process ended before its work was done") from error
        self._cpu[id(pipe)] = done.cpu_s
        self.cpu_s = sum(self._cpu.values())
        return 1
