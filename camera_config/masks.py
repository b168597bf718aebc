"""Privacy masks: ``masks/DEVICE.json`` in the county's folder says what of a device's picture nobody may see.

A mask is read anew whenever it counts, so that one that was changed or taken away holds at once. Nobody may see a
picture of a device whose mask cannot be read: that is ``MaskError``, and the device is closed.
"""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from camera_config.county import Camera, County, SmartCheckpoint
from camera_config.edge import accept
from camera_config.errors import MaskError
from camera_config.mistakes import Mistake, Mistakes
from camera_config.records import MaskRecord

FOLDER = "masks"
MAX_BYTES = 256 * 1024
"""32 polygons of 64 points with 15 digits a number take 80 KB."""

Polygon = tuple[tuple[float, float], ...]
"""Corners (x, y) in shares 0 to 1 of a picture's width and height, from its top left corner; not closed."""


@dataclass(frozen=True, slots=True)
class Mask:
    """What of one device's picture is hidden; ``set_at`` is since when (unix s), by the file's ctime."""

    polygons: tuple[Polygon, ...]
    set_at: float


class MaskFile:
    """One device's mask. The file is read at every call, 20 µs, and parsed where its bytes are others than before."""

    def __init__(self, county: Path, device: str) -> None:
        self._path = mask_path(county, device)
        self._name = f"{FOLDER}/{self._path.name}"
        self._raw: bytes | None = None
        self._mask: Mask | None = None
        self._error: tuple[str, str] = ("", "")

    def read(self) -> Mask:
        """Return the mask as it is now.

        Raises:
            MaskError: the file is absent, cannot be read, or holds mistakes.
        """
        try:
            raw, set_at = _bytes_of(self._path)
        except FileNotFoundError:
            raise MaskError(f"{self._name} is absent", hint="Draw it: docs/guide/cameras.md, section 5.") from None
        except OSError as error:
            raise MaskError(f"{self._name} cannot be read: {error.strerror}", hint="Check its rights.") from None
        if raw != self._raw:
            self._raw = raw
            polygons, found = parse_mask(raw, self._name)
            self._mask = None if found else Mask(polygons, set_at)
            self._error = (found[0].what, found[0].hint) if found else ("", "")
        if self._mask is None:
            what, hint = self._error
            raise MaskError(f"{self._name} is damaged: {what}", hint=hint)
        return self._mask

    def trouble(self) -> str:
        """Return why no picture of the device may be seen now, in one line; empty where it may."""
        try:
            self.read()
        except MaskError as error:
            return f"{error.code}: {error}"
        return ""


def mask_path(county: Path, device: str) -> Path:
    """Return where a device's mask stands."""
    return county / FOLDER / f"{device}.json"


def masked_devices(county: County) -> frozenset[str]:
    """Return the ids of all devices that must have a mask."""
    devices: tuple[Camera | SmartCheckpoint, ...] = (*county.cameras, *county.checkpoints)
    return frozenset(str(one.id) for one in devices if one.masked)


def closed_devices(county: County, folder: Path) -> dict[str, str]:
    """Return the devices of which nobody may see a picture now, each with the cause; ``folder`` is the county's."""
    masked = sorted(masked_devices(county))
    return {device: cause for device in masked if (cause := MaskFile(folder, device).trouble())}


def parse_mask(raw: bytes, file: str) -> tuple[tuple[Polygon, ...], list[Mistake]]:
    """Return the polygons of a mask file's bytes and no mistakes, or nothing and all mistakes."""
    mistakes = Mistakes()
    polygons: tuple[Polygon, ...] = ()
    if len(raw) > MAX_BYTES:
        mistakes.add(file, 1, f"more than {MAX_BYTES // 1024} KiB", "write the polygons alone")
        return (), mistakes.in_order()
    try:
        data = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        mistakes.add(file, error.lineno, f"broken JSON ({error.msg})", "correct the line")
    except (ValueError, RecursionError) as error:
        mistakes.add(file, 1, f"broken JSON ({error or 'nested too deep'})", "correct the file, and save it as UTF-8")
    else:
        record = accept(MaskRecord, data, file, lambda _: 1, mistakes)
        polygons = record.polygons if record else ()
    return polygons, mistakes.in_order()


def check_masks(
    folder: Path, masked: Mapping[str, tuple[str, int]], known: frozenset[str] | None, mistakes: Mistakes
) -> None:
    """Note every mask that is missing or damaged, and every mask file that hides nothing.

    Args:
        folder: the county's.
        masked: devices that must have a mask, with the file and line that say so.
        known: all devices; None where that is not certain.
        mistakes: where to note what is wrong.
    """
    for device, (file, line) in masked.items():
        path = mask_path(folder, device)
        name = f"{FOLDER}/{path.name}"
        try:
            found = parse_mask(_bytes_of(path)[0], name)[1]
        except FileNotFoundError:
            hint = f"draw it: `kakou mask {device} --picture FILE --county {folder}` shows how"
            mistakes.add(file, line, f"{name} is absent: {device} stays closed", hint)
        except OSError as error:
            mistakes.add(name, 1, f"file cannot be read ({error.strerror}): {device} stays closed", "check its rights")
        else:
            for one in found:
                mistakes.add(one.file, one.line, f"{one.what}: {device} stays closed", one.hint)
    for path in sorted((folder / FOLDER).glob("*.json")):
        if path.stem in masked or known is None:
            continue
        what = "hides nothing: the device is not masked" if path.stem in known else "there is no such device"
        hint = "write masked = true for the device, or take the file away"
        mistakes.add(f"{FOLDER}/{path.name}", 1, what, hint)


def _bytes_of(path: Path) -> tuple[bytes, float]:
    """Return what is in a regular file, at most one byte too many, and when it was last changed (ctime, unix s).

    Raises:
        OSError: it is absent, is not a file, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(0, "not a file")
        return os.read(descriptor, MAX_BYTES + 1), about.st_ctime
    finally:
        os.close(descriptor)


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the object; a key that stands twice would hide what stands under the first."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
