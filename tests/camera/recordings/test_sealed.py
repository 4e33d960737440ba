"""What goes in comes out with the right key, also of a file that was cut off; and only ciphertext is on the disk."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile

import numpy as np
import pytest

from edge.camera.scene import Frame

pyrage = pytest.importorskip("pyrage", reason="the extra `field` brings it")

from edge.camera import privacy  # noqa: E402
from edge.camera.recordings import sealed  # noqa: E402

START_NS = 1_795_600_000_000_000_000
IDENTITY = pyrage.x25519.Identity.generate()


def road(count: int = 20, *, grain: int = 8):
    """A frame each 100 ms, from hour three of the computer's own clock; squares of `grain` points."""
    random = np.random.default_rng(5)
    for n in range(count):
        pixels = np.repeat(
            np.repeat(random.integers(0, 255, (120 // grain, 160 // grain, 3), np.uint8), grain, 0), grain, 1
        )
        at_ns = n * 100_000_000
        yield Frame(
            camera="north",
            sequence=n,
            taken_ns=START_NS + at_ns,
            monotonic_ns=10_800_000_000_000 + at_ns,
            pixels=pixels,
        )


def written(folder, frames, note=""):
    file = folder / "a.age"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        sealed.write(descriptor, [IDENTITY.to_public()], frames, note)
    finally:
        os.close(descriptor)
    return file


def read(file, keys=(IDENTITY,), rate=60.0):
    return list(sealed.frames(file, list(keys), "north", rate))


def test_frames_come_back_with_their_times_and_pictures(tmp_path):
    found = read(written(tmp_path, road()))
    assert [one.monotonic_ns // 1_000_000 for one in found] == [100 * n for n in range(20)]
    assert [one.taken_ns for one in found] == [START_NS + one.monotonic_ns for one in found]
    for one, recorded in zip(found, road(), strict=True):
        assert np.abs(one.pixels.astype(int) - recorded.pixels).mean() < 12


def test_they_are_thinned_to_the_settings_rate(tmp_path):
    assert len(read(written(tmp_path, road()), rate=5.0)) == 10


def test_ages_own_tools_and_tar_read_it(tmp_path):
    file = written(tmp_path, road(3), note="lamp two is weak")
    plain = pyrage.decrypt(file.read_bytes(), [IDENTITY])
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        assert archive.getnames() == ["note.txt", "truth.yaml", "000000000.jpg", "000000100.jpg", "000000200.jpg"]


def test_nothing_of_it_is_in_plain(tmp_path):
    raw = written(tmp_path, road(), note="lamp two is weak").read_bytes()
    plain = pyrage.decrypt(raw, [IDENTITY])
    assert b"lamp" in plain
    assert privacy.pieces(plain, "plain", privacy.blocks([plain])) != [], "what is looked for would be found"
    assert privacy.pieces(raw, "file", privacy.blocks([plain])) == []
    assert b"lamp" not in raw


@pytest.mark.parametrize("left", [0.9, 0.5, 0.3])
def test_before_a_cut_everything_can_be_read(tmp_path, left, caplog):
    file = written(tmp_path, road(grain=1))
    whole = file.read_bytes()
    file.write_bytes(whole[: int(left * len(whole))])
    found = read(file)
    assert 20 * left - 6 < len(found) < 20
    assert "cut off" in caplog.text


def test_another_key_opens_nothing_and_says_so(tmp_path):
    file = written(tmp_path, road(3))
    with pytest.raises(sealed.RecordingUnreadable, match=r"a\.age"):
        read(file, [pyrage.x25519.Identity.generate()])


def test_a_full_disk_is_the_systems_own_error():
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="No space left"):
            sealed.write(descriptor, [IDENTITY.to_public()], road())
    finally:
        os.close(descriptor)


def test_a_camera_that_fails_is_its_own_error(tmp_path):
    def breaks():
        yield from road(2)
        raise ValueError("the camera's cable")

    with pytest.raises(ValueError, match="cable"):
        written(tmp_path, breaks())


def test_whoever_stops_reading_leaves_no_thread_behind(tmp_path):
    frames = sealed.frames(written(tmp_path, road()), [IDENTITY], "north", 60.0)
    next(frames)
    frames.close()


def test_an_ssh_key_serves_as_well(tmp_path):
    key = tmp_path / "id_ed25519"
    try:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ana", "-f", str(key)], check=True)
    except FileNotFoundError:
        pytest.skip("ssh-keygen is not installed")
    file, descriptor = tmp_path / "b.age", None
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    sealed.write(descriptor, [sealed.recipient(key.with_suffix(".pub").read_text())], road(2))
    os.close(descriptor)
    assert len(read(file, sealed.identities(key))) == 2


@pytest.mark.parametrize(
    ("given", "word"),
    [("AGE-SECRET-KEY-1QQ", "secret half"), ("age1nonsense", "damaged"), ("hello", "no public key")],
)
def test_what_is_no_recipient_is_refused_without_repeating_it(given, word):
    with pytest.raises(sealed.KeyWrong, match=word) as wrong:
        sealed.recipient(given)
    assert given not in str(wrong.value)


@pytest.mark.parametrize("content", ["", "# a comment\n", "AGE-SECRET-KEY-1BROKEN\n", "-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_identity_is_named(tmp_path, content):
    file = tmp_path / "key"
    file.write_text(content)
    with pytest.raises(sealed.KeyWrong, match="key"):
        sealed.identities(file)
