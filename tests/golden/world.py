"""One date of the simulated market for both sides: the raw bytes of its snapshots, and the raw bars of its past.

History reaches the board the way the program loads it (the vendor's grouped bars through their decoder, five-minute
bars through `day_volumes` and `usual`), and the reference model as plain bars.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import orjson

from tests.golden.past import Past, RawBar, RawHistory, sessions_before
from tests.support.market import CALENDAR
from tests.support.simulated import played, small_market, worked
from tradeul.domain import usual
from tradeul.domain.averages import LONG_SESSIONS, Averages, DailyHistory
from tradeul.domain.day_volumes import SLOT_NS, complete, joined, slot_count, volumes_of_bars
from tradeul.domain.events import Bools, DailyBars, Floats, Ints, Nanos, Split, Symbol, SymbolBars
from tradeul.domain.reference import Facts
from tradeul.domain.session import DayHours
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.domain.splits import MorningSplits, SplitBook
from tradeul.domain.usual import Baseline, BaselineSum
from tradeul.polygon.wire import DailyDecoder
from tradeul.simulation.corporate_actions import splits_between
from tradeul.simulation.exchange.rows import NANOS_PER_MS, SnapshotRows, daily_rows
from tradeul.simulation.plans import PLANS
from tradeul.simulation.tape import Tape
from tradeul.simulation.trading_day import HALF_HOUR_SLOTS

NANOS = 10**9
LONGEST_PLAYED_S = 600
"""Further ahead than this the tape is placed, which is then the quicker way."""
SYMBOLS_AT_ONCE = 500
SILENT_EVERY = 41
SPLITS_BACK = dt.timedelta(days=60)

Rows = list[tuple[Symbol, bytes]]
Told = dict[dt.date, tuple[list[Symbol], Floats]]


class World:
    """A date of a market of so many symbols."""

    def __init__(self, symbols: int, date: dt.date, plan: str = "advanced") -> None:
        self.market = small_market(symbols)
        self.date = date
        self.hours = CALENDAR.hours(date)
        self._plan = PLANS[plan]
        self._day = worked(self.market.day(date))
        self._slot_volumes: dict[dt.date, Ints] = {}
        self.rows = np.flatnonzero(self._day.plan.listed)
        self.symbols = [Symbol(self.market.universe.symbols[row]) for row in self.rows.tolist()]
        splits = splits_between(self.market, self.rows, date - SPLITS_BACK, date)
        names = self.market.universe.symbols
        self.splits = [Split(Symbol(names[each.row]), each.date, each.old, each.new) for each in splits]

    def snapshots(self, seconds: Sequence[int]) -> Iterator[tuple[Nanos, Rows]]:
        """The rows as they stood after so many seconds since 04:00, and when that was."""
        tape = Tape(self._day)
        encoder = SnapshotRows(self.market.universe, tape, self._plan)
        for second in seconds:
            if second - tape.second > LONGEST_PLAYED_S:
                worked(tape.place(second))
            while tape.second < second:
                played(tape)
            rows = list(zip(self.symbols, encoder.answer(self.rows), strict=True))
            yield Nanos(self.hours.pre_market_start + second * NANOS), rows

    # The past as the program takes it.

    def averages(self) -> Averages:
        history = DailyHistory()
        for day in self._grouped:
            history.add(self._daily_bars(day))
        return history.averages(SplitBook(self.splits, self.date))

    def morning_splits(self) -> MorningSplits:
        return MorningSplits(
            self.date, SplitBook(self.splits, self.date), self._daily_bars(CALENDAR.previous(self.date))
        )

    def baseline(self, lookback: int = 5) -> Baseline:
        """What volume is usual by when, by the rules of `history/slot_store`, without its database."""
        days = usual.baseline_sessions(CALENDAR, self.date, lookback)
        splits, first = SplitBook(self.splits, self.date), dict(self._first_bars())
        total = BaselineSum(self.date)
        for start in range(0, len(self.rows), SYMBOLS_AT_ONCE):
            piece = slice(start, start + SYMBOLS_AT_ONCE)
            volumes = self._day_volumes(days, self.symbols[piece], self.rows[piece])
            for day in sorted(days):
                total.add(*usual.own_sessions(day, *volumes[day], first, splits))
        return total.baseline()

    def facts(self) -> list[Facts]:
        unknown = Facts(Symbol(""), *[None] * (len(Facts._fields) - 1))
        return [unknown._replace(symbol=Symbol(name), float_shares=free) for name, free in self._free.items()]

    # The past as the reference model takes it.

    def pasts(self, lookback: int = 5) -> dict[str, Past]:
        raw = RawHistory(self.date, [(each.symbol, each.date, each.new / each.old) for each in self.splits])
        for day, content in self._grouped.items():
            for bar in orjson.loads(content)["results"]:
                raw.daily.setdefault(bar["T"], {})[day] = RawBar(bar["h"], bar["l"], bar["c"], float(bar["v"]))
        for day in sessions_before(self.date, lookback, full=True):
            for symbol, volumes in zip(self.symbols, self._volumes_of(day)[self.rows].tolist(), strict=True):
                raw.slots.setdefault(symbol, {})[day] = volumes
        raw.float_shares = self._free
        return {symbol: raw.past(symbol, lookback) for symbol in self.symbols}

    def _daily_bars(self, day: dt.date) -> DailyBars:
        decoder = DailyDecoder(day)
        decoder.feed(self._grouped[day])
        return decoder.finish()

    @cached_property
    def _grouped(self) -> dict[dt.date, bytes]:
        """The vendor's answers with the bars of each day, in the shares of that day."""
        found = {}
        for day in CALENDAR.last_sessions(self.date, LONG_SESSIONS):
            bars = worked(self.market.daily_bars(day, day))
            rows = np.flatnonzero((bars.volume > 0) & ~self._silent(day))
            closed_at_ms = CALENDAR.hours(day).market_close // NANOS_PER_MS
            content = b",".join(daily_rows(self.market.universe, rows, bars.take(rows), closed_at_ms))
            found[day] = b'{"status":"OK","results":[%s]}' % content
        return found

    @cached_property
    def _free(self) -> dict[str, float]:
        shares = {name: self.market.registry.shares(row, self.date) for name, row in self._places()}
        return {name: float(each.free) for name, each in shares.items() if each is not None}

    def _places(self) -> Iterator[tuple[str, int]]:
        return zip(self.symbols, self.rows.tolist(), strict=True)

    def _first_bars(self) -> Iterator[tuple[Symbol, dt.date]]:
        for day in sorted(self._grouped, reverse=True):
            yield from ((Symbol(bar["T"]), day) for bar in orjson.loads(self._grouped[day])["results"])

    def _day_volumes(self, days: list[dt.date], symbols: list[Symbol], rows: Ints) -> Told:
        """Whole sessions, made of the bars that the vendor would send."""
        hours = [CALENDAR.hours(day) for day in sorted(days)]
        volumes = np.array([self._volumes_in(each, rows) for each in hours])
        starts = np.concatenate([each.pre_market_start + np.arange(SLOTS_PER_DAY) * SLOT_NS for each in hours])
        bars = [_bars_of(symbol, starts, volumes[:, place].ravel()) for place, symbol in enumerate(symbols)]
        told = joined([volumes_of_bars(each, hours) for each in bars])
        found: Told = {}
        for place, each in enumerate(hours):
            of_day = told.take(np.arange(place, len(told), len(hours)))
            whole = np.flatnonzero(complete(of_day, slot_count(each)))
            found[each.date] = [symbols[row] for row in whole.tolist()], of_day.volumes[whole]
        return found

    def _volumes_in(self, hours: DayHours, rows: Ints) -> Ints:
        """The volume in each slot; where a session has fewer of them nothing traded in the others."""
        volumes = self._volumes_of(hours.date)[rows]
        return np.pad(volumes, ((0, 0), (0, SLOTS_PER_DAY - volumes.shape[1])))

    def _silent(self, day: dt.date) -> Bools:
        """Which symbols of the universe do not trade at all on a date; in the simulated market everybody does."""
        silent: Bools = np.arange(len(self.market.universe.symbols)) % SILENT_EVERY == day.toordinal() % SILENT_EVERY
        return silent

    def _volumes_of(self, day: dt.date) -> Ints:
        """The volume in each slot, a row per symbol of the universe; a day without a session has none."""
        if not CALENDAR.is_trading_day(day):
            return np.zeros((len(self.market.universe.symbols), SLOTS_PER_DAY), np.int64)
        if day not in self._slot_volumes:
            played_day = worked(self.market.day(day))
            every = np.arange(played_day.count)
            half_hours = played_day.half_hours(slice(0, played_day.count), played_day.slot_count - 1)
            slots = [
                played_day.slots(every, np.full(len(every), number), half_hours.take((every, number))).volume
                for number in range(played_day.slot_count // HALF_HOUR_SLOTS)
            ]
            self._slot_volumes[day] = np.where(self._silent(day)[:, None], 0, np.concatenate(slots, axis=1))
        return self._slot_volumes[day]


def _bars_of(symbol: Symbol, starts: Ints, volumes: Ints) -> SymbolBars:
    """Five-minute bars where something traded; their prices do not matter here."""
    there = np.flatnonzero(volumes)
    price = np.ones(len(there))
    traded = volumes[there].astype(np.float64)
    return SymbolBars(symbol, False, starts[there], price, price, price, price, traded, price, price)  # noqa: FBT003
