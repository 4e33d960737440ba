"""Secrets: read from a file of one line or a systemd credential, never written down in settings, never shown.

password_file: mqtt-password                     a bare name: systemd's credential of that name
password_file: /etc/plate-reader/mqtt-password   a path: that file, which only the service's user should read
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from pathlib import Path

BYTES_MAX = 4096
"""Longer files are no passwords."""

WORDS = (
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "pwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "credentials",
)
"""What the keys of secrets are called, without `_` and `-`."""

_IN_ADDRESS = re.compile(r"(?<=//)\S*@")
_PASSWORD_IN_ADDRESS = re.compile(r"//[^@\s:/]*:(?!\d+/)[^@\s]*@")
_BEHIND_KEY = re.compile(r"(?i)((?:pass|secret|token|key|pwd|credential)[\w-]*\s*[:=]\s*)(?!/)\S.*")


class SecretWrong(Exception):
    """A secret that settings refer to is not to be had: what must hold, why not, what to do. Never its content."""


def secret(name: str, root: Path) -> str:
    """The one line that a secret's file holds. `name` as in the settings; relative paths begin at `root`."""
    path = place(name, root)
    if path is None:
        raise SecretWrong(
            "a name without a folder is a systemd credential, and systemd gave this program none: "
            "name it in the service's LoadCredential=, or write a path"
        )
    try:
        with path.open("rb") as stream:
            raw = stream.read(BYTES_MAX + 1)
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        raise SecretWrong(f"a secret's file can be read, but {_told(name, path)} cannot ({why}): create it") from None
    return _one_line(raw, _told(name, path))


def place(name: str, root: Path) -> Path | None:
    """Where a secret lies: a bare name among systemd's credentials (None when there are none), a path as it is."""
    if "/" in name:
        return root / name
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) / name if folder else None


def too_open(path: Path) -> bool:
    """Whether every user of the machine can read this file."""
    return bool(path.stat().st_mode & stat.S_IROTH)


def is_secret(key: str) -> bool:
    """Whether a key asks for a secret itself, misspelt too. `password_file` does not: it names a file."""
    plain = re.sub(r"[^a-z]", "", key.lower())
    return plain.endswith(WORDS) or bool(difflib.get_close_matches(plain, WORDS, n=1, cutoff=0.85))


def password_in_address(text: str) -> bool:
    """Whether an address carries one, as in `rtsp://user:password@camera/stream`."""
    return _PASSWORD_IN_ADDRESS.search(text) is not None


def hidden(text: str) -> str:
    """The text as it may be shown: without user and password in an address, without the value of a secret's key."""
    return _BEHIND_KEY.sub(r"\1…", _IN_ADDRESS.sub("…@", text))


def _told(name: str, path: Path) -> str:
    """A path is told; a bare name is not, for it may be the secret itself, written in the wrong place."""
    return str(path) if "/" in name else "the credential of this name"


def _one_line(raw: bytes, told: str) -> str:
    if len(raw) > BYTES_MAX:
        raise SecretWrong(f"a secret's file is one line, but {told} has over {BYTES_MAX:,} bytes: name another")
    try:
        text = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretWrong(f"a secret's file is one line of UTF-8 text, but {told} is not: name another") from None
    if not text or "\n" in text or "\0" in text:
        found = "is empty" if not text else "has more"
        raise SecretWrong(f"a secret's file is one line, but {told} {found}: write the secret alone into it")
    return text
