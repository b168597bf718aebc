"""``kakou doctor``: does this machine carry kakou, and if not, what to do."""

import importlib.metadata
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

FEEDS, STREAMS = 363, 2 * 363
"""Of the invented county, each camera and checkpoint with a sub-stream; counted where a county is named."""

SLOTS_MIB = 400
"""Keyframes and tiles of 363 feeds."""

OURS = ("api", "camera_config", "detection", "ingest", "lockdown")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``good`` of None is a remark that stops nothing."""

    what: str
    good: bool | None
    detail: str


def doctor(
    county: Annotated[Path | None, typer.Option(help="Judge limits and memory by this county's streams.")] = None,
    secrets: Annotated[Path, typer.Option(envvar="KAKOU_SECRETS_FILE", help="The secrets file to look at.")] = Path(
        "data/secrets.json"
    ),
) -> None:
    """Check libraries, models, limits, memory, secrets and masks; say what to do about each fault. Starts nothing."""
    feeds, streams = _counted(county)
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python, _opencv, _models, _wall, partial(_files, feeds, streams), partial(_shared_memory, feeds, streams),
        partial(_secrets, secrets), partial(_masks, county), _event_log, _planner, _packages, _browser,
    )  # fmt: skip
    findings = [finding for look in looks for finding in look()]
    table = Table("", "what", "detail", title="kakou doctor")
    for f in findings:
        mark = {True: "[green]good[/]", False: "[red bold]fault[/]", None: "[yellow]note[/]"}[f.good]
        table.add_row(mark, f.what, f.detail)
    Console().print(table)
    if any(f.good is False for f in findings):
        raise typer.Exit(1)


def _python() -> Iterator[Finding]:
    good = (3, 11) <= sys.version_info[:2] < (3, 13)
    yield Finding("Python", good, f"{sys.version.split()[0]}; kakou runs on 3.11 and 3.12")


def _opencv() -> Iterator[Finding]:
    """OpenCV's wheel needs libGL.so.1, which a server without a screen often lacks (facts/models 1f)."""
    tried = subprocess.run([sys.executable, "-c", "import cv2"], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        yield Finding("OpenCV", True, "loads")
    elif "libGL" in tried.stderr:
        yield Finding("OpenCV", False, "libGL.so.1 is missing: install Debian's package libgl1")
    else:
        yield Finding("OpenCV", False, tried.stderr.strip().splitlines()[-1])
    installed = {d.metadata["Name"].lower() for d in importlib.metadata.distributions() if d.metadata["Name"]}
    several = sorted(name for name in installed if name.startswith("opencv-") and "python" in name)
    if len(several) > 1:
        yield Finding("OpenCV", False, f"{', '.join(several)} overwrite each other: keep opencv-python alone")


def _planner() -> Iterator[Finding]:
    """Compile the planner's searches where the cache does not hold them yet: that is what the first start would do."""
    began = time.monotonic()
    try:
        from lockdown.compiled.warm import compiled_now
    except RuntimeError as error:
        yield Finding("planner", False, f"{error}: name a folder that can be written with NUMBA_CACHE_DIR")
        return
    made = compiled_now()
    what = f"{made} functions compiled in {time.monotonic() - began:.0f} s and kept" if made else "from the cache"
    yield Finding("planner", True, f"compiled searches: {what}")


def _models() -> Iterator[Finding]:
    from camera_config.errors import ModelError
    from detection.models import verify_models

    try:
        for name, digest in verify_models():
            yield Finding("model", True, f"{name}, SHA-256 {digest[:12]}… as expected")
    except ModelError as error:
        yield Finding("model", False, f"{error} {error.hint}")


def _wall() -> Iterator[Finding]:
    page = Path(__file__).parent.parent / "static" / "index.html"
    built = page.exists()
    yield Finding(
        "wall", built, "built" if built else "not built: run `make setup` in a checkout, or install the wheel"
    )


def _counted(county: Path | None) -> tuple[int, int]:
    """Return feeds and streams: of the county, or of a whole one."""
    if county is None:
        return FEEDS, STREAMS
    from camera_config.load import load_county

    loaded = load_county(county)
    subs = [one.sub_url for one in loaded.cameras] + [one.sub_url for one in loaded.checkpoints]
    return len(subs), len(subs) + sum(map(bool, subs))


def _files(feeds: int, streams: int) -> Iterator[Finding]:
    """A socket and a ring a stream, a slot and a tile a feed, and as much again as room for viewers and clients."""
    needed = 2 * (2 * streams + 2 * feeds)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = hard == resource.RLIM_INFINITY or hard >= needed
    advice = "" if good else f"; {streams} streams need {needed}: raise LimitNOFILE or `ulimit -Hn`"
    yield Finding("open files", good, f"hard limit {hard}{advice}")


def _shared_memory(feeds: int, streams: int) -> Iterator[Finding]:
    from api.settings import Settings

    rings_mib = max(Settings(Path(), Path()).ring_mb, streams)  # at least 1 MiB a stream
    needed = SLOTS_MIB * feeds // FEEDS + rings_mib
    shared = Path("/dev/shm")
    free_mib = shutil.disk_usage(shared).free // 2**20 if shared.is_dir() else 0
    enough = free_mib >= needed
    advice = "" if enough else (
        f"; {streams} streams fill {needed} MiB (keyframes, and rings of {rings_mib} MiB): give it more "
        "(mount -o remount,size=2G /dev/shm; in a container --shm-size); from disk all is slower"
    )  # fmt: skip
    yield Finding("/dev/shm", True if enough else None, f"{free_mib} MiB free{advice}")


def _secrets(file: Path) -> Iterator[Finding]:
    from camera_config.errors import ConfigError
    from camera_config.secrets import read_secrets

    try:
        contents = read_secrets(file)
    except ConfigError as error:
        yield Finding("secrets", False, f"{error}. {error.hint}")
        return
    if file.exists():
        yield Finding(
            "secrets", True, f"{file} opens; logins: {len(contents.logins)}, pinned certificates: {len(contents.pins)}"
        )
    else:
        yield Finding(
            "secrets", None, f"no {file}: cameras with a password cannot be read; see kakou secrets set --help"
        )


def _masks(county: Path | None) -> Iterator[Finding]:
    """Name every device of the county that is closed for want of its mask."""
    if county is None:
        return
    from camera_config.load import load_county
    from camera_config.masks import closed_devices, masked_devices

    loaded = load_county(county)
    closed = closed_devices(loaded, county)
    for device, cause in closed.items():
        yield Finding("mask", False, f"{device} is closed: {cause}; `kakou check {county}` says what to do")
    masked = len(masked_devices(loaded))
    if masked and not closed:
        yield Finding("mask", True, f"masks of {masked} devices can be read")


def _event_log() -> Iterator[Finding]:
    from api.log.bus import server_binary

    path = server_binary()
    tried = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False)
    yield Finding("event log", tried.returncode == 0, (tried.stdout or tried.stderr).strip()[:60])


def _packages() -> Iterator[Finding]:
    """Our packages have plain names, and pip overwrites silently on a clash (facts/traps 2.24)."""
    owners = importlib.metadata.packages_distributions()
    for name in OURS:
        others = sorted(set(owners.get(name, [])) - {"kakou"})
        if others:
            yield Finding("packages", False, f"{name} also belongs to {', '.join(others)}: use an own environment")


def _browser() -> Iterator[Finding]:
    found = shutil.which("chromium")
    detail = found or "no chromium: browser tests are left out (Debian's package chromium)"
    yield Finding("browser", True if found else None, detail)
