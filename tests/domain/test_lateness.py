"""Whether a feed is delayed, by what it says or by what it shows."""

import pytest

from tests.support.market import NANOS, at, image, traded
from tradeul.domain.events import MarketImage, Nanos
from tradeul.domain.lateness import Lateness, lag_s

NOW = at("11:00")


def market(*lags_s: float, delayed: bool = False) -> MarketImage:
    """Rows whose last change was so many seconds before 11:00."""
    rows = [traded(f"S{n}", 10.0, 100, Nanos(NOW - int(lag * NANOS))) for n, lag in enumerate(lags_s)]
    return image(*rows, delayed=delayed)


def seen(*images: MarketImage, trading: bool = True) -> Lateness:
    lateness = Lateness()
    for each in images:
        lateness.look(each, NOW, trading=trading)
    return lateness


@pytest.mark.parametrize(
    ("lag", "delayed"),
    [(0, False), (599, False), (600, True), (900, True), (1_200, True), (1_201, False), (9e4, False)],
)
def test_ten_to_twenty_minutes_behind_is_delayed(lag: float, delayed: bool) -> None:
    """Less is a slow feed, more is one that does not move; neither says of itself that it is late."""
    lateness = seen(market(*[lag] * 30))

    assert (lateness.delayed, lateness.behind_s) == (delayed, lag if delayed else 0)


def test_the_newest_rows_tell() -> None:
    """Most securities have not traded for hours in any feed; a few times of the future change nothing."""
    quiet = [20_000.0] * 3_000

    assert not seen(market(*quiet, *[5.0 * n for n in range(40)])).delayed
    assert seen(market(*quiet, *[900.0 + n for n in range(40)])).delayed
    assert seen(market(*quiet, *[-50.0] * 10, *[900.0 + n for n in range(40)])).delayed


def test_a_feed_that_says_so_is_delayed() -> None:
    """By a quarter of an hour, as long as it shows nothing else."""
    said, shown = seen(market(3.0, delayed=True)), seen(market(1_000.0, delayed=True))

    assert (said.delayed, said.behind_s) == (True, 900)
    assert (shown.delayed, shown.behind_s) == (True, 1_000)


def test_what_was_known_stands_until_the_feed_shows_other() -> None:
    """While the market rests, or the feed does not move, nothing new is known; then the newest image counts."""
    late, stalled, prompt = market(900.0), market(5_000.0), market(1.0)

    assert seen(late, stalled).behind_s == 900
    assert not seen(stalled).delayed
    assert not seen(late, prompt).delayed
    assert not seen(late, trading=False).delayed


def test_rows_that_were_never_set_have_no_age() -> None:
    """Before the first trade of the day nothing is known."""
    assert lag_s(image({"symbol": "A"}), NOW) is None
    assert lag_s(market(30.0), NOW) == 30
