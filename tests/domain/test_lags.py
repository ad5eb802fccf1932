"""How late what comes is, over the last minute."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import NANOS, at
from tradeul.domain.events import Nanos
from tradeul.domain.lags import Lags

START = at("10:00")
MS = 1_000_000


@given(st.lists(st.integers(0, 1_200_000), min_size=1, max_size=200))
def test_the_middle_and_the_worst_are_known_within_a_twentieth(lags_ms: list[int]) -> None:
    """Whatever the lags: half are not above the middle, and the worst is exact."""
    lags = Lags()
    for number, lag_ms in enumerate(lags_ms):
        lags.note(lag_ms * MS, Nanos(START + number * NANOS // 10))

    told = lags.last_minute(Nanos(START + 20 * NANOS))

    assert told is not None
    ordered = sorted(lags_ms)
    middle, nearly = ordered[(len(ordered) + 1) // 2 - 1], ordered[-(len(ordered) // 100) - 1]
    assert told.max == ordered[-1]
    assert told.p50 == pytest.approx(middle, rel=0.05, abs=1.0)
    assert told.p99 == pytest.approx(nearly, rel=0.05, abs=1.0)
    assert told.batches == len(lags_ms)


def test_a_minute_later_it_is_forgotten() -> None:
    """Only the last minute counts, and nothing at all is not no lag."""
    lags = Lags()
    lags.note(900 * MS, START)
    lags.note(5 * MS, Nanos(START + 30 * NANOS))

    told = [lags.last_minute(Nanos(START + second * NANOS)) for second in (59, 60, 91)]

    assert [each and each.max for each in told] == [900.0, 5.0, None]


def test_what_comes_early_is_on_time() -> None:
    """The vendor's clock may be ahead of ours."""
    lags = Lags()

    lags.note(-3_000 * MS, START)

    told = lags.last_minute(START)
    assert told is not None
    assert (told.p50, told.max) == (0.0, 0.0)
