"""Damaged input for every parser that reads what a camera sends, made from a small corpus; reproducible by seed."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from camera_config.errors import FeedProtocol
from ingest import sps, sps_h265
from ingest.access_unit import AccessUnit, ParameterSets
from ingest.auth import Credentials, authorization, choose_challenge
from ingest.codec import Codec
from ingest.depacketise import PARTS_LIMIT, UNIT_LIMIT, depacketiser_for
from ingest.rtcp import parse_compound
from ingest.rtsp import channels_of, joined, number_of, parse_message, session_of
from ingest.sdp import parse_sdp
from tests.support.depacketised import nals_by_starts, track

CORPUS = Path(__file__).parents[1] / "data" / "ingest_corpus"
_TELLING = (0, 1, 2, 3, 0x1C, 0x24, 0x40, 0x60, 0x7C, 0x7F, 0x80, 0x81, 0xA0, 0xB0, 0xE0, 0xFE, 0xFF)
_LONGEST = 16 * 1024
_WHO = Credentials("admin", "hunter2")


def rtsp(data: bytes) -> None:
    found = parse_message(data, 0)
    if found is not None:
        message, end = found
        assert 0 < end <= len(data)
        for read in (lambda: channels_of(message, 0), lambda: session_of(message), lambda: number_of(message)):
            _refused(read)
        _refused(lambda: joined("rtsp://h/a", message.get("content-base")))


def sdp(data: bytes) -> None:
    found = parse_sdp(data)
    assert all(found.parameter_sets)
    assert 0 <= found.payload_type < 128
    assert found.clock_hz > 0
    depacketiser_for(found, ParameterSets(), lambda _unit: None)


def challenge(data: bytes) -> None:
    text = data.decode("latin-1")
    authorization(choose_challenge(text.split("\n")), _WHO, "DESCRIBE", "rtsp://h/a", 1).encode("latin-1")


def rtcp(data: bytes) -> None:
    said = parse_compound(data, 0, len(data))
    if said.report is not None:
        said.report.offset_s(1.8e9)


def sps_h264(data: bytes) -> None:
    for read in (sps.picture_size, sps.sps_id, sps.pps_id):
        _refused(lambda read=read: read(data))  # type: ignore[misc]


def sps_of_h265(data: bytes) -> None:
    for read in (sps_h265.picture_size, sps_h265.sps_id, sps_h265.pps_id, sps_h265.vps_id):
        _refused(lambda read=read: read(data))  # type: ignore[misc]


def h264(data: bytes) -> None:
    _stream(data, Codec.H264)


def h265(data: bytes) -> None:
    _stream(data, Codec.H265)


def _stream(data: bytes, codec: Codec) -> None:
    units: list[AccessUnit] = []
    media, at = depacketiser_for(track(codec), ParameterSets(), units.append), 0
    try:
        while 0 <= at < len(data):
            after = media.take(data, at, 0)
            assert at <= after <= len(data)
            at = after if after > at else data.find(b"$\0", at + 1)  # as if somebody else's message stood between
    finally:
        assert len(media._parts) <= PARTS_LIMIT
        assert media._size == sum(map(len, media._parts)) <= UNIT_LIMIT
        for unit in units:
            assert unit.size == len(unit.payload)
            assert all(nals_by_starts(unit))


def _refused(read: Callable[[], object]) -> None:
    with suppress(FeedProtocol):
        read()


PARSERS: dict[str, Callable[[bytes], None]] = {
    "rtsp": rtsp,
    "sdp": sdp,
    "challenge": challenge,
    "rtcp": rtcp,
    "sps_h264": sps_h264,
    "sps_h265": sps_of_h265,
    "h264": h264,
    "h265": h265,
}


def corpus(name: str) -> list[bytes]:
    """Return the good inputs of one parser."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def damaged(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """Return ``data`` with one to eight changes."""
    out = bytearray(data)
    for _ in range(1 << int(dice.random() * 4)):
        size, choice = len(out), int(dice.random() * 8)
        at = int(dice.random() * (size + 1))
        length = 1 + int(dice.random() ** 3 * 64)
        if choice == 0 and at < size:
            out[at] ^= 1 << int(dice.random() * 8)
        elif choice == 1 and at < size:
            out[at] = _TELLING[int(dice.random() * len(_TELLING))]
        elif choice == 2:
            out[at:at] = dice.randbytes(length)
        elif choice == 3:
            del out[at : at + length]
        elif choice == 4:
            out[at:at] = out[at : at + length]
        elif choice == 5:
            other = others[int(dice.random() * len(others))]
            begin = int(dice.random() * len(other))
            out[at : at + length] = other[begin : begin + length]
        elif choice == 6:
            del out[at:]
        else:
            out[at : at + length] = bytes((_TELLING[int(dice.random() * len(_TELLING))],)) * length
    return bytes(out[:_LONGEST])


def fuzz(name: str, runs: int, seed: int) -> int:
    """Give ``runs`` damaged inputs to a parser; return how many it took for good.

    Raises:
        AssertionError: one brought something else than FeedProtocol; the message repeats the input.
    """
    parse, good, taken = PARSERS[name], corpus(name), 0
    dice = random.Random(seed)
    for number in range(runs):
        data = damaged(good[int(dice.random() * len(good))], good, dice)
        try:
            parse(data)
            taken += 1
        except FeedProtocol:
            continue
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}, run {number}: {data!r} brought {error!r}") from error
    return taken
