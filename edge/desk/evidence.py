"""Hit evidence at the desk: asked of the camera when a hit is made, kept with the hit, seen by name and reason alone.

hit ─▶ evidence_request ─▶ camera ─▶ evidence ─▶ row beside the hit ─▶ (who, why: audit row) ─▶ one PNG
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Literal

import msgspec
from sqlalchemy import insert, select, update

from edge.desk import audit, hits
from edge.desk.queue import put
from edge.desk.screening import reason_faults
from edge.desk.search import who_faults
from edge.desk.store import count
from edge.desk.store.tables import evidence
from edge.record.boundary import seal
from edge.record.evidence import KEPT_S, Evidence, EvidenceRequest
from edge.record.words import time

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from edge.desk.hits import Seen
    from edge.desk.hotlists.shelf import Person
    from edge.desk.store import Store
    from edge.record.hit import Hit
    from edge.settings.policy import Policy


class EvidenceRefused(Exception):
    """Nothing was shown; the message says why, and so does the audit log."""


def ask(connection: Connection, made: Hit, seen: Seen, now_ms: int) -> None:
    """In the hit's own transaction: have the camera asked, while it can still remember."""
    if now_ms - seen.captured_ms > KEPT_S * 1000:
        return
    request = EvidenceRequest(id=made.sighting, site=made.site, camera=made.camera, made_at=time(now_ms * 1_000_000))
    connection.execute(insert(evidence).values(hit=made.id, sighting=made.sighting, captured_ms=seen.captured_ms))
    put(connection, seal(request), now_ms)


def keep(connection: Connection, given: Evidence) -> Literal["stored", "repeated", "unasked"]:
    """Beside the hit that asked for it, once: a second crop changes nothing."""
    message = msgspec.json.encode(given).decode()
    asked = connection.execute(select(evidence.c.message).where(evidence.c.sighting == given.id)).one_or_none()
    if asked is None:
        return "unasked"
    if asked.message is not None:
        return "repeated" if asked.message == message else "unasked"
    connection.execute(update(evidence).where(evidence.c.sighting == given.id).values(message=message))
    return "stored"


def of_hit(connection: Connection, hit_id: str) -> Evidence | None:
    """What is there of a hit, without a word in the log: for the desk's own use."""
    kept = connection.execute(select(evidence.c.message).where(evidence.c.hit == hit_id)).scalar_one_or_none()
    return None if kept is None else msgspec.json.decode(kept, type=Evidence)


def view(store: Store, policy: Policy, hit_id: str, by: Person, reason: str, now_ms: int) -> bytes:
    """The crop as a PNG, the access recorded in the same transaction. Raises EvidenceRefused, recorded likewise."""
    faults = [sentence for _, sentence in (*who_faults(policy, by), *reason_faults(reason, policy.search))]
    with store.write() as connection:
        found = hits.find(connection, hit_id) if hit_id.isalnum() else []
        given = of_hit(connection, found[0].hit.id) if len(found) == 1 else None
        if len(found) != 1:
            faults.append("several hits begin so: give more of the id" if found else "there is no such hit")
        elif given is None:
            faults.append("of this hit there is no crop: evidence is off, or the camera had none to give")
        entry = audit.Entry(
            act="evidence viewed",
            who=by.name,
            agency=by.agency,
            subject=f"hit {found[0].hit.id}" if len(found) == 1 else "",
            purpose="hit verification",
            reason=reason,
            outcome="refused" if faults else "done",
            detail=faults[0] if faults else "",
        )
        audit.append(connection, entry, now_ms)
        if given is not None and not faults:
            count(connection, "evidence_views", policy.site, now_ms)
    if given is None or faults:
        raise EvidenceRefused("; ".join(faults))
    return png(given)


def png(given: Evidence) -> bytes:
    """Grey, four bits a point, as it came. Written by hand, so that the desk needs nothing that knows pictures."""
    rows = ["".join(points) for points in zip(*given.columns, strict=True)]
    width, height = len(given.columns), len(rows)
    packed = b"".join(b"\0" + bytes.fromhex(row + "0" * (width % 2)) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 4, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(packed)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
