"""Who is at the keyboard: what every access names, at the camera and at the desk."""

from __future__ import annotations

import os
import pwd
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

_LOGIN_UID: Final = Path("/proc/self/loginuid")
_NO_LOGIN: Final = 2**32 - 1


def login() -> str:
    """Who logged in, as the kernel remembers it through `sudo`; where it does not, who runs the process.

    Never from the environment: that is whatever somebody writes there.
    """
    uid = os.getuid()
    with suppress(OSError, ValueError):  # a kernel without audit, a container
        session = int(_LOGIN_UID.read_text(encoding="ascii"))
        uid = session if session != _NO_LOGIN else uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def name_of_login() -> str:
    """The same as the record spells names."""
    return re.sub(r"[^a-z0-9_-]", "-", login().lower()).lstrip("-_")[:32] or "unknown"
