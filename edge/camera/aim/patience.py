"""uvicorn's HTTP/1.1 with a limit that it lacks: how long a caller may take to say what it wants.

uvicorn times a connection that has been answered, not one that never gets to the end of its first line: somebody on the
service network could hold hundreds of those open for as long as they like, and the technician would not get in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

HEADERS_S_MAX: Final = 10.0
"""From the connection, or the first byte of a further request, to the end of its headers."""


class Impatient(H11Protocol):
    """Hangs up on whoever has not said everything in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock runs from here."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """It runs while a request is not whole; the answer has uvicorn's own limits."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._rest()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left behind."""
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_S_MAX, self.transport.close)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
