"""When certificates end: the broker's, as it shows it, and those in files. Read by hand, for a date is all we want."""

from __future__ import annotations

import re
import socket
import ssl
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from edge.link import trust
from edge.link.connection import DIAL_S_MAX

if TYPE_CHECKING:
    from pathlib import Path

    from edge.settings.camera import BrokerSettings

_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_VERSION, _UTC_TIME = 0xA0, 0x17


def of_broker(settings: BrokerSettings) -> datetime | None:
    """The end of the certificate that a trusted broker shows; None when it does not come to that."""
    tls = trust.context(settings)
    if tls is None:
        return None
    try:
        with (
            socket.create_connection((settings.host, settings.port), DIAL_S_MAX) as line,
            tls.wrap_socket(line, server_hostname=settings.host) as shown,
        ):
            der = shown.getpeercert(binary_form=True)
    except OSError:  # the errand tells why
        return None
    return ends(der) if der else None


def of_file(path: Path) -> datetime | None:
    """The earliest end among a PEM file's certificates; None when it has none. Raises OSError."""
    found = _PEM.findall(path.read_text(encoding="ascii", errors="replace"))
    return min((ends(ssl.PEM_cert_to_DER_cert(one)) for one in found), default=None)


def ends(der: bytes) -> datetime:
    """`notAfter` (RFC 5280, 4.1): TBSCertificate → [version], serial, algorithm, issuer, validity → the second of two.

    ValueError when the bytes are no certificate.
    """
    try:
        inner = _content(_content(der, 0), 0)
        at = _after(inner, 0) if inner[0] == _VERSION else 0
        for _ in range(3):
            at = _after(inner, at)
        validity = _content(inner, at)
        at = _after(validity, 0)
        text, short = _content(validity, at).decode("ascii"), validity[at] == _UTC_TIME
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("no certificate") from error
    form = "%y%m%d%H%M%SZ" if short else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text, form).replace(tzinfo=timezone.utc)


def _span(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the DER value at `at` begins and ends."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        digits = length & 0x7F
        length, begin = int.from_bytes(der[begin : begin + digits], "big"), begin + digits
    return begin, begin + length


def _content(der: bytes, at: int) -> bytes:
    begin, end = _span(der, at)
    return der[begin:end]


def _after(der: bytes, at: int) -> int:
    return _span(der, at)[1]
