"""The whole market, as a trader would see it. Counts have wide margins: they keep it believable, not fixed."""

import tracemalloc

import numpy as np
import pytest

from tests.support.market import CALENDAR, DAY
from tests.support.simulated import played, small_market, tape_at, worked
from tradeul.domain.events import Bools, Floats
from tradeul.domain.session import TradingCalendar
from tradeul.domain.volume_profile import prior_share
from tradeul.simulation.market import Market
from tradeul.simulation.tape import Tape
from tradeul.simulation.trading_day import TradingDay

SYMBOLS = 12_000
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(1, SYMBOLS, CALENDAR)


@pytest.fixture(scope="module")
def day(market: Market) -> TradingDay:
    return worked(market.day(DAY))


@pytest.fixture(scope="module")
def usual_volume(market: Market) -> Floats:
    days = [worked(market.daily_bars(day, DAY)).volume for day in CALENDAR.last_sessions(DAY, 6)]
    return np.asarray(np.mean(days, axis=0))


class View:
    """The fields that the lists look at."""

    def __init__(self, tape: Tape, usual_volume: Floats) -> None:
        close, price = tape.day.plan.previous.close, tape.price
        known = (close > 0) & (price >= 10_000) & (price <= 5_000_000)
        self.rvol: Floats = tape.volume / np.maximum(usual_volume * share_at(tape.second), 1.0)
        self.shown: Bools = known & (self.rvol >= 1.5)
        self.known = known
        self.change: Floats = 100.0 * (price / np.maximum(close, 1) - 1.0)
        opened = tape.regular.volume > 0
        official = np.where(opened, tape.regular.open, price)
        self.gap: Floats = 100.0 * (official / np.maximum(close, 1) - 1.0)
        self.from_open: Floats = np.where(opened, 100.0 * (price / np.maximum(official, 1) - 1.0), 0.0)
        self.at_high: Bools = opened & (price >= 0.999 * tape.regular.high)


def share_at(second: int) -> float:
    return float(prior_share(np.array([float(second)]), early_close=False)[0])


def test_there_is_something_to_see_before_the_open(day: TradingDay, usual_volume: Floats) -> None:
    """At 09:29 there are dozens of gappers each way, winners, losers and anomalies."""
    view = View(tape_at("09:29", day), usual_volume)

    assert 60 <= (view.shown & (view.gap >= 2)).sum() <= 600
    assert 40 <= (view.shown & (view.gap <= -2)).sum() <= 600
    assert (view.shown & (view.change >= 5)).sum() >= 30
    assert (view.shown & (view.change <= -5)).sum() >= 12
    assert 100 <= (view.shown & (view.rvol >= 3)).sum() <= 1200


def test_moves_are_believable(day: TradingDay, usual_volume: Floats) -> None:
    """Most gaps stay under 40 %, a handful goes beyond; the typical stock hardly gaps."""
    view = View(tape_at("09:29", day), usual_volume)

    assert 1 <= (view.known & (np.abs(view.gap) > 40)).sum() <= 15
    assert np.median(np.abs(view.gap[view.known])) < 1.0


def test_after_the_open_the_other_lists_fill(day: TradingDay, usual_volume: Floats) -> None:
    """At 10:00 there is momentum both ways, gaps have turned around, and highs are being made."""
    view = View(tape_at("10:00", day), usual_volume)

    assert (view.shown & (view.change >= 3)).sum() >= 50
    assert (view.shown & (view.change <= -3)).sum() >= 25
    faded = (view.gap >= 2) & (view.from_open <= -1) | (view.gap <= -2) & (view.from_open >= 1)
    assert (view.shown & faded).sum() >= 12
    assert (view.shown & view.at_high).sum() >= 50


@pytest.mark.parametrize("wall", ["09:29", "11:00", "15:30"])
def test_a_usual_day_reads_a_relative_volume_of_about_one(wall: str, day: TradingDay, usual_volume: Floats) -> None:
    """The volume of the middle of the market follows the curve all day."""
    tape = tape_at(wall, day)
    liquid = usual_volume > 500_000

    rvol = tape.volume[liquid] / (usual_volume[liquid] * share_at(tape.second))

    assert 0.7 < np.median(rvol) < 1.2
    assert np.percentile(rvol, 20) > 0.4


def test_the_open_bursts_and_calms_down(day: TradingDay) -> None:
    """At least 1,500 second bars a second in the first minutes, some hundreds later in the morning."""
    opening, later = tape_at("09:30", day), tape_at("10:30", day)

    burst = [len(played(opening).rows) for _ in range(180)]
    calm = [len(played(later).rows) for _ in range(30)]

    assert min(burst) >= 1500
    assert max(burst) < 6000
    assert 200 < np.mean(calm) < 1100


def test_daily_bars_agree_with_what_the_next_day_remembers() -> None:
    """The previous day that a date shows is the daily bar of the session before."""
    market = small_market()
    plan = worked(market.day(DAY)).plan

    bars = worked(market.daily_bars(CALENDAR.previous(DAY), DAY))

    assert bars.close.tolist() == plan.previous.close.tolist()
    assert bars.volume.tolist() == plan.previous.volume.tolist()


def test_a_symbol_alone_is_the_same_as_in_the_whole_market() -> None:
    """Whether its neighbours were asked for before it or not, and wherever a block of them ends."""
    market = small_market(397)
    days = tuple(CALENDAR.last_sessions(DAY, 3)[::-1])
    whole = [worked(market.day(date)).plan for date in days]
    bars = [worked(market.daily_bars(date, date)) for date in days]

    for row in (0, 31, 32, 200, 33, 396):
        alone, own = market.symbol_days(row, days).days.plan, market.symbol_bars(row, days)
        assert alone.regular.close.tolist() == [plan.regular.close[row] for plan in whole]
        assert alone.post_market.volume.tolist() == [plan.post_market.volume[row] for plan in whole]
        assert own.volume.tolist() == [bar.volume[row] for bar in bars]


def test_what_is_kept_of_the_symbols_asked_for_is_little() -> None:
    """However many symbols and dates are asked for, what stays in memory is a few megabytes."""
    market = small_market(3000)
    days = CALENDAR.last_sessions(DAY, 40)
    tracemalloc.start()
    for row in range(0, 3000, 24):
        market.symbol_days(row, tuple(days[row % 36 :][3::-1]))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 10_000_000


def test_another_seed_is_another_market() -> None:
    """Seeds name worlds: equal ones are equal, others are not."""
    calendar = TradingCalendar({}, [])
    one, same, other = Market(5, 100, calendar), Market(5, 100, calendar), Market(6, 100, calendar)

    bars = [worked(market.daily_bars(DAY, DAY)).close.tolist() for market in (one, same, other)]

    assert bars[0] == bars[1]
    assert bars[0] != bars[2]
    assert other.name == "sim-6"
