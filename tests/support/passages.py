"""Passages as detection reports them."""

import time
from typing import Any

from api.log.envelope import new_id


def passage_data(plate: str | None = "吉D12345", **changes: Any) -> dict[str, Any]:
    """Return the data of a passage event, final and certain unless changed."""
    at = changes.pop("at", time.time())
    data = {
        "id": new_id(),
        "version": 2,
        "checkpoint": "cp-01",
        "at": at,
        "first_seen": at - 1,
        "last_seen": at,
        "plate": plate,
        "certain": True,
        "confidence": 0.97,
        "plate_class": "blue",
        "plate_colour": "blue",
        "lane": 1,
        "vehicle_class": "car",
        "source": "video",
        "final": True,
        "drill": False,
        "frame_received_at": at,
        "frame_mono_s": time.monotonic(),
    }
    return {**data, **changes}
