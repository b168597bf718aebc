"""H.265 packets in, access units out: what came is what was sent, and what is damaged never comes out."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config.errors import FeedProtocol
from ingest.access_unit import START, ParameterSets
from ingest.codec import Codec
from ingest.sps_h265 import picture_size, pps_id, sps_id, vps_id
from tests.support import tiny_h265
from tests.support.depacketised import Sink, nals_by_starts
from tests.support.tiny_h264 import annex_b, rtp
from tests.support.tiny_h265 import encode, kind_of, nal, packets

KEYS = range(16, 22)
SETS = (32, 33, 34)


def sink(sets: ParameterSets | None = None) -> Sink:
    return Sink(Codec.H265, sets)


def expected(clip: list[list[bytes]]) -> list[bytes]:
    return [annex_b(unit) for unit in clip]


def without_sets(clip: list[list[bytes]]) -> list[list[bytes]]:
    return [[part for part in unit if kind_of(part) not in SETS] for unit in clip]


@pytest.mark.parametrize("aggregate", [True, False])
@pytest.mark.parametrize("odd", [True, False])
@pytest.mark.parametrize("size", [100, 1400, 60_000])
def test_every_picture_comes_out_as_it_went_in(size: int, odd: bool, aggregate: bool) -> None:
    clip = [[part for part in unit if kind_of(part) != 39] for unit in encode()]
    out = sink().feed(packets(clip, size=size, odd=odd, aggregate=aggregate))
    assert out.payloads == expected(clip)
    assert [unit.key for unit in out.units] == [number % 5 == 0 for number in range(10)]
    assert [unit.size for unit in out.units] == [len(payload) for payload in out.payloads]
    assert [nals_by_starts(unit) for unit in out.units] == clip
    assert {(unit.codec, unit.clock_hz, unit.epoch) for unit in out.units} == {(Codec.H265, 90_000, 1)}
    assert (out.media.lost, out.media.dropped) == (0, 0)
    assert (out.sets.width, out.sets.height) == (64, 48)


def test_a_keyframe_without_its_parameter_sets_gets_those_of_the_description() -> None:
    clip = encode()
    bare, sets = without_sets(clip), ParameterSets()
    sets.begin(Codec.H265)
    kept = [part for part in clip[0] if kind_of(part) in SETS]
    for part in kept:
        sets.add(part)
    out = sink(sets).feed(packets(bare))
    assert out.payloads == [annex_b([*(kept if number % 5 == 0 else []), *unit]) for number, unit in enumerate(bare)]


def test_two_of_three_parameter_sets_are_not_enough() -> None:
    clip = [[part for part in unit if kind_of(part) != 32] for unit in encode()]
    out = sink().feed(packets(clip))
    assert (out.units, out.media.dropped) == ([], 10)


def test_a_lost_packet_drops_everything_to_the_next_keyframe() -> None:
    clip = encode(frames=15)
    rows = packets(clip, size=50)
    assert len(rows[2]) > 3
    del rows[2][1]
    out = sink().feed(rows)
    assert out.payloads == expected(clip)[:2] + expected(clip)[5:]
    assert (out.media.lost, out.media.dropped) == (1, 3)


def test_the_first_slice_of_a_keyframe_lost_costs_its_whole_gop() -> None:
    clip = without_sets(encode(frames=15, slices=3))
    assert {len([part for part in unit if kind_of(part) < 32]) for unit in clip} == {3}
    sets = ParameterSets()
    sets.begin(Codec.H265)
    for part in encode()[0]:
        sets.add(part)
    rows = packets(clip, size=60_000, aggregate=False)
    del rows[5][0]
    keys = [unit.rtp_time for unit in sink(sets).feed(rows).units if unit.key]
    assert len(keys) == 2
    assert (keys[1] - keys[0]) & 0xFFFFFFFF == 10 * 3600


@pytest.mark.parametrize("kind", KEYS)
def test_decoding_may_begin_with_any_kind_of_keyframe(kind: int) -> None:
    clip = [[nal(1)], [*encode()[0][:3], nal(kind)], [nal(1)]]
    out = sink().feed(packets(clip))
    assert [unit.key for unit in out.units] == [True, False]
    assert out.media.dropped == 1


def test_leading_pictures_are_dropped_where_their_reference_never_came_and_kept_later() -> None:
    sets = encode()[0][:3]
    gop = [[*sets, nal(21)], [nal(8)], [nal(9)], [nal(6)], [nal(1)]]
    out = sink().feed(packets([*gop, *gop]))
    kinds = [kind_of(parts.parts[-1]) for parts in out.units]
    assert kinds == [21, 6, 1, 21, 8, 9, 6, 1]
    assert out.media.dropped == 2


def test_leading_pictures_behind_a_gap_are_dropped_too() -> None:
    sets = encode()[0][:3]
    gop = [[*sets, nal(21)], [nal(8)], [nal(1)]]
    rows = packets([*gop, *gop])
    del rows[2]
    assert [kind_of(unit.parts[-1]) for unit in sink().feed(rows).units] == [21, 21, 1]


def test_a_camera_that_changes_its_codec_raises_the_epoch_and_forgets_the_old_sets() -> None:
    sets = ParameterSets()
    first = Sink(Codec.H264, sets).feed(tiny_h265.h264_packets())
    second = sink(sets).feed(packets(encode()))
    third = Sink(Codec.H264, sets).feed(tiny_h265.h264_packets())
    epochs = [{unit.epoch for unit in out.units} for out in (first, second, third)]
    assert epochs == [{1}, {2}, {3}]
    assert b"\x40\x01" in second.payloads[0]
    assert sets.codec is Codec.H264


def test_the_same_sets_at_a_new_connection_are_the_same_epoch() -> None:
    sets = ParameterSets()
    for _ in range(2):
        assert {unit.epoch for unit in sink(sets).feed(packets(encode())).units} == {1}


@pytest.mark.parametrize(
    "payload",
    [
        b"\x60",
        b"\x60\x01",
        b"\x60\x01\x00",
        b"\x60\x01\x00\x01\x40",
        b"\x60\x01\x00\x09ab",
        b"\x62\x01",
        b"\x62\x01\x93",
        b"\x64\x01abc",
        b"\x7e\x01abc",
        b"\x02",
    ],
)
def test_payloads_that_break_the_rules_end_the_connection(payload: bytes) -> None:
    out = sink()
    if payload == b"\x60\x01":
        out.feed([[rtp(payload, 1, 1, marker=True)]])  # an empty aggregate is odd, not harmful
        return
    with pytest.raises(FeedProtocol):
        out.feed([[rtp(payload, 1, 1, marker=True)]])


@pytest.mark.parametrize("size", [(64, 48), (208, 1080), (640, 360), (70, 50), (352, 288)])
def test_the_size_is_read_as_the_encoder_was_told(size: tuple[int, int]) -> None:
    vps, sps, pps = encode(*size, frames=1)[0][:3]
    assert picture_size(sps) == size
    assert (vps_id(vps), sps_id(sps), pps_id(pps)) == (0, 0, 0)


def test_sub_layers_of_a_set_are_passed_over() -> None:
    """An SPS of two temporal layers, the lower with a profile and a level of its own, written bit by bit."""
    profile = "01" + "0" * 86 + f"{93:08b}"
    bits = "0000" + "001" + "1" + profile + "11" + "00" * 7 + profile
    bits += "1" + "010" + ue(1927) + ue(1087) + "1" + ue(0) + ue(4) + ue(0) + ue(4) + "1"
    body = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    sps = b"\x42\x01" + body.replace(b"\0\0\0", b"\0\0\3\0").replace(b"\0\0\1", b"\0\0\3\1")
    assert (sps_id(sps), picture_size(sps)) == (0, (1919, 1079))


def ue(value: int) -> str:
    """Return ue(v) of H.265 9.2."""
    text = f"{value + 1:b}"
    return "0" * (len(text) - 1) + text


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=60))
def test_any_parameter_set_is_read_or_refused(tail: bytes) -> None:
    for read in (picture_size, sps_id, pps_id, vps_id):
        try:
            read(b"\x42\x01" + tail)
        except FeedProtocol:
            continue


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=40), st.booleans(), st.integers(0, 3)), max_size=30))
def test_any_payloads_bring_nothing_but_units_or_a_protocol_error(rows: list[tuple[bytes, bool, int]]) -> None:
    out, sequence = sink(), 0
    try:
        for payload, marker, skip in rows:
            sequence += 1 + skip // 3
            out.feed([[rtp(payload, sequence, skip, marker=marker)]])
    except FeedProtocol:
        pass
    assert all(unit.payload.startswith(START) for unit in out.units)


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


def slices(unit: bytes) -> list[bytes]:
    """The picture's own NAL units of an Annex-B access unit."""
    return [part for part in unit.split(START) if part and kind_of(part) < 32]


def test_an_aggregate_is_read_to_its_end() -> None:
    parts = [*encode()[0][:3], nal(19)]
    payload = b"\x60\x01" + b"".join(struct.pack(">H", len(part)) + part for part in parts)
    out = sink().feed([[rtp(payload, 1, 1, marker=True)]])
    assert out.payloads == [annex_b(parts)]
