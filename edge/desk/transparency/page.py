"""The page as files: `index.html`, which needs no script and prints well, and `transparency.json` beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import jinja2
import msgspec

if TYPE_CHECKING:
    from edge.desk.transparency.figures import Page

VERDICTS: Final = {
    "correct": "Correct: the vehicle that was looked for",
    "wrong_state": "Wrong state: same characters, another state's plate",
    "misread": "Misread: the camera read the plate wrongly",
    "dismissed": "Dismissed for another reason",
    "unverified": "Not yet looked at by a person",
}
FORMATS: Final = {
    "frigate": "Frigate’s MQTT messages",
    "plate_recognizer": "Plate Recognizer’s webhook",
    "openalpr": "OpenALPR’s webhook",
}
REASONS: Final = {
    "immigration": "NCIC Immigration Violator file, prohibited",
    "suspended": "suspended registrations, prohibited",
    "junk": "no real plate (“UNKNOWN”, “TEMP”, …)",
}


def html(page: Page) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["days"] = lambda value: f"{value:g}"
    return environment.get_template("page.html").render(page=page, verdicts=VERDICTS, reasons=REASONS, formats=FORMATS)


def json(page: Page) -> bytes:
    """The same figures for programs."""
    return msgspec.json.format(msgspec.json.encode(page), indent=2) + b"\n"


def write(page: Page, folder: Path) -> list[Path]:
    """Both files, each whole or not at all: a web server may be reading them. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {"index.html": html(page).encode(), "transparency.json": json(page)}
    for name, content in contents.items():
        half = folder / f".{name}.new"
        half.write_bytes(content)
        half.replace(folder / name)
    return [folder / name for name in contents]
