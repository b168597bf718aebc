"""Every device of the county: its stream as ingest last said it, its picture as detection did, its latest tile.

Silence of ingest makes all streams unknown, and a picture that nobody confirmed for two minutes is unknown.
"""

from dataclasses import dataclass
from typing import Any

from api.run_folder import RunFolder
from api.settings import Settings
from camera_config.county import Camera, County, SmartCheckpoint
from camera_config.masks import masked_devices
from ingest.slot import SlotItem, SlotReader

SILENT_S = 3.0
"""Ingest speaks once a second; after this nothing it said is taken for true."""

ROW_S = 12.0
"""Ingest says every row again within 10 s. One that it left out for longer, while it spoke, is not true any more."""

CONFIRMED_S = 120.0
"""A picture's state holds for so long after the keyframe that showed it."""

FIGURES_S = 5.0
"""Figures that move all the time (last frame, rate, picture) are sent to clients this often, states at once."""

TILES_S = 2.0
"""Picture times are looked up at most this often: reading one checks its CRC, and there are hundreds."""

STATES = frozenset({"online", "late", "stalled", "no_keyframe", "bad_credentials", "unreachable", "closed", "unknown"})
PICTURES = frozenset({"good", "frozen", "black", "covered", "blurred", "moved", "unknown"})
STREAM = ("codec", "width", "height", "gop_s", "via", "sub_state", "watched", "clock_offset_s")
"""What ingest says of a stream beside its state; null where it has not said it."""

FIGURES = frozenset({"last_frame_at", "fps", "tile_at", "gop_s", "clock_offset_s"})
"""Keys that change all the time, with the picture's ``seen_at``; a change of any other is sent at once."""


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


@dataclass(frozen=True, slots=True)
class Picture:
    """What detection said of a picture; ``seen_s`` is when its keyframe came, on the machine's monotonic scale."""

    state: str
    since: float
    seen_at: float
    cause: str | None
    seen_s: float


class Board:
    """One row a device, cameras first, in the order of the county's files; not for several threads."""

    def __init__(self, county: County, settings: Settings, run: RunFolder) -> None:
        pulled = county.cameras if settings.cameras < 0 else county.cameras[: settings.cameras]
        self._pulled = {*(str(camera.id) for camera in pulled), *(str(place.id) for place in county.checkpoints)}
        everything: list[Camera | SmartCheckpoint] = [*county.cameras, *county.checkpoints]
        self._places = [_place(device) for device in everything]
        self.tiles = {feed: Tile(SlotReader(run.tiles / feed)) for feed in self._pulled}
        self.known = {str(place["id"]) for place in self._places}
        self.masked = masked_devices(county)
        self._said: dict[str, tuple[float, dict[str, Any]]] = {}
        self._pictures: dict[str, Picture] = {}
        self._said_at: float | None = None
        self._said_s = float("-inf")
        self._shown: dict[str, dict[str, Any]] = {}
        self._shown_s = self._figures_s = float("-inf")
        self._tile_at: dict[str, float] = {}
        self._tiles_s = float("-inf")
        self._news = True
        self._was_silent = True

    def accept(self, message: dict[str, Any]) -> None:
        """Take one message of ingest, ``{at, mono_s, full, devices: [row]}`` (docs/design/0002 section 4).

        A full one replaces all rows, another adds to them. One that is older than what is known, by both clocks, is
        read again and changes nothing; after a restart of the machine only the monotonic one begins anew.
        """
        at, mono_s = float(message["at"]), float(message["mono_s"])
        if self._said_at is not None and mono_s < self._said_s and at <= self._said_at:
            return
        rows = {str(item["feed"]): (mono_s, dict(item)) for item in message["devices"]}
        self._said = rows if message.get("full", True) else self._said | rows
        self._said_at, self._said_s = at, mono_s
        self._news = True

    def accept_pictures(self, message: dict[str, Any]) -> None:
        """Take one message of detection: ``{at, mono_s, pictures: {feed: {picture, since, seen_at, cause}}}``."""
        at, mono_s = float(message["at"]), float(message["mono_s"])
        for feed, row in message["pictures"].items():
            state = row["picture"] if row["picture"] in PICTURES else "unknown"
            seen_at = float(row["seen_at"])
            cause = str(row.get("cause") or "") or None
            seen_s = mono_s - max(at - seen_at, 0.0)
            self._pictures[str(feed)] = Picture(state, float(row["since"]), seen_at, cause, seen_s)
        self._news = True

    def silent(self, now_s: float) -> bool:
        """Return whether ingest has not spoken for more than ``SILENT_S``.

        What it said in the future was said before the machine started again.
        """
        return abs(now_s - self._said_s) > SILENT_S

    def everything(self, now_s: float) -> dict[str, Any]:
        """Return all devices at monotonic ``now_s``."""
        silent = self.silent(now_s)
        self._look_at_tiles(now_s)
        return {"at": self._said_at, "devices": [self._device(place, silent, now_s) for place in self._places]}

    def changed(self, now_s: float) -> dict[str, Any]:
        """Return the devices whose state changed since the last call, and every 5 s those whose figures did."""
        silent = self.silent(now_s)
        if not self._news and silent == self._was_silent and now_s - self._shown_s < FIGURES_S:
            return {"at": self._said_at, "devices": []}
        self._news, self._was_silent, self._shown_s = False, silent, now_s
        now = self.everything(now_s)
        figures = now_s - self._figures_s >= FIGURES_S
        if figures:
            self._figures_s = now_s
        rows = [row for row in now["devices"] if self._differs(row, figures)]
        self._shown.update({row["id"]: row for row in rows})
        return {"at": now["at"], "devices": rows}

    def _look_at_tiles(self, now_s: float) -> None:
        if now_s - self._tiles_s >= TILES_S:
            self._tiles_s = now_s
            found = ((feed, tile.latest()) for feed, tile in self.tiles.items())
            self._tile_at = {feed: item.at for feed, item in found if item is not None}

    def _differs(self, row: dict[str, Any], figures: bool) -> bool:
        shown = self._shown.get(row["id"])
        if shown is None or figures:
            return shown != row
        return _words(shown) != _words(row)

    def _device(self, place: dict[str, Any], silent: bool, now_s: float) -> dict[str, Any]:
        feed = place["id"]
        said_s, said = self._said.get(feed, (float("-inf"), None))
        row = {
            **place,
            "state": "unknown",
            "since": None,
            "cause": None,
            "last_frame_at": None,
            "fps": None,
            "tile_at": self._tile_at.get(feed),
            "picture": self._picture(feed, now_s),
            **dict.fromkeys(STREAM),
            "notes": [],
        }
        if feed not in self._pulled:
            return {**row, "cause": "not pulled"}
        if said is not None:
            row.update({key: said.get(key) for key in ("since", "cause", "last_frame_at", "fps", *STREAM)})
            row["notes"] = list(said.get("notes") or ())
            row["state"] = said["state"] if said["state"] in STATES else "unknown"
        if silent or said is None:
            row.update(state="unknown", fps=None, cause="ingest is silent" if silent else "not seen yet")
        elif self._said_s - said_s > ROW_S:
            row.update(state="unknown", fps=None, cause="ingest says nothing of it any more")
        return row

    def _picture(self, feed: str, now_s: float) -> dict[str, Any]:
        known = self._pictures.get(feed)
        if known is None:
            return {"state": "unknown", "since": None, "seen_at": None, "cause": None}
        if not -SILENT_S <= now_s - known.seen_s <= CONFIRMED_S:  # in the future: before the machine started again
            return {"state": "unknown", "since": None, "seen_at": known.seen_at, "cause": "not looked at lately"}
        return {"state": known.state, "since": known.since, "seen_at": known.seen_at, "cause": known.cause}


def _words(row: dict[str, Any]) -> dict[str, Any]:
    """Return what is sent as soon as it changes."""
    words = {key: value for key, value in row.items() if key not in FIGURES}
    return {**words, "picture": {key: value for key, value in row["picture"].items() if key != "seen_at"}}


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
        "masked": device.masked,
    }
