"""One date of the simulated market for both sides: the raw bytes of its snapshots, and the raw bars of its past.

History reaches the board the way the program loads it (the vendor's grouped bars through their decoder, five-minute
bars through `day_volumes` and `usual`), and the reference model as plain bars.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import orjson

from tests.golden.past import KNOWN, Closures, Past, RawBar, RawHistory, sessions_before
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
from tradeul.simulation.exchange.events import second_bars
from tradeul.simulation.exchange.rows import NANOS_PER_MS, SnapshotRows, daily_rows
from tradeul.simulation.exchange.stragglers import Stragglers, Unpunctuality
from tradeul.simulation.exchange.stream_frames import listed
from tradeul.simulation.market import Market
from tradeul.simulation.plans import PLANS
from tradeul.simulation.registry import Registry
from tradeul.simulation.tape import Tape
from tradeul.simulation.trading_day import HALF_HOUR_SLOTS
from tradeul.simulation.universe import Universe

NANOS = 10**9
LONGEST_PLAYED_S = 600
"""Further ahead than this the tape is placed, which is then the quicker way."""
SYMBOLS_AT_ONCE = 500
SILENT_EVERY = 41
UNKNOWN_EVERY = 13
NOT_LOADED_EVERY = 7
SPLITS_BACK = dt.timedelta(days=60)

FOLLOWED_S = 20
"""Live bars are sent so long before a snapshot, and until it has come."""
DELAYS_S = (0, 3, 0, 1, 4)
"""How long snapshots are on their way, in turn; less than there is between two."""
HOT_ONE_IN = 20
HOT_S = 300
"""So long a symbol is followed, then it is others' turn."""
BARS_ARE = Unpunctuality(late_share=0.02, repeated_share=0.05, grown=True)

Rows = list[tuple[Symbol, bytes]]
Told = dict[dt.date, tuple[list[Symbol], Floats]]


class Snapshot(NamedTuple):
    """The rows as they stood so many seconds after 04:00."""

    second: int
    at: Nanos
    rows: Rows


class Frame(NamedTuple):
    """Live bars as they come together."""

    content: bytes


class LiveBars:
    """Lets the tape's seconds pass, and gives what a subscriber of some symbols, now these, now those, gets of each."""

    def __init__(self, universe: Universe, tape: Tape, rows: Ints) -> None:
        self._universe = universe
        self._tape = tape
        self._rows = rows
        self._stragglers = Stragglers()

    def played(self, *, followed: bool) -> Iterator[Frame]:
        trades, tape = played(self._tape), self._tape
        if followed:
            hot = (trades.rows + tape.second // HOT_S) % HOT_ONE_IN == 0
            bars = trades.take(np.flatnonzero(hot & np.isin(trades.rows, self._rows)))
            batches = list(second_bars(self._universe, tape, bars))
            now = Nanos(tape.day.hours.pre_market_start + tape.second * NANOS)
            for batch in self._stragglers.passed(batches, now, BARS_ARE):
                yield Frame(listed(batch.events))


class World:
    """A date of a market of so many symbols."""

    def __init__(self, symbols: int, date: dt.date, plan: str = "advanced", market: Market | None = None) -> None:
        """`market`: another one than that of all tests, with a calendar of its own."""
        self.market = market or small_market(symbols)
        self.calendar = self.market.calendar
        self.date = date
        self.hours = self.calendar.hours(date)
        self._plan = PLANS[plan]
        self._day = worked(self.market.day(date))
        self._slot_volumes: dict[dt.date, Ints] = {}
        self.rows = np.flatnonzero(self._day.plan.listed)
        self.symbols = [Symbol(self.market.universe.symbols[row]) for row in self.rows.tolist()]
        splits = splits_between(self.market, self.rows, date - SPLITS_BACK, date)
        names = self.market.universe.symbols
        self.splits = [Split(Symbol(names[each.row]), each.date, each.old, each.new) for each in splits]

    def happenings(self, seconds: Sequence[int]) -> Iterator["Snapshot | Frame"]:
        """The rows as they stood after so many seconds since 04:00 and live bars around them, as they come."""
        tape, encoder = self.opened()
        live = LiveBars(self.market.universe, tape, self.rows)
        for number, second in enumerate(seconds):
            begin = max(second - FOLLOWED_S, 0)
            if begin - tape.second > LONGEST_PLAYED_S:
                worked(tape.place(begin))
            while tape.second < second:
                yield from live.played(followed=tape.second >= begin)
            rows = list(zip(self.symbols, encoder.answer(self.rows), strict=True))
            arrival = min(second + DELAYS_S[number % len(DELAYS_S)], self._day.seconds_long)
            while tape.second < arrival:
                yield from live.played(followed=True)
            yield Snapshot(second, Nanos(self.hours.pre_market_start + second * NANOS), rows)

    def opened(self) -> tuple[Tape, SnapshotRows]:
        """The day before its first second, and who writes its rows."""
        tape = Tape(self._day)
        return tape, SnapshotRows(self.market.universe, tape, self._plan)

    # The past as the program takes it.

    def averages(self) -> Averages:
        history = DailyHistory()
        for day in self._grouped:
            history.add(self._daily_bars(day))
        return history.averages(SplitBook(self.splits, self.date))

    def morning_splits(self) -> MorningSplits:
        return MorningSplits(
            self.date, SplitBook(self.splits, self.date), self._daily_bars(self.calendar.previous(self.date))
        )

    def baseline(self, lookback: int = 5) -> Baseline:
        """What volume is usual by when, by the rules of `history/slot_store`, without its database."""
        days = usual.baseline_sessions(self.calendar, self.date, lookback)
        splits, first = SplitBook(self.splits, self.date), dict(self._first_bars())
        total = BaselineSum(self.date)
        known = self.rows[self._kept]
        for start in range(0, len(known), SYMBOLS_AT_ONCE):
            rows = known[start : start + SYMBOLS_AT_ONCE]
            symbols = [Symbol(self.market.universe.symbols[row]) for row in rows.tolist()]
            volumes = self._day_volumes(days, symbols, rows)
            for day in sorted(days):
                total.add(*usual.own_sessions(day, *volumes[day], first, splits))
        return total.baseline()

    def facts(self) -> list[Facts]:
        unknown = Facts(Symbol(""), *[None] * (len(Facts._fields) - 1))
        return [unknown._replace(symbol=Symbol(name), **known) for name, known in self._reference.items()]

    # The past as the reference model takes it.

    def pasts(
        self, lookback: int = 5, closures: Closures = KNOWN, only: Collection[str] | None = None
    ) -> dict[str, Past]:
        splits = [(each.symbol, each.date, each.new / each.old) for each in self.splits]
        raw, wanted = RawHistory(self.date, splits, closures), set(self.symbols if only is None else only)
        for day, content in self._grouped.items():
            for bar in (bar for bar in orjson.loads(content)["results"] if bar["T"] in wanted):
                raw.daily.setdefault(bar["T"], {})[day] = RawBar(bar["h"], bar["l"], bar["c"], float(bar["v"]))
        places = [
            (row, symbol) for row, symbol in zip(self.rows.tolist(), self.symbols, strict=True) if symbol in wanted
        ]
        for day in sessions_before(self.date, lookback, full=True, closures=closures):
            volumes = self._volumes_of(day)
            for row, symbol in places:
                raw.slots.setdefault(symbol, {})[day] = volumes[row].tolist()
        raw.reference = self._reference
        kept = dict(zip(self.symbols, self._kept.tolist(), strict=True))
        return {symbol: raw.past(symbol, lookback if kept[symbol] else 0) for _, symbol in places}

    @property
    def _kept(self) -> Bools:
        """Of which symbols volumes by slot were kept; of the others they are still being loaded."""
        kept: Bools = self.rows % NOT_LOADED_EVERY != 0
        return kept

    def _daily_bars(self, day: dt.date) -> DailyBars:
        decoder = DailyDecoder(day)
        decoder.feed(self._grouped[day])
        return decoder.finish()

    @cached_property
    def _grouped(self) -> dict[dt.date, bytes]:
        """The vendor's answers with the bars of each day, in the shares of that day."""
        found = {}
        for day in self.calendar.last_sessions(self.date, LONG_SESSIONS):
            bars = worked(self.market.daily_bars(day, day))
            rows = np.flatnonzero((bars.volume > 0) & ~self._silent(day))
            closed_at_ms = self.calendar.hours(day).market_close // NANOS_PER_MS
            content = b",".join(daily_rows(self.market.universe, rows, bars.take(rows), closed_at_ms))
            found[day] = b'{"status":"OK","results":[%s]}' % content
        return found

    @cached_property
    def _reference(self) -> dict[str, dict[str, Any]]:
        """What is known of securities; of some nothing is."""
        found: dict[str, dict[str, Any]] = {}
        for name, row in zip(self.symbols, self.rows.tolist(), strict=True):
            if row % UNKNOWN_EVERY:
                found[name] = _facts_of(self.market.registry, row, self.date)
        return found

    def _first_bars(self) -> Iterator[tuple[Symbol, dt.date]]:
        for day in sorted(self._grouped, reverse=True):
            yield from ((Symbol(bar["T"]), day) for bar in orjson.loads(self._grouped[day])["results"])

    def _day_volumes(self, days: list[dt.date], symbols: list[Symbol], rows: Ints) -> Told:
        """Whole sessions, made of the bars that the vendor would send."""
        hours = [self.calendar.hours(day) for day in sorted(days)]
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
        if not self.calendar.is_trading_day(day):
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


def _facts_of(registry: Registry, row: int, date: dt.date) -> dict[str, Any]:
    industry, shares, kind = registry.industry(row), registry.shares(row, date), registry.types[row]
    facts: dict[str, Any] = {
        "name": registry.name(row),
        "exchange": registry.exchanges[row],
        "type": kind,
        "is_etf": None if kind is None else kind == "ETF",
    }
    if industry is not None:
        facts |= {"sector": industry.sector, "industry": industry.description, "beta": registry.beta(row)}
    if shares is not None:
        worth = shares.weighted * float(registry.prices[row])
        facts |= {"shares_outstanding": float(shares.outstanding), "float_shares": float(shares.free)}
        facts["market_cap"] = worth
    return facts
