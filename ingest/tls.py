"""How a camera's certificate is judged: by an authority, or by its own fingerprint where it signed itself."""

import hmac
import ssl
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from camera_config.errors import FeedCertificate

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What a certificate must be. There is no policy that takes any.

    Args:
        ca_file: authorities in PEM, for the whole county; None: the system's.
        pin: the SHA-256 of the one certificate expected, 64 hexadecimal digits, colons allowed; neither names, dates
            nor authorities count then.

    Raises:
        ValueError: the pin is no SHA-256.
    """

    ca_file: Path | None = None
    pin: str | None = None

    def __post_init__(self) -> None:
        if self.pin is not None:
            plain = self.pin.replace(":", "").lower()
            if len(plain) != 64 or not _HEX.issuperset(plain):
                raise ValueError("a certificate's pin is its SHA-256: 64 hexadecimal digits, colons allowed")
            object.__setattr__(self, "pin", plain)


@lru_cache(maxsize=64)
def context_for(ca_file: Path | None, *, pinned: bool) -> ssl.SSLContext:
    """Return the context for all cameras that are judged in one way: reading the system's authorities takes 84 ms.

    Raises:
        FeedCertificate: the file of authorities cannot be read.
    """
    if pinned:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # its fingerprint is compared before anything is sent: check_pin
        return context
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise FeedCertificate(
            f"{ca_file} cannot be read as a file of certificate authorities in PEM",
            hint="Name a PEM file that the service's user may read.",
        ) from error


def check_pin(policy: TlsPolicy, certificate: bytes | None) -> None:
    """Return if ``certificate`` (DER) is the pinned one, or none is pinned.

    Raises:
        FeedCertificate: it is another.
    """
    if policy.pin is None:
        return
    found = sha256(certificate or b"").hexdigest()
    if not hmac.compare_digest(found, policy.pin):
        raise FeedCertificate(
            f"the camera's certificate is not the pinned one; its SHA-256 is {found}",
            hint="If the camera was given a new certificate, compare this SHA-256 at the camera and pin it.",
        )


def why_untrusted(error: ssl.SSLCertVerificationError) -> FeedCertificate:
    """Return the failed check in words."""
    return FeedCertificate(
        f"the camera's certificate is not trusted: {error.verify_message}",
        hint="Name the authority that signed it, or pin the certificate's SHA-256.",
    )
