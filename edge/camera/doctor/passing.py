"""A rendered vehicle through the whole line, and the news of it to the desk: proof of the path from lens to log.

It goes through this camera's settings and networks, in a line of its own; what leaves is `selftest/1`, which has no
plate and is nobody's sighting. So it can become neither a hit nor a counted vehicle, whoever listens.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from edge import __version__
from edge.camera.doctor.finding import Finding, ok, skipped
from edge.camera.frames.open import open_source
from edge.camera.known import NoMemory
from edge.camera.line import fresh_line, origin
from edge.camera.plates import fold
from edge.camera.score import TruthWrong, read_truth
from edge.link import errand
from edge.link.trust import LinkMisconfigured
from edge.record.boundary import seal
from edge.record.selftest import SelfTest
from edge.record.words import time as written
from edge.settings.camera import SourceSettings, ViewSettings

if TYPE_CHECKING:
    from pathlib import Path

    from edge.camera.line import Networks
    from edge.camera.pipeline import Tally
    from edge.record.sighting import Sighting
    from edge.settings.camera import CameraSettings

SCENE: Final = "day_approaching"
"""In `sample_frames`: one car by day, drawn."""


def passing(settings: CameraSettings, networks: Networks, scenes: Path) -> Finding:
    """Drive it through, send the news, say how far it came. `settings` with absolute paths."""
    folder = scenes / SCENE
    try:
        truth = read_truth(folder / "truth.yaml")[SCENE]
    except (TruthWrong, KeyError):
        return skipped("pass", f"the drawn scene is not there: {folder}")
    sightings, tally = _driven(settings, networks, folder)
    told = report(settings, networks, sightings, tally, {fold(one.text) for one in truth})
    if told.outcome != "read":
        return Finding(
            name="pass",
            state="fail",
            saw=f"the drawn vehicle was {told.outcome.replace('_', ' ')}",
            where="networks, fusion",
            remedy="see recommended and networks here: the shipped networks read it with the recommended settings",
            figures={"plates": told.plates, "reads": told.reads},
        )
    return _delivered(settings, told)


def report(
    settings: CameraSettings, networks: Networks, sightings: list[Sighting], tally: Tally, wanted: set[str]
) -> SelfTest:
    """The record: counts and one word, and no plate."""
    texts = [one.plate for one in sightings if one.plate is not None]
    right = next((plate for plate in texts if fold(plate.text) in wanted), None)
    outcome: Literal["read", "misread", "unread", "not_seen"] = "misread" if texts else "unread"
    if right is not None:
        outcome = "read"
    elif not sightings:
        outcome = "not_seen"
    me = origin(settings, networks, "selftest")
    return SelfTest(
        id=secrets.token_hex(16),
        site=settings.site,
        camera=settings.camera,
        time=written(time.time_ns()),
        outcome=outcome,
        confidence=right.confidence if right is not None else None,
        frames=tally.frames,
        plates=tally.plates,
        reads=tally.reads,
        models=networks.models,
        settings=me.settings,
        software=__version__,
    )


def _driven(settings: CameraSettings, networks: Networks, folder: Path) -> tuple[list[Sighting], Tally]:
    """The camera's own settings but for where it looks: the drawn road is another than the real one."""
    source = SourceSettings(kind="folder", address=str(folder), frames_per_second=settings.source.frames_per_second)
    drawn = msgspec.structs.replace(settings, source=source, view=ViewSettings())
    line = fresh_line(
        drawn, networks, origin(drawn, networks, "selftest"), memory=NoMemory(), synchronized=lambda: True
    )
    sightings = [told for frame in open_source(source, settings.camera).frames() for told in line.update(frame)]
    return [*sightings, *line.finish()], line.tally


def _delivered(settings: CameraSettings, told: SelfTest) -> Finding:
    where = f"lpr/v1/{settings.site}/{settings.camera}/selftest"
    figures = {"confidence": told.confidence or 0.0, "plates": told.plates, "reads": told.reads}
    seen = f"read with {told.confidence:.1%} in {told.reads} reads"
    try:
        answer = errand.run(settings.broker, settings.site, settings.camera, [seal(told)])
    except LinkMisconfigured as wrong:
        return Finding(name="pass", state="fail", saw=str(wrong), where="broker", remedy="name a file that serves")
    if not answer.done:
        remedy = "the broker's access list must allow this topic: plate-reader desk --broker-files makes it anew"
        saw = f"{seen}, but the broker: {answer.state}, {answer.why}"
        return Finding(name="pass", state="fail", saw=saw, where=where, remedy=remedy, figures=figures)
    if answer.heard is False:
        remedy = "start the desk (an older one does not ask for this topic: update it)"
        return Finding(
            name="pass",
            state="warn",
            saw=f"{seen}; the broker has it, and nobody listens",
            where=where,
            remedy=remedy,
            figures=figures,
        )
    heard = "and somebody listens" if answer.heard else "who listens it does not say (MQTT 3.1.1)"
    return ok("pass", f"{seen}; the broker has it, {heard}: the desk's audit log tells", where, **figures)
