"""Numbers, sources and runs of packets: what repeats, what is new, what is missing, and what is taken together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codec import Codec
from ingest.depacketise import PARTS_LIMIT
from ingest.rtp import RUN_LIMIT, alike
from tests.support import tiny_h264, tiny_h265
from tests.support.depacketised import Sink
from tests.support.tiny_h264 import annex_b, encode, interleaved, packets, rtp

CLIP = encode(frames=15)
WHOLE = [annex_b(unit) for unit in CLIP]


def flat(**how: int) -> list[bytes]:
    return [packet for row in packets(CLIP, **how) for packet in row]  # type: ignore[arg-type]


def fed(rows: list[bytes]) -> Sink:
    return Sink(Codec.H264).feed([rows])


@pytest.mark.parametrize("back", [1, 2, 20])
def test_repeated_packets_are_passed_over(back: int) -> None:
    rows = flat(size=50)
    out = fed(rows[:40] + rows[40 - back : 40] + rows[40:])
    assert out.payloads == WHOLE
    assert (out.media.lost, out.media.dropped) == (0, 0)


def test_a_repeat_across_the_wrap_of_the_numbers_is_one_too() -> None:
    rows = flat(size=50, sequence=0x10000 - 41)
    assert fed(rows[:45] + rows[40:45] + rows[45:]).payloads == WHOLE


def test_packets_out_of_order_cost_their_gop_and_count_as_one_gap() -> None:
    rows = packets(CLIP, size=50)
    rows[2][1], rows[2][2] = rows[2][2], rows[2][1]
    out = Sink(Codec.H264).feed(rows)
    assert out.payloads == WHOLE[:2] + WHOLE[5:]
    assert (out.media.lost, out.media.dropped) == (1, 3)


def test_a_camera_that_begins_again_as_another_source_loses_nothing() -> None:
    first = packets(CLIP[:7], sequence=500, stamp=1_000)
    again = [
        [packet[:8] + b"\0\0\0\x09" + packet[12:] for packet in row] for row in packets(CLIP, sequence=30_000, stamp=77)
    ]
    out = Sink(Codec.H264).feed([*first, *again])
    assert out.payloads == WHOLE[:7] + WHOLE
    assert (out.media.lost, out.media.dropped) == (0, 0)


def test_another_source_in_the_middle_of_a_picture_ends_it() -> None:
    first = packets(CLIP[:7], size=50)
    del first[-1][-1]
    again = [[packet[:8] + b"\0\0\0\x09" + packet[12:] for packet in row] for row in packets(CLIP)]
    out = Sink(Codec.H264).feed([*first, *again])
    assert out.payloads == WHOLE[:6] + WHOLE
    assert (out.media.lost, out.media.dropped) == (0, 1)


def test_strangers_on_our_channel_are_passed_over() -> None:
    rows = packets(CLIP, size=50)
    for row in rows:
        row.insert(1, rtp(b"metadata", 9_000, 5, marker=True, kind=107, ssrc=99))
    out = Sink(Codec.H264).feed(rows)
    assert out.payloads == WHOLE
    assert out.media.lost == 0


def test_the_same_source_with_lower_numbers_and_another_clock_has_begun_again() -> None:
    first = packets(CLIP[:7], sequence=500, stamp=1_000)
    last = 500 + sum(map(len, first))
    out = Sink(Codec.H264).feed([*first, *packets(CLIP, sequence=last - 3, stamp=900_000_000)])
    assert out.payloads == WHOLE[:7] + WHOLE


def test_a_jump_ahead_counts_what_is_missing() -> None:
    first = packets(CLIP[:5], sequence=500)
    count = sum(map(len, first))
    out = Sink(Codec.H264).feed([*first, *packets(CLIP, sequence=500 + count + 300)])
    assert out.payloads == WHOLE[:5] + WHOLE
    assert out.media.lost == 300


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("odd_one", ["none", "flags", "stamp", "source", "length", "kind"])
def test_a_run_ends_before_the_packet_that_is_not_like_the_others(codec: Codec, odd_one: str) -> None:
    unit = [b"\x65\x88" + bytes(range(250)) * 40] if codec is Codec.H264 else [tiny_h265.nal(19, 10_000)]
    make = tiny_h264.fragments if codec is Codec.H264 else tiny_h265.fragments
    head = 18 if codec is Codec.H264 else 19
    middle = make(unit[0], 100)[1:-1]
    rows = [rtp(part, 65_500 + number, 7, marker=False) for number, part in enumerate(middle)]
    at = 50
    changed = {
        "none": rows[at],
        "flags": rows[at][:1] + bytes((rows[at][1] | 0x80,)) + rows[at][2:],
        "stamp": rows[at][:7] + b"\x08" + rows[at][8:],
        "source": rows[at][:11] + b"\x08" + rows[at][12:],
        "length": rows[at] + b"x",
        "kind": rows[at][: head - 5] + bytes((rows[at][head - 5] | 0x40,)) + rows[at][head - 4 :],
    }
    rows[at] = changed[odd_one]
    data = b"junk" + b"".join(map(interleaved, rows))
    stride = 4 + len(rows[0])
    count, body = alike(data, 4, stride, head, (len(data) - 4) // stride)
    assert count == (len(rows) if odd_one == "none" else at)
    assert body == b"".join(row[head - 4 :] for row in rows[:count])


def test_a_picture_in_endless_crumbs_is_dropped_before_it_costs_memory() -> None:
    crumbs = tiny_h264.fragments(b"\x65\x88" + bytes(PARTS_LIMIT + 100), 1)[:-1]
    out, most = Sink(Codec.H264).feed([[rtp(b"\x09\x10", 0, 7, marker=False)]]), 0
    for begin in range(0, len(crumbs), 10):
        out.feed(
            [[rtp(part, number, 7, marker=False) for number, part in enumerate(crumbs[begin : begin + 10], begin + 1)]]
        )
        most = max(most, len(out.media._parts))
    assert PARTS_LIMIT - 20 < most <= PARTS_LIMIT
    assert (out.units, out.media.dropped) == ([], 1)


def test_a_run_has_a_greatest_length() -> None:
    rows = [rtp(b"\x7c\x05abc", number, 7, marker=False) for number in range(RUN_LIMIT + 50)]
    assert alike(b"".join(map(interleaved, rows)), 0, 21, 18, len(rows))[0] == RUN_LIMIT


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_however_the_stream_is_cut_into_receives_the_same_pictures_come_out(data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(Codec))
    clip = CLIP if codec is Codec.H264 else tiny_h265.encode(frames=15)
    pack = tiny_h264.packets if codec is Codec.H264 else tiny_h265.packets
    rows = pack(clip, size=data.draw(st.sampled_from([60, 100, 3000])))
    stream = b"".join(interleaved(packet) for row in rows for packet in row)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=20)))
    out, rest = Sink(codec), b""
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        rest += stream[begin:end]
        rest = rest[out.media.take(rest, 0, 0) :]
    assert not rest
    assert out.payloads == [annex_b(unit) for unit in clip]
