"""What one camera can have written in a day: one that was taken over fills neither the disk nor the log kept for good.

A limit is met by no camera that does its work (`limits` in policy.yaml says how many vehicles that are). What comes
beyond it is counted as refused, which the desk's status and the public page tell, and the day's first of each kind is a
row in the audit log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from edge.desk import audit
from edge.desk.store import count

if TYPE_CHECKING:
    from sqlalchemy import Connection

Kind = Literal["sightings", "hits", "gaps", "outages", "accesses"]


def within(connection: Connection, camera: str, kind: Kind, most: int, now_ms: int) -> bool:
    """Count one more of this kind on this day; False, and written down, when that is too many."""
    if count(connection, "taken", f"{camera}: {kind}", now_ms) <= most:
        return True
    refuse(connection, camera, kind, now_ms)
    return False


def refuse(connection: Connection, camera: str, kind: Kind, now_ms: int) -> None:
    """Write down that there was too much of something."""
    if count(connection, "refused_messages", f"{camera}: too many {kind}", now_ms) == 1:
        entry = audit.Entry(
            act="message refused",
            who="desk",
            agency="",
            subject=f"camera {camera}",
            outcome=f"too many {kind}",
            detail="more than the policy's limit for one camera and day; the first of this kind today",
        )
        audit.append(connection, entry, now_ms)
