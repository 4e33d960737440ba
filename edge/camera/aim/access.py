"""Who may look and who may draw: one-time codes, sessions, and whether a request comes from our own page.

On the loopback whoever can read the terminal has the key, in the address's fragment, which no server ever sees. On the
service network a code of 40 bits, good for one entry, ten minutes and five tries; then a new one is printed.
A session is a cookie that no script can read, and every write needs its token as well, which no other page can read.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

CODE_S_MAX, CODE_TRIES_MAX = 600.0, 5
TRY_EVERY_S = 1.0
"""Between two tries of anybody: a code cannot be guessed in a thousand years."""
SESSIONS_MAX = 8
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without what a technician mistakes on a ladder: 0 and O, 1, I and L."""
CODE_LENGTH = 8
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(slots=True)
class Session:
    """One browser that was let in."""

    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))


class Access:
    """The door. `key`: the loopback's, for any number of entries; None: one-time codes, each told through `tell`."""

    def __init__(
        self,
        key: str | None,
        tell: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key, self._tell, self._clock = key, tell, clock
        self._sessions: list[Session] = []
        self._code, self._code_s, self._tries = "", 0.0, 0
        self._tried_s = -TRY_EVERY_S
        if key is None:
            self._new_code()

    def enter(self, said: str) -> tuple[Session | None, str]:
        """A session, or why there is none."""
        now_s = self._clock()
        if now_s - self._tried_s < TRY_EVERY_S:
            return None, "Too quick: wait a second, and try again."
        if self._key is not None:
            if hmac.compare_digest(said.encode(), self._key.encode()):
                return self._admit(), ""
            self._tried_s = now_s
            return None, "This address is of another start of aim: take the one that the terminal shows now."
        self._tried_s = now_s
        return self._by_code(_plain(said), now_s)

    def session(self, cookie: str | None) -> Session | None:
        """That this cookie belongs to."""
        known = (one for one in self._sessions if hmac.compare_digest(one.cookie.encode(), (cookie or "").encode()))
        return next(known, None)

    def _by_code(self, said: str, now_s: float) -> tuple[Session | None, str]:
        if now_s - self._code_s > CODE_S_MAX:
            self._new_code()
            return None, "This code has expired: the terminal shows a new one."
        if hmac.compare_digest(said.encode(), self._code.encode()):
            self._new_code()
            return self._admit(), ""
        self._tries += 1
        if self._tries >= CODE_TRIES_MAX:
            self._new_code()
            return None, "Wrong five times: that code is void, the terminal shows a new one."
        return None, "Not the code that the terminal shows."

    def _admit(self) -> Session:
        """The oldest session gives way."""
        session = Session()
        self._sessions = [*self._sessions[1 - SESSIONS_MAX :], session]
        return session

    def _new_code(self) -> None:
        self._code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        self._code_s, self._tries = self._clock(), 0
        self._tell(f"{self._code[:4]}-{self._code[4:]}")


def _plain(said: str) -> str:
    return "".join(c for c in said.upper() if c.isalnum())[: 2 * CODE_LENGTH]


def host_allowed(header: str, names: set[str]) -> bool:
    """Whether a Host header names us. A tunnel may end on another port, so the name alone counts."""
    try:
        name = urlsplit(f"//{header}").hostname
    except ValueError:
        return False
    return name in names


def same_origin(origin: str | None, scheme: str, host: str, fetch_site: str | None) -> bool:
    """Whether a request that changes something comes from our own page and no other."""
    return origin == f"{scheme}://{host}" and fetch_site in (None, "same-origin")
