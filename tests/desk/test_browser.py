"""The public page in a real browser, Debian's Chromium: what it looks like to people, on paper and to their aids.

`python -m tests.desk.test_browser docs/pictures/transparency.png` takes the picture that the documentation shows.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from edge.desk.transparency import page
from edge.desk.transparency.figures import collect
from tests.desk.builders import NOW_MS
from tests.desk.month import month

TELEPHONE, DESK = (320, 640), (1280, 900)
"""Width and height, CSS pixels; 320 is what WCAG 2.1 (1.4.10, Reflow) asks for."""

CONTRASTS = """
const light = c => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
                     return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]); };
const parts = text => text.match(/[\\d.]+/g).map(Number);
const paper = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
                     if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
for (let n; n = texts.nextNode();) if (n.data.trim()) {
  const [a, b] = [light(parts(getComputedStyle(n.parentElement).color)), light(paper(n.parentElement))];
  found.push([(Math.max(a, b) + .05) / (Math.min(a, b) + .05), n.data.trim().slice(0, 40)]);
}
return found;
"""


@contextmanager
def chromium(*, scripts: bool = True):
    """A browser without a window; skips where there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("Debian's chromium is not installed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(word)
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def show(browser, url: str, size: tuple[int, int]) -> None:
    """The page at a window of exactly this size."""
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(url)


def picture(browser) -> bytes:
    """The whole page as PNG, beyond what the window shows."""
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    return base64.b64decode(shot["data"])


def published(folder: Path) -> str:
    """A month's page in `folder`; its address."""
    desk = month(folder)
    with desk.store.read() as connection:
        figures = collect(connection, desk.policy, NOW_MS)
    desk.store.close()
    page.write(figures, folder / "public")
    return (folder / "public" / "index.html").as_uri()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    return published(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def browser():
    with chromium() as made:
        yield made


def test_it_looks_the_same_without_scripts(browser, url):
    show(browser, url, DESK)
    with_scripts = picture(browser)
    assert "31,272" in browser.find_element(By.TAG_NAME, "main").text
    with chromium(scripts=False) as plain:
        show(plain, "data:text/html,<script>document.title = 'scripts run'</script>", DESK)
        assert plain.title != "scripts run", "this browser runs scripts after all"
        show(plain, url, DESK)
        assert picture(plain) == with_scripts


def test_it_asks_for_nothing_but_itself(browser, url):
    show(browser, url, DESK)
    assert browser.execute_script("return performance.getEntriesByType('resource').map(r => r.name)") == []
    assert browser.execute_script("return document.cookie + Object.keys(localStorage)") == ""


@pytest.mark.parametrize("size", [TELEPHONE, DESK], ids=["telephone", "desk"])
def test_nothing_scrolls_sideways_or_is_cut_off(browser, url, size):
    show(browser, url, size)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    beyond = """return [...document.querySelectorAll('main *, header *, footer *')].filter(e => {
        const box = e.getBoundingClientRect(); return box.width && (box.right > innerWidth + 1 || box.left < -1);
    }).map(e => e.textContent.trim().slice(0, 40))"""
    assert browser.execute_script(beyond) == []


def test_text_twice_as_large_still_fits(browser, url):
    show(browser, url, (640, 900))
    browser.execute_script("document.documentElement.style.fontSize = '200%'")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 640


def test_every_word_stands_out_from_its_ground(browser, url):
    show(browser, url, DESK)
    contrasts = browser.execute_script(CONTRASTS)
    assert len(contrasts) > 150
    assert [(ratio, words) for ratio, words in contrasts if ratio < 4.5] == []


def test_a_screen_reader_finds_its_way(browser, url):
    show(browser, url, DESK)
    nodes = [n for n in browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"] if not n["ignored"]]

    def named(role: str) -> list[str]:
        return [n.get("name", {}).get("value", "") for n in nodes if n["role"]["value"] == role]

    assert [len(named(landmark)) for landmark in ("banner", "main", "contentinfo")] == [1, 1, 1]
    levels = [
        p["value"]["value"]
        for n in nodes
        if n["role"]["value"] == "heading"
        for p in n["properties"]
        if p["name"] == "level"
    ]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    assert len(named("heading")) >= 12
    assert len(named("table")) >= 5
    assert all(named("table")), "every table has its caption"
    assert all(named("link"))
    assert {"Hotlist", "Verdict", "Purpose"} <= set(named("columnheader"))
    assert "Last purge" in named("rowheader")
    assert "31,272" in {n.get("name", {}).get("value") for n in nodes}


def test_the_first_tab_offers_to_skip_to_the_content(browser, url):
    show(browser, url, DESK)
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.text == "Skip to the content"
    assert skip.location["x"] >= 0
    skip.send_keys(Keys.ENTER)
    assert browser.current_url.endswith("#main")


def test_it_prints_on_a_few_pages(browser, url):
    show(browser, url, DESK)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})
    pages = re.findall(rb"/Type\s*/Page\b", base64.b64decode(printed["data"]))
    assert 2 <= len(pages) <= 6
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not browser.find_element(By.CLASS_NAME, "skip").is_displayed()
        assert browser.execute_script("return document.documentElement.scrollWidth") <= DESK[0]
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made, chromium() as window:
        show(window, published(Path(made)), (900, 900))
        shot = Image.open(io.BytesIO(picture(window))).convert("RGB")
        shot.quantize(24, dither=Image.Dither.NONE).save(sys.argv[1], optimize=True)
