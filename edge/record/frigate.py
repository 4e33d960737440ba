"""What Frigate's listeners are told of a plate: off unless the policy has an adapter for it.

The format is Frigate's own, so it bears no schema of ours; that it can hold nothing else is kept as for every other
message: patterns and bounded numbers.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge.record.words import Id, Name, Probability, Text, Wire


class FrigateUpdate(Wire, frozen=True, kw_only=True):
    """`frigate/tracked_object_update`, as Frigate 0.16 tells of a plate that it has read."""

    type: Literal["lpr"]
    id: Id
    """The sighting's own, the same at every repetition; Frigate's begins with a time."""
    name: None
    """Frigate's name for a plate that it knows; we know none."""
    plate: Text
    score: Probability
    timestamp: Annotated[float, msgspec.Meta(ge=0.0, le=2.0**33)]
    """When the vehicle came into view, Unix seconds."""
    camera: Name
