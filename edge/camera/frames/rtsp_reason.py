"""Why an RTSP camera cannot be reached, in words.

OpenCV only says that it failed, so the camera is asked: does its name resolve, does its port answer, does it speak
RTSP, and what does it say to a DESCRIBE? Nothing secret is sent: whether it wants a password, it says without one.
"""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edge.camera.frames.source import SourceAway

if TYPE_CHECKING:
    from edge.settings.camera import SourceSettings

PORTS = {"rtsp": 554, "rtsps": 322}
BYTES_MAX = 65_536
ASKING_S_MAX = 5.0
"""A camera that is slower to say no is as good as silent."""
SILENT = 0
"""In place of a status code: connected, but no answer came."""


def reason(settings: SourceSettings, *, silent: bool) -> SourceAway:
    """In words, with what to do. `silent`: FFmpeg waited for a picture in vain until its timeout."""
    parts = urlsplit(settings.address)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 554)
    try:
        status = _ask(settings, host, port)
    except socket.gaierror:
        return SourceAway(f"nobody knows the host {host}: check the address, and this device's name server")
    except TimeoutError:
        return SourceAway(f"{host}:{port} does not answer: is the camera on, and on this network?")
    except ConnectionRefusedError:
        return SourceAway(f"{host}:{port} refuses connections: is RTSP switched on in the camera, and the port right?")
    except ssl.SSLError as error:
        return SourceAway(f"{host}:{port} does not speak TLS ({error.reason}): is it rtsp:// instead of rtsps://?")
    except OSError as error:
        return SourceAway(f"{host}:{port} cannot be reached: {(error.strerror or str(error)).lower()}")
    return _answered(settings, parts.path or "/", status, silent=silent)


def _answered(settings: SourceSettings, path: str, status: int | None, *, silent: bool) -> SourceAway:
    if silent and status not in (None, SILENT):
        return SourceAway(f"it answers, but has sent no picture for {settings.open_timeout_s:g} s", "stalled")
    if status == SILENT:
        return SourceAway("it takes the connection and then says nothing: restart the camera", "stalled")
    wrong = "it refuses the user or the password: check the line user:password in the credentials_file"
    barred = "it wants a user and a password: name a credentials_file" if settings.credentials_file is None else wrong
    known = {
        None: "something answers, but no RTSP camera: check the port",
        200: "it answers, but its stream cannot be read: set the camera to H.264 or H.265, over TCP",
        401: barred,
        403: barred,
        404: f"it has no stream {path}: check the address behind the host",
    }
    return SourceAway(known.get(status, f"it says no ({status}): too many viewers, or it is still starting"))


def _ask(settings: SourceSettings, host: str, port: int) -> int | None:
    """The status code of the answer to a DESCRIBE; None when what answers is no RTSP."""
    timeout_s = min(settings.open_timeout_s, ASKING_S_MAX)
    request = f"DESCRIBE {settings.address} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    with socket.create_connection((host, port), timeout=timeout_s) as plain:
        line: ssl.SSLSocket | socket.socket = _wrapped(plain, host) if settings.address.startswith("rtsps") else plain
        line.settimeout(timeout_s)
        line.sendall(request.encode())
        answer = b""
        try:
            while b"\r\n" not in answer and len(answer) < BYTES_MAX and (more := line.recv(4096)):
                answer += more
        except TimeoutError:
            return SILENT
    found = re.match(rb"RTSP/\d\.\d (\d{3})", answer)
    return int(found[1]) if found else None


def _wrapped(plain: socket.socket, host: str) -> ssl.SSLSocket:
    """Cameras sign their certificates themselves, and here only a status code is asked for."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host)
