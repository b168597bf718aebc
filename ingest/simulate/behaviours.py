"""How each fault shows: to the connections there are, to requests, in the media and in the pictures."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from ingest.simulate import variants
from ingest.simulate.faults import Fault, Trouble
from ingest.simulate.line import Line, Media
from ingest.simulate.requests import Request
from ingest.simulate.rtp import Packets, Stamped
from ingest.simulate.session import Session
from ingest.simulate.variants import Variant

HEADERS_BYTES = 16
"""Interleaving and RTP header in front of each packet's payload."""

PAYLOAD_HEADERS_BYTES = 3
"""Longest header of a payload: H.265's fragments (RFC 7798 4.4.3)."""

GIANT_BYTES = 1024 * 1024
NOISE_BYTES = 1024

Asked = Callable[[Session, Request, Trouble], bool]
"""Deals with a request; False: it is answered as ever."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a camera with a trouble does otherwise than a well one.

    Args:
        begins: done to each connection that has the mount set up, when the trouble begins.
        ends: and when it ends.
        asked: what becomes of a request for the mount.
        media: what is sent in place of each frame.
        shows: draws what is shown instead.
        silent: no RTCP either.
    """

    begins: Callable[[Session, Trouble], object] | None = None
    ends: Callable[[Session, Trouble], object] | None = None
    asked: Asked | None = None
    media: Media | None = None
    shows: Variant | None = None
    silent: bool = False


def _abort(session: Session, *_: object) -> bool:
    session.abort()
    return True


def _close(session: Session, *_: object) -> bool:
    session.close()
    return True


def _turn_away(session: Session, *_: object) -> bool:
    if not session.playing:
        session.close()
    return not session.playing


def _hang(session: Session, *_: object) -> bool:
    session.hang()
    return True


def _say_nothing(session: Session, request: Request, _: Trouble) -> bool:
    return request.method == "DESCRIBE" and not session.playing


def _say_noise(session: Session, *_: object) -> bool:
    if not session.playing:
        session.send_noise()
    return not session.playing


def _refuse_password(session: Session, request: Request, _: Trouble) -> bool:
    if request.method == "OPTIONS":
        return False
    challenge = f'Digest realm="camera", nonce="{secrets.token_hex(16)}"'
    session.answer(401, request, ("WWW-Authenticate", challenge))
    return True


def _redirect(session: Session, request: Request, trouble: Trouble) -> bool:
    if request.method == "DESCRIBE":
        session.answer(302, request, ("Location", str(trouble.value)))
    return request.method == "DESCRIBE"


def _redirect_again(session: Session, request: Request, _: Trouble) -> bool:
    if request.method == "DESCRIBE":
        base, hop = request.url.partition("?hop=")[::2]
        session.answer(302, request, ("Location", f"{base}?hop={int(hop) + 1 if hop.isdigit() else 1}"))
    return request.method == "DESCRIBE"


def _lie(session: Session, request: Request, trouble: Trouble) -> bool:
    def spoil(data: bytes) -> bytes:
        head, _, body = data.partition(b"\r\n\r\n")
        told = max(0, len(body) + round(trouble.number))
        lie = head.replace(f"Content-Length: {len(body)}".encode(), f"Content-Length: {told}".encode())
        return lie + data[len(head) :]

    if request.method == "DESCRIBE":
        session.spoil = spoil
    return False


def _boast(session: Session, request: Request, _: Trouble) -> bool:
    def spoil(data: bytes) -> bytes:
        return data.replace(b"\r\n", b"\r\nX-Padding: " + b"x" * GIANT_BYTES + b"\r\n", 1)

    if request.method == "DESCRIBE":
        session.spoil = spoil
    return False


def _hurry(session: Session, *_: object) -> bool:
    session.media_first = True
    return False


def _start_dripping(session: Session, trouble: Trouble) -> None:
    session.drip_s = trouble.number


def _drip(session: Session, _: Request, trouble: Trouble) -> bool:
    session.drip_s = trouble.number
    return False


def _nothing(*_: object) -> Iterator[Stamped]:
    return iter(())


def _noise(line: Line, *_: object) -> Iterator[Stamped]:
    noise = np.frombuffer(line.dice.randbytes(NOISE_BYTES), np.uint8)
    yield Stamped(noise, np.array([4], np.int32), key=True)


def _flip_bits(line: Line, packets: Packets, number: int) -> Iterator[Stamped]:
    frame = line.row.stamp(packets, number)
    data = frame.data
    may_be_wrong = np.ones(len(data), bool)
    for offset in range(-4, HEADERS_BYTES - 4 + PAYLOAD_HEADERS_BYTES):
        may_be_wrong[np.minimum(frame.headers + offset, len(data) - 1)] = False
    places = np.flatnonzero(may_be_wrong)
    hits = len(places) / line.value
    count = int(hits) + (line.dice.random() < hits % 1)
    for place in line.dice.sample(range(len(places)), count):
        data[places[place]] ^= 1 << line.dice.randrange(8)
    yield frame


def _cut_packets(line: Line, packets: Packets, number: int) -> Iterator[Stamped]:
    frame = line.row.stamp(packets, number)
    ends = [*(frame.headers[1:] - 4), len(frame.data)]
    pieces, headers, at = [], [], 0
    for begin, end in zip(frame.headers, ends, strict=True):
        piece = frame.data[begin - 4 : end]
        if line.dice.random() < 1 / line.value:
            piece = piece[: line.dice.randint(HEADERS_BYTES + 1, max(HEADERS_BYTES + 1, len(piece) - 1))].copy()
            piece[2:4] = divmod(len(piece) - 4, 256)
        pieces.append(piece)
        headers.append(at + 4)
        at += len(piece)
    yield Stamped(np.concatenate(pieces), np.array(headers, np.int32), frame.key)


def _flood(line: Line, packets: Packets, number: int) -> Iterator[Stamped]:
    """From the next keyframe on, send the pictures up to the one after it again and again."""
    if not line.kept and not packets.key:
        yield line.row.stamp(packets, number)
        return
    if not line.kept:
        following = (line.source.frame(ahead) for ahead in range(number + 1, number + variants.FRAMES))
        line.kept = [packets, *takewhile(lambda frame: not frame.key, following)]
    times = round(line.value)
    for step in range(times):
        frame = line.kept[(number * times + step) % len(line.kept)]
        yield line.row.stamp(frame, number + step / times)


def _stick(line: Line, packets: Packets, number: int) -> Iterator[Stamped]:
    if line.stuck is None:
        line.stuck = number
    yield line.row.stamp(packets, line.stuck)


def _leave_keyframes_out(line: Line, packets: Packets, number: int) -> Iterator[Stamped]:
    if not packets.key:
        yield replace(line.row.stamp(packets, number), key=True)


BEHAVIOURS = {
    Fault.VANISH: Behaviour(begins=_abort, asked=_abort),
    Fault.EOF: Behaviour(begins=_close, asked=_close),
    Fault.REFUSE: Behaviour(asked=_turn_away),
    Fault.HANG_CONNECT: Behaviour(begins=_hang, asked=_hang, silent=True),
    Fault.HANG_DESCRIBE: Behaviour(asked=_say_nothing),
    Fault.STALL: Behaviour(media=_nothing, silent=True),
    Fault.GARBAGE: Behaviour(asked=_say_noise, media=_noise, silent=True),
    Fault.BITFLIP: Behaviour(media=_flip_bits),
    Fault.TRUNCATE: Behaviour(media=_cut_packets),
    Fault.RESCALE: Behaviour(shows=variants.rescaled),
    Fault.RENEGOTIATE: Behaviour(begins=_close, ends=_close, shows=variants.recoded),
    Fault.FLOOD: Behaviour(media=_flood),
    Fault.FROZEN: Behaviour(shows=variants.frozen),
    Fault.BLACK: Behaviour(shows=variants.black),
    Fault.COVERED: Behaviour(shows=variants.covered),
    Fault.BLURRED: Behaviour(shows=variants.blurred),
    Fault.MOVED: Behaviour(shows=variants.moved),
    Fault.TIMESTAMP_STUCK: Behaviour(media=_stick),
    Fault.CLOCK: Behaviour(),
    Fault.UNAUTHORISED: Behaviour(begins=_close, asked=_refuse_password),
    Fault.STRETCHED: Behaviour(shows=variants.stretched),
    Fault.NO_KEYFRAME: Behaviour(media=_leave_keyframes_out),
    Fault.BIG_KEYFRAME: Behaviour(shows=variants.big),
    Fault.REDIRECT: Behaviour(asked=_redirect),
    Fault.MANY_REDIRECTS: Behaviour(asked=_redirect_again),
    Fault.LYING_LENGTH: Behaviour(asked=_lie),
    Fault.GIANT_HEADER: Behaviour(asked=_boast),
    Fault.SLOW: Behaviour(begins=_start_dripping, asked=_drip),
    Fault.EARLY_MEDIA: Behaviour(asked=_hurry),
}
"""Every fault but ``flap``, which is vanishing and coming back."""
