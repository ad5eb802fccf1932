"""Runs of sessions."""

import datetime as dt

import pytest

from tests.support.market import CALENDAR, DAY
from tradeul.simulation.dates import run_of, session_shares

FRIDAY_AFTER_THANKSGIVING = dt.date(2026, 11, 27)


def test_a_run_ends_with_its_last_session_and_begins_before_its_first() -> None:
    """It has a line for each session from first to last, and for as many before them as were asked for."""
    run = run_of(CALENDAR, CALENDAR.previous(DAY), DAY, 3)

    days = [*reversed(CALENDAR.last_sessions(DAY, 4)), DAY]
    assert run.ordinal[:, 0].tolist() == [day.toordinal() for day in days]
    assert run.before[:, 0].tolist() == [CALENDAR.previous(day).toordinal() for day in days]


def test_a_run_skips_closed_days_and_knows_short_ones() -> None:
    """Over a holiday it goes on, and the half day after it has a half day's shares."""
    run = run_of(CALENDAR, FRIDAY_AFTER_THANKSGIVING, FRIDAY_AFTER_THANKSGIVING, 1)

    assert run.ordinal[:, 0].tolist() == [dt.date(2026, 11, 25).toordinal(), FRIDAY_AFTER_THANKSGIVING.toordinal()]
    assert run.shares[:, 0].tolist() == [session_shares(early_close=early).tolist() for early in (False, True)]


def test_the_shares_of_a_whole_day_are_all_of_it() -> None:
    """Pre-market, regular and post-market of a full day add up to one, and to less on a half day."""
    assert session_shares(early_close=False).sum() == pytest.approx(1.0)
    assert session_shares(early_close=True).sum() < 1.0
