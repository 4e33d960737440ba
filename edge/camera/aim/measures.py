"""The figures of a camera's aim, each against its limit, with the screw to turn. Pure: glances in, words out.

The limits are practice in the field (Milestone's, Axxon's and Rekor's installation guides, and parking equipment's):
they are what a camera is mounted for, not where our reader stops. Where that is, sharpness and forecast tell, from how
often plates of a width and a sharpness were read on the bench (`models/bench/aim.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

from edge.camera.aim.forecast import forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.camera.aim.glance import Glance
    from edge.camera.aim.pose import Pose
    from edge.camera.aim.recent import PassNote, Recent
    from edge.camera.quality import PictureQuality

Verdict = Literal["good", "fair", "bad", "unknown"]
"""Green, amber, red, and not yet: nothing has gone by that could tell."""

STROKE_SHARE = 1 / 48
"""A character's stroke is a quarter of an inch of a plate's twelve."""
GLANCES_MIN, PASSES_MIN = 3, 3
"""Fewer say nothing."""
DARK_LEVEL, BURNT_SHARE_GOOD, BURNT_SHARE_FAIR = 70.0, 0.05, 0.25
"""A plate's brightest tenth must exceed the level; of its pixels no more than the shares may be pure white."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure."""

    key: str
    title: str
    value: str
    """With its unit; empty while unknown."""
    limit: str
    verdict: Verdict
    screw: str
    """What to turn; empty when there is nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where green ends and where amber does. `at_least`: larger is better."""

    good: float
    fair: float
    at_least: bool

    def judge(self, value: float) -> Verdict:
        """Of a value that is known."""
        sign = 1 if self.at_least else -1
        if sign * value >= sign * self.good:
            return "good"
        return "fair" if sign * value >= sign * self.fair else "bad"


WIDTH_PX = Limits(good=130, fair=70, at_least=True)
STROKE_PX = Limits(good=2.7, fair=1.5, at_least=True)
SHARPNESS = Limits(good=0.25, fair=0.16, at_least=True)  # on the bench nine and seven in ten are read from here
YAW = Limits(good=25, fair=30, at_least=False)
PITCH = Limits(good=30, fair=45, at_least=False)
ROLL = Limits(good=5, fair=10, at_least=False)
FRAMES_PER_SECOND = Limits(good=14, fair=8, at_least=True)
LOOKS = Limits(good=7, fair=4, at_least=True)
BORDER = Limits(good=0.2, fair=0.4, at_least=False)
READ_RATE = Limits(good=0.95, fair=0.85, at_least=True)
CONFIDENCE = Limits(good=0.9, fair=0.75, at_least=True)
FORECAST = Limits(good=0.85, fair=0.7, at_least=True)


def measures(recent: Recent, now_ns: int) -> tuple[Measure, ...]:
    """All of them, in the order in which a camera is set up: place, lens, exposure, time, result."""
    seen, passes = recent.glances(now_ns), recent.passes()
    whole = [one for one in seen if not one.at_border]
    return (
        plate_width(whole),
        stroke(whole),
        yaw(whole),
        pitch(whole),
        roll(whole),
        at_border(seen),
        sharpness(whole),
        exposure(whole),
        infrared(recent.quality),
        frames_per_second(recent.frames_per_second(now_ns)),
        looks_in_a_pass(passes),
        read_rate(passes),
        confidence(passes),
        predicted(whole),
    )


def plate_width(seen: Sequence[Glance]) -> Measure:
    """The wider half's median: every plate is small somewhere, what counts is how large it gets."""
    value = _typical_width(seen)
    return _judged(
        "width", "Plate width", value, WIDTH_PX, "{:.0f} px", "130 px and more, 70 at least",
        "Zoom in, or aim at a nearer stretch of the road.",
    )  # fmt: skip


def stroke(seen: Sequence[Glance]) -> Measure:
    """From the width: a stroke is a quarter of an inch of twelve."""
    width = _typical_width(seen)
    value = None if width is None else width * STROKE_SHARE
    return _judged(
        "stroke", "A character's stroke", value, STROKE_PX, "{:.1f} px", "2.7 px and more, 1.5 at least",
        "Zoom in, or choose a larger picture in the camera's settings.",
    )  # fmt: skip


def yaw(seen: Sequence[Glance]) -> Measure:
    """From the side; see `pose`."""
    return _judged(
        "yaw", "Angle from the side (yaw)", _turn(seen, lambda pose: pose.yaw), YAW, "{:.0f}°", "25° at most",
        "Aim farther down the road, or move the camera nearer to the lane.",
    )  # fmt: skip


def pitch(seen: Sequence[Glance]) -> Measure:
    """From above."""
    return _judged(
        "pitch", "Angle from above (pitch)", _turn(seen, lambda pose: pose.pitch), PITCH, "{:.0f}°",
        "30° at most, 45 barely", "Lower the camera on the pole, or aim farther down the road.",
    )  # fmt: skip


def roll(seen: Sequence[Glance]) -> Measure:
    """The plate's lean in the picture."""
    return _judged(
        "roll", "Lean (roll)", _turn(seen, lambda pose: pose.roll), ROLL, "{:.0f}°", "5° at most",
        "Turn the camera about its lens until plates lie level.",
    )  # fmt: skip


def at_border(seen: Sequence[Glance]) -> Measure:
    """Of all looks, those whose plate comes so near the picture's edge that it may be cut off."""
    value = sum(one.at_border for one in seen) / len(seen) if len(seen) >= GLANCES_MIN else None
    return _judged(
        "border", "Plates at the picture's edge", value, BORDER, "{:.0%}", "20 % at most",
        "Aim so that the lane crosses the picture's middle, or zoom out.",
    )  # fmt: skip


def sharpness(seen: Sequence[Glance]) -> Measure:
    """Of the plates that were read, at their nearest."""
    values = [one.sharpness for one in _widest_half(seen) if one.sharpness is not None]
    value = median(values) if len(values) >= GLANCES_MIN else None
    return _judged(
        "sharpness", "Sharpness of plates", value, SHARPNESS, "{:.2f}", "0.25 and more, 0.16 at least",
        "Focus on a plate where it is read, at night with the lamp on; moving plates alone soft: shutter 1/1000 s.",
    )  # fmt: skip


def exposure(seen: Sequence[Glance]) -> Measure:
    """Burnt or dark: what a plate has lost to the light cannot be read back."""
    limit = f"{BURNT_SHARE_GOOD * 100:.0f} % burnt at most, and not dark"
    near = _widest_half(seen)
    if len(near) < GLANCES_MIN:
        return _unknown("exposure", "Exposure of plates", limit)
    burnt, bright = median(one.burnt for one in near), median(one.bright for one in near)
    dark = bright < DARK_LEVEL
    verdict: Verdict = (
        "bad" if dark else Limits(good=BURNT_SHARE_GOOD, fair=BURNT_SHARE_FAIR, at_least=False).judge(burnt)
    )
    screw = "More light, gain or a longer shutter (no longer than 1/500 s)." if dark else ""
    if not dark and verdict != "good":
        screw = "A shorter shutter, less gain, or a dimmer lamp; no automatic exposure over the whole picture."
    value = f"dark, {bright:.0f} of 255" if dark else f"{burnt * 100:.0f} % burnt"
    return Measure(key="exposure", title="Exposure of plates", value=value, limit=limit, verdict=verdict, screw=screw)


def infrared(quality: PictureQuality | None) -> Measure:
    """Day picture, or a night picture that the lamp lights. Plates that glow in the dark are as it should be."""
    title, limit = "Infra-red", "day, or a lamp that lights"
    if quality is None:
        return _unknown("infrared", title, limit)
    if quality.dark or quality.lamp_failed:
        value = "no light in an infra-red picture" if quality.infrared else "dark, and no infra-red"
        screw = "Look at the lamp: power, aim, and its switch from day to night."
        return Measure(key="infrared", title=title, value=value, limit=limit, verdict="bad", screw=screw)
    value = "infra-red, lit" if quality.infrared else "off: a picture in colour"
    return Measure(key="infrared", title=title, value=value, limit=limit, verdict="good", screw="")


def frames_per_second(rate: float) -> Measure:
    """That were looked at, not those that the camera claims."""
    return _judged(
        "rate", "Frames a second", rate, FRAMES_PER_SECOND, "{:.1f}", "14 and more; 8 where cars are slow",
        "Raise the camera's rate; if this computer cannot follow, a smaller picture or fewer areas.",
    )  # fmt: skip


def looks_in_a_pass(passes: Sequence[PassNote]) -> Measure:
    """Frames in which one vehicle's plate was found."""
    value = median(one.looks for one in passes) if len(passes) >= PASSES_MIN else None
    return _judged(
        "looks", "Frames in a pass", value, LOOKS, "{:.0f}", "7 and more",
        "More frames a second, or aim along the road rather than across it.",
    )  # fmt: skip


def read_rate(passes: Sequence[PassNote]) -> Measure:
    """Passes that gave a text, of the last fifty."""
    value = sum(one.confidence is not None for one in passes) / len(passes) if len(passes) >= PASSES_MIN else None
    return _judged(
        "read", f"Read, of the last {len(passes)} passes", value, READ_RATE, "{:.0%}", "95 % and more",
        "Turn what is red above first; the order of this list is the order to go by.",
    )  # fmt: skip


def confidence(passes: Sequence[PassNote]) -> Measure:
    """Of the texts, the median."""
    sure = [one.confidence for one in passes if one.confidence is not None]
    value = median(sure) if len(sure) >= PASSES_MIN else None
    return _judged(
        "confidence", "Confidence of those texts", value, CONFIDENCE, "{:.0%}", "90 % and more",
        "Sharper or larger plates make surer texts.",
    )  # fmt: skip


def predicted(seen: Sequence[Glance]) -> Measure:
    """What one picture at this width and sharpness would give; a pass votes over several."""
    width = _typical_width(seen)
    sharp = [one.sharpness for one in _widest_half(seen) if one.sharpness is not None]
    value = forecast(width, median(sharp)) if width is not None and len(sharp) >= GLANCES_MIN else None
    return _judged(
        "forecast", "To be expected of one picture", value, FORECAST, "{:.0%}", "85 % and more",
        "Width first, then focus: both are above.",
    )  # fmt: skip


def _judged(key: str, title: str, value: float | None, limits: Limits, form: str, limit: str, screw: str) -> Measure:
    """A number against its limits; None is not known yet."""
    if value is None:
        return _unknown(key, title, limit)
    verdict = limits.judge(value)
    shown = form.format(value).replace("%", " %")
    return Measure(
        key=key, title=title, value=shown, limit=limit, verdict=verdict, screw="" if verdict == "good" else screw
    )


def _unknown(key: str, title: str, limit: str) -> Measure:
    return Measure(key=key, title=title, value="", limit=limit, verdict="unknown", screw="")


def _widest_half(seen: Sequence[Glance]) -> list[Glance]:
    """The looks that come near enough to count."""
    return sorted(seen, key=lambda one: one.width_px)[len(seen) // 2 :]


def _typical_width(seen: Sequence[Glance]) -> float | None:
    return median(one.width_px for one in _widest_half(seen)) if len(seen) >= GLANCES_MIN else None


def _turn(seen: Sequence[Glance], of: Callable[[Pose], float]) -> float | None:
    turns = [of(one.pose) for one in _widest_half(seen) if one.pose is not None]
    return median(turns) if len(turns) >= GLANCES_MIN else None
