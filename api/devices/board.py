"""Every device of the county with its state, as ingest last said it; silence of ingest makes all of them unknown."""

from dataclasses import dataclass
from typing import Any

from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.county import Camera, County, SmartCheckpoint
from ingest.slot import SlotItem, SlotReader

SILENT_S = 3.0
"""Ingest speaks once a second; after this nothing it said is taken for true."""

FIGURES_S = 5.0
"""Figures that move all the time (last frame, rate, picture) are sent to clients this often, states at once."""

TILES_S = 2.0
"""Picture times are looked up at most this often: reading one checks its CRC, and there are hundreds."""

STATES = frozenset({"online", "late", "stalled", "no_keyframe", "bad_credentials", "unreachable", "unknown"})
WORDS = ("state", "since", "cause")
FIGURES = ("last_frame_at", "fps", "tile_at")


@dataclass(slots=True)
class Tile:
    """The latest small picture of one device, and its slot."""

    reader: SlotReader

    def latest(self) -> SlotItem | None:
        """Return the picture, None before the first; a slot that cannot be read is no picture."""
        try:
            return self.reader.peek()
        except (OSError, ValueError):
            return None


class Board:
    """One row a device, cameras first, in the order of the county's files; not for several threads."""

    def __init__(self, county: County, settings: Settings, run: RunFolder) -> None:
        pulled = county.cameras if settings.cameras < 0 else county.cameras[: settings.cameras]
        self._pulled = {*(str(camera.id) for camera in pulled), *(str(place.id) for place in county.checkpoints)}
        everything: list[Camera | SmartCheckpoint] = [*county.cameras, *county.checkpoints]
        self._places = [_place(device) for device in everything]
        self.tiles = {feed: Tile(SlotReader(run.tiles / feed)) for feed in self._pulled}
        self.known = {str(place["id"]) for place in self._places}
        self._said: dict[str, dict[str, Any]] = {}
        self._said_at: float | None = None
        self._said_s = float("-inf")
        self._shown: dict[str, dict[str, Any]] = {}
        self._figures_s = float("-inf")
        self._tile_at: dict[str, float] = {}
        self._tiles_s = float("-inf")
        self._news = True
        self._was_silent = True

    def accept(self, message: dict[str, Any]) -> None:
        """Take one message of ingest: ``{at, mono_s, devices: [{feed, state, since, cause, last_frame_at, fps}]}``."""
        self._said = {str(item["feed"]): item for item in message["devices"]}
        self._said_at = float(message["at"])
        self._said_s = float(message["mono_s"])
        self._news = True

    def silent(self, now_s: float) -> bool:
        """Return whether ingest has not spoken for more than ``SILENT_S``."""
        return now_s - self._said_s > SILENT_S

    def everything(self, now_s: float) -> dict[str, Any]:
        """Return all devices at monotonic ``now_s``."""
        silent = self.silent(now_s)
        self._look_at_tiles(now_s)
        return {"at": self._said_at, "devices": [self._device(place, silent) for place in self._places]}

    def changed(self, now_s: float) -> dict[str, Any]:
        """Return the devices whose state changed since the last call, and every 5 s those whose figures did."""
        silent = self.silent(now_s)
        if not self._news and silent == self._was_silent:
            return {"at": self._said_at, "devices": []}
        self._news, self._was_silent = False, silent
        now = self.everything(now_s)
        figures = now_s - self._figures_s >= FIGURES_S
        if figures:
            self._figures_s = now_s
        keys = WORDS + FIGURES if figures else WORDS
        rows = [row for row in now["devices"] if self._differs(row, keys)]
        self._shown.update({row["id"]: row for row in rows})
        return {"at": now["at"], "devices": rows}

    def _look_at_tiles(self, now_s: float) -> None:
        if now_s - self._tiles_s >= TILES_S:
            self._tiles_s = now_s
            found = ((feed, tile.latest()) for feed, tile in self.tiles.items())
            self._tile_at = {feed: item.at for feed, item in found if item is not None}

    def _differs(self, row: dict[str, Any], keys: tuple[str, ...]) -> bool:
        shown = self._shown.get(row["id"])
        return shown is None or any(shown[key] != row[key] for key in keys)

    def _device(self, place: dict[str, Any], silent: bool) -> dict[str, Any]:
        feed = place["id"]
        said = self._said.get(feed)
        row = {
            **place,
            "state": "unknown",
            "since": None,
            "cause": None,
            "last_frame_at": None,
            "fps": None,
            "tile_at": self._tile_at.get(feed),
        }
        if feed not in self._pulled:
            return {**row, "cause": "not pulled"}
        if said is not None:
            row.update({key: said.get(key) for key in ("since", "cause", "last_frame_at", "fps")})
            row["state"] = said["state"] if said["state"] in STATES else "unknown"
        if silent or said is None:
            row.update(state="unknown", fps=None, cause="ingest is silent" if silent else "not seen yet")
        return row


def _place(device: Camera | SmartCheckpoint) -> dict[str, Any]:
    camera = isinstance(device, Camera)
    return {
        "id": str(device.id),
        "kind": "camera" if camera else "checkpoint",
        "name": device.name,
        "lat": device.position.lat,
        "lon": device.position.lon,
        "township": str(device.township),
        "net": device.net.value if isinstance(device, Camera) else "technical_video",
    }
