"""The daemon's own last words: does it run, which stage loses plates, what waits in its outbox, what it writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.camera.doctor.finding import Finding, graded, ok, skipped
from edge.record.words import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from edge.camera.doctor.finding import State
    from edge.record.health import Health, Outbox, Stages
    from edge.settings.camera import CameraSettings

LATE: Final = 3
"""Reports that may be missing before the daemon counts as gone."""
FRAMES_MIN: Final = 500
"""Fewer frames tell nothing about a stage."""
PASSES_MIN: Final = 50
SHARE_MIN: Final = {"frames_dropped": 0.2, "broken": 0.05, "reads": 0.2, "passes": 0.02, "sightings": 0.2}
"""Above the first two, below the others, a stage loses plates; roads differ, so these are wide."""
DAY_S: Final = 86_400.0
WRITES_MB: Final = (50.0, 500.0)
"""A day: what a card bears for ten years, and what wears it out in one."""
OUTBOX_AGE_S: Final = (600.0, 86_400.0)


def daemon(report: Health | None, settings: CameraSettings, folder: Path, now_ns: int) -> Finding:
    """Whether it runs, by the age of its last report."""
    service = f"plate-reader@{settings.camera}"
    if report is None:
        return Finding(
            name="daemon",
            state="fail",
            saw="it has left no report: it is stopped, never ran with this folder, or runs another version",
            where=str(folder),
            remedy=f"systemctl start {service}; journalctl -u {service} says why it does not",
        )
    age_s = (now_ns - nanoseconds(report.time)) / 1e9
    limit_s = LATE * settings.health.interval_s
    up_h = report.device.uptime_s / 3600
    saw = f"its last report is {_span(age_s)} old, it had run for {up_h:,.1f} h"
    if age_s > limit_s:
        remedy = f"systemctl status {service}; journalctl -u {service} has its last words"
        return Finding(
            name="daemon",
            state="fail",
            saw=saw,
            where=str(folder),
            remedy=remedy,
            figures={"age_s": round(age_s), "uptime_h": round(up_h, 1)},
        )
    return ok("daemon", saw, str(folder), age_s=round(age_s), uptime_h=round(up_h, 1))


def stages(report: Health | None) -> Finding:
    """The first stage behind which plates are lost; those behind it are only its victims."""
    if report is None:
        return skipped("stages", "the daemon has left no report")
    one = report.stages
    figures = {name: float(getattr(one, name)) for name in one.__struct_fields__}
    line = f"{one.frames_read:,} frames, {one.frames_moving:,} moving, {one.plates:,} plates, {one.reads:,} reads, "
    line += f"{one.passes:,} passes, {one.sightings:,} sightings, {one.published:,} published"
    loss = first_loss(report)
    if loss is None:
        return ok("stages", line, "health.json", **figures)
    saw = f"{loss.stage}: {loss.what} ({line})"
    return Finding(name="stages", state="warn", saw=saw, where=loss.stage, remedy=loss.remedy, figures=figures)


def first_loss(report: Health) -> Loss | None:
    """The first stage that loses more than any road explains."""
    return next((one for one in LOSSES if one.loses(report)), None)


def _share_of_frames(one: Stages, count: int) -> float:
    return count / max(FRAMES_MIN, one.frames_read)


def _few_reads(one: Stages) -> bool:
    """Reads are capped for each pass, so a parked car gives many plates and few reads: then passes are few, too."""
    return one.reads < SHARE_MIN["reads"] * one.plates and one.reads < 2 * max(1, one.passes)


def _refused(report: Health) -> bool:
    """Whether what was kept does not come through to the broker."""
    one = report.stages
    return report.outbox.refused > 0 or one.sightings > one.published + report.outbox.depth + 50


@dataclass(frozen=True, slots=True)
class Loss:
    """How a stage shows that it loses plates."""

    stage: str
    what: str
    remedy: str
    loses: Callable[[Health], bool]


LOSSES: Final = (
    Loss(
        "source",
        "no frame has come",
        "see the camera's line here: its address, its login, its cable",
        lambda report: report.stages.frames_read == 0,
    ),
    Loss(
        "decoding",
        "pictures arrive damaged",
        "use a cable or TCP instead of UDP; lower the camera's bit rate",
        lambda report: _share_of_frames(report.stages, report.stages.frames_broken) > SHARE_MIN["broken"],
    ),
    Loss(
        "vision",
        "frames are dropped because the computer is busy",
        "lower source.frames_per_second; see heat; plate-reader tune shows what each setting costs",
        lambda report: _share_of_frames(report.stages, report.stages.frames_dropped) > SHARE_MIN["frames_dropped"],
    ),
    Loss(
        "motion",
        "nothing moves",
        "is the picture frozen, or the road outside view.look? try motion.enabled: false",
        lambda report: report.stages.frames_read > FRAMES_MIN and report.stages.frames_moving == 0,
    ),
    Loss(
        "detection",
        "things move and no plate is found",
        "plates must be 60 px and wider, sharp and not burnt: plate-reader aim shows them",
        lambda report: report.stages.frames_moving > FRAMES_MIN and report.stages.plates == 0,
    ),
    Loss(
        "reading",
        "plates are found and cannot be read",
        "too small, blurred or burnt: shorter shutter, more light, closer; plate-reader aim shows which",
        lambda report: report.stages.plates > FRAMES_MIN and _few_reads(report.stages),
    ),
    Loss(
        "fusion",
        "vehicles go by and are not told",
        "reads are too unsure: plate-reader aim, then plate-reader tune on a recording",
        lambda report: (
            report.stages.passes >= PASSES_MIN
            and report.stages.sightings < SHARE_MIN["sightings"] * report.stages.passes
        ),
    ),
    Loss(
        "outbox",
        "the disk did not take sightings: they are lost",
        "free room, or replace the card; see disk and card here",
        lambda report: report.stages.unrecorded > 0,
    ),
    Loss("broker", "sightings are not delivered", "see the broker's line here", _refused),
)
"""In the order of the camera's line: what is lost at one stage is missing at all behind it."""


def outbox(report: Health | None, folder: Path) -> Finding:
    """Depth, age and damage."""
    aside = sorted(found.name for found in folder.glob("outbox-damaged-*.sqlite3")) if folder.is_dir() else []
    if report is None:
        return skipped("outbox", "the daemon has left no report")
    box = report.outbox
    figures = {"depth": box.depth, "age_s": box.oldest_age_s or 0.0, "damaged": box.damaged, "refused": box.refused}
    where = str(folder / "outbox.sqlite3")
    if box.state != "ok" or aside or box.damaged:
        saw = f"state {box.state}, {box.damaged} damaged" + (f", set aside: {', '.join(aside[:3])}" if aside else "")
        remedy = _DISK_REMEDIES.get(
            box.state, "the card may be dying: replace it; what could be read went on by itself"
        )
        state: State = "fail" if box.state != "ok" else "warn"
        return Finding(name="outbox", state=state, saw=saw, where=where, remedy=remedy, figures=figures)
    return _waiting(box, where, figures)


_DISK_REMEDIES: Final = {
    "full": "free room on the disk; recording goes on by itself",
    "read_only": "the disk turned read-only: the kernel's log says why, usually a dying card; replace it",
    "failing": "the disk answers with errors: replace the card",
}


def _waiting(box: Outbox, where: str, figures: dict[str, float]) -> Finding:
    age_s = box.oldest_age_s or 0.0
    saw = f"{box.depth:,} wait, the oldest for {_span(age_s)}" if box.depth else "empty: everything is delivered"
    dropped = box.dropped_by_age + box.dropped_by_bytes
    if dropped:
        saw += f"; {dropped:,} were given up"
    warn_s, fail_s = OUTBOX_AGE_S
    state: State = "fail" if age_s >= fail_s else "warn" if age_s >= warn_s or box.refused else "ok"
    remedy = "" if state == "ok" else "see the broker's line; everything is delivered by itself when the broker is back"
    return Finding(name="outbox", state=state, saw=saw, where=where, remedy=remedy, figures=figures)


def writes(report: Health | None) -> Finding:
    """What the daemon writes a day, as its own counter and its age have it."""
    if report is None or report.device.written_mb is None or report.device.uptime_s < 600:
        return skipped("writes", "the daemon has not run for ten minutes, or this kernel does not count")
    mb_day = report.device.written_mb * DAY_S / report.device.uptime_s
    return graded(
        "writes",
        round(mb_day, 1),
        warn=WRITES_MB[0],
        fail=WRITES_MB[1],
        saw=f"{mb_day:,.0f} MB a day",
        where="health.json",
        remedy="a longer health.interval_s; an SSD instead of a card",
        figure="mb_day",
    )


def recording(report: Health | None, overdue: Sequence[Path]) -> Finding:
    """Whether a technician records, and what is still there that should not be."""
    if overdue:
        return Finding(
            name="recording",
            state="warn",
            saw=f"{len(overdue)} recorded longer ago than recording.keep_days_max, the first {overdue[0].name}",
            where=str(overdue[0].parent),
            remedy="the daemon deletes them by itself: see why it does not run; or rm",
            figures={"overdue": len(overdue)},
        )
    if report is None or report.recording_until is None:
        return ok("recording", "nobody records pictures")
    return Finding(
        name="recording",
        state="warn",
        saw=f"somebody records pictures, until {report.recording_until}",
        where="recordings",
        remedy="it ends by itself; the desk's audit log says who and why",
    )


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
