"""Relative volume and the curve behind it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain import rvol
from tradeul.domain.slots import DAY_SECONDS
from tradeul.domain.volume_profile import prior_share

seconds = st.floats(0, DAY_SECONDS, allow_nan=False)


def share(second: float, *, early: bool = False) -> float:
    return float(prior_share(np.array([second]), early_close=early)[0])


@given(seconds, seconds, st.booleans())
def test_the_curve_never_falls(first: float, second: float, early: bool) -> None:
    """Cumulative volume only grows with the day."""
    earlier, later = sorted((first, second))

    assert share(earlier, early=early) <= share(later, early=early) + 1e-12


@pytest.mark.parametrize(
    ("wall_seconds", "expected"),
    [(0, 0.0), (5.5 * 3600, 0.018), (5.5 * 3600 + 150, 0.034), (12 * 3600, 0.83), (DAY_SECONDS, 1.0)],
)
def test_the_prior_runs_through_its_points(wall_seconds: float, expected: float) -> None:
    """It is linear between the points of the contract."""
    assert share(wall_seconds) == pytest.approx(expected)


def test_a_half_day_joins_the_post_market_to_one_o_clock() -> None:
    """E(107) + E(144 + j) - E(143), at the end of post-market slot j."""
    one, four = 9 * 3600.0, 12 * 3600.0
    for j in (0, 3, 47):
        end_of_slot = (j + 1) * 300
        joined = share(one) + share(four + end_of_slot) - share(four)
        assert share(one + end_of_slot, early=True) == pytest.approx(joined)


@given(st.floats(1_000, 1e9), seconds, st.booleans())
def test_an_average_day_reads_one(average: float, second: float, early: bool) -> None:
    """Volume exactly as expected is 1.00, at any moment with anything to expect."""
    expected = average * prior_share(np.array([second]), early_close=early)
    if expected[0] < 1:
        return

    assert rvol.ratio(expected, expected)[0] == 1.0
    assert rvol.guarded_ratio(expected, expected, np.array([average]))[0] == pytest.approx(1.0)


def test_a_handful_of_shares_is_no_anomaly() -> None:
    """200 shares against an expected one read 200, but rank as 1.2."""
    volume, expected, average = np.array([200.0]), np.array([0.5]), np.array([50.0])

    assert rvol.ratio(volume, expected)[0] == 200.0
    assert rvol.guarded_ratio(volume, expected, average)[0] == pytest.approx(1200 / 1000.5)


def test_the_guard_grows_with_the_usual_volume() -> None:
    """k is half a percent of the average day, at least 1,000 shares, and 1,000 where nothing is known."""
    assert rvol.guard_constant(np.array([10_000_000.0, 100.0, np.nan])).tolist() == [50_000.0, 1_000.0, 1_000.0]


def test_no_volume_reads_zero_and_the_unknown_stays_unknown() -> None:
    """0 over anything is 0; without an expectation there is no ratio."""
    values = rvol.ratio(np.array([0.0, 5.0]), np.array([0.0, np.nan]))

    assert values[0] == 0.0
    assert np.isnan(values[1])


def test_a_slot_says_nothing_in_its_first_seconds() -> None:
    """Under 15 s a slot's ratio is unknown."""
    volume, expected = np.array([30.0, 30.0]), np.array([10.0, 10.0])

    values = rvol.slot_ratio(volume, expected, np.array([14.9, 15.0]))

    assert np.isnan(values[0])
    assert values[1] == 3.0
