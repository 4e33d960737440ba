"""What every verb's exit code means."""

from __future__ import annotations

DONE = 0
FAILED = 1
"""Some input failed; it is named on stderr."""
WRONG = 2
"""Wrong usage or settings."""
