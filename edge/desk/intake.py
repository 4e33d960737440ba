"""A message from a camera → a row, exactly once; or a refusal that is counted and, once a day, in the audit log.

Everything that follows from one sighting (its row, its place in the camera's sequence, the day's counters, its hit) is
one transaction, and the broker hears of it only afterwards. So a desk that is killed in between gets the message again,
and one that was killed just after knows it by its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from edge.desk import audit, evidence, hits, limits, sequence
from edge.desk.matching import best_match
from edge.desk.store import count, trios
from edge.desk.store.tables import hit, sighting
from edge.link import topics
from edge.record import plate_text
from edge.record.boundary import NotSealable, bytes_max, unseal
from edge.record.evidence import Evidence
from edge.record.sighting import Sighting
from edge.record.words import nanoseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from edge.desk.hotlists.watch import Watch
    from edge.desk.matching import ListInForce
    from edge.desk.store import Store
    from edge.record.hit import Hit
    from edge.settings.policy import Policy

AHEAD_MS_MAX: Final = 300_000
"""A capture later than this after its arrival was dated by a wrong clock."""
DAY_MS: Final = 86_400_000
EVIDENCE: Final = "/" + topics.DELIVERIES["evidence"].level

Fault = Literal[
    "oversized",
    "unknown camera",
    "malformed",
    "wrong camera",
    "wrong site",
    "forged",
    "expired",
    "unasked",
    "too many sightings",
]


class Refused(Exception):
    """A message that is not stored. The sentence tells what is wrong with it and repeats nothing of it."""

    def __init__(self, fault: Fault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault: Fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one message."""

    result: Literal["stored", "repeated", "refused"]
    fault: Fault | None = None
    hit: Hit | None = None


class Intake:
    """Takes what cameras send."""

    def __init__(self, store: Store, policy: Policy, watch: Watch) -> None:
        self._store = store
        self._policy = policy
        self._watch = watch

    def take(self, topic: str, payload: bytes, now_ms: int) -> Outcome:
        """Store one message. Raises StoreAway when it must come again; whatever is in it, nothing else is raised."""
        camera = _camera(topic)
        try:
            if topic.endswith(EVIDENCE):
                return self._evidence(camera, payload)
            seen = self._checked(camera, payload, now_ms)
            try:
                return self._stored(seen, now_ms)
            except IntegrityError:  # another desk has just stored the same message
                return self._stored(seen, now_ms)
        except Refused as refusal:
            self._record(refusal, camera, now_ms)
            return Outcome(result="refused", fault=refusal.fault)

    def look_back(self, names: frozenset[str], now_ms: int) -> list[Hit]:
        """Compare lists that came just now with the passes of the last minutes."""
        lists = self._watch.lists(now_ms, names)
        since = now_ms - int(self._policy.matching.look_back_minutes * 60_000)
        if not lists or since >= now_ms:
            return []
        made = []
        with self._store.write() as connection:
            for seen in _without_hit(connection, since):
                found = self._match(connection, seen, lists, now_ms)
                made += [found] if found is not None else []
        return made

    def _checked(self, camera: str, payload: bytes, now_ms: int) -> hits.Seen:
        self._bounded(camera, payload, Sighting)
        decoded = _decoded(payload)
        self._placed(decoded, camera)
        seen = _dated(decoded, now_ms)
        if seen.captured_ms < now_ms - int(self._policy.retention.days * DAY_MS):
            raise Refused("expired", "captured longer ago than anything is kept")
        return seen

    def _bounded(self, camera: str, payload: bytes, kind: type[Sighting | Evidence]) -> None:
        if camera not in self._policy.cameras:
            raise Refused("unknown camera", "the policy names no such camera")
        if len(payload) > bytes_max(kind):
            raise Refused("oversized", f"{len(payload)} bytes; such a message has at most {bytes_max(kind)}")

    def _placed(self, decoded: Sighting | Evidence, camera: str) -> None:
        if decoded.camera != camera:
            raise Refused("wrong camera", "the message names another camera than its topic")
        if decoded.site != self._policy.site:
            raise Refused("wrong site", "the message names another site than this desk's")

    def _evidence(self, camera: str, payload: bytes) -> Outcome:
        """A plate's crop, where one was asked for; else it is refused, and nothing of it is kept."""
        self._bounded(camera, payload, Evidence)
        if not self._policy.evidence.enabled:
            raise Refused("unasked", "the policy wants no evidence")
        try:
            given = unseal(payload, Evidence)
        except (NotSealable, ValueError, RecursionError) as error:
            raise Refused("malformed", f"no evidence/1: {str(error)[:200]}") from error
        if len({len(column) for column in given.columns}) != 1:
            raise Refused("malformed", "the columns are not of one length")
        self._placed(given, camera)
        with self._store.write() as connection:
            result = evidence.keep(connection, given)
        if result == "unasked":
            raise Refused("unasked", "nobody asked for this crop, or it came already")
        return Outcome(result=result)

    def _stored(self, seen: hits.Seen, now_ms: int) -> Outcome:
        self._store.ready_for(seen.captured_ms)
        with self._store.write() as connection:
            self._store.hold(connection, seen.sighting.id)
            return self._keep(connection, seen, now_ms)

    def _keep(self, connection: Connection, seen: hits.Seen, now_ms: int) -> Outcome:
        known = select(sighting.c.record).where(sighting.c.id == seen.sighting.id)
        before = connection.execute(known).scalar_one_or_none()
        if before is not None:
            if msgspec.json.decode(before, type=Sighting) != seen.sighting:
                raise Refused("forged", "another sighting has this id already; the first one stays")
            return Outcome(result="repeated")
        columns = _columns(seen)
        connection.execute(insert(sighting).values(**columns))
        if columns["fold"] is not None:
            trios.note(connection, str(columns["fold"]), seen.captured_ms)
        if count(connection, "vehicles", seen.sighting.camera, seen.captured_ms) > self._policy.limits.sightings:
            raise Refused("too many sightings", "more of one day than the policy's limit for a camera")
        sequence.note(connection, seen.sighting.camera, seen.sighting.sequence, now_ms, self._policy.limits.gaps)
        if seen.sighting.plate is not None:
            count(connection, "reads", seen.sighting.camera, seen.captured_ms)
        return Outcome(result="stored", hit=self._match(connection, seen, self._watch.lists(now_ms), now_ms))

    def _match(self, connection: Connection, seen: hits.Seen, lists: list[ListInForce], now_ms: int) -> Hit | None:
        found = best_match(seen.sighting, lists, self._policy.matching, now_ms // 1000)
        if found is None:
            return None
        if not limits.within(connection, seen.sighting.camera, "hits", self._policy.limits.hits, now_ms):
            return None  # the sighting stays, and a search finds it
        installed_ms = self._watch.installed_ms(found.list.name)
        made = hits.keep(connection, seen, found, installed_ms, self._policy.matching, now_ms)
        if made is not None and self._policy.evidence.enabled:
            evidence.ask(connection, made, seen, now_ms)
        return made

    def _record(self, refusal: Refused, camera: str, now_ms: int) -> None:
        who = camera if camera in self._policy.cameras else "unknown"
        with self._store.write() as connection:
            today = count(connection, "refused_messages", f"{who}: {refusal.fault}", now_ms)
            if today == 1:  # a flood must not fill a log that is kept for good; the counter has the rest
                entry = audit.Entry(
                    act="message refused",
                    who="desk",
                    agency="",
                    subject=f"camera {who}",
                    outcome=refusal.fault,
                    detail=f"{refusal}; the first of this kind today",
                )
                audit.append(connection, entry, now_ms)


def _camera(topic: str) -> str:
    levels = topic.split("/")
    return levels[3] if len(levels) == 5 and topic.startswith(topics.PREFIX + "/") else ""


def _decoded(payload: bytes) -> Sighting:
    try:
        decoded = unseal(payload, Sighting)
        nanoseconds(decoded.first_seen)
        nanoseconds(decoded.last_seen)
    except (NotSealable, ValueError, RecursionError) as error:  # the 30th of February fits the pattern
        raise Refused("malformed", f"no sighting/1: {str(error)[:200]}") from error
    plate = decoded.plate
    if plate is not None and len(plate.characters) != len(plate.text):
        raise Refused("malformed", "the plate has not one probability for each character")
    if decoded.first_seen > decoded.last_seen:
        raise Refused("malformed", "last seen before first seen")
    return decoded


def _dated(decoded: Sighting, now_ms: int) -> hits.Seen:
    """A capture's time, where it can be known: a clock that nobody set counts from the arrival."""
    told_ms = nanoseconds(decoded.first_seen) // 1_000_000
    dated = decoded.clock.synchronized and told_ms <= now_ms + AHEAD_MS_MAX
    captured_ms = min(told_ms, now_ms) if dated else now_ms
    return hits.Seen(sighting=decoded, captured_ms=captured_ms, received_ms=now_ms, dated=dated)


def _columns(seen: hits.Seen) -> dict[str, object]:
    one = seen.sighting
    text = one.plate.text if one.plate else None
    fold = plate_text.fold(text) if text else None
    return {
        "id": one.id,
        "camera": one.camera,
        "sequence": one.sequence,
        "captured_ms": seen.captured_ms,
        "received_ms": seen.received_ms,
        "dated": seen.dated,
        "plate": text,
        "fold": fold,
        "reverse": fold[::-1] if fold else None,
        "ends": fold[0] + fold[-1] if fold else None,
        "confidence": one.plate.confidence if one.plate else None,
        "region": one.region.code if one.region else None,
        "vehicle_type": one.vehicle.type if one.vehicle else None,
        "color": one.vehicle.color if one.vehicle else None,
        "direction": one.direction,
        "record": msgspec.json.encode(one).decode(),
    }


def _without_hit(connection: Connection, since_ms: int) -> list[hits.Seen]:
    found = connection.execute(
        select(sighting.c.record, sighting.c.captured_ms, sighting.c.received_ms, sighting.c.dated)
        .outerjoin(hit, hit.c.sighting == sighting.c.id)
        .where(sighting.c.captured_ms >= since_ms, sighting.c.plate.is_not(None), hit.c.row.is_(None))
        .order_by(sighting.c.captured_ms)
    )
    return [
        hits.Seen(
            sighting=msgspec.json.decode(row.record, type=Sighting),
            captured_ms=row.captured_ms,
            received_ms=row.received_ms,
            dated=row.dated,
        )
        for row in found
    ]
