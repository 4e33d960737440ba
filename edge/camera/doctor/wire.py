"""The way to the desk: does the broker let us in, and how long do the certificates last. Nothing is published."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.camera.doctor.finding import Finding, graded, ok, skipped
from edge.link import certificates, errand
from edge.link.trust import LinkMisconfigured
from edge.settings.secret import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.settings.camera import CameraSettings

DAYS_LEFT: Final = (30.0, 3.0)
REMEDIES: Final = {
    "away": "is the broker's machine on, the address and port right, the way through the firewall free?",
    "refused": "user, password or certificate are not what the broker's access list expects for this camera",
    "untrusted": "the certificates do not fit: broker.ca_file, the name in the broker's certificate, this clock",
    "silent": "something answers that is no MQTT broker, or it hangs: restart it",
}


def broker(settings: CameraSettings) -> Finding:
    """TCP, TLS and login in one call, under a name of its own: the daemon's line stays."""
    where = f"{settings.broker.host}:{settings.broker.port}"
    try:
        answer = errand.run(settings.broker, settings.site, settings.camera)
    except LinkMisconfigured as wrong:
        return Finding(name="broker", state="fail", saw=str(wrong), where="broker", remedy="name a file that serves")
    if answer.done:
        tls = "TLS" if settings.broker.tls else "no TLS"
        return ok("broker", f"lets us in: MQTT {answer.protocol}, {tls}", where)
    remedy = REMEDIES.get(answer.state, "see the broker's own log")
    return Finding(name="broker", state="fail", saw=f"{answer.state}: {answer.why}", where=where, remedy=remedy)


def expiry(settings: CameraSettings, now: datetime | None = None) -> Finding:
    """The one that ends first, of ours and of the broker's."""
    if not settings.broker.tls:
        return skipped("certificates", "no TLS, no certificates")
    known = dict(_ends(settings))
    if not known:
        return skipped("certificates", "none could be read here; systemd hands them to the service")
    name, end = min(known.items(), key=lambda pair: pair[1])
    days = (end - (now or datetime.now(tz=timezone.utc))).total_seconds() / 86_400
    return graded(
        "certificates",
        round(days, 1),
        warn=DAYS_LEFT[0],
        fail=DAYS_LEFT[1],
        saw=f"{name} ends first, {end:%Y-%m-%d}: {days:,.0f} days",
        where=name,
        remedy="make-certificates.sh on the authority's machine, then put the new file in its place (docs/desk.md)",
        figure="days",
    )


def _ends(settings: CameraSettings) -> Iterator[tuple[str, datetime]]:
    broker = settings.broker
    for key in ("ca_file", "certificate_file"):
        name: str | None = getattr(broker, key)
        path = place(name, Path()) if name is not None else None
        if path is None:
            continue
        try:
            end = certificates.of_file(path)
        except (OSError, ValueError):
            continue
        if end is not None:
            yield f"broker.{key}", end
    try:
        shown = certificates.of_broker(broker)
    except (LinkMisconfigured, ValueError):
        shown = None
    if shown is not None:
        yield "the broker's own certificate", shown
