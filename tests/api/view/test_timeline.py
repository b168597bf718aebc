"""A camera's clock as a viewer sees it."""

from api.view.timeline import TICK, Timeline
from ingest.codec import Codec
from ingest.ring import RingEntry


def entry(rtp_time: int, mono_s: float, epoch: int = 1) -> RingEntry:
    return RingEntry(1, 0, 1, True, False, Codec.H264, epoch, rtp_time % (1 << 32), 90_000, 0, 0, 0.0, mono_s)


def stamps(*entries: RingEntry) -> list[int]:
    line = Timeline()
    return [line.stamp(each) for each in entries]


def test_the_cameras_own_times_are_kept_whatever_the_network_does_and_over_the_wrap() -> None:
    arrivals = [0.0, 0.04, 9.0, 9.01, 9.02]
    times = [entry((1 << 32) - 7200 + 3600 * n, at) for n, at in enumerate(arrivals)]
    assert stamps(*times) == [0, 3600, 7200, 10800, 14400]


def test_it_never_goes_back_when_the_camera_counts_anew() -> None:
    assert stamps(entry(900_000, 0.0), entry(5, 1.0), entry(3605, 1.04)) == [0, 90_000, 93_600]
    assert stamps(entry(900_000, 0.0), entry(7, 1.0, epoch=2), entry(3607, 1.04, epoch=2)) == [0, 90_000, 93_600]


def test_pictures_out_of_order_come_in_order_and_add_no_delay() -> None:
    shown = stamps(*(entry(3600 * n, 0.04 * i) for i, n in enumerate([0, 3, 1, 2, 6, 4, 5, 9])))
    assert shown == [0, 10_800, 10_800 + TICK, 10_800 + 2 * TICK, 21_600, 21_600 + TICK, 21_600 + 2 * TICK, 32_400]
