"""Answers to a camera's challenge: Digest (RFC 7616, MD5 or SHA-256, and the older RFC 2069) or Basic (RFC 7617)."""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from camera_config.errors import FeedProtocol

_PARAMETER = re.compile(r'([a-zA-Z_-]+)\s*=\s*(?:"([^"]*)"|([^\s",]+))')
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password for a camera; the password is never shown."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a camera asks for in ``WWW-Authenticate``."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "MD5"
    qop: bool = False
    stale: bool = False


def choose_challenge(headers: Sequence[str]) -> Challenge:
    """Return the strongest challenge we can answer: Digest SHA-256, Digest MD5, Basic.

    Args:
        headers: the values of all ``WWW-Authenticate`` headers, one challenge each.

    Raises:
        FeedProtocol: there is none, or none of a kind we know.
    """
    known = [challenge for text in headers if (challenge := _parse(text)) is not None]
    if not known:
        raise FeedProtocol("the camera asks for a kind of sign-in that kakou does not know; want Digest or Basic")
    return max(known, key=lambda challenge: (challenge.scheme == "digest", challenge.algorithm == "SHA-256"))


def authorization(challenge: Challenge, who: Credentials, method: str, url: str, count: int) -> str:
    """Return the value of ``Authorization`` for one request; ``count`` is how often this nonce was used, from 1."""
    if challenge.scheme == "basic":
        return "Basic " + b64encode(f"{who.user}:{who.password}".encode()).decode("ascii")
    kind = _HASHES[challenge.algorithm]

    def digest(text: str) -> str:
        return kind(text.encode()).hexdigest()

    secret = digest(f"{who.user}:{challenge.realm}:{who.password}")
    asked = digest(f"{method}:{url}")
    parts = [("username", who.user), ("realm", challenge.realm), ("nonce", challenge.nonce), ("uri", url)]
    extra = ""
    if challenge.qop:
        ours, used = secrets.token_hex(8), f"{count:08x}"
        answer = digest(f"{secret}:{challenge.nonce}:{used}:{ours}:auth:{asked}")
        extra = f', qop=auth, nc={used}, cnonce="{ours}"'
    else:
        answer = digest(f"{secret}:{challenge.nonce}:{asked}")
    parts.append(("response", answer))
    if challenge.opaque:
        parts.append(("opaque", challenge.opaque))
    text = ", ".join(f'{name}="{value}"' for name, value in parts)
    algorithm = "" if challenge.algorithm == "MD5" else f", algorithm={challenge.algorithm}"
    return f"Digest {text}{algorithm}{extra}"


def _parse(text: str) -> Challenge | None:
    scheme, _, rest = text.strip().partition(" ")
    values = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
    if scheme.lower() == "basic":
        return Challenge("basic", realm=values.get("realm", ""))
    algorithm = values.get("algorithm", "MD5").upper()
    if scheme.lower() != "digest" or algorithm not in _HASHES or "nonce" not in values:
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
