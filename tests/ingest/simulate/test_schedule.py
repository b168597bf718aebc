"""``--fault``: what it means, and that nonsense is told."""

import asyncio

import pytest

from camera_config.errors import ConfigError
from ingest.simulate.faults import Fault, Trouble
from ingest.simulate.schedule import PlannedFault, carry_out, parse_fault
from tests.support.waiting import until

CAMERAS = ("cam-1", "cam-2", "cam-3")
MOUNTS = ("gate", "cam-1", "cam-1/sub", "cam-2", "cam-2/sub", "cam-3")


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("cam-1=stall", PlannedFault("cam-1", Trouble(Fault.STALL), 0.0, None)),
        ("all=vanish@10-70", PlannedFault("all", Trouble(Fault.VANISH), 10.0, 70.0)),
        ("100=flap:5@2.5", PlannedFault("100", Trouble(Fault.FLAP, 5.0), 2.5, None)),
        ("cam-1/sub=clock:-3600@1-2", PlannedFault("cam-1/sub", Trouble(Fault.CLOCK, -3600.0), 1.0, 2.0)),
        (
            "cam-1=redirect:rtsp://10.0.0.1:554/a@b@3-4",
            PlannedFault("cam-1", Trouble(Fault.REDIRECT, "rtsp://10.0.0.1:554/a@b"), 3.0, 4.0),
        ),
    ],
)
def test_a_fault_is_feed_kind_value_and_times(text: str, planned: PlannedFault):
    assert parse_fault(text) == planned


@pytest.mark.parametrize(
    ("feed", "meant"),
    [
        ("cam-1", ["cam-1", "cam-1/sub"]),
        ("cam-1/main", ["cam-1"]),
        ("cam-1/sub", ["cam-1/sub"]),
        ("cam-3", ["cam-3"]),
        ("gate", ["gate"]),
        ("2", ["cam-1", "cam-1/sub", "cam-2", "cam-2/sub"]),
        ("cameras/sub", ["cam-1/sub", "cam-2/sub"]),
        ("checkpoints", ["gate"]),
        ("all/main", ["cam-1", "cam-2", "cam-3", "gate"]),
    ],
)
def test_a_feed_is_one_or_many(feed: str, meant: list[str]):
    assert parse_fault(f"{feed}=stall").mounts(CAMERAS, ("gate",), MOUNTS) == meant


@pytest.mark.parametrize("feed", ["cam-9", "cam-3/sub", "gate/other", "0", "nobody"])
def test_a_feed_that_is_not_played_is_told(feed: str):
    with pytest.raises(ConfigError, match=f"not played: {feed}"):
        parse_fault(f"{feed}=stall").mounts(CAMERAS, ("gate",), MOUNTS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cam-1", "is not FEED=KIND"),
        ("cam-1=stall@x", "is not FEED=KIND"),
        ("cam-1=stall@5-", "is not FEED=KIND"),
        ("=stall", "is not FEED=KIND"),
        ("cam-1=fire", "there is no fault 'fire'"),
        ("cam-1=flap:often", "not a number from"),
        ("cam-1=stall@9-9", "ends before it begins"),
    ],
)
def test_nonsense_is_told(text: str, told: str):
    with pytest.raises(ConfigError, match=told):
        parse_fault(text)


async def test_faults_begin_and_end_in_their_time_and_the_later_begun_holds():
    done: list[tuple[str, str]] = []
    planned = [
        (parse_fault(text), mounts)
        for text, mounts in (
            ("a=stall@0.02-0.1", ["a", "b"]),
            ("a=black@0.05-0.2", ["a"]),
            ("a=eof@0.3", ["a"]),
        )
    ]
    carry_out(planned, lambda mount, trouble: done.append((mount, trouble.fault if trouble else "well")))
    await until(lambda: len(done) == 6)
    await asyncio.sleep(0)
    assert done == [("a", "stall"), ("b", "stall"), ("a", "black"), ("b", "well"), ("a", "well"), ("a", "eof")]
