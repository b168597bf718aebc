"""A browser's offer goes in as text, what live video needs of it comes out; and the answer to it.

Only what WHEP asks for is read (draft-ietf-wish-whep): one received video, H.264 in packetization mode 1 (RFC 6184).
Other media the browser offers are declined. The browser's own addresses are left unread: it checks ours, and its
checks tell where it is; so no name is looked up and nothing is sent to an address that somebody wrote down.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

OFFER_BYTES = 64 * 1024
"""Chromium's offer of one video has 5 KiB."""

MEDIA_LIMIT = 8
_TOKEN = re.compile(r"[A-Za-z0-9+/._-]{1,256}")
_FINGERPRINT = re.compile(r"(sha-256|sha-384|sha-512) ((?:[0-9A-Fa-f]{2}:){31,63}[0-9A-Fa-f]{2})", re.IGNORECASE)
_MEDIA = re.compile(r"(audio|video|application|text|message) \d{1,5} ([A-Z/]{3,32})((?: [A-Za-z0-9-]{1,32}){1,100})")
_RTPMAP = re.compile(r"(\d{1,3}) H264/90000", re.IGNORECASE)
_FMTP = re.compile(r"(\d{1,3}) (\S{1,1000})")
_PROFILE = re.compile(r"[0-9A-Fa-f]{6}")
BASELINE = "42001f"
"""What a browser means that names no profile (RFC 6184, 8.1)."""


class BadOffer(ValueError):
    """The offer cannot be answered; the message says why, without repeating it."""


@dataclass(frozen=True, slots=True)
class Media:
    """One section of the offer: its kind, protocol, first format and name (``mid``)."""

    kind: str
    protocol: str
    format: str
    mid: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a browser offers.

    Args:
        media: all sections, in order.
        video: which of them is answered.
        payload_type, parameters: the H.264 format chosen, as the browser wrote it.
        user, password: of ICE.
        fingerprints: algorithm and digest of the browser's certificate.
        passive: the browser waits for our DTLS handshake, or leaves the choice to us.
    """

    media: tuple[Media, ...]
    video: int
    payload_type: int
    parameters: str
    user: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    passive: bool


def read_offer(text: str, profile_idc: int) -> Offer:
    """Return what ``text`` offers for a stream of this H.264 profile (66 Baseline, 77 Main, 100 High).

    Of several H.264 formats the one nearest to the stream's profile is taken: a decoder in hardware is chosen by it.

    Raises:
        BadOffer: no video that we could send is asked for.
    """
    if len(text) > OFFER_BYTES:
        raise BadOffer("the offer is too long")
    session, sections = _sections(text)
    if not text.startswith("v=0") or not 0 < len(sections) <= MEDIA_LIMIT:
        raise BadOffer("this is no offer of media")
    media = tuple(_media(lines) for lines in sections)
    if len({each.mid for each in media}) != len(media):
        raise BadOffer("two media have one name")
    wanted = (
        index
        for index, (each, lines) in enumerate(zip(media, sections, strict=True))
        if each.kind == "video" and not {"a=sendonly", "a=inactive"} & {*lines}
    )
    video = next(wanted, None)
    if video is None or media[video].protocol != "UDP/TLS/RTP/SAVPF" or "a=rtcp-mux" not in sections[video]:
        raise BadOffer("no video is asked for, or not as a browser does")
    payload_type, parameters = _format(sections[video], profile_idc)
    lines = [*sections[video], *session]
    setup = _value(lines, "setup")
    if setup not in {"actpass", "active", "passive"}:
        raise BadOffer("the offer does not say who begins")
    return Offer(
        media,
        video,
        payload_type,
        parameters,
        _token(lines, "ice-ufrag"),
        _token(lines, "ice-pwd"),
        _fingerprints(lines),
        setup != "active",
    )


def write_answer(
    offer: Offer,
    *,
    user: str,
    password: str,
    fingerprints: Sequence[tuple[str, str]],
    candidates: Sequence[str],
    ssrc: int,
    stream: str,
) -> str:
    """Return the answer: the video comes from us, the rest is declined.

    Args:
        offer: what is answered.
        user: ours, of ICE.
        password: ours, of ICE.
        fingerprints: of our certificate.
        candidates: our addresses, each as in ``a=candidate:``.
        ssrc: of the packets we shall send.
        stream: a name for the video, of letters, digits, dots and dashes.
    """
    mid = offer.media[offer.video].mid
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {mid}", "a=msid-semantic: WMS *"]
    for index, each in enumerate(offer.media):
        if index != offer.video:
            lines += [f"m={each.kind} 0 {each.protocol} {each.format}", "c=IN IP4 0.0.0.0", f"a=mid:{each.mid}"]
            lines.append("a=inactive")
            continue
        kind = offer.payload_type
        lines += [
            f"m=video 9 {each.protocol} {kind}",
            "c=IN IP4 0.0.0.0",
            "a=sendonly",
            f"a=mid:{mid}",
            "a=rtcp-mux",
            f"a=rtpmap:{kind} H264/90000",
            f"a=rtcp-fb:{kind} nack",
            *([f"a=fmtp:{kind} {offer.parameters}"] if offer.parameters else []),
            f"a=msid:{stream} {stream}",
            f"a=ssrc:{ssrc} cname:{stream}",
            f"a=ice-ufrag:{user}",
            f"a=ice-pwd:{password}",
            *(f"a=fingerprint:{algorithm} {digest}" for algorithm, digest in fingerprints),
            f"a=setup:{'active' if offer.passive else 'passive'}",
            *(f"a=candidate:{candidate}" for candidate in candidates),
            "a=end-of-candidates",
        ]
    return "\r\n".join(lines) + "\r\n"


def _sections(text: str) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    sections: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("m="):
            sections.append([])
        (sections[-1] if sections else session).append(line.rstrip())
    return session, sections


def _media(lines: list[str]) -> Media:
    found = _MEDIA.fullmatch(lines[0][2:])
    mid = _value(lines, "mid")
    if found is None or not _TOKEN.fullmatch(mid):
        raise BadOffer("a section of the offer is not as agreed")
    return Media(found[1], found[2], found[3].split()[0], mid)


def _format(lines: list[str], profile_idc: int) -> tuple[int, str]:
    """Return the payload type and the parameters of the H.264 format that suits best."""
    named = [found[1] for line in _values(lines, "rtpmap") if (found := _RTPMAP.fullmatch(line))]
    said = {found[1]: found[2] for line in _values(lines, "fmtp") if (found := _FMTP.fullmatch(line))}
    suits: list[tuple[int, int, str]] = []
    for name in named:
        pairs = dict(part.split("=", 1) for part in said.get(name, "").split(";") if "=" in part)
        profile = pairs.get("profile-level-id", BASELINE)
        if pairs.get("packetization-mode") == "1" and _PROFILE.fullmatch(profile) and int(name) < 128:
            suits.append((abs(int(profile[:2], 16) - profile_idc), int(name), said[name]))
    if not suits:
        raise BadOffer("this browser offers no H.264 in packetization mode 1")
    _, payload_type, parameters = min(suits, key=lambda each: each[0])
    return payload_type, parameters


def _values(lines: list[str], name: str) -> list[str]:
    head = f"a={name}:"
    return [line[len(head) :] for line in lines if line.startswith(head)]


def _value(lines: list[str], name: str) -> str:
    return next(iter(_values(lines, name)), "")


def _token(lines: list[str], name: str) -> str:
    found = _value(lines, name)
    if not _TOKEN.fullmatch(found):
        raise BadOffer(f"the offer has no usable {name}")
    return found


def _fingerprints(lines: list[str]) -> tuple[tuple[str, str], ...]:
    matches = (_FINGERPRINT.fullmatch(line) for line in _values(lines, "fingerprint"))
    found = tuple((match[1].lower(), match[2].upper()) for match in matches if match)
    if not found:
        raise BadOffer("the offer names no certificate")
    return found
