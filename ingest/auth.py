"""Answers to a camera's challenge: Digest (RFC 7616, MD5 or SHA-256, and the older RFC 2069) or Basic (RFC 7617).

Digest is preferred wherever it is offered. Basic is answered too, even without TLS, because there are cameras that know
nothing else: it hands the password to whoever listens on the line, as those cameras' own programs do.
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from camera_config.errors import FeedCredentials, FeedProtocol

_SCHEMES = re.compile(r",\s*(?=(?:basic|digest)\s)", re.IGNORECASE)
_PARAMETER = re.compile(r'([a-zA-Z_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",\\]+))')
_WRITABLE = re.compile(r"[\x20-\x7e\x80-\xff]*")
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_SESSION = "-SESS"
_SIGN_INS = 8
"""Challenges answered in one connection; a camera with a fresh nonce for each request needs three."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password for a camera; the password is never shown."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a camera asks for in ``WWW-Authenticate``.

    ``realm``, ``nonce`` and ``opaque`` stand as they stood between the quotes, so that they can be sent back.
    """

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "MD5"
    qop: bool = False
    stale: bool = False


class SignIn:
    """The sign-in of one connection: the challenge to be answered, how often it was, and when to give up."""

    def __init__(self, who: Credentials | None) -> None:
        self._who = who
        self._challenge: Challenge | None = None
        self._used = self._tries = 0
        self._asked_in: object = None

    def asked(self, headers: Sequence[str], step: object) -> None:
        """Take a refusal in ``step``; return if the same request is worth being sent again.

        Args:
            headers: the values of all ``WWW-Authenticate`` headers.
            step: what was refused; a second refusal of the same, unless the nonce was stale, is final.

        Raises:
            FeedCredentials: the camera refuses user or password, or none are set.
            FeedProtocol: it wants something that we do not know, or never ends asking.
        """
        challenge = choose_challenge(headers)
        if self._who is None:
            raise FeedCredentials("the camera asks for user and password and none are set")
        if self._asked_in is step and not challenge.stale:
            raise FeedCredentials("the camera refuses user or password")
        self._tries += 1
        if self._tries > _SIGN_INS:
            raise FeedProtocol("the camera's sign-in never ends")
        self._asked_in = step
        self.renew(challenge)

    def renew(self, challenge: Challenge) -> None:
        """Answer ``challenge`` from now on."""
        self._challenge, self._used = challenge, 0

    def header(self, method: str, url: str) -> list[tuple[str, str]]:
        """Return the header that signs one request; none before the camera asked."""
        if self._challenge is None or self._who is None:
            return []
        self._used += 1
        return [("Authorization", authorization(self._challenge, self._who, method, url, self._used))]


def choose_challenge(headers: Sequence[str]) -> Challenge:
    """Return the strongest challenge we can answer: Digest SHA-256, Digest MD5, Basic.

    Args:
        headers: the values of all ``WWW-Authenticate`` headers.

    Raises:
        FeedProtocol: there is none, or none of a kind we know.
    """
    offers = [offer for text in headers for offer in _SCHEMES.split(text)]
    known = [challenge for text in offers if (challenge := _parse(text)) is not None]
    if not known:
        raise FeedProtocol("the camera asks for a kind of sign-in that kakou does not know; want Digest or Basic")
    return max(known, key=lambda challenge: (challenge.scheme == "digest", challenge.algorithm.startswith("SHA-256")))


def authorization(challenge: Challenge, who: Credentials, method: str, url: str, count: int) -> str:
    """Return the value of ``Authorization`` for one request, to be sent as Latin-1.

    Args:
        challenge: what the camera asked for.
        who: user and password; they go out as UTF-8.
        method: of the request.
        url: of the request.
        count: how often this nonce was used, from 1.

    Raises:
        FeedCredentials: the user's name cannot be sent.
    """
    user = who.user.encode().decode("latin-1")
    if not _WRITABLE.fullmatch(user):
        raise FeedCredentials("the user's name holds characters that cannot be sent")
    if challenge.scheme == "basic":
        return "Basic " + b64encode(f"{who.user}:{who.password}".encode()).decode("ascii")
    kind = _HASHES[challenge.algorithm.removesuffix(_SESSION)]

    def digest(text: str) -> str:
        return kind(text.encode("latin-1")).hexdigest()

    ours = secrets.token_hex(8)
    secret = digest(f"{user}:{challenge.realm}:{who.password.encode().decode('latin-1')}")
    if challenge.algorithm.endswith(_SESSION):
        secret = digest(f"{secret}:{challenge.nonce}:{ours}")
    asked = digest(f"{method}:{url}")
    quoted = user.replace("\\", r"\\").replace('"', r"\"")
    parts = [("username", quoted), ("realm", challenge.realm), ("nonce", challenge.nonce), ("uri", url)]
    extra = ""
    if challenge.qop:
        used = f"{count:08x}"
        answer = digest(f"{secret}:{challenge.nonce}:{used}:{ours}:auth:{asked}")
        extra = f', qop=auth, nc={used}, cnonce="{ours}"'
    else:
        answer = digest(f"{secret}:{challenge.nonce}:{asked}")
        if challenge.algorithm.endswith(_SESSION):
            extra = f', cnonce="{ours}"'
    parts.append(("response", answer))
    if challenge.opaque:
        parts.append(("opaque", challenge.opaque))
    text = ", ".join(f'{name}="{value}"' for name, value in parts)
    algorithm = "" if challenge.algorithm == "MD5" else f", algorithm={challenge.algorithm.replace('SESS', 'sess')}"
    return f"Digest {text}{algorithm}{extra}"


def _parse(text: str) -> Challenge | None:
    """Return the challenge; None for one that cannot be answered or could not be sent back as it is."""
    scheme, _, rest = text.strip().partition(" ")
    values = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
    if scheme.lower() == "basic":
        return Challenge("basic", realm=values.get("realm", ""))
    algorithm = values.get("algorithm", "MD5").upper()
    if scheme.lower() != "digest" or algorithm.removesuffix(_SESSION) not in _HASHES or "nonce" not in values:
        return None
    if not all(_WRITABLE.fullmatch(values.get(name, "")) for name in ("realm", "nonce", "opaque")):
        return None
    offered = {word.strip() for word in values.get("qop", "").split(",")} - {""}
    if offered and "auth" not in offered:
        return None
    return Challenge(
        "digest",
        realm=values.get("realm", ""),
        nonce=values["nonce"],
        opaque=values.get("opaque", ""),
        algorithm=algorithm,
        qop=bool(offered),
        stale=values.get("stale", "").lower() == "true",
    )
