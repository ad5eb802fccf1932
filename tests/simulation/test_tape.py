"""The state of the day at a second."""

import datetime as dt

import numpy as np
import pytest

from tests.support.market import at
from tests.support.simulated import played, small_day, state_of, tape_at, worked
from tradeul.simulation.tape import Tape


@pytest.mark.parametrize(
    ("start", "seconds", "checks"),
    [
        ("04:00", 400, (1, 61, 302, 400)),
        ("09:29:30", 400, (29, 31, 90, 330, 400)),
        ("10:29", 130, (59, 60, 61, 121)),
        ("15:59:50", 90, (9, 10, 11, 90)),
        ("19:58:30", 90, (45, 90)),
    ],
)
def test_playing_and_placing_give_the_same(start: str, seconds: int, checks: tuple[int, ...]) -> None:
    """A tape that was played to a second shows exactly what one placed there shows."""
    tape = tape_at(start)
    for second in range(1, seconds + 1):
        played(tape)
        for _ in tape.prepare_ahead():
            break
        if second not in checks:
            continue
        other = Tape(tape.day)
        for _ in other.place(tape.second):
            pass

        assert state_of(other) == state_of(tape)


def test_the_state_is_the_fold_of_the_seconds_played() -> None:
    """Volume, high, low and last price are what the second bars since the open add up to."""
    tape = tape_at("09:30")
    volume, high = tape.volume.copy(), np.zeros(tape.day.count, np.int64)
    low, price = np.full(tape.day.count, 2**62), tape.price.copy()

    for _ in range(240):
        trades = played(tape)
        volume[trades.rows] += trades.bars.volume
        high[trades.rows] = np.maximum(high[trades.rows], trades.bars.high)
        low[trades.rows] = np.minimum(low[trades.rows], trades.bars.low)
        price[trades.rows] = trades.bars.close

    opened = tape.regular.volume > 0
    assert opened.sum() > 100
    assert tape.volume.tolist() == volume.tolist()
    assert tape.regular.high.tolist() == high.tolist()
    assert tape.regular.low[opened].tolist() == low[opened].tolist()
    assert tape.price.tolist() == price.tolist()


@pytest.mark.parametrize("day", [dt.date(2026, 11, 18), dt.date(2026, 11, 27)])
def test_at_the_end_the_day_is_what_was_planned(day: dt.date) -> None:
    """After the last second the regular bar and the whole volume are the plan's, on a half day too."""
    tape = tape_at("23:00", small_day(day))

    plan = tape.day.plan
    assert tape.volume.tolist() == np.sum([session.volume for session in plan.sessions], axis=0).tolist()
    for name in ("volume", "open", "high", "low", "close"):
        assert getattr(tape.regular, name).tolist() == getattr(plan.regular, name).tolist()


def test_nothing_regular_before_the_open() -> None:
    """Until 09:30 there is volume and a price, but no official bar; nor does one change after the close."""
    before, close, after = tape_at("09:29:59"), tape_at("16:00"), tape_at("17:30")

    assert before.volume.sum() > 0
    assert not before.regular.volume.any()
    assert after.volume.sum() > close.volume.sum()
    assert after.regular.close.tolist() == close.regular.close.tolist()


def test_vwap_lies_within_the_days_range() -> None:
    """Today's average price is between the official low and high."""
    tape = tape_at("11:11:11")
    rows = np.flatnonzero(tape.regular.volume)

    vwap = tape.vwap(rows) * 10_000

    assert (vwap >= tape.regular.low[rows] - 1e-6).all()
    assert (vwap <= tape.regular.high[rows] + 1e-6).all()


def test_work_ahead_may_be_left_and_taken_up() -> None:
    """Preparing a minute slice by slice, with pauses, gives the minute that preparing it at once gives."""
    patient, hasty = tape_at("10:00"), tape_at("10:00")
    for _ in range(60):
        played(patient)
        played(hasty)
        for _ in patient.prepare_ahead():
            break

    bars = [(played(patient), played(hasty)) for _ in range(5)]

    assert all(one.rows.tolist() == other.rows.tolist() for one, other in bars)
    assert state_of(patient) == state_of(hasty)


def test_a_minute_that_is_not_there_is_not_played() -> None:
    """Playing without the minute being ready is our mistake, and said so."""
    with pytest.raises(AssertionError, match="made ready"):
        Tape(small_day()).play()


@pytest.mark.parametrize(
    ("before", "after"), [("09:30:10", "09:30:50"), ("09:44:39", "09:44:55"), ("09:44:39", "09:46:05")]
)
def test_a_tape_that_is_placed_again_is_as_one_placed_once(before: str, after: str) -> None:
    """Also within a minute in which a symbol trades for the first time of its day, or of its regular session."""
    day = small_day(symbols=300)
    tape = tape_at(before, day)

    worked(tape.place(day.second_at(at(after))))

    assert state_of(tape) == state_of(tape_at(after, day))
