"""What leaves the device leaves through the boundary: held by reading the sources."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import edge

EDGE = Path(edge.__file__).parent
CAMERA_SIDE = sorted(file for room in ("camera", "link", "record", "settings") for file in (EDGE / room).rglob("*.py"))

NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "requests",
    "httpx",
    "aiohttp",
    "ftplib",
    "smtplib",
    "paho",
    "websockets",
    "starlette",
    "uvicorn",
}
MAY_TOUCH_THE_NETWORK = {
    "link/connection.py": "the one line to the broker",
    "link/mailbox.py": "wakes the link's thread through a socket pair",
    "link/hatch.py": "a local socket between a camera's two processes",
    "link/handing.py": "wakes its own thread through a socket pair",
    "camera/publishing.py": "takes the local socket that systemd hands over",
    "link/errand.py": "says one thing beside the daemon's line, through link/connection.py",
    "link/certificates.py": "asks the broker for its certificate",
    "link/trust.py": "makes the TLS context",
    "link/recorder.py": "listens on the loopback, for verify-privacy",
    "link/broker.py": "looks for a free port for the demo's broker",
    "camera/aim/serving.py": "the technician's page; no part of the daemon",
    "camera/aim/server.py": "likewise",
    "camera/aim/patience.py": "likewise: hangs up on whoever does not finish asking",
    "camera/notify.py": "tells systemd, through a local socket",
    "camera/frames/rtsp_reason.py": "asks the camera itself why it gives no picture",
}
MAY_ENCODE = {
    "link/hatch.py": "words between the two processes; a message in them is the boundary's bytes, untouched",
    "camera/aim/clerk.py": "areas between aim's two processes, on their way into the settings' file",
}
WRITES_JSON = {"json", "orjson", "ujson", "pickle", "marshal", "base64", "binascii"}


def _imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found | {name.partition(".")[0] for name in found}


def _calls(tree: ast.AST) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def _name(file: Path) -> str:
    return str(file.relative_to(EDGE))


@pytest.mark.parametrize("file", CAMERA_SIDE, ids=_name)
def test_only_the_link_touches_the_network(file):
    used = _imports(ast.parse(file.read_text(encoding="utf-8"))) & NETWORK
    assert not used or _name(file) in MAY_TOUCH_THE_NETWORK, f"{_name(file)} imports {used}"


@pytest.mark.parametrize("file", [f for f in CAMERA_SIDE if _name(f).startswith(("camera/", "link/"))], ids=_name)
def test_only_the_boundary_writes_messages(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    encoders = {call for call in _calls(tree) if call.endswith(("json.encode", "msgpack.encode", "Encoder"))}
    assert not encoders or _name(file) in MAY_ENCODE, f"{_name(file)} calls {encoders}"


@pytest.mark.parametrize("file", sorted((EDGE / "link").glob("*.py")), ids=_name)
def test_the_link_knows_no_encoding(file):
    assert not _imports(ast.parse(file.read_text(encoding="utf-8"))) & WRITES_JSON


@pytest.mark.parametrize("name", ["camera/outbox.py", "camera/disk.py", "camera/daily.py", "camera/parked.py"])
def test_the_outbox_knows_no_encoding_and_no_pixels(name):
    used = _imports(ast.parse((EDGE / name).read_text(encoding="utf-8")))
    assert not used & (WRITES_JSON | {"cv2", "numpy", "onnxruntime"})


def test_bytes_go_to_the_broker_in_one_place_and_are_rechecked_there():
    tree = ast.parse((EDGE / "link/connection.py").read_text(encoding="utf-8"))
    sends = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("publish", "will_set")
    ]
    assert sorted(ast.unparse(node.func) for node in sends) == ["paho.will_set", "self._paho.publish"]
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and any(send in ast.walk(function) for send in sends):
            assert "recheck(" in ast.unparse(function)


def test_nobody_reaches_into_the_boundary():
    for file in sorted(EDGE.rglob("*.py")):
        if _name(file) != "record/boundary.py":
            text = file.read_text(encoding="utf-8")
            assert "_CONTENTS" not in text, _name(file)
            assert "_Content(" not in text, _name(file)


def test_the_desk_calls_nobody_but_through_the_link_and_its_adapters():
    files = sorted((EDGE / "desk").rglob("*.py"))
    calling = [_name(file) for file in files if _imports(ast.parse(file.read_text(encoding="utf-8"))) & NETWORK]
    assert calling == ["desk/adapters/receivers.py"]
