"""The page's server: figures by server-sent events, veiled pictures one by one, the areas. It never meets a frame.

A browser asks for the next picture when it has shown the last; whatever came between is gone. So a slow phone gets
fewer pictures, never old ones, and nothing waits for it.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from edge.camera.aim.access import host_allowed, same_origin
from edge.camera.aim.areas import Drawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from edge.camera.aim.access import Access, Session
    from edge.camera.aim.clerk import Answer

PAGE = Path(__file__).with_name("page")
FILES = {"/": "index.html", "/page.css": "page.css", "/page.js": "page.js", "/areas.js": "areas.js"}
BODY_MAX = 65_536
BODY_S_MAX = 10.0
WAIT_S_MAX = 5.0
"""A browser that waits for a picture is answered after this long, with none."""
POLL_S = 0.05
EVENT_S = 0.5

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass(slots=True)
class Latest:
    """What the other process sent last. One thread writes, the event loop reads."""

    report: str = ""
    """JSON."""
    report_number: int = 0
    jpeg: bytes = b""
    jpeg_number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All that the handlers need."""

    access: Access
    areas: Callable[[Drawn | None], Answer]
    """What the settings' file says (None), or these areas into it."""
    names: set[str]
    """That a Host header may name."""
    scheme: str
    cookie: str
    """The session cookie's name: unlike that of another aim on the same computer, since ports share cookies."""
    want_picture: Callable[[], None]
    minutes_left: Callable[[], float]
    latest: Latest = field(default_factory=Latest)


def application(desk: Desk) -> ASGIApp:
    """The whole site, behind its guard."""
    handlers = _Handlers(desk)
    routes = [
        *(Route(path, _file(name)) for path, name in FILES.items()),
        Route("/enter", handlers.enter, methods=["POST"]),
        Route("/session", handlers.session),
        Route("/events", handlers.events),
        Route("/picture", handlers.picture),
        Route("/areas", handlers.areas),
        Route("/areas", handlers.save, methods=["PUT"]),
    ]
    return _Guarded(Starlette(routes=routes), desk.names)


class _Guarded:
    """Around everything: no foreign Host (a name that was bent to point here), and the headers on each answer."""

    def __init__(self, inner: ASGIApp, names: set[str]) -> None:
        self._inner, self._names = inner, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        host = next((value.decode("latin-1") for key, value in scope["headers"] if key == b"host"), "")

        async def sending(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                told = dict(message["headers"])  # type: ignore[call-overload]
                told.update((key.encode(), value.encode()) for key, value in HEADERS.items())
                message["headers"] = list(told.items())
            await send(message)

        if host_allowed(host, self._names):
            await self._inner(scope, receive, sending)  # type: ignore[arg-type]
        else:
            await _refusal(421, "This is not the name of this server.")(scope, receive, sending)  # type: ignore[arg-type]


class _Handlers:
    """One method a path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def enter(self, request: Request) -> Response:
        """Key or code → cookie and token."""
        desk = self._desk
        if not self._ours(request):
            return _refusal(403, "Only this server's own page may do that.")
        said = (await _body(request)).decode("utf-8", "replace")
        session, why = desk.access.enter(said.strip())
        if session is None:
            return _refusal(401, why)
        answer = JSONResponse({"token": session.token})
        answer.set_cookie(
            desk.cookie, session.cookie, httponly=True, samesite="strict", secure=desk.scheme == "https", path="/"
        )
        return answer

    async def session(self, request: Request) -> Response:
        """The token again, after a reload."""
        session = self._session(request)
        return _refusal(401, "") if session is None else JSONResponse({"token": session.token})

    async def events(self, request: Request) -> Response:
        """Each report as it comes."""
        if self._session(request) is None:
            return _refusal(401, "")
        return StreamingResponse(self._reports(request), media_type="text/event-stream")

    async def _reports(self, request: Request) -> AsyncIterator[str]:
        number = 0
        while not await request.is_disconnected():
            latest = self._desk.latest
            if latest.report_number != number:
                number = latest.report_number
                yield f'data: {latest.report[:-1]}, "minutes_left": {self._desk.minutes_left():.1f}}}\n\n'
            await asyncio.sleep(EVENT_S)

    async def picture(self, request: Request) -> Response:
        """The next picture after the one with the number `after`; 204 when none comes."""
        if self._session(request) is None:
            return _refusal(401, "")
        after = request.query_params.get("after", "")
        latest = self._desk.latest
        self._desk.want_picture()
        for _ in range(round(WAIT_S_MAX / POLL_S)):
            if latest.jpeg_number and str(latest.jpeg_number) != after:
                headers = {"x-picture": str(latest.jpeg_number)}
                return Response(latest.jpeg, media_type="image/jpeg", headers=headers)
            await asyncio.sleep(POLL_S)
        return Response(status_code=204)

    async def areas(self, request: Request) -> Response:
        """What the settings' file says now."""
        if self._session(request) is None:
            return _refusal(401, "")
        return await self._answered(None)

    async def save(self, request: Request) -> Response:
        """Into the file, if it still is the one that was seen."""
        session = self._session(request)
        if session is None:
            return _refusal(401, "")
        if not self._ours(request) or request.headers.get("x-aim-token") != session.token:
            return _refusal(403, "Only this server's own page may do that.")
        try:
            drawn = msgspec.json.decode(await _body(request), type=Drawn)
        except msgspec.MsgspecError as wrong:
            return _refusal(422, str(wrong))
        return await self._answered(drawn)

    async def _answered(self, drawn: Drawn | None) -> Response:
        answer = await run_in_threadpool(self._desk.areas, drawn)
        return JSONResponse(answer.content, status_code=answer.status)

    def _session(self, request: Request) -> Session | None:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return None
        return self._desk.access.session(request.cookies.get(self._desk.cookie))

    def _ours(self, request: Request) -> bool:
        headers = request.headers
        return same_origin(
            headers.get("origin"), self._desk.scheme, headers.get("host", ""), headers.get("sec-fetch-site")
        )


def report_json(report: object) -> str:
    """A report for the page."""
    return json.dumps(msgspec.to_builtins(report), ensure_ascii=False)


async def _body(request: Request) -> bytes:
    """At most `BODY_MAX`, and within `BODY_S_MAX`; what is longer or slower is cut, and then no JSON."""
    body = bytearray()

    async def take() -> None:
        async for chunk in request.stream():
            body.extend(chunk)
            if len(body) > BODY_MAX:
                return

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(take(), BODY_S_MAX)
    return bytes(body[:BODY_MAX])


def _file(name: str) -> Callable[[Request], FileResponse]:
    def answer(_request: Request) -> FileResponse:
        return FileResponse(PAGE / name)

    return answer


def _refusal(status: int, why: str) -> JSONResponse:
    return JSONResponse({"why": why}, status_code=status)
