"""`access/2`: somebody at the camera looked at, or recorded, more than sightings: for the desk's audit log.

The reason is one of a few words: no free text travels. The technician's own words lie encrypted in the recording.
"""

from __future__ import annotations

from typing import Literal

from edge.record.words import Id, Name, Time, Wire

AccessAct = Literal["recording_started", "recording_ended", "recording_deleted", "aim_started", "aim_ended"]
AccessReason = Literal["aiming", "tuning", "fault", "acceptance", "training"]


class Access(Wire, frozen=True, kw_only=True):
    """One act of one person."""

    schema: Literal["access/2"] = "access/2"
    id: Id
    site: Name
    camera: Name
    time: Time
    act: AccessAct
    who: Name
    """Who records, or looks through `aim`: the login, as the camera's computer knows it. It ends without anybody."""
    reason: AccessReason
    until: Time
    """When it ends at the latest."""
