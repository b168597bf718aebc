"""What cameras report of themselves, what we report back, and bytes that are no report; aiortc reads ours."""

import struct
from contextlib import suppress

import pytest
from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtcpSdesPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config.errors import FeedProtocol, FeedUnreachable
from ingest.rtcp import NTP_EPOCH_S, REPORT_S, Reception, SenderReport, parse_compound

AT = 1_790_000_000.0
CAMERA = 0xCAFE


def sender_report(unix_s: float, *, ssrc: int = CAMERA, blocks: int = 0) -> bytes:
    ntp = round((unix_s + NTP_EPOCH_S) * (1 << 32)) if unix_s else 0
    body = struct.pack(">IQIII", ssrc, ntp, 90_000, 10, 1000) + bytes(24 * blocks)
    return struct.pack(">BBH", 0x80 | blocks, 200, len(body) // 4) + body


def goodbye(*sources: int) -> bytes:
    return struct.pack(f">BBH{len(sources)}I", 0x80 | len(sources), 203, len(sources), *sources)


SDES = struct.pack(">BBHI", 0x81, 202, 3, CAMERA) + b"\x01\x06camera\0\0"[:8]


def test_a_compound_packet_is_read_wherever_it_stands() -> None:
    data = sender_report(AT, blocks=1) + SDES + goodbye(1, 2)
    said = parse_compound(b"ahead" + data + b"behind", 5, 5 + len(data))
    assert said.report is not None
    assert (said.report.ssrc, said.report.rtp_time) == (CAMERA, 90_000)
    assert said.gone == {1, 2}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"rtcp",
        b"\x00\xc8\x00\x06" + bytes(24),
        b"\x80\xc8\x00\x01" + bytes(4),
        b"\x80\xc8\x00\x07" + bytes(24),
        b"\x82\xcb\x00\x01" + bytes(4),
        goodbye(1) + b"\x80",
    ],
)
def test_what_breaks_rtcp_is_refused(data: bytes) -> None:
    with pytest.raises(FeedProtocol):
        parse_compound(data, 0, len(data))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([sender_report(AT), SDES, goodbye(7)]))))
def test_any_bytes_are_a_report_or_a_protocol_error(parts: list[bytes]) -> None:
    data = b"".join(parts)
    with suppress(FeedProtocol):
        parse_compound(data, 0, len(data))


@pytest.mark.parametrize(("ahead_s", "shown_s"), [(0.0, 0.0), (3600.0, 3600.0), (-3600.5, -3600.5)])
def test_the_cameras_clock_is_compared_with_ours(ahead_s: float, shown_s: float) -> None:
    reception = Reception(1)
    assert reception.clock_offset_s is None
    data = sender_report(AT + ahead_s)
    reception.take(data, 0, len(data), 10.0, AT)
    assert reception.clock_offset_s == pytest.approx(shown_s, abs=0.001)


@pytest.mark.parametrize("ntp", [0, 1 << 32, (NTP_EPOCH_S + 946_684_799) << 32])
def test_a_camera_that_does_not_know_the_time_has_no_offset(ntp: int) -> None:
    assert SenderReport(CAMERA, ntp, 0).offset_s(AT) is None


def test_a_camera_that_jumps_back_is_believed_each_time() -> None:
    reception = Reception(1)
    for ahead_s in (0.0, -3600.0, 0.0):
        data = sender_report(AT + ahead_s)
        reception.take(data, 0, len(data), 10.0, AT)
        assert reception.clock_offset_s == pytest.approx(ahead_s, abs=0.001)


def read(report: bytes) -> RtcpRrPacket:
    first, second = RtcpPacket.parse(report)
    assert isinstance(first, RtcpRrPacket)
    assert isinstance(second, RtcpSdesPacket)
    assert second.chunks[0].ssrc == first.ssrc
    return first


def test_reports_go_out_from_the_first_sender_report_on_every_five_seconds() -> None:
    reception = Reception(0xBEEF)
    assert reception.due(5, 0, 0.0) == b""
    data = sender_report(AT)
    reception.take(data, 0, len(data), 10.0, AT)
    assert reception.due(-1, 0, 10.0) == b""
    (block,) = read(reception.due(65_530, 3, 12.0)).reports
    assert (block.ssrc, block.highest_sequence, block.packets_lost, block.fraction_lost) == (CAMERA, 65_530, 3, 0)
    assert block.lsr == round((AT + NTP_EPOCH_S) * 65536) & 0xFFFFFFFF
    assert block.dlsr == 2 * 65536
    assert reception.due(65_531, 3, 12.0 + REPORT_S - 0.01) == b""
    (block,) = read(reception.due(54, 18, 12.0 + REPORT_S)).reports
    assert (block.highest_sequence, block.packets_lost) == (0x10000 + 54, 18)
    assert block.fraction_lost == 256 * 15 // 60


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(-5, 40_000_000)), max_size=8))
def test_whatever_was_lost_a_report_can_be_written(steps: list[tuple[int, int]]) -> None:
    reception = Reception(1)
    data = sender_report(AT)
    reception.take(data, 0, len(data), 0.0, AT)
    for number, (sequence, lost) in enumerate(steps):
        read(reception.due(sequence, lost, REPORT_S * number))


def test_goodbye_ends_the_stream_if_it_is_the_cameras() -> None:
    reception = Reception(1)
    data = sender_report(AT) + goodbye(CAMERA + 1)
    reception.take(data, 0, len(data), 0.0, AT)
    data = goodbye()
    reception.take(data, 0, len(data), 0.0, AT)
    data = goodbye(CAMERA)
    with pytest.raises(FeedUnreachable, match="ended the stream"):
        reception.take(data, 0, len(data), 0.0, AT)


def test_a_broken_report_leaves_the_video_alone() -> None:
    reception = Reception(1)
    reception.take(b"\x80\xcb\xff\xff", 0, 4, 0.0, AT)
    assert reception.due(1, 0, 100.0) == b""
