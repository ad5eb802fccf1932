"""The curves of a day: learned from usual days, or the prior."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import DAY
from tradeul.domain.slots import DAY_SECONDS, SLOTS_PER_DAY
from tradeul.domain.volume_profile import LEAST_SYMBOLS, PRIOR, VolumeCurves, learned, prior_share

END_SECONDS = (np.arange(SLOTS_PER_DAY) + 1) * 300.0


def usual_days(symbols: int, seed: int = 3) -> tuple[list[float], list[list[float]]]:
    """Turnovers and cumulative volumes of symbols, each with a day of its own."""
    draw = np.random.default_rng(seed)
    turnover = draw.uniform(1e4, 1e9, symbols)
    ends = np.cumsum(draw.uniform(0, 1, (symbols, SLOTS_PER_DAY)) ** 4, axis=1) * 1e5
    return turnover.tolist(), ends.tolist()


@given(st.integers(3 * LEAST_SYMBOLS + 6, 200), st.integers(0, 5))
def test_a_curve_is_the_median_share_of_its_third(symbols: int, seed: int) -> None:
    """By turnover, at each slot's end, beside plain Python; it never falls, and ends at the whole day."""
    turnover, ends = usual_days(symbols, seed)

    shape = learned(DAY, np.array(turnover), np.array(ends).T)

    assert shape is not None
    low, high = shape.bounds
    for number in range(3):
        parted = [(t >= low) + (t >= high) == number for t in turnover]
        third = [[end / day[-1] for end in day] for inside, day in zip(parted, ends, strict=True) if inside]
        assert len(third) == pytest.approx(symbols / 3, abs=1)
        expected = [statistics.median(column) for column in zip(*third, strict=True)]
        assert shape.shares[number] == pytest.approx(expected)
    assert (np.diff(shape.shares, axis=1) >= 0).all()
    assert shape.shares[:, -1].tolist() == [1.0] * 3


def test_too_few_symbols_teach_nothing() -> None:
    """Nor do those without a turnover, and those whose day is a handful of shares."""
    turnover, ends = usual_days(3 * LEAST_SYMBOLS - 1)
    many, days = usual_days(300)

    assert learned(DAY, np.array(turnover), np.array(ends).T) is None
    assert learned(DAY, np.full(300, np.nan), np.array(days).T) is None
    assert learned(DAY, np.array(many), np.array(days).T / 1e6) is None


def test_each_symbol_has_the_curve_of_its_turnover() -> None:
    """Straight between slot ends; an unknown turnover has the middle one; an early close joins the post-market."""
    turnover, ends = usual_days(300)
    shape = learned(DAY, np.array(turnover), np.array(ends).T)
    assert shape is not None
    low, high = shape.bounds
    curves = VolumeCurves.of_shape(shape)
    asked = np.array([low / 2, (low + high) / 2, high, np.nan])

    for second in (0.0, 150.0, 20_000.5, 36_000.0, float(DAY_SECONDS)):
        found = curves.share(asked, np.full(4, second), early_close=False)
        by_hand = [np.interp(second, [0.0, *END_SECONDS], [0.0, *line]) for line in shape.shares]
        assert found.tolist() == pytest.approx([*by_hand, by_hand[1]])
    early = curves.share(asked, np.full(4, 33_000.0), early_close=True)
    joined = [line[107] + line[145] - line[143] for line in shape.shares]
    assert early.tolist() == pytest.approx([*joined, joined[1]])
    assert curves.learned == DAY


def test_the_prior_is_everybodys() -> None:
    """Until something was learned, whatever trades how much."""
    seconds = np.array([0.0, 19_800.0, 43_200.0])

    found = PRIOR.share(np.array([1.0, 1e12, np.nan]), seconds, early_close=False)

    assert found.tolist() == prior_share(seconds, early_close=False).tolist() == pytest.approx([0.0, 0.018, 0.83])
    assert PRIOR.learned is None
