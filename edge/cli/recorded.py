"""How the verbs that replay open what they are given: a folder, a video, or what `record` made and a key opens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from edge.camera.replay import Recording
    from edge.camera.scene import Frame
    from edge.settings.camera import CameraSettings


class CannotOpen(Exception):
    """One sentence for stderr."""


def add_identity(parser: argparse.ArgumentParser) -> None:
    """`--identity`, everywhere the same."""
    parser.add_argument("--identity", type=Path, metavar="KEY", help="your key file, for what `record` made (.age)")


def opener(found: Sequence[Recording], identity: Path | None) -> Callable[[Recording, CameraSettings], Iterator[Frame]]:
    """Recording, settings → its frames in its own time, thinned to the settings' rate. CannotOpen: it needs a key."""
    if not any(one.kind == "sealed" for one in found):
        return _plain
    try:
        from edge.camera.recordings import sealed
    except ModuleNotFoundError as missing:
        raise CannotOpen(f"{missing.name} is not installed: pip install 'plate-reader[field]'") from None
    if identity is None:
        raise CannotOpen(f"{found[0].path} is encrypted: give the key that it was made for, --identity KEY")
    try:
        keys = sealed.identities(identity)
    except sealed.KeyWrong as wrong:
        raise CannotOpen(str(wrong)) from None

    def opened(recording: Recording, settings: CameraSettings) -> Iterator[Frame]:
        if recording.kind != "sealed":
            yield from _plain(recording, settings)
            return
        try:
            yield from sealed.frames(recording.path, keys, settings.camera, settings.source.frames_per_second)
        except sealed.RecordingUnreadable as wrong:
            raise CannotOpen(str(wrong)) from None

    return opened


def _plain(recording: Recording, settings: CameraSettings) -> Iterator[Frame]:
    from edge.camera.frames.open import open_source
    from edge.settings.camera import SourceSettings

    source = SourceSettings(
        kind=recording.kind,  # type: ignore[arg-type]
        address=str(recording.path),
        frames_per_second=settings.source.frames_per_second,
    )
    return open_source(source, settings.camera).frames()
