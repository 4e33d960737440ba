"""What the computer says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.camera import device

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_hottest_zone_counts_and_a_broken_sensor_does_not(tmp_path: Path) -> None:
    for n, text in enumerate(["41000\n", "67500\n", "nonsense", "-274000000"]):
        (tmp_path / f"thermal_zone{n}").mkdir()
        (tmp_path / f"thermal_zone{n}" / "temp").write_text(text)
    assert device.temperature_c(tmp_path) == 67.5
    assert device.temperature_c(tmp_path / "nothing") is None


def test_a_pi_that_is_held_back_now_is_told_from_one_that_was(tmp_path: Path) -> None:
    firmware = tmp_path / "get_throttled"
    for text, expected in (("50005\n", True), ("50000\n", False), ("0\n", False)):
        firmware.write_text(text)
        assert device.throttled(firmware) is expected
    assert device.throttled(tmp_path / "absent") is None


def test_a_clock_before_its_time_is_not_synchronized(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.time, "time_ns", lambda: 86_400 * 1_000_000_000)
    assert device.synchronized() is False


def test_memory_and_disk_are_counted(tmp_path: Path) -> None:
    vital = device.vital(tmp_path)
    assert 5 < vital.rss_mb < 5000
    assert vital.disk_free_mb is not None
    assert device.disk_free_mb(tmp_path / "absent") is None
