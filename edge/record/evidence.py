"""`evidence/1`: the one message that can hold a picture, and what it can hold is a number plate: no more.

Off unless policy.yaml turns it on. The desk asks (`evidence_request/1`) for the crop of one sighting that became a hit;
the camera, which kept it in its memory for minutes, gives it once. At most 192×64 points in sixteen greys, cut out by
the four corners of a plate on which the very text of the sighting was read: the size of a plate at the plate's own
place, where a face is not and would not fit.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from edge.record.words import Id, Name, Time, Wire, exactly

COLUMNS_MAX: Final = 192
ROWS_MAX: Final = 64
KEPT_S: Final = 900.0
"""How long a camera remembers a crop: the fifteen minutes in which a hit may come of it."""

Column = Annotated[str, exactly(r"[0-9a-f]{4,64}")]
"""Points from top to bottom, a hex digit each: 0 is black, f is white."""


class Evidence(Wire, frozen=True, kw_only=True):
    """The crop of one plate."""

    schema: Literal["evidence/1"] = "evidence/1"
    id: Id
    """The sighting that it belongs to."""
    site: Name
    camera: Name
    taken_at: Time
    columns: Annotated[tuple[Column, ...], msgspec.Meta(min_length=4, max_length=COLUMNS_MAX)]
    """From left to right, all of one length."""


class EvidenceRequest(Wire, frozen=True, kw_only=True):
    """The desk asks one camera for the crop of one sighting, because it became a hit."""

    schema: Literal["evidence_request/1"] = "evidence_request/1"
    id: Id
    """The sighting."""
    site: Name
    camera: Name
    made_at: Time
