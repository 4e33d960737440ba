"""`audit/1`: the last row of the desk's hash chain, so that whoever keeps it can prove a later rewriting."""

from __future__ import annotations

from typing import Annotated, Literal

from edge.record.words import Name, Ordinal, Time, Wire, exactly

ChainHash = Annotated[str, exactly(r"[0-9a-f]{64}")]


class AuditHead(Wire, frozen=True, kw_only=True):
    """Row number and hash; nothing of what the row says."""

    schema: Literal["audit/1"] = "audit/1"
    site: Name
    rows: Ordinal
    hash: ChainHash
    made_at: Time
