"""A certificate that lives as long as `aim` does: self-signed, so the technician compares its fingerprint."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

CLOCK_WRONG = dt.timedelta(days=1)
"""A device's clock may be behind the technician's, or ahead of it, by this much."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """For one start."""

    pem: bytes
    """Key and certificate."""
    fingerprint: str
    """SHA-256, as browsers show it."""

    def __repr__(self) -> str:
        return f"Certificate({self.fingerprint})"


def self_signed(address: IPv4Address | IPv6Address, seconds: float) -> Certificate:
    """For one address, valid for a little longer than the time that is given."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plate-reader aim")])
    now = dt.datetime.now(dt.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_WRONG)
        .not_valid_after(now + CLOCK_WRONG + dt.timedelta(seconds=seconds))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + made.public_bytes(serialization.Encoding.PEM)
    return Certificate(pem, made.fingerprint(hashes.SHA256()).hex(":").upper())
