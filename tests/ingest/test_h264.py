"""Packets in, access units out: what came is what was sent, and what is damaged never comes out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config.errors import FeedProtocol
from ingest.access_unit import START, ParameterSets
from ingest.codec import Codec
from tests.support.depacketised import Sink, nals_by_starts
from tests.support.tiny_h264 import annex_b, encode, interleaved, nals, packets, parameter_sets, rtp


def sink(sets: ParameterSets | None = None) -> Sink:
    return Sink(Codec.H264, sets)


def expected(clip: list[list[bytes]]) -> list[bytes]:
    return [annex_b(unit) for unit in clip]


@pytest.mark.parametrize("aggregate", [True, False])
@pytest.mark.parametrize("odd", [True, False])
@pytest.mark.parametrize("size", [20, 100, 1400, 60_000])
def test_every_picture_comes_out_as_it_went_in(size: int, odd: bool, aggregate: bool) -> None:
    clip = [[nal for nal in unit if nal[0] & 31 != 6] for unit in encode()]
    out = sink().feed(packets(clip, size=size, odd=odd, aggregate=aggregate))
    if size > 30:
        assert out.payloads == expected(clip)
    assert [sorted(nals(a)) for a in out.payloads] == [sorted(unit) for unit in clip]
    assert [unit.key for unit in out.units] == [number % 5 == 0 for number in range(10)]
    assert [unit.size for unit in out.units] == [len(payload) for payload in out.payloads]
    assert [sorted(nals_by_starts(unit)) for unit in out.units] == [sorted(unit) for unit in clip]
    assert (out.media.lost, out.media.dropped) == (0, 0)
    assert (out.sets.width, out.sets.height) == (64, 48)


def test_a_camera_that_sets_no_marker_is_understood_by_its_timestamps() -> None:
    clip = encode()
    out = sink().feed(packets(clip, marker=False))
    assert out.payloads == expected(clip)[:-1]


def test_a_keyframe_without_its_parameter_sets_gets_those_of_the_description() -> None:
    clip = encode()
    sps, pps = parameter_sets(clip)
    bare = [[nal for nal in unit if nal[0] & 31 not in (7, 8)] for unit in clip]
    sets = ParameterSets()
    sets.add(sps)
    sets.add(pps)
    out = sink(sets).feed(packets(bare))
    assert out.payloads[0] == annex_b([sps, pps, *bare[0]])
    assert out.payloads[1] == annex_b(bare[1])
    assert nals_by_starts(out.units[0]) == [sps, pps, *bare[0]]


def test_a_keyframe_without_any_parameter_sets_is_of_no_use() -> None:
    bare = [[nal for nal in unit if nal[0] & 31 not in (7, 8)] for unit in encode()]
    out = sink().feed(packets(bare))
    assert out.units == []
    assert out.media.dropped == 10


def test_parameter_sets_sent_as_pictures_of_their_own_are_kept_and_not_counted() -> None:
    clip = encode()
    sps, pps = parameter_sets(clip)
    bare = [[nal for nal in unit if nal[0] & 31 not in (7, 8)] for unit in clip]
    out = sink().feed(packets([[sps], [pps], *bare]))
    assert len(out.units) == 10
    assert out.payloads[0] == annex_b([sps, pps, *bare[0]])


def test_a_lost_packet_drops_everything_to_the_next_keyframe() -> None:
    clip = encode(frames=15)
    rows = packets(clip, size=50)
    assert len(rows[2]) > 3
    del rows[2][1]
    out = sink().feed(rows)
    assert out.payloads == expected(clip)[:2] + expected(clip)[5:]
    assert out.media.lost == 1
    assert out.media.dropped == 3


def test_whole_pictures_lost_before_a_keyframe_cost_only_those() -> None:
    clip = encode(frames=15)
    rows = packets(clip, size=50)
    lost = len(rows[3]) + len(rows[4])
    out = sink().feed(rows[:3] + rows[5:])
    assert out.payloads == expected(clip)[:3] + expected(clip)[5:]
    assert out.media.lost == lost


def test_the_beginning_of_a_keyframe_lost_costs_its_whole_gop() -> None:
    clip = encode(frames=15)
    sps, pps = parameter_sets(clip)
    bare = [[nal for nal in unit if nal[0] & 31 in (1, 5)] for unit in clip]
    rows = packets(bare, size=50)
    del rows[5][0]
    sets = ParameterSets()
    sets.add(sps)
    sets.add(pps)
    out = sink(sets).feed(rows)
    assert out.payloads[1:] == [*expected(bare)[1:5], annex_b([sps, pps, *bare[10]]), *expected(bare)[11:]]


def test_a_connection_that_begins_within_a_gop_waits_for_a_keyframe() -> None:
    clip = encode()
    out = sink().feed(packets(clip)[2:])
    assert out.payloads == expected(clip)[5:]
    assert out.media.lost == 0


def test_the_epoch_rises_when_the_picture_changes_and_only_then() -> None:
    small, large = encode(), encode(width=128, height=96)
    out = sink().feed(packets(small + large + large))
    assert {unit.epoch for unit in out.units[:10]} == {1}
    assert {unit.epoch for unit in out.units[10:]} == {2}
    assert (out.sets.width, out.sets.height) == (128, 96)


def test_a_start_code_inside_a_nal_unit_makes_no_two_of_it() -> None:
    (first, *rest) = encode()
    odd = b"\x06" + START + b"\x41 is no slice"
    out = sink().feed(packets([[odd, *first], *rest]))
    assert nals_by_starts(out.units[0]) == [odd, *first]


def test_other_payload_types_are_passed_over_without_a_gap() -> None:
    clip = encode()
    rows = packets(clip, sequence=0)
    count = sum(map(len, rows[:3]))
    other = [rtp(b"metadata", count, 5, marker=True, kind=107)]
    out = sink().feed([*rows[:3], other])
    out.feed(packets(clip[3:], sequence=count + 1, stamp=0xFFFFF000 + 3 * 3600))
    assert out.payloads == expected(clip)
    assert out.media.lost == 0


@pytest.mark.parametrize(
    "payload",
    [b"\x18", b"\x18\x00", b"\x18\x00\x00", b"\x18\x00\x09abc", b"\x1c", b"\x19abc", b"\x00", b"\x1e", b"\x67"],
)
def test_payloads_that_break_the_rules_end_the_connection(payload: bytes) -> None:
    if payload == b"\x18":
        sink().feed([[rtp(payload, 1, 1, marker=True)]])  # an empty aggregate is odd, not harmful
        return
    with pytest.raises(FeedProtocol):
        sink().feed([[rtp(payload, 1, 1, marker=True)]])


def test_a_unit_without_end_is_dropped_and_the_next_keyframe_is_taken() -> None:
    clip = encode()
    out = sink()
    big = b"\x65\x88" + b"x" * 60_000
    first = [rtp(b"\x67" + parameter_sets(clip)[0][1:], 0, 1, marker=False)]
    endless = [rtp(big, number, 1, marker=False) for number in range(1, 200)]
    for packet in first + endless:
        out.feed([[packet]])
        assert sum(map(len, out.media._parts)) < 8 * 1024 * 1024 + 70_000
    out.feed(packets(clip, sequence=200))
    assert out.payloads == expected(clip)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=40), st.booleans(), st.integers(0, 3)), max_size=30))
def test_any_payloads_bring_nothing_but_units_or_a_protocol_error(rows: list[tuple[bytes, bool, int]]) -> None:
    out = sink()
    sequence = 0
    try:
        for payload, marker, skip in rows:
            sequence += 1 + skip // 3
            out.feed([[rtp(payload, sequence, skip, marker=marker)]])
    except FeedProtocol:
        pass
    assert all(unit.payload.startswith(START) for unit in out.units)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_bring_nothing_but_a_protocol_error(data: bytes) -> None:
    out = sink()
    try:
        assert 0 <= out.media.take(data, 0, 0) <= len(data)
        out.media.take(b"".join(interleaved(data[at : at + 30]) for at in range(0, len(data), 30)), 0, 0)
    except FeedProtocol:
        pass


def slices(unit: bytes) -> list[bytes]:
    """The picture's own NAL units of an Annex-B access unit."""
    return [nal for nal in unit.split(START) if nal and 1 <= nal[0] & 31 <= 5]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_loss_of_packets_lets_a_damaged_picture_through(data: st.DataObject) -> None:
    clip = encode(frames=20)
    flat = [packet for row in packets(clip, size=data.draw(st.sampled_from([40, 200, 2000]))) for packet in row]
    lost = data.draw(st.sets(st.integers(0, len(flat) - 1), max_size=6))
    out = sink().feed([[packet for index, packet in enumerate(flat) if index not in lost]])
    # Parameter sets known from before may stand in for lost ones; the slices must all be there.
    whole = [slices(unit) for unit in expected(clip)]
    places = [whole.index(slices(payload)) for payload in out.payloads]
    assert places == sorted(set(places))
    for before, after in zip([-1, *places], places, strict=False):
        assert after == before + 1 or after % 5 == 0
