"""The real program on the loopback, driven by a real browser, and by a hostile one."""

import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
pytest.importorskip("starlette", reason="the field extra is not installed")
pytest.importorskip("uvicorn", reason="the field extra is not installed")

SETTINGS = """site: hesston
camera: north
source:   # the pole at Main Street
  kind: folder
  address: {scene}
  frames_per_second: 15
view:
  approaching: northbound   # towards town
  # Never look here.
  #ignore: []
runtime: {{manifest: {manifest}}}
"""


class Aim:
    """`plate-reader aim` as a child; `key` is what stands behind the # in the address it prints."""

    def __init__(self, folder, *more):
        scene = ROOT / "sample_frames/day_approaching"
        self.settings = folder / "config/north.yaml"
        self.settings.parent.mkdir()
        self.settings.write_text(SETTINGS.format(scene=scene, manifest=ROOT / "models/manifest.yaml"))
        command = [sys.executable, "-m", "edge.cli.main", "aim", "--config", self.settings, "--port", "0", *more]
        self.child = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
        )
        self.said = ""
        self.address = self.wait_for(r"Open  (\S+)")
        self.base, _, self.key = self.address.partition("#")
        self.port = int(re.search(r":(\d+)/", self.base)[1])

    def wait_for(self, pattern):
        """The first group of what it prints."""
        while not (found := re.search(pattern, self.said)):
            line = self.child.stdout.readline()
            assert line, f"aim ended: {self.said}"
            self.said += line
        return found[1]

    def ask(self, method, path, body=None, *, tls=False, **headers):
        """Status, headers and body of one request."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        context = ssl._create_unverified_context() if tls else None  # noqa: S323 — self-signed, on the loopback
        kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
        for _ in range(60):  # the child process is starting
            link = kind("127.0.0.1", self.port, timeout=20, **({"context": context} if tls else {}))
            try:
                link.request(method, path, body, headers)
                answer = link.getresponse()
                return answer.status, answer.headers, answer.read()
            except ConnectionRefusedError:
                time.sleep(0.5)
            finally:
                link.close()
        raise AssertionError("no answer")

    def enter(self, said=None, *, tls=False):
        """(cookie, token)."""
        origin = self.base.rstrip("/")
        status, headers, body = self.ask("POST", "/enter", said or self.key, tls=tls, Origin=origin)
        assert status == 200, body
        assert {"HttpOnly", "SameSite=strict"} <= set(headers["set-cookie"].split("; "))
        return headers["set-cookie"].split(";")[0], json.loads(body)["token"]

    def end(self):
        self.child.send_signal(signal.SIGINT)
        try:
            self.child.wait(15)
        finally:
            self.child.kill()
            self.child.stdout.close()
            self.child.wait()


@pytest.fixture
def started(tmp_path):
    running = []

    def start(*more):
        running.append(Aim(tmp_path, *more))
        return running[-1]

    yield start
    for one in running:
        one.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_started_by_root_the_page_is_served_by_nobody_and_the_settings_stay_roots(started):
    aim = started("--listen", "127.0.0.1")
    code = aim.wait_for(r"Code  (\S+)")
    cookie, token = aim.enter(code, tls=True)
    aim.settings.chmod(0o600)
    aim.settings.parent.chmod(0o700)
    told = [_status(pid) for pid in _children(aim.child.pid)]
    (server,) = [one for one in told if one["Uid"].split() != ["0"] * 4]
    assert (server["Uid"].split(), server["Gid"].split(), server["Groups"]) == (["65534"] * 4, ["65534"] * 4, "")
    assert int(server["CapPrm"], 16) == 0
    _, _, body = aim.ask("GET", "/areas", tls=True, Cookie=cookie)
    drawn = json.dumps({**json.loads(body), "look": [{"x0": 0, "y0": 0.2, "x1": 1, "y1": 1}]})
    said = {"Origin": aim.base.rstrip("/"), "Cookie": cookie, "X_Aim_Token": token}
    assert aim.ask("PUT", "/areas", drawn, tls=True, **said)[0] == 200
    assert "y0: 0.2" in aim.settings.read_text()
    assert (aim.settings.stat().st_uid, aim.settings.stat().st_mode & 0o777) == (0, 0o600)


def _children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _status(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def test_without_the_key_nothing_is_shown_and_a_hostile_page_cannot_write(started):
    aim = started()
    for path in ("/picture", "/events", "/areas", "/session"):
        assert aim.ask("GET", path)[0] == 401
    status, headers, _ = aim.ask("GET", "/")
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert aim.ask("GET", "/", Host="evil.example")[0] == 421
    origin = aim.base.rstrip("/")
    assert aim.ask("POST", "/enter", aim.key, Origin="http://evil.example")[0] == 403

    cookie, token = aim.enter()
    _, _, body = aim.ask("GET", "/areas", Cookie=cookie)
    drawn = json.dumps({**json.loads(body), "ignore": [{"x0": 0, "y0": 0, "x1": 0.3, "y1": 0.1}]})
    before = aim.settings.read_text()
    assert aim.ask("PUT", "/areas", drawn, Cookie=cookie, Origin=origin)[0] == 403  # no token
    hostile = {"Cookie": cookie, "X_Aim_Token": token}
    assert aim.ask("PUT", "/areas", drawn, Origin="http://127.0.0.1:1", **hostile)[0] == 403
    assert aim.ask("PUT", "/areas", drawn, **hostile)[0] == 403  # no origin
    assert aim.ask("GET", "/picture", Cookie=cookie, Sec_Fetch_Site="same-site")[0] == 401
    assert aim.settings.read_text() == before
    assert aim.ask("PUT", "/areas", drawn, Origin=origin, **hostile)[0] == 200
    assert "towards town" in aim.settings.read_text()
    # The second technician saw the file as it was before.
    status, _, body = aim.ask("PUT", "/areas", drawn, Origin=origin, **hostile)
    assert status == 409
    assert "Somebody else" in json.loads(body)["why"]
    wrong = json.dumps({**json.loads(drawn), "approaching": "North Bound"})
    assert aim.ask("PUT", "/areas", wrong, Origin=origin, **hostile)[0] == 422
    assert aim.ask("PUT", "/areas", "x" * 100_000, Origin=origin, **hostile)[0] == 422


def test_on_the_service_network_it_speaks_tls_and_asks_for_a_code(started):
    aim = started("--listen", "127.0.0.1", "--minutes", "5")
    assert aim.base.startswith("https://")
    assert aim.key == ""
    assert re.fullmatch(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", aim.wait_for(r"  (\S{95})\n"))
    code = aim.wait_for(r"Code  (\S+)")
    origin = aim.base.rstrip("/")
    status, headers, _ = aim.ask("POST", "/enter", code, tls=True, Origin=origin)
    assert status == 200
    assert "Secure" in headers["set-cookie"]
    time.sleep(1.1)
    assert aim.ask("POST", "/enter", code, tls=True, Origin=origin)[0] == 401


@pytest.mark.parametrize("address", ["0.0.0.0", "camera.local"])  # noqa: S104 — refused, that is the test
def test_it_does_not_listen_everywhere(address, tmp_path, capsys):
    from edge.cli.main import main

    assert main(["aim", "--config", str(ROOT / "config/north.yaml"), "--listen", address]) == 2
    assert "--listen" in capsys.readouterr().err


def test_it_ends_by_itself(started):
    aim = started("--minutes", "0.05")
    assert aim.child.wait(60) == 0


@pytest.fixture
def browser(tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("Debian's chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(flag)
    for flag in ("--no-first-run", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.add_argument("--window-size=1280,1100")
    shown = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield shown
    shown.quit()


def wait(ready, seconds=30.0):
    """Until `ready()` is true."""
    ends = time.monotonic() + seconds
    while not (value := ready()):
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.2)
    return value


def saved(page):
    page.find_element("id", "save").click()
    wait(lambda: page.find_element("id", "said").text.startswith("Saved"))


def overwrites_only_when_told_to(settings, page):
    """Save alone does not, however often; who means it has a button of its own."""
    theirs = settings.read_text()
    replace = page.find_element("id", "replace")
    assert not replace.is_displayed()
    for _ in range(2):
        page.find_element("id", "save").click()
        wait(lambda: page.find_element("id", "said").text.startswith("Not saved: somebody else"))
        assert settings.read_text() == theirs
    wait(replace.is_displayed)
    replace.click()
    wait(lambda: page.find_element("id", "said").text.startswith("Saved"))
    assert len(yaml.safe_load(settings.read_text())["view"]["look"]) == 2
    assert not replace.is_displayed()


@pytest.mark.timeout(180)
def test_areas_are_drawn_by_mouse_and_by_keyboard_and_land_in_the_file(started, browser):
    from selenium.webdriver import ActionChains, Keys

    aim, page = started(), browser
    aim.ask("GET", "/")  # it is up
    page.get(aim.address)
    wait(lambda: page.execute_script("return document.getElementById('picture').width") == 1280)
    wait(lambda: page.find_element("id", "approaching").get_attribute("value") == "northbound")
    assert aim.key not in page.current_url

    sketch = page.find_element("id", "sketch")
    wide, high = sketch.size["width"], sketch.size["height"]
    mouse = ActionChains(page).move_to_element_with_offset(sketch, -wide * 0.4, -high * 0.3).click_and_hold()
    mouse.move_by_offset(int(wide * 0.3), int(high * 0.3)).move_by_offset(int(wide * 0.3), 5).release().perform()
    assert len(page.find_elements("css selector", "#sketch rect.look")) == 1

    page.find_element("id", "add-ignore").send_keys(Keys.ENTER)
    drawn = page.switch_to.active_element
    assert "never look" in drawn.get_attribute("aria-label")
    drawn.send_keys(Keys.ARROW_LEFT * 10, Keys.ARROW_UP * 5, Keys.SHIFT + Keys.ARROW_RIGHT * 4)
    saved(page)

    text = aim.settings.read_text()
    view = yaml.safe_load(text)["view"]
    assert view["ignore"] == [{"x0": 0.2, "y0": 0.25, "x1": pytest.approx(0.64), "y1": 0.65}]
    assert view["look"][0]["x0"] == pytest.approx(0.1, abs=0.02)
    assert view["look"][0]["x1"] == pytest.approx(0.7, abs=0.02)
    assert all(comment in text for comment in ("# the pole at Main Street", "# towards town", "# Never look here."))
    assert (aim.settings.parent / "north.yaml.old").read_text() != text

    measured = wait(lambda: page.find_elements("css selector", "#measures li.bad, #measures li.fair"))
    assert measured[0].find_element("class name", "word").text in ("✗ bad", "! fair")
    unnamed = "e => !e.labels?.length && !e.ariaLabel && !e.textContent"
    everything = "[...document.querySelectorAll('button,input,rect')]"
    assert page.execute_script(f"return {everything}.filter({unnamed}).length") == 0

    # Somebody edits the file while something unsaved is on the page: told, and nothing is lost.
    page.find_element("id", "add-look").click()
    aim.settings.write_text(text.replace("towards town", "into town"))
    wait(lambda: "Somebody else" in page.find_element("id", "said").text)
    assert len(page.find_elements("css selector", "#sketch rect")) == 3

    overwrites_only_when_told_to(aim.settings, page)
    page.find_element("id", "add-look").click()

    page.set_window_size(500, 900)
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    )
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360

    # The program ends in the middle of it: said, and what was drawn is still there.
    aim.end()
    wait(lambda: "kept" in page.find_element("id", "state").text)
    assert len(page.find_elements("css selector", "#sketch rect")) == 4
