"""A real RTSP server for the tests: GStreamer's, in a process of its own, that can be told to misbehave.

    with rtsp_server(user="camera", password="secret") as server:
        server.url                       # rtsp://127.0.0.1:40001/live
        server.say("stall")              # connected, but no picture comes any more; "flow" undoes it
        server.say("still")              # the same picture again and again; "moving" and "black" are the others
        server.say("drop")               # every client is thrown out; "refuse" keeps them out, "accept" lets them in
        server.kill(); server.start()    # the camera's power fails and returns, at the same address
    with rtsp_server(pictures=folder, size=…) as server:    # 00000.jpg, 00001.jpg, … again and again

Wants Debian's packages that `tests/debian-packages.txt` names, and the Python that they belong to; without them
`rtsp_server` skips the test and says so.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTHON = "/usr/bin/python3"
"""Debian's own, which python3-gi belongs to; never the tests' environment."""
PROBE = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
missing = [e for e in ("videotestsrc", "x264enc", "rtph264pay", "valve") if not Gst.ElementFactory.find(e)]
raise SystemExit(", ".join(missing) or 0)
"""


class RtspServer:
    """The server's process."""

    def __init__(
        self,
        user: str = "",
        password: str = "",
        *,
        size: tuple[int, int] = (320, 180),
        rate: int = 15,
        pictures: Path | None = None,
    ):
        self._arguments = [user, password, str(size[0]), str(size[1]), str(rate), str(pictures or "")]
        self.port = _free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def start(self) -> None:
        """Returns once it accepts connections."""
        command = [PYTHON, __file__, str(self.port), *self._arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._expect("listening")

    def say(self, word: str) -> None:
        """Returns once it is done."""
        assert self._process
        assert self._process.stdin
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        self._expect(word)

    def kill(self) -> None:
        """Without a goodbye, as a power cut does."""
        assert self._process
        self._process.kill()
        self._process.communicate()
        self._process = None

    def stop(self) -> None:
        if self._process:
            self.kill()

    def _expect(self, word: str) -> None:
        assert self._process
        assert self._process.stdout
        told = self._process.stdout.readline().strip()
        assert told == word, f"the RTSP server said {told!r} instead of {word!r}"


@contextmanager
def rtsp_server(user: str = "", password: str = "", **kwargs) -> Iterator[RtspServer]:
    """Started, and stopped at the end; skips the test where GStreamer's server is not installed."""
    _skip_without_gstreamer()
    server = RtspServer(user, password, **kwargs)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _skip_without_gstreamer() -> None:
    import pytest

    if not shutil.which(PYTHON):
        pytest.skip(f"no {PYTHON}: the RTSP server of the tests is Debian's (tests/debian-packages.txt)")
    probe = subprocess.run([PYTHON, "-c", PROBE], capture_output=True, text=True, check=False)
    if probe.returncode:
        why = (probe.stderr.strip().splitlines() or ["?"])[-1]
        pytest.skip(f"no RTSP server: {why}; apt-get install what tests/debian-packages.txt names")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# ---- From here on in Debian's own Python, without anything of ours. ----

PATTERNS = {"moving": "snow", "still": "smpte75", "black": "black"}
"""Snow is new each time, as every sensor's noise is; the other two are the same bytes for ever."""


class Camera:
    """Serves one stream and does what it is told."""

    def __init__(self, port: str, user: str, password: str, width: str, height: str, rate: str, pictures: str) -> None:
        import gi

        gi.require_version("GstRtspServer", "1.0")
        from gi.repository import Gst, GstRtspServer

        Gst.init(None)
        self._gst, self._rtsp = Gst, GstRtspServer
        self._pattern, self._stalled, self._refuses, self._elements = "moving", False, False, []
        self._server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
        self._server.connect("client-connected", self._on_client)
        factory = GstRtspServer.RTSPMediaFactory(shared=True)
        drawn = "videotestsrc name=source is-live=true"
        if pictures:  # a file is there at once: the clock makes a camera of it
            drawn = (
                f"multifilesrc location={pictures}/%05d.jpg loop=true caps=image/jpeg,framerate={rate}/1"
                " ! jpegdec ! clocksync ! videoconvert"
            )
        factory.set_launch(
            f"( {drawn} ! video/x-raw,format=I420,width={width},height={height},framerate={rate}/1 ! valve name=valve"
            " ! x264enc tune=zerolatency sliced-threads=false speed-preset=ultrafast key-int-max=5"
            " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        )
        factory.connect("media-configure", self._on_media)
        if user:
            self._lock(factory, user, password)
        self._server.get_mount_points().add_factory("/live", factory)
        assert self._server.attach(None), f"port {port} is taken"

    def obey(self, word: str) -> None:
        if word in PATTERNS:
            self._pattern = word
        elif word in ("stall", "flow"):
            self._stalled = word == "stall"
        else:
            self._refuses = {"refuse": True, "accept": False}.get(word, self._refuses)
            self._server.client_filter(lambda _server, _client: self._rtsp.RTSPFilterResult.REMOVE)
        for element in self._elements:
            self._tell(element)

    def _on_client(self, _server, client) -> None:
        if self._refuses:
            client.close()

    def _on_media(self, _factory, media) -> None:
        self._elements = [media.get_element()]
        self._tell(media.get_element())

    def _tell(self, element) -> None:
        drawn = element.get_by_name("source")
        if drawn is not None:
            drawn.set_property("pattern", PATTERNS[self._pattern])
        element.get_by_name("valve").set_property("drop", self._stalled)

    def _lock(self, factory, user: str, password: str) -> None:
        from gi.repository import GstRtsp

        rtsp = self._rtsp
        auth = rtsp.RTSPAuth()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = rtsp.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_digest(user, password, token)
        self._server.set_auth(auth)
        permissions = rtsp.RTSPPermissions()
        for right in ("access", "construct"):
            permissions.add_permission_for_role("viewer", f"media.factory.{right}", True)  # noqa: FBT003
        factory.set_permissions(permissions)


def tell(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def main() -> None:
    camera = Camera(*sys.argv[1:])
    import threading

    from gi.repository import GLib

    def done(word: str) -> bool:
        camera.obey(word)
        tell(word)
        return False

    def listen() -> None:
        for line in sys.stdin:
            GLib.idle_add(done, line.strip())
        loop.quit()

    loop = GLib.MainLoop()
    threading.Thread(target=listen, daemon=True).start()
    tell("listening")
    loop.run()


if __name__ == "__main__":
    main()
