"""What every test may use."""

from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]

# A busy machine is slow, and that is no failure; a failing example is printed so that it can be tried again.
hypothesis.settings.register_profile("plate-reader", deadline=None, print_blob=True)
hypothesis.settings.load_profile("plate-reader")


def pytest_addoption(parser):
    parser.addoption(
        "--shared",
        type=Path,
        default=ROOT.parent / "shared/data",
        metavar="FOLDER",
        help="real photographs and clips, which are not in the repository; tests that want them skip without",
    )


@pytest.fixture(scope="session")
def shared_data(request):
    """The folder with `eval/` and `train/`, or a skip that says where it was looked for."""
    folder = request.config.getoption("--shared")
    if not folder.is_dir():
        pytest.skip(f"no real photographs: {folder} is not there (--shared FOLDER)")
    return folder
