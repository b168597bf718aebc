"""Who may watch a mount: Digest (RFC 7616, MD5 and SHA-256) and Basic (RFC 7617), checked as a camera does."""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Callable

from ingest.auth import Credentials
from ingest.simulate.mount import AuthKind

REALM = "camera"
NONCES = 1000
"""So many challenges are remembered; the oldest is forgotten first, and who answers it is asked again."""

PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))')
ESCAPED = re.compile(r"\\(.)")
HASHES = {"digest-md5": ("MD5", hashlib.md5), "digest-sha256": ("SHA-256", hashlib.sha256)}


class Door:
    """The sign-in of one mount. A nonce is good for ``nonce_s`` seconds and each count of it once.

    Args:
        who: who is let in.
        kind: what has to be answered.
        nonce_s: life of a challenge (seconds).
        monotonic_s: the clock it is measured by.
    """

    def __init__(self, who: Credentials, kind: AuthKind, nonce_s: float, monotonic_s: Callable[[], float]) -> None:
        self._who = who
        self._kind = kind
        self._nonce_s = nonce_s
        self._monotonic_s = monotonic_s
        self._nonces: dict[str, tuple[float, int]] = {}

    def check(self, method: str, url: str, authorization: str) -> str | None:
        """Return None if the request may pass, otherwise the challenge for ``WWW-Authenticate``."""
        if self._kind == "basic":
            want = "Basic " + b64encode(f"{self._who.user}:{self._who.password}".encode()).decode("ascii")
            return None if secrets.compare_digest(authorization.encode(), want.encode()) else f'Basic realm="{REALM}"'
        scheme, _, rest = authorization.partition(" ")
        values = {name.lower(): ESCAPED.sub(r"\1", quoted) or bare for name, quoted, bare in PARAMETER.findall(rest)}
        if scheme.lower() != "digest" or not self._right(method, url, values):
            return self.challenge()
        issued_s, used = self._nonces.get(values["nonce"], (float("-inf"), 0))
        count = int(values.get("nc", "0"), 16) if "qop" in values else used + 1
        if self._monotonic_s() - issued_s > self._nonce_s or count <= used:
            return self.challenge(stale=True)
        self._nonces[values["nonce"]] = (issued_s, count)
        return None

    def challenge(self, *, stale: bool = False) -> str:
        """Return a new challenge; ``stale``: the answer was right, but to one too old."""
        if self._kind == "basic":
            return f'Basic realm="{REALM}"'
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = (self._monotonic_s(), 0)
        if len(self._nonces) > NONCES:
            del self._nonces[next(iter(self._nonces))]
        name, _ = HASHES[self._kind]
        return f'Digest realm="{REALM}", nonce="{nonce}", algorithm={name}, qop="auth"' + ", stale=true" * stale

    def _right(self, method: str, url: str, values: dict[str, str]) -> bool:
        """Return whether the response is that of user and password; the nonce's age is another question."""
        name, make = HASHES[self._kind]
        # Headers are read as Latin-1, clients write UTF-8.
        user, password = (text.encode().decode("latin-1") for text in (self._who.user, self._who.password))
        if values.get("username") != user or values.get("realm") != REALM or "nonce" not in values:
            return False
        if values.get("algorithm", "MD5").upper() != name or values.get("uri") != url:
            return False

        def digest(*parts: str) -> str:
            return make(":".join(parts).encode("latin-1")).hexdigest()

        secret, asked = digest(user, REALM, password), digest(method, url)
        if "qop" in values:
            if values["qop"] != "auth" or not re.fullmatch(r"[0-9a-fA-F]{8}", values.get("nc", "")):
                return False
            want = digest(secret, values["nonce"], values["nc"], values.get("cnonce", ""), "auth", asked)
        else:
            want = digest(secret, values["nonce"], asked)
        return secrets.compare_digest(want.encode(), values.get("response", "").encode())
