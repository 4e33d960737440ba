"""One connection to the broker, from dialling to its end; then it is thrown away, and paho's memory with it.

paho-mqtt keeps a queue of its own, in memory, and sends it again after a reconnect. Ours is the outbox. So each
connection gets a paho client of its own, driven from one thread by `turn`, and what it had not acknowledged is simply
still in the outbox. Nothing here waits but `dial`, which gives up after `DIAL_S_MAX`.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.record.boundary import recheck

if TYPE_CHECKING:
    from paho.mqtt.reasoncodes import ReasonCode

    from edge.link.topics import Delivery
    from edge.record.boundary import Sealed
    from edge.record.health import LinkState
    from edge.settings.camera import BrokerSettings

DIAL_S_MAX: Final = 5.0
"""To open the socket, and again for the TLS handshake."""
WELCOME_S_MAX: Final = 10.0
"""For the broker's answer to CONNECT."""
INCOMING_BYTES_MAX: Final = 65_536
"""Larger packets a broker of MQTT 5 must not send us."""

RECEIVE_MAX: Final = 65_535
"""Where a broker does not say; MQTT 5's own default."""

UNSUPPORTED_PROTOCOL: Final = 0x84
BUSY: Final = frozenset({0x88, 0x89, 0x8B, 0x8D})
"""Unavailable, busy, shutting down, our keep-alive came too late: the broker is away, not against us."""
SESSION_TAKEN: Final = 0x8E

Protocol = Literal["5", "3.1.1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a connection ended."""

    state: LinkState
    why: str
    """For the log."""
    try_older: bool = False
    """It may be that the broker does not know MQTT 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A PUBACK. MQTT 3.1.1 knows no refusal."""

    mid: int
    reason: int
    """0x80 and above is a refusal."""
    name: str

    @property
    def refused(self) -> bool:
        """Whether the broker did not take the message."""
        return self.reason >= 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message for us; `Connection.confirm` it when it is stored."""

    mid: int
    qos: int
    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, and what the broker shall say when the line breaks."""

    client_id: str
    will: Sealed | None = None
    will_topic: str = ""
    will_delivery: Delivery | None = None
    filters: tuple[str, ...] = ()
    """What we want to hear. With any, the broker keeps our session while we are away."""


class Connection:
    """A single use of the line. `open` once the broker has welcomed us, `ended` when it is over."""

    def __init__(self, settings: BrokerSettings, caller: Caller, protocol: Protocol) -> None:
        self.protocol: Protocol = protocol
        self.open = False
        self.ended: Ended | None = None
        self.acknowledged: deque[Acknowledged] = deque()
        self.received: deque[Received] = deque()
        self._receive_max = RECEIVE_MAX
        """What the broker allows us to have under way, everything together."""
        self._under_way: set[int] = set()
        self.payload_bytes_max = 2**28
        self._settings, self._caller = settings, caller
        self._dialled_s = monotonic()
        self._paho = self._make(MQTTProtocolVersion.MQTTv5 if protocol == "5" else MQTTProtocolVersion.MQTTv311)

    def dial(self, tls: ssl.SSLContext | None, password: str | None) -> None:
        """Connect and send CONNECT; failures are told by `ended`."""
        if tls is not None:
            self._paho.tls_set_context(tls)
        if self._settings.username is not None:
            self._paho.username_pw_set(self._settings.username, password)
        try:
            self._paho.connect(
                self._settings.host,
                self._settings.port,
                self._settings.keepalive_s,
                clean_start=mqtt.MQTT_CLEAN_START_FIRST_ONLY if self.protocol != "5" else not self._caller.filters,
                properties=self._session_properties(),
            )
        except ssl.SSLCertVerificationError as error:
            self._end("untrusted", _certificate_advice(error))
        except ssl.SSLError as error:
            self._end("untrusted", f"TLS fails: {error.reason or error}")
        except socket.gaierror as error:
            self._end("away", f"the name is not known: {error.strerror}")
        except OSError as error:
            self._end("away", (error.strerror or str(error) or "no answer").lower())

    def turn(self, timeout_s: float, wake: socket.socket) -> None:
        """Read and write what is there, waiting at most `timeout_s`, or until `wake` has something to read."""
        line = self._paho.socket()
        if line is None:
            return self._end("away", "the connection is closed")
        buffered = isinstance(line, ssl.SSLSocket) and line.pending() > 0
        writes = [line] if self._paho.want_write() else []
        readable, writable, _ = select.select([line, wake], writes, [], 0 if buffered else timeout_s)
        if line in readable or buffered:
            self._paho.loop_read()
        if writable:
            self._paho.loop_write()
        self._paho.loop_misc()
        if not self.open and monotonic() - self._dialled_s > WELCOME_S_MAX:
            self._end("silent", f"no welcome within {WELCOME_S_MAX:g} s", try_older=self.protocol == "5")
        return None

    def send(self, message: Sealed, topic: str, delivery: Delivery, expires_s: float | None = None) -> int:
        """Publish; the returned number comes back in `acknowledged` (QoS 1).

        This and the Last Will are the only places from which bytes leave the device, and they leave rechecked.
        """
        assert self.open, "nothing is sent before the broker's welcome"
        payload = recheck(message).payload
        assert delivery.qos == 0 or self.room > 0, "more than the broker allows"
        told = self._paho.publish(topic, payload, delivery.qos, delivery.retained, self._properties(expires_s))
        assert told.rc != MQTTErrorCode.MQTT_ERR_QUEUE_SIZE, "paho must not queue: the window is ours"
        if delivery.qos:
            self._under_way.add(told.mid)
        return told.mid

    @property
    def room(self) -> int:
        """How many more messages of QoS 1 the broker allows under way now."""
        return self._receive_max - len(self._under_way)

    def confirm(self, received: Received) -> None:
        """PUBACK: it is stored, the broker may forget it."""
        self._paho.ack(received.mid, received.qos)

    def close(self) -> None:
        """Say goodbye; the broker keeps the Last Will to itself. No waiting."""
        self.ended = self.ended or Ended(state="closed", why="closed")
        self._paho.disconnect()
        self.drop()

    def drop(self, state: LinkState = "away", why: str = "dropped by us") -> None:
        """End it without a goodbye."""
        self._end(state, why)
        line = self._paho.socket()
        if line is not None:
            line.close()

    def _make(self, version: MQTTProtocolVersion) -> mqtt.Client:
        listens = bool(self._caller.filters)
        paho = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._caller.client_id,
            clean_session=None if version == MQTTProtocolVersion.MQTTv5 else not listens,
            protocol=version,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        paho.connect_timeout = DIAL_S_MAX
        paho.max_inflight_messages_set(0)  # no limit of its own, so that it never queues
        if self._caller.will is not None and self._caller.will_delivery is not None:
            delivery = self._caller.will_delivery
            paho.will_set(self._caller.will_topic, recheck(self._caller.will).payload, delivery.qos, delivery.retained)
        paho.on_connect, paho.on_disconnect = self._on_connect, self._on_disconnect
        paho.on_publish, paho.on_message = self._on_publish, self._on_message
        return paho

    def _session_properties(self) -> Properties | None:
        if self.protocol != "5":
            return None
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = INCOMING_BYTES_MAX
        if self._caller.filters:
            properties.SessionExpiryInterval = 30 * 86_400
        return properties

    def _properties(self, expires_s: float | None) -> Properties | None:
        if self.protocol != "5":
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.PayloadFormatIndicator = 1  # UTF-8 text
        properties.ContentType = "application/json"
        if expires_s is not None:
            properties.MessageExpiryInterval = max(1, round(expires_s))
        return properties

    def _end(self, state: LinkState, why: str, *, try_older: bool = False) -> None:
        """The first reason is the true one; what follows are its echoes."""
        self.ended = self.ended or Ended(state=state, why=why, try_older=try_older)
        self.open = False

    def _on_connect(
        self, _client: object, _userdata: object, _flags: object, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.value == UNSUPPORTED_PROTOCOL:
            self._end("refused", f"the broker does not speak MQTT {self.protocol}", try_older=self.protocol == "5")
        elif reason.is_failure:
            self._end("away" if reason.value in BUSY else "refused", f"the broker says: {str(reason).lower()}")
        else:
            self.open = True
            self._heed(properties)
            if self._caller.filters:
                self._paho.subscribe([(wanted, 1) for wanted in self._caller.filters])

    def _heed(self, properties: Properties | None) -> None:
        """What an MQTT 5 broker says of its own limits."""
        self._receive_max = getattr(properties, "ReceiveMaximum", RECEIVE_MAX)
        self.payload_bytes_max = getattr(properties, "MaximumPacketSize", 2**28) - 256  # header, topic, properties
        if getattr(properties, "MaximumQoS", 1) < 1 or not getattr(properties, "RetainAvailable", 1):
            self._end("refused", "the broker takes no QoS 1 or keeps no retained messages; both are needed")

    def _on_disconnect(
        self, _client: object, _userdata: object, flags: mqtt.DisconnectFlags, reason: ReasonCode, _: object
    ) -> None:
        if flags.is_disconnect_packet_from_server and reason.is_failure:
            taken = " (does another device use this camera's name?)" if reason.value == SESSION_TAKEN else ""
            self._end("away" if reason.value in BUSY else "refused", f"the broker says: {str(reason).lower()}{taken}")
        elif self.open:
            self._end("away", "the line broke")
        else:
            hint = "; perhaps it does not accept our certificate" if self._settings.tls else ""
            self._end("away", f"the broker hung up before its welcome{hint}", try_older=self.protocol == "5")

    def _on_publish(self, _client: object, _userdata: object, mid: int, reason: ReasonCode, _: object) -> None:
        self._under_way.discard(mid)
        self.acknowledged.append(Acknowledged(mid=mid, reason=reason.value, name=str(reason).lower()))

    def _on_message(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self.received.append(
            Received(
                mid=message.mid,
                qos=message.qos,
                topic=message.topic,
                payload=bytes(message.payload),
                retained=message.retain,
            )
        )


def _certificate_advice(error: ssl.SSLCertVerificationError) -> str:
    """The reason as OpenSSL has it, and the likely remedy where there is a usual one."""
    advice = {
        9: "; is this device's clock right?",  # not yet valid
        10: "; the broker's certificate must be renewed, or this device's clock is wrong",  # has expired
        18: "; broker.ca_file must name the authority that signed it",  # self-signed
        19: "; broker.ca_file must name the authority that signed it",
        20: "; broker.ca_file must name the authority that signed it",  # issuer not known
        62: "; broker.host must be a name that stands in the certificate",
        64: "; broker.host must be an address that stands in the certificate",
    }
    return f"the broker's certificate is not trusted: {error.verify_message}{advice.get(error.verify_code, '')}"
