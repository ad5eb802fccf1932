"""What history says reaches the board: at start, at the turn of the date, when something new is there, and again."""

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tests.support.day import Process
from tests.support.eventually import eventually, running
from tests.support.market import CALENDAR, DAY, at, daily, traded
from tradeul.domain.averages import Averages
from tradeul.domain.events import DailyBars, Split, Symbol
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Baseline
from tradeul.domain.volume_profile import Shape
from tradeul.engine.warmup import DATABASE_RETRY_S, LOOK_EVERY_S, RETRY_S, Warmup
from tradeul.errors import HistoryUnavailable, VendorUnavailable

TOMORROW = dt.date(2026, 11, 19)


def baseline(as_of: dt.date = DAY, by_noon: float = 900.0, sessions: int = 5, symbol: str = "A") -> Baseline:
    """A usual day that has traded so much by the end of every slot."""
    return Baseline(as_of, (Symbol(symbol),), np.full((192, 1), by_noon), np.array([sessions]))


def averages(volume: float = 1e6) -> Averages:
    column = np.array([volume])
    return Averages((Symbol("A"),), column, column, np.array([10.0]), np.array([0.5]))


class Sessions:
    """Finished sessions that notes which ones were asked for."""

    def __init__(self) -> None:
        self.days: list[dt.date] = []
        self.broken: set[dt.date] = set()
        self.found: tuple[Split, ...] = ()

    async def daily_bars(self, day: dt.date) -> DailyBars:
        self.days.append(day)
        if day in self.broken:
            raise VendorUnavailable("the vendor is down")
        return daily(day, ("A", 11.0, 9.0, 10.0, 1_000_000), ("UNSEEN", 2.0, 1.0, 1.0, 5.0))

    async def splits(self, since: dt.date) -> tuple[Split, ...]:
        return tuple(split for split in self.found if split.date >= since)


class Volumes:
    """A past of volumes; away as long as it is told so."""

    def __init__(self) -> None:
        self.asked: list[dt.date] = []
        self.away = False
        self.by_noon = 900.0

    async def baseline(
        self,
        as_of: dt.date,
        splits: SplitBook,  # noqa: ARG002  # the port's
        symbols: Sequence[Symbol] | None = None,  # noqa: ARG002  # the port's
    ) -> Baseline:
        self.asked.append(as_of)
        if self.away:
            raise HistoryUnavailable("Postgres does not answer")
        return baseline(as_of, self.by_noon)


class Shelf:
    """A known store in memory."""

    def __init__(self) -> None:
        self.kept_averages: tuple[dt.date, Averages] | None = None
        self.kept_baseline: Baseline | None = None
        self.kept_shape: Shape | None = None
        self.broken = False

    def averages(self) -> tuple[dt.date, Averages] | None:
        return self.kept_averages

    def baseline(self) -> Baseline | None:
        return self.kept_baseline

    def shape(self) -> Shape | None:
        return self.kept_shape

    def keep_shape(self, shape: Shape) -> None:
        self.kept_shape = shape

    def keep_averages(self, as_of: dt.date, averages: Averages) -> None:
        if self.broken:
            raise OSError("No space left on device")
        self.kept_averages = (as_of, averages)

    def keep_baseline(self, baseline: Baseline) -> None:
        self.kept_baseline = baseline


class Rig:
    """A board with one symbol, and everything a warm-up asks."""

    def __init__(self, wall: str = "12:00", day: dt.date = DAY) -> None:
        self.process = Process(wall, day=day)
        self.sessions, self.volumes, self.shelf = Sessions(), Volumes(), Shelf()
        self.warmup = Warmup(
            self.sessions, self.volumes, self.shelf, self.process.pipeline, self.process.clock, CALENDAR,
            self.process.vitals,
        )  # fmt: skip

    async def until(self, condition: Callable[[], object]) -> None:
        """Look again until something holds, with a snapshot at each look."""

        async def holds() -> object:
            if self.process.clock.waited_for:
                await self.process.clock.advance(LOOK_EVERY_S)
            await self.process.trade(10.0, 900)
            return condition()

        await eventually(holds)

    async def shows(self, method: str, rvol: float | None) -> None:
        """Until the board shows this."""
        show = self.process.show
        await self.until(lambda: (show("rvol_method"), show("rvol")) == (method, rvol))


async def test_history_is_loaded_and_loaded_again_for_the_next_date() -> None:
    """Thirty sessions before the trading date, newest first, and its baseline; at 03:30 the new date's."""
    rig = Rig("03:29:30", TOMORROW)
    async with running(rig.warmup.run):
        await rig.shows("exact", 1.0)
        first, by_then = list(rig.sessions.days), list(rig.volumes.asked)
        await rig.process.until("03:30:01", TOMORROW)
        aged = rig.process.show("rvol_sessions")
        await rig.until(lambda: len(rig.sessions.days) == 60 and rig.process.show("rvol_sessions") == 5)

    assert first == CALENDAR.last_sessions(DAY, 30)
    assert by_then == [DAY]
    assert rig.sessions.days[30:] == CALENDAR.last_sessions(TOMORROW, 30)
    assert rig.volumes.asked[1] == TOMORROW
    assert rig.process.vitals.sessions_loaded == 30
    assert aged == 5


async def test_history_waits_for_the_first_snapshot_and_adds_no_symbols() -> None:
    """Which symbols there are is for the market to say, not for its past."""
    rig = Rig()
    async with running(rig.warmup.run):
        await rig.process.clock.advance(2)
        asked_before = len(rig.sessions.days)
        await rig.shows("exact", 1.0)

    assert asked_before == 0
    assert rig.process.board.symbols == ["A"]


async def test_a_missing_day_of_history_is_told_and_tried_again() -> None:
    """It is named until it is there, and what volume is usual does not wait for it."""
    rig = Rig()
    rig.sessions.broken = {dt.date(2026, 11, 16)}
    async with running(rig.warmup.run):
        await rig.shows("exact", 1.0)
        told = rig.process.vitals.history_failure
        rig.sessions.broken = set()
        await rig.process.clock.advance(RETRY_S + 1)
        await rig.until(lambda: rig.process.vitals.sessions_loaded == 30)

    assert told == "the vendor is down"
    assert rig.process.vitals.history_failure == ""


async def test_a_restart_of_the_same_date_asks_nobody() -> None:
    """What was kept of today is all there is to know."""
    rig = Rig()
    rig.shelf.kept_averages, rig.shelf.kept_baseline = (DAY, averages()), baseline()
    async with running(rig.warmup.run):
        await rig.shows("exact", 1.0)
        await rig.process.clock.advance(120)

    assert rig.sessions.days == []
    assert rig.volumes.asked == []
    assert rig.process.show("avg_volume_30d") == 1_000_000
    assert rig.process.vitals.sessions_loaded == 30


async def test_what_was_kept_shows_before_the_second_snapshot() -> None:
    """A restart in the middle of the day ranks by exact values at once."""
    rig = Rig()
    rig.shelf.kept_averages, rig.shelf.kept_baseline = (DAY, averages()), baseline()
    async with running(rig.warmup.run):
        await rig.process.trade(10.0, 900)
        await eventually(lambda: rig.process.show("rvol_method") == "exact")

    assert rig.process.show("rvol") == 1.0


@pytest.mark.parametrize(("missed", "method"), [(1, "exact"), (2, "exact"), (3, "curve")])
async def test_without_a_database_the_last_known_stand_as_long_as_they_can(missed: int, method: str) -> None:
    """A session that came since is one less of theirs; with fewer than three the general curve stands in."""
    before = CALENDAR.last_sessions(DAY, missed)[-1]
    rig = Rig()
    rig.volumes.away = True
    rig.shelf.kept_averages, rig.shelf.kept_baseline = (before, averages()), baseline(before)
    async with running(rig.warmup.run):
        await rig.until(lambda: len(rig.volumes.asked) > 1)
        await rig.process.trade(10.0, 900)

    assert rig.process.show("rvol_method") == method
    assert rig.process.show("rvol_sessions") == 5 - missed


async def test_a_database_that_comes_back_is_asked_within_seconds() -> None:
    """The baseline is there as soon as it can be had."""
    rig = Rig()
    rig.volumes.away = True
    async with running(rig.warmup.run):
        await rig.until(lambda: len(rig.volumes.asked) > 2)
        rig.volumes.away = False
        before = rig.process.clock.monotonic()
        await rig.shows("exact", 1.0)

    assert rig.process.clock.monotonic() - before <= DATABASE_RETRY_S + 2 * LOOK_EVERY_S


async def test_what_was_loaded_anew_is_on_the_board_at_the_next_look() -> None:
    """And is kept for the next start."""
    rig = Rig()
    async with running(rig.warmup.run):
        await rig.shows("exact", 1.0)
        rig.volumes.by_noon = 450.0
        rig.warmup.refresh("baseline")
        await rig.shows("exact", 2.0)
        await rig.until(lambda: rig.shelf.kept_baseline is not None and rig.shelf.kept_baseline.ends[0, 0] == 450.0)

    assert rig.shelf.kept_averages is not None
    assert rig.shelf.kept_averages[0] == DAY
    assert rig.volumes.asked == [DAY, DAY]


async def test_a_disk_that_refuses_costs_nothing_now() -> None:
    """The board has what was loaded, and the loop goes on."""
    rig = Rig()
    rig.shelf.broken = True
    async with running(rig.warmup.run):
        await rig.shows("exact", 1.0)
        rig.warmup.refresh("averages")
        await rig.until(lambda: len(rig.sessions.days) == 60)

    assert rig.process.show("avg_volume_30d") == 1_000_000
    assert rig.shelf.kept_averages is None


async def test_averages_are_in_the_shares_of_today() -> None:
    """A 10-for-1 split last Monday: what traded before counts ten times, at a tenth of the price."""
    rig = Rig()
    rig.sessions.found = (Split(Symbol("A"), dt.date(2026, 11, 16), 1.0, 10.0),)
    async with running(rig.warmup.run):
        await rig.shows("exact", 1.0)

    since = sum(day >= dt.date(2026, 11, 16) for day in rig.sessions.days)
    assert rig.process.show("avg_volume_30d") == round((since * 1e6 + (30 - since) * 1e7) / 30)
    assert rig.process.show("avg_price_30d") == pytest.approx((since * 10 + (30 - since)) / 30, abs=1e-4)


async def test_splits_that_came_late_change_what_stands_on_them() -> None:
    """Looked at again, they are the same, and nothing is loaded; another one is there, and everything is."""
    rig = Rig()
    async with running(rig.warmup.run):
        await rig.shows("exact", 1.0)
        await rig.until(lambda: rig.process.vitals.sessions_loaded == 30)
        rig.warmup.look_at_splits()
        await rig.process.clock.advance(3)
        same = len(rig.sessions.days), len(rig.volumes.asked)
        rig.sessions.found = (Split(Symbol("A"), DAY, 1.0, 10.0),)
        rig.warmup.look_at_splits()
        await rig.until(lambda: rig.process.show("avg_volume_30d") == 10_000_000)
        await rig.until(lambda: len(rig.volumes.asked) == 2)

    assert same == (30, 1)
    assert rig.process.show("avg_price_30d") == 1.0


async def test_a_split_of_this_morning_is_on_the_board() -> None:
    """Our own close of the session before tells in whose shares the vendor's is, after a restart as well."""
    rig = Rig()
    rig.shelf.kept_averages, rig.shelf.kept_baseline = (DAY, averages()), baseline()
    rig.sessions.found = (Split(Symbol("A"), DAY, 1.0, 10.0),)
    async with running(rig.warmup.run):
        await rig.until(lambda: rig.process.show("prev_close") == 1.0)

    assert rig.sessions.days == [CALENDAR.previous(DAY)]


async def test_a_row_keeps_its_baseline_between_snapshots_and_bars() -> None:
    """Who is expected to trade 900 by noon and has traded 1,800 reads 2.00, by either way."""
    rig = Rig()
    async with running(rig.warmup.run):
        await rig.shows("exact", 1.0)
    await rig.process.clock.advance(LOOK_EVERY_S)
    now = rig.process.clock.now()
    await rig.process.snapshot(traded("A", 10.0, 1_800, now))

    assert rig.process.show("rvol") == 2.0
    assert rig.process.show("rvol_guarded") == round((1_800 + 5_000) / (900 + 5_000), 4)
    assert at("12:00") < now
