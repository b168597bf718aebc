"""How one installation runs: read once, handed to every process as a file in the run folder."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

SETTINGS_FILE = "settings.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation's settings.

    Args:
        county: folder of the county's files.
        data: folder for what must survive a restart: store, pictures, outboxes, the event log's files.
        listen_host, listen_port: where the wall and the API are served.
        bus: ``embedded://`` for our own Valkey, or ``redis://host:port/0`` for one that others run.
        store: SQLAlchemy URL; empty means SQLite in ``data``.
        rtsp_base: stands in for the county's own ``rtsp_base`` when cameras are simulated; empty keeps it.
        cameras: how many street cameras to pull, the first in file order; -1 is all. Checkpoints are always pulled.
        detectors: detection processes; cameras and checkpoints are shared out among them.
        ring_mb: memory for the last seconds of all streams, compressed; shared out evenly, at least 1 MiB a stream.
        recordings: folder of recorded video; empty means ``data/recordings``, ``none`` records nothing.
        record_mb: disk for recorded video; the oldest goes first when it is full.
        secrets: file with the cameras' users and passwords; empty means ``data/secrets.json``.
        camera_ca: file of certificate authorities (PEM) for cameras with rtsps; empty means the system's.
        live_addresses: this machine's addresses offered to browsers for live video; empty offers all.
        live_ports: UDP ports for live video, ``first-last``; ``0-0`` takes any free one.
        objects_weights: file of a detector of the site's own, run by ultralytics; empty means kakou's NanoDet.
        objects_sha256: of that file.
        objects_device: where it runs: ``cpu`` or ``cuda:0``.
        calibrated: whether the checkpoints show what their speed points were measured on; no for other footage.
    """

    county: Path
    data: Path
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    bus: str = "embedded://"
    store: str = ""
    rtsp_base: str = ""
    cameras: int = -1
    detectors: int = 2
    ring_mb: int = 512
    recordings: str = ""
    record_mb: int = 20 * 1024
    secrets: str = ""
    camera_ca: str = ""
    live_addresses: tuple[str, ...] = ()
    live_ports: str = "0-0"
    objects_weights: str = ""
    objects_sha256: str = ""
    objects_device: str = "cpu"
    calibrated: bool = True

    @property
    def store_url(self) -> str:
        """Return the SQLAlchemy URL of the store."""
        return self.store or f"sqlite:///{self.data / 'kakou.db'}"

    @property
    def recordings_folder(self) -> Path | None:
        """Return where video is recorded, None when it is not."""
        if self.recordings == "none":
            return None
        return Path(self.recordings) if self.recordings else self.data / "recordings"

    @property
    def secrets_file(self) -> Path:
        """Return where the cameras' passwords are kept, encrypted."""
        return Path(self.secrets) if self.secrets else self.data / "secrets.json"

    def write(self, folder: Path) -> None:
        """Leave the settings in ``folder`` for the other processes."""
        text = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}
        (folder / SETTINGS_FILE).write_text(json.dumps(text, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Settings":
        """Read what ``write`` left."""
        text = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        paths = {"county": Path(text["county"]), "data": Path(text["data"])}
        return cls(**{**text, **paths, "live_addresses": tuple(text["live_addresses"])})
