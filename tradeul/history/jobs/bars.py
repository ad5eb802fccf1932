"""The job `bars`: the exchange's own minutes of every symbol that was in a list, instead of what was folded live.

One question for a symbol's day, a few in flight. What was answered is kept at once and noted, so that a run after a
kill asks for the rest only. A minute is taken a quarter of an hour after its end, when late trades change it no more;
of a session that still goes on the rest is for a later run. A symbol that fails is passed over and counted; a vendor
that fails for one after the other ends the run.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Final, NamedTuple

from tradeul.clock import Clock
from tradeul.domain.events import MinuteBar, Nanos, Symbol, SymbolBars
from tradeul.domain.minutes import CHANGES_WITHIN_NS, MINUTE_NS, final_at
from tradeul.domain.session import DayHours, TradingCalendar
from tradeul.engine.ports import BarSource
from tradeul.errors import VendorError
from tradeul.history import symbol_store as store
from tradeul.history.jobs.crew import Together, in_flight
from tradeul.history.jobs.job import Progress
from tradeul.history.lending import Lender
from tradeul.history.partitions import day_of, make_parts

AT_ONCE: Final = 4
GAP_S: Final = 1 / 20
"""From one question to the next."""
FAILURES_BORNE: Final = 10
"""In a row; then it is the vendor and not a symbol."""
ROWS_AT_ONCE: Final = 250
"""Some milliseconds of the loop."""
MEMBERS_WITHIN_S: Final = 60.0
"""Millions of places in lists are looked through, by the server alone."""


class _Piece(NamedTuple):
    """One symbol's day."""

    symbol: Symbol
    hours: DayHours


class Bars:
    """A `Job`. Minutes are kept for `keep_days`, so older ones are not asked for."""

    name = "bars"
    due: dt.time | None = dt.time(20, 30)

    def __init__(
        self,
        source: BarSource,
        lender: Lender,
        clock: Clock,
        calendar: TradingCalendar,
        together: Together,
        keep_days: int,
    ) -> None:
        self._source = source
        self._lender = lender
        self._clock = clock
        self._calendar = calendar
        self._together = together
        self._keep_days = keep_days
        self._next_at = clock.monotonic()
        self._failures = 0

    async def run(self, progress: Progress, days: int | None) -> None:
        """Complete the last sessions, the running one as far as it goes."""
        self._failures = 0
        progress.note = "looking for who was in a list"
        sessions = self._sessions(days or 1)
        pieces = [piece for day in sessions for piece in await self._missing(day, progress)]
        progress.total = progress.done + len(pieces)
        progress.note = f"minutes of {len(sessions)} sessions"

        async def complete(piece: _Piece) -> None:
            await self._complete(piece, progress)

        await in_flight(self._together, AT_ONCE, iter(pieces), complete)

    def _sessions(self, count: int) -> list[dt.date]:
        """The last sessions that have begun and are kept, newest first."""
        now = self._clock.now()
        today = self._calendar.trading_date(now)
        begun = [today] if now >= self._calendar.hours(today).pre_market_start else []
        oldest = day_of(now) - dt.timedelta(days=self._keep_days)
        return [day for day in [*begun, *self._calendar.last_sessions(today, count)][:count] if day >= oldest]

    async def _missing(self, day: dt.date, progress: Progress) -> list[_Piece]:
        """Whose minutes of a day are not kept for good."""
        hours = self._calendar.hours(day)
        async with self._lender.lent(MEMBERS_WITHIN_S) as connection:
            await store.forget_completed(connection, day_of(self._clock.now()) - dt.timedelta(days=self._keep_days))
            await make_parts(connection, [store.MINUTES_TABLE], [day])
            # Lists stand overnight as of the close, up to the turn of the date.
            end = self._calendar.date_turn(self._calendar.following(day))
            members = await store.members(connection, self._calendar.date_turn(day), end)
            done = await store.completed_symbols(connection, day, final_at(hours))
        missing = [_Piece(symbol, hours) for symbol in members if symbol not in done]
        progress.done += len(members) - len(missing)
        return missing

    async def _complete(self, piece: _Piece, progress: Progress) -> None:
        await self._turn()
        asked_at = self._clock.now()
        try:
            bars = await self._source.bars(piece.symbol, 1, piece.hours.pre_market_start, piece.hours.post_market_end)
        except VendorError:
            progress.errors += 1
            self._failures += 1
            if self._failures >= FAILURES_BORNE:
                raise
            return
        self._failures = 0
        for rows in _slices(bars, piece.hours, asked_at):
            async with self._lender.lent() as connection:
                await store.keep_minutes(connection, rows)
            progress.rows += len(rows)
        async with self._lender.lent() as connection:
            await store.note_completed(connection, piece.symbol, piece.hours.date, asked_at)
        progress.done += 1

    async def _turn(self) -> None:
        """Wait until the next question may go."""
        now = self._clock.monotonic()
        at, self._next_at = max(now, self._next_at), max(now, self._next_at) + GAP_S
        await self._clock.pause(at - now)


def _slices(bars: SymbolBars, hours: DayHours, asked_at: Nanos) -> Iterator[list[MinuteBar]]:
    """The minutes of a day that change no more, so many at a time."""
    wanted = (bars.start >= hours.pre_market_start) & (bars.start < hours.post_market_end)
    wanted &= bars.start + MINUTE_NS + CHANGES_WITHIN_NS <= asked_at
    columns = [
        column[wanted]
        for column in (bars.start, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap, bars.trades)
    ]
    for first in range(0, len(columns[0]), ROWS_AT_ONCE):
        part = zip(*(column[first : first + ROWS_AT_ONCE].tolist() for column in columns), strict=True)
        yield [
            MinuteBar._make((start, bars.symbol, *values, vwap or None, trades or None, asked_at))
            for start, *values, vwap, trades in part
        ]
