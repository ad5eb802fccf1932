"""What a viewer shows is what the server knows, through whatever happens between the two.

Everyday 2,000 histories are played, `make fuzz` plays 200,000: each on a program and a page that look on together.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle.peers import Browser, browser
from tests.oracle.playing import LARGEST_ACTION, MOST_ACTIONS, History, explore, play_all

PARTS = 8
"""As many tests, so that every processor has something to do."""
HISTORIES = st.lists(st.integers(0, LARGEST_ACTION), max_size=MOST_ACTIONS)


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    with browser() as process:
        yield process


@pytest.mark.slow(12)
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_trouble_makes_a_viewer_show_what_is_not(page: Browser, histories: int, part: int) -> None:
    """I1 to I5 hold through histories drawn by number; what breaks one is told by the fewest actions that do."""
    count = histories // PARTS

    assert explore(page, count, seed=part * count) == count


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=HISTORIES)
def test_no_history_that_is_thought_of_either(page: Browser, history: History) -> None:
    """The same of histories that hypothesis draws, which likes the empty, the equal and the extreme."""
    assert play_all(page, [history]) == 1
