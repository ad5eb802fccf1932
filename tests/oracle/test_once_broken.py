"""Histories that once broke a promise, each by the fewest actions that did; drawing them again takes 200,000."""

from typing import Final

import pytest

from tests.oracle.peers import browser
from tests.oracle.playing import drawn, history_of, play_all, told

ONCE_BROKEN: Final = {
    "the answer about a list that was made again since": (
        "lay_trap 14349837, remove 20251677, define 8106063, replay 10941401"
    ),
    "a lost delta that comes again over a socket that is closed since": (
        "lay_trap 11088927, lay_trap 5594771, lay_trap 16080381, publish 916763, cut 8383901, come_back 4137389, "
        "lay_trap 17968209, replay 17979651"
    ),
    "a server that ends without a goodbye with something to say to whom it had not heard leave": (
        "let_time_pass 20066376, vanish 20427621, let_time_pass 3272552, define 635085, restart 7639549"
    ),
}


@pytest.mark.parametrize("why", ONCE_BROKEN)
def test_what_broke_a_promise_once_breaks_none_any_more(why: str) -> None:
    """Each is played with a program and a page looking on, as any other."""
    with browser() as process:
        assert play_all(process, [history_of(ONCE_BROKEN[why])]) == 1


def test_a_history_is_read_as_it_is_told() -> None:
    """So that what a long run tells of can be kept here word by word."""
    words = told(drawn(1))

    assert told(history_of(words)) == words
