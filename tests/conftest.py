"""What every test runs under: no key and no setting of this machine, guards for what it leaves behind, hypothesis."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from tests.support import stacks
from tests.support.guards import clean_loop, no_thread_left
from tests.support.packing import longest_first
from tradeul.supervisor import Supervisor

BROWSER_VARIABLE = "TRADEUL_TEST_BROWSER"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

# Whoever has a key or settings in the environment must not run other tests than everyone else.
for name in list(os.environ):
    if name.startswith("TRADEUL_") and name != BROWSER_VARIABLE:
        del os.environ[name]
for name in ("POLYGON_API_KEY", "MASSIVE_API_KEY", "FMP_API_KEY"):
    os.environ.pop(name, None)

stacks.shorten()
# A part of the program has a second to end in; on a machine that does much else that would be luck.
(Supervisor.__init__.__kwdefaults__ or {})["stage_timeout_s"] = 60.0
set_hypothesis_home_dir(Path(__file__).parent.parent / ".cache" / "hypothesis")
# How long anything takes is the machine's affair; and what is submitted is not judged by the luck of an example.
hypothesis.settings.register_profile("everyday", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("everyday"), max_examples=50, derandomize=True, database=None
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "everyday")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--mutations", type=int, default=2_500, help="how many mutations of each kind of bytes the fuzz tests read"
    )
    parser.addoption("--histories", type=int, default=2_000, help="how many histories of trouble viewers live through")
    parser.addoption(
        "--whole-day", action="store_true", help="play the golden runs over the whole day: tens of minutes"
    )


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as processors: while one test waits for a market, a server or a browser, another works."""
    return -(-len(os.sched_getaffinity(0)) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After chance has ordered them; with `--no-loadscope-reorder` the workers take files in this order."""
    items[:] = longest_first(items)


@pytest.fixture
def mutations(request: pytest.FixtureRequest) -> int:
    """How many mutations of each kind of bytes to try."""
    count: int = request.config.getoption("--mutations")
    return count


@pytest.fixture
def histories(request: pytest.FixtureRequest) -> int:
    """How many histories of trouble to play."""
    count: int = request.config.getoption("--histories")
    return count


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    with no_thread_left():
        yield


@pytest.fixture(autouse=True)
async def _clean_loop(_no_thread_left: None) -> AsyncIterator[None]:
    async with clean_loop():
        yield


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The browser that drives the page; without one the tests fail, they are never skipped."""
    found = os.environ.get(BROWSER_VARIABLE) or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail("no browser: sudo apt-get install chromium-headless-shell")
    return found
