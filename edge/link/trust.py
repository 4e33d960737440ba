"""Whom the link trusts and how it says who it is: a pinned authority, a client certificate, a password from a file."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from edge.settings.secret import SecretWrong, place, secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.settings.camera import BrokerSettings


class LinkMisconfigured(ValueError):
    """The settings name a file that cannot serve: the message says which, why, and what to do."""


class _ClosedOnFailure(ssl.SSLSocket):
    """paho leaves a socket open whose handshake failed; a broker that is not trusted for days would take them all."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 — the standard library's signature
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def context(settings: BrokerSettings) -> ssl.SSLContext | None:
    """TLS 1.2 or newer, the broker's name checked, one authority trusted; None without TLS.

    Read anew for every connection, so that a renewed certificate is taken up without a restart.
    """
    if not settings.tls:
        return None
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.sslsocket_class = _ClosedOnFailure
    if settings.ca_file is None:
        tls.load_default_certs()
    else:
        _load("ca_file", settings.ca_file, lambda path: tls.load_verify_locations(cafile=path))
    if settings.certificate_file is not None:
        key = settings.key_file and str(_place("key_file", settings.key_file))
        _load("certificate_file", settings.certificate_file, lambda path: tls.load_cert_chain(path, key))
    return tls


def password(settings: BrokerSettings) -> str | None:
    """The one line of `password_file`; None without one."""
    if settings.password_file is None:
        return None
    try:
        return secret(settings.password_file, Path())
    except SecretWrong as error:
        raise LinkMisconfigured(f"broker.password_file: {error}") from error


def _load(key: str, name: str, load: Callable[[str], None]) -> None:
    path = _place(key, name)
    try:
        load(str(path))
    except ssl.SSLError as error:
        raise LinkMisconfigured(
            f"broker.{key}: {path} is no PEM file that serves, or its key does not belong to it ({error.reason})"
        ) from error
    except OSError as error:
        raise LinkMisconfigured(
            f"broker.{key}: {path}, or the key beside it, cannot be read ({error.strerror})"
        ) from error


def _place(key: str, name: str) -> Path:
    path = place(name, Path())
    if path is None:
        raise LinkMisconfigured(f"broker.{key}: {name} has no folder, and systemd gave no credentials; write a path")
    return path
