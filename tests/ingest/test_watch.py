"""Which keyframes of a feed go into its slot."""

import logging
from pathlib import Path

import pytest

from camera_config.clock import SystemClock
from camera_config.ids import CameraId
from ingest.access_unit import AccessUnit
from ingest.codec import Codec
from ingest.feed import Feed
from ingest.tally import Tally
from ingest.watch import Watch


@pytest.mark.parametrize("gated", [True, False])
def test_a_quiet_feed_that_asks_for_no_gate_offers_every_keyframe(tmp_path: Path, gated: bool) -> None:
    feed = Feed(CameraId("cam-1"), "rtsp://127.0.0.1/1", gated=gated)
    watch = Watch(feed, Tally(logging.getLogger(__name__), SystemClock()), 10.0)
    watch.open(tmp_path)
    body = b"\0\0\0\1" + b"k" * 400
    for number in range(60):
        watch.keyframe(AccessUnit([body], [0], len(body), True, Codec.H264, 1, number, 90_000), 2.0 * number, 1.0)
        for _ in range(24):
            watch.picture(100)
    watch.close()
    assert watch.received == watch.gated + watch.offered == 60
    assert (watch.gated > 30) is gated
    assert (watch.gated == 0) is not gated
