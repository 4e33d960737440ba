"""One errand to the broker and home again: what `doctor` and `record` say, beside the daemon's own line.

It has a name of its own, so that the daemon's line is not taken from it, no Last Will, and holds nothing back: either
the broker has taken every message when `run` returns, or the answer tells why not.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

from edge.link import trust
from edge.link.connection import Caller, Connection
from edge.link.topics import DELIVERIES, topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.link.connection import Protocol
    from edge.record.boundary import Sealed
    from edge.record.health import LinkState
    from edge.settings.camera import BrokerSettings

ANSWER_S_MAX: Final = 10.0
"""For the broker to take everything, once it has welcomed us."""
TURN_S: Final = 0.2
NOBODY_LISTENS: Final = 0x10
"""PUBACK of MQTT 5: taken, but there is no subscriber."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of it."""

    state: LinkState
    """`connected`: the broker welcomed us and took everything."""
    why: str = ""
    protocol: Protocol | None = None
    heard: bool | None = None
    """Whether anybody has subscribed to what was said; None where the broker does not tell (MQTT 3.1.1)."""

    @property
    def done(self) -> bool:
        """Everything is the broker's."""
        return self.state == "connected"


def run(
    settings: BrokerSettings,
    site: str,
    camera: str,
    messages: Sequence[Sealed] = (),
    *,
    expires_s: float | None = None,
) -> Answer:
    """Dial, say, hear that it was taken, hang up. With no messages it only asks to be let in.

    `expires_s`: when the broker is to forget what it could not pass on, where the kind expires (MQTT 5). Raises
    LinkMisconfigured when a file of the settings does not serve.
    """
    tls, password = trust.context(settings), trust.password(settings)
    protocols: tuple[Protocol, ...] = ("5", "3.1.1") if settings.protocol == "auto" else (settings.protocol,)
    answer = Answer(state="away", why="nobody was called")
    for protocol in protocols:
        line = Connection(settings, Caller(client_id=f"lpr-{site}-{camera}-field"), protocol)
        line.dial(tls, password)
        try:
            answer = _say(line, site, camera, messages, expires_s)
        finally:
            line.close()
        if line.ended is None or not line.ended.try_older:
            return answer
    return answer


def _say(line: Connection, site: str, camera: str, messages: Sequence[Sealed], expires_s: float | None) -> Answer:
    bell, wake = socket.socketpair()
    with bell, wake:
        waiting, heard = list(messages), []
        under_way: set[int] = set()
        until_s = monotonic() + ANSWER_S_MAX
        while line.ended is None and monotonic() < until_s:
            line.turn(TURN_S, wake)
            while line.open and waiting and line.room > 0:
                sealed = waiting.pop(0)
                delivery = DELIVERIES[sealed.kind]
                left_s = expires_s if delivery.expires else None
                under_way.add(line.send(sealed, topic(site, camera, sealed.kind), delivery, left_s))
            while line.acknowledged:
                told = line.acknowledged.popleft()
                under_way.discard(told.mid)
                if told.refused:
                    return Answer(state="refused", why=f"the broker does not take it: {told.name}")
                heard.append(told.reason != NOBODY_LISTENS)
            if line.open and not waiting and not under_way:
                known = all(heard) if heard and line.protocol == "5" else None
                return Answer(state="connected", protocol=line.protocol, heard=known)
        if line.ended is not None:
            return Answer(state=line.ended.state, why=line.ended.why)
        return Answer(state="silent", why=f"no answer within {ANSWER_S_MAX:g} s")
