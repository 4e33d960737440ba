"""The doors: one sighting is handed to another system, and it says whether it has it.

Nothing that a receiver answers is read beyond its status line and headers, and none of it is logged: it may repeat a
plate. No redirect is followed, no proxy asked. Every file is read anew, so that a renewed token is taken up at once;
one that does not serve is told like a receiver that is away, for a desk must not stand still because of an adapter.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol
from urllib.parse import urlsplit

from edge import __version__
from edge.desk.adapters import formats
from edge.link import errand
from edge.link.trust import LinkMisconfigured
from edge.record.boundary import seal
from edge.settings.secret import SecretWrong, place, secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.record.sighting import Sighting
    from edge.settings.policy import AdapterSettings, Policy

CONNECT_S_MAX: Final = 10.0
ANSWER_S_MAX: Final = 30.0
"""For each piece of the answer to come."""
NOT_LET_IN: Final = frozenset({401, 403, 407})
LATER: Final = NOT_LET_IN | {408, 429}
"""Of 400 to 499 these say nothing of this sighting (who we are, too slow, too many): any other would meet them too."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one sighting. `away` is tried again, `refused` is not; `why` never repeats what was answered."""

    outcome: Literal["taken", "refused", "away"]
    why: str = ""


class Receiver(Protocol):
    """Another system."""

    def give(self, one: Sighting, captured_ms: int, left_s: float) -> Answer:
        """Hand it over, and wait for the answer. `left_s`: what is left of its retention."""


def receiver(policy: Policy, adapter: AdapterSettings) -> Receiver:
    """Whom an adapter speaks to."""
    if adapter.format == "frigate":
        return FrigateTopic(policy)
    return Webhook(adapter, HOOKS[adapter.format])


HOOKS: Final[dict[str, Callable[[Sighting, int], formats.Hook | formats.Group]]] = {
    "plate_recognizer": formats.plate_recognizer,
    "openalpr": formats.openalpr,
}


class FrigateTopic:
    """The desk's own broker, on a line of its own: what Frigate's listeners get must not hold up a hit."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def give(self, one: Sighting, captured_ms: int, left_s: float) -> Answer:
        """QoS 1: taken when the broker has it."""
        broker, told = self._policy.broker, seal(formats.frigate(one, captured_ms))
        try:
            answer = errand.run(broker, self._policy.site, broker.name, [told], expires_s=left_s)
        except LinkMisconfigured as wrong:
            return Answer("away", str(wrong))
        return Answer("taken") if answer.done else Answer("away", answer.why)


class Webhook:
    """One POST a sighting, each on a connection of its own."""

    def __init__(self, adapter: AdapterSettings, make: Callable[[Sighting, int], formats.Hook | formats.Group]) -> None:
        assert adapter.url is not None, "the policy's rules ask for one"
        self._adapter, self._make = adapter, make
        self._address = urlsplit(adapter.url)

    def give(self, one: Sighting, captured_ms: int, left_s: float) -> Answer:  # noqa: ARG002 — HTTP knows no expiry
        """Taken is 200 to 299. 400 to 499 is refused, but for what would meet any sighting (`LATER`)."""
        path = (self._address.path or "/") + (f"?{self._address.query}" if self._address.query else "")
        try:
            line, headers = self._line(), self._headers(one.id)
            try:
                line.connect()
                line.sock.settimeout(ANSWER_S_MAX)
                line.request("POST", path, formats.written(self._make(one, captured_ms)), headers)
                return _judged(line.getresponse().status)
            finally:
                line.close()
        except (OSError, HTTPException, LinkMisconfigured) as error:
            return Answer("away", _told(error))

    def _line(self) -> HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        if self._address.scheme == "http":
            return HTTPConnection(host, port, timeout=CONNECT_S_MAX)
        return HTTPSConnection(host, port, timeout=CONNECT_S_MAX, context=self._trust())

    def _trust(self) -> ssl.SSLContext:
        file = self._adapter.ca_file
        path = place(file, Path()) if file is not None else None
        if file is not None and path is None:
            raise LinkMisconfigured("adapters: ca_file has no folder, and systemd gave no credentials; write a path")
        try:
            tls = ssl.create_default_context(cafile=None if path is None else str(path))
        except OSError as error:
            raise LinkMisconfigured(f"adapters: ca_file: {path} is no PEM file that can be read") from error
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        return tls

    def _headers(self, identity: str) -> dict[str, str]:
        """The id is in each repetition's head, for Plate Recognizer's format has no place for it."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"plate-reader/{__version__}",
            "Idempotency-Key": identity,
            "Connection": "close",
        }
        if self._adapter.token_file is not None:
            headers["Authorization"] = self._token(self._adapter.token_file)
        return headers

    def _token(self, name: str) -> str:
        try:
            token = secret(name, Path())
        except SecretWrong as wrong:
            raise LinkMisconfigured(f"adapters: token_file: {wrong}") from wrong
        if not (token.isascii() and token.isprintable()):
            raise LinkMisconfigured("adapters: token_file: a header is printable ASCII: write the token anew")
        return token


def _judged(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer("taken")
    if status in NOT_LET_IN:
        return Answer("away", f"it answers {status}: it does not let us in; look at token_file")
    if 300 <= status < 400:
        return Answer("away", f"it answers {status}: it is elsewhere, and no redirect is followed; look at url")
    if 400 <= status < 500 and status not in LATER:
        return Answer("refused", f"it answers {status}")
    return Answer("away", f"it answers {status}")


def _told(error: OSError | HTTPException | LinkMisconfigured) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, LinkMisconfigured):
        return str(error)
    if isinstance(error, HTTPException):
        return "what it answers is no HTTP"
    return (error.strerror or str(error) or "no answer").lower()
