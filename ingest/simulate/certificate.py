"""A camera's own certificate for RTSPS, made in memory and signed by nobody else."""

import datetime
import hashlib
import ipaddress
import os
import ssl
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = datetime.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """For the server ``context``; for clients the certificate as ``pem`` and the ``sha256`` of its DER form (hex)."""

    context: ssl.SSLContext = field(repr=False)
    pem: bytes
    sha256: str


def self_signed(host: str = "127.0.0.1") -> Certificate:
    """Return a new certificate for an IP address, good from yesterday on for a month."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated camera")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # ssl takes key and certificate from files only; this one exists in memory and is gone when closed.
    with os.fdopen(os.memfd_create("certificate"), "wb") as file:
        file.write(pem + secret)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return Certificate(context, pem, hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).hexdigest())
