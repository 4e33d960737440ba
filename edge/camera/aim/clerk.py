"""The areas' way to the settings' file: the page's server asks through a pipe, the process that may write answers.

    server, which strangers can reach: Counter.ask(None | Drawn) ─▶ JSON ─▶ Clerk: the file, root's     back: an Answer

The server runs as nobody. It can ask what stands in the file, and for other areas, and for nothing else; which file is
not its to say, and what it sends is read through its type, never unpickled.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from edge.camera.aim.areas import AREAS_MAX, Drawn, read_areas, write_areas
from edge.settings.problems import SettingsWrong
from edge.settings.writing import SettingsChanged

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

ASKED_BYTES_MAX = 131_072


class Answer(msgspec.Struct, frozen=True):
    """As the page gets it."""

    status: int
    """HTTP's."""
    content: dict[str, object]


class Clerk:
    """At the file: one question after another, until the other end is gone."""

    def __init__(self, settings: Path, line: Connection) -> None:
        self._settings, self._line = settings, line

    def run(self) -> None:
        """The clerk's thread."""
        with suppress(EOFError, OSError):
            while True:
                asked = self._line.recv_bytes(ASKED_BYTES_MAX)
                self._line.send_bytes(msgspec.json.encode(self._answer(asked)))

    def _answer(self, asked: bytes) -> Answer:
        try:
            drawn = msgspec.json.decode(asked, type=Drawn | None)
            if drawn is None:
                return Answer(200, msgspec.to_builtins(read_areas(self._settings)))
            if max(len(drawn.look), len(drawn.ignore)) > AREAS_MAX:
                return Answer(422, {"why": f"At most {AREAS_MAX} areas of each kind."})
            return Answer(200, {"version": write_areas(self._settings, drawn)})
        except SettingsChanged:
            return Answer(409, {"why": "Somebody else changed the settings meanwhile. Nothing was written."})
        except (SettingsWrong, msgspec.MsgspecError) as wrong:
            return Answer(422, {"why": str(wrong).splitlines()[0]})
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            return Answer(507, {"why": f"The settings cannot be read or written: {why}."})


class Counter:
    """In the server: where its threads ask, one at a time."""

    def __init__(self, line: Connection) -> None:
        self._line, self._turn = line, Lock()

    def ask(self, drawn: Drawn | None) -> Answer:
        """What the file has now (None), or the new digest of the file that has these areas; or why not."""
        try:
            with self._turn:
                self._line.send_bytes(msgspec.json.encode(drawn))
                return msgspec.json.decode(self._line.recv_bytes(), type=Answer)
        except (EOFError, OSError):
            return Answer(503, {"why": "aim is ending. Nothing was written."})
