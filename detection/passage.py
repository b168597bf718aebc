"""A passage (过车记录): one vehicle by one checkpoint once."""

import secrets
import uuid
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from camera_config.ids import CheckpointId

PROVISIONAL: Final = 1
FINAL: Final = 2


@dataclass(frozen=True, slots=True)
class Passage:
    """What a checkpoint says of one vehicle; the same ``id`` is said at most twice.

    Args:
        id: UUIDv7; its time is that of the first sighting.
        version: 1 at the first certain reading, 2 when the vehicle is gone. A vehicle that was never read with
            certainty has version 2 only.
        checkpoint, checkpoint_name: where.
        at: unix s, the frame that is kept as evidence.
        first_seen, last_seen: unix s, both ends included.
        plate: without the dot; None where nothing readable was seen.
        certain: independent readings of different frames agree (``track.Track.certain``). Only these raise alerts
            by themselves.
        confidence: of the least certain character after all readings voted, 0 to 1; 0 without a plate.
        plate_class: PlateClass of GA 24.7 ("02" small car); None without a plate.
        plate_colour: ``PlateColour`` value; None where it could not be seen.
        province_prior: the plate's province is the county's own because another one was hardly more probable.
        lane: from 1, counted from the left of the picture; None when the device does not say.
        direction: towards the camera or away from it; None where that was not seen.
        speed_kmh: mean speed while the plate was seen; None where the checkpoint is not calibrated or it is too vague.
        speed_error_kmh: 95 % of the true speeds are within this of it.
        vehicle_class: car, bus, truck, motorcycle or "unknown".
        source: read from our own video, or sent by a device that reads plates itself.
        final: nothing more will be said under this id.
        drill: invented traffic of a drill.
        frame_received_at, frame_mono_s: receipt of the keyframe that settled this version, unix s and monotonic s.
        scene_path, crop_path: the pictures ``<id>-scene.jpg`` and ``<id>-plate.jpg``, below the data folder; None
            where none was kept.
        scene_sha256, crop_sha256: of those files.
    """

    id: str
    version: int
    checkpoint: CheckpointId
    checkpoint_name: str
    at: float
    first_seen: float
    last_seen: float
    plate: str | None
    certain: bool
    confidence: float
    plate_class: str | None
    plate_colour: str | None
    lane: int | None
    direction: str | None
    speed_kmh: float | None
    speed_error_kmh: float | None
    vehicle_class: str
    source: Literal["video", "device"]
    final: bool
    drill: bool
    frame_received_at: float
    frame_mono_s: float
    scene_path: str | None
    scene_sha256: str | None
    crop_path: str | None
    crop_sha256: str | None
    province_prior: bool = False

    @property
    def kind(self) -> str:
        """Return the event's kind."""
        return "passage.final" if self.final else "passage.provisional"

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name, ready for ``json.dumps``."""
        return asdict(self)


def new_passage_id(at: float) -> str:
    """Return a UUIDv7 (RFC 9562 section 5.7) for wall time ``at`` (unix s); ids of later times sort later."""
    stamp = round(at * 1000) & ((1 << 48) - 1)
    value = stamp << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
