"""Figures over many entries: intervals that count days, and what is counted as missing."""

import datetime as dt
import math

import numpy as np
import pytest

from tests.support.market import DAY, at
from tradeul.domain.events import Symbol
from tradeul.domain.outcomes import NOT_FILLED, NOT_TRADED, Fill, Move, Outcome
from tradeul.domain.trial_figures import Entry, by_part, figures, histogram, interval, student

ONE_DAY = dt.timedelta(days=1)


def entry(change: float | str, day: int = 0, minute: int = 600) -> Entry:
    """An entry that came to that a quarter of an hour later, or did not for that reason."""
    told = Move(change, min(change, 0.0), max(change, 0.0)) if isinstance(change, float) else change
    became = Outcome(Fill(at("10:00"), 10.0), dict.fromkeys(("1m", "5m", "15m", "60m", "close"), told))
    return Entry(DAY + day * ONE_DAY, at("10:00"), minute, Symbol("A"), 1, 10.0, became)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (10, 2.2281), (19, 2.0930), (60, 2.0003)],
)
def test_the_quantile_is_student_s(freedom: int, quantile: float) -> None:
    """As the tables have it."""
    assert student(freedom) == pytest.approx(quantile, abs=0.01)


def test_entries_of_one_day_are_one_observation() -> None:
    """A hundred copies of each day say no more than the days themselves."""
    days = [[1.0], [2.0], [4.0], [-1.0]]

    assert interval(day * 100 for day in days) == pytest.approx(interval(days))


def test_with_one_entry_a_day_it_is_the_ordinary_interval() -> None:
    """Mean and Student's t over independent values."""
    values = [0.5, -1.0, 2.0, 3.5, 0.0]
    error = np.std(values, ddof=1) / math.sqrt(len(values))

    assert interval([value] for value in values) == pytest.approx(
        (np.mean(values) - student(4) * error, np.mean(values) + student(4) * error)
    )


def test_one_day_has_no_interval() -> None:
    """It says nothing of another; a day without an entry is none."""
    assert interval([[1.0, 2.0, 3.0]]) is None
    assert interval([[1.0, 2.0], []]) is None


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    """Of 400 tries with days that move together about 95 in 100, where one that counts entries would hold far fewer."""
    chance = np.random.default_rng(1)
    held = naive = 0
    for _ in range(400):
        days = [(chance.normal() + chance.normal(size=20) * 0.3).tolist() for _ in range(12)]
        low, high = interval(days) or (0.0, 0.0)
        every = np.concatenate(days)
        error = every.std(ddof=1) / math.sqrt(len(every))
        held += low <= 0 <= high
        naive += abs(every.mean()) <= 1.96 * error

    assert 0.91 <= held / 400 <= 0.99
    assert naive / 400 < 0.6


def test_what_is_missing_is_counted_by_reason_and_is_no_return() -> None:
    """The mean is of those that have one."""
    lost = entry(NOT_TRADED)
    unfilled = lost._replace(outcome=Outcome(None, {}, NOT_FILLED))

    found = figures([entry(1.0), entry(3.0, day=1), lost, lost, unfilled])["15m"]

    assert (found.n, found.days, found.mean, found.median, found.winners) == (2, 2, 2.0, 2.0, 100.0)
    assert found.missing == {NOT_TRADED: 2, NOT_FILLED: 1}


def test_nothing_has_no_figures() -> None:
    """Unknown is None and not 0."""
    found = figures([])["5m"]

    assert found[:9] == (0, 0, None, None, None, None, None, None, None)
    assert histogram([], "5m") == ([], [])


def test_parts_of_the_day_are_by_when_it_was_entered() -> None:
    """09:59 is of the first half hour, 10:00 is not; all entries are in some part."""
    minutes = [4 * 60 + 5, 9 * 60 + 35, 9 * 60 + 59, 10 * 60, 15 * 60 + 55, 16 * 60, 19 * 60 + 55]

    parts = {part.name: part.entries for part in by_part([entry(1.0, minute=minute) for minute in minutes])}

    assert parts == {
        "pre-market": 1, "09:30-10:00": 2, "10:00-11:30": 1, "11:30-14:00": 0, "14:00-16:00": 1, "post-market": 2,
    }  # fmt: skip


def test_the_histogram_holds_every_return() -> None:
    """Those far out are in its ends."""
    entries = [entry(float(change)) for change in [*range(-10, 11), 500, -500]]

    edges, counts = histogram(entries, "15m")

    assert sum(counts) == len(entries)
    assert len(edges) == len(counts) + 1
    assert counts[0] >= 1
    assert counts[-1] >= 1
