"""What a technician did at a camera, into the audit log: tests, recordings, looks through `aim`; never a plate.

An access is a row each time, as far as the policy's limit goes. Of test passes the day's first is a row and the rest
are counted: a test that somebody runs in a loop must not fill a log that is kept for good. A message that comes twice
has the same id and is one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from edge.desk import audit, limits
from edge.desk.store import count, get_state, set_state
from edge.record.access import Access
from edge.record.boundary import NotSealable, unseal
from edge.record.selftest import SelfTest

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from edge.desk.store import Store
    from edge.settings.policy import Policy

log = logging.getLogger(__name__)

KINDS: Final = ("selftest", "access")
ENDINGS: Final = tuple(f"/{kind}" for kind in KINDS)


def note(store: Store, policy: Policy, topic: str, payload: bytes, now_ms: int) -> None:
    """Write one message down. Raises StoreAway when it must come again; what is no message of ours is counted."""
    _, _, _, camera, kind = topic.split("/")
    if camera not in policy.cameras:
        return
    told: SelfTest | Access | None
    try:
        told = unseal(payload, SelfTest) if kind == "selftest" else unseal(payload, Access)
    except NotSealable:
        told = None
    with store.write() as connection:
        if told is None or (told.site, told.camera) != (policy.site, camera):
            count(connection, "refused_messages", f"{camera}: malformed", now_ms)
            log.warning("a message of %s was refused: no %s of its own", camera, kind)
        elif get_state(connection, f"{kind} of {camera}") != told.id:
            set_state(connection, f"{kind} of {camera}", told.id)
            _write(connection, told, policy.limits.accesses, now_ms)


def _write(connection: Connection, told: SelfTest | Access, accesses_max: int, now_ms: int) -> None:
    if isinstance(told, Access):
        if not limits.within(connection, told.camera, "accesses", accesses_max, now_ms):
            return
        detail = f"{told.act.replace('_', ' ')}, at the latest until {told.until}; by the camera's clock {told.time}"
        act: audit.Act = "camera aimed" if told.act.startswith("aim") else "camera recording"
        audit.append(connection, _entry(act, told, told.who, told.act, detail, told.reason), now_ms)
    elif count(connection, "selftests", told.camera, now_ms) == 1:
        detail = f"{told.frames} frames, {told.plates} plates, {told.reads} reads; the first test of the day"
        audit.append(connection, _entry("camera tested", told, "technician", told.outcome, detail), now_ms)


def _entry(
    act: audit.Act, told: SelfTest | Access, who: str, outcome: str, detail: str, reason: str = ""
) -> audit.Entry:
    return audit.Entry(
        act=act, who=who, agency="", subject=f"camera {told.camera}", outcome=outcome, reason=reason, detail=detail
    )
