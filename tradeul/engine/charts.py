"""Bars of any symbol on request: what was kept where all of it is, and the exchange's own answer for the rest.

A kept day counts once the exchange was asked for it at its end; from the first other day on the exchange is asked.
Where it cannot answer, what was kept is better than nothing, and is said to have holes. Bounded: a few questions are
out at a time, nobody waits longer than 5 s, and an answer serves whoever asks the same for as long again. Prices are
as they were traded. The server calls it; nothing live waits for it.
"""

import asyncio
import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from tradeul.clock import Clock
from tradeul.domain.events import Nanos, Symbol, SymbolBars
from tradeul.domain.minutes import MINUTE_NS
from tradeul.domain.session import ONE_DAY, TradingCalendar, instant_of, local_time
from tradeul.engine.ports import BarSource, SymbolAnnals
from tradeul.errors import HistoryUnavailable, VendorError, VendorUnavailable

AT_ONCE: Final = 4
ASKED_WITHIN_S: Final = 3.5
KEPT_WITHIN_S: Final = 0.75
"""Twice, as what is kept is looked for again when the exchange does not answer; that makes 5 s."""
FRESH_S: Final = 5.0
REMEMBERED: Final = 32
"""Answers of some 100 KB."""

Span = int | Literal["day"]
"""So many minutes to a bar, of which whole ones make an hour or are hours; or a day."""


class Chart(NamedTuple):
    """Bars in the order of time, where they come from, and whether all that there are are there."""

    bars: SymbolBars
    source: Literal["kept", "exchange", "both"]
    complete: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A symbol's bars that touch the time from `first` to `last`."""

    symbol: Symbol
    span: Span
    first: Nanos
    last: Nanos


class Charts:
    """Asks `source`, and `kept` where there is a database."""

    def __init__(self, source: BarSource, kept: SymbolAnnals | None, clock: Clock, calendar: TradingCalendar) -> None:
        self._source = source
        self._kept = kept
        self._clock = clock
        self._calendar = calendar
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._answers: OrderedDict[Question, tuple[float, Chart]] = OrderedDict()

    def now(self) -> Nanos:
        """The present of the market whose bars these are."""
        return self._clock.now()

    async def chart(self, question: Question) -> Chart:
        """Find what is asked for. Raises `VendorError` kinds where nothing can be had."""
        question = _whole(question)
        known = self._known(question)
        if known is not None:
            return known
        border = await self._border(question)
        if border is None:
            rows = await self._bars_kept(question, question.first, question.last)
            if rows is not None:
                return self._remembered(question, Chart(rows, "kept", complete=True))
        return await self._asked(question, border)

    async def _asked(self, question: Question, border: Nanos | None) -> Chart:
        """What the exchange has from the border on, behind what was kept."""
        try:
            async with asyncio.timeout(ASKED_WITHIN_S), self._turns:
                known = self._known(question)
                if known is not None:
                    return known
                theirs = await self._ask(question, border or question.first)
        except TimeoutError:
            return await self._what_was_kept(question, VendorUnavailable("the exchange's bars did not come in time"))
        except VendorError as error:
            return await self._what_was_kept(question, error)
        if border is None or border == question.first:
            return self._remembered(question, Chart(theirs, "exchange", complete=True))
        ours = await self._bars_kept(question, question.first, Nanos(border - 1))
        bars = theirs if ours is None else _joined(ours, theirs)
        return self._remembered(question, Chart(bars, "both", complete=ours is not None))

    async def _ask(self, question: Question, first: Nanos) -> SymbolBars:
        if question.span == "day":
            days = (local_time(first).date(), local_time(question.last).date())
            return await self._source.bars(question.symbol, "day", *days)
        return await self._source.bars(question.symbol, question.span, first, question.last)

    async def _what_was_kept(self, question: Question, why: VendorError) -> Chart:
        rows = await self._bars_kept(question, question.first, question.last)
        if rows is None or not len(rows.start):
            raise why
        return Chart(rows, "kept", complete=False)

    async def _border(self, question: Question) -> Nanos | None:
        """Where what was kept ends being all there is; None if it does not, within what is asked for."""
        if self._kept is None or question.span == "day":
            return question.first
        first, last = local_time(question.first).date(), local_time(question.last).date()
        days = [first + number * ONE_DAY for number in range((last - first).days + 1)]
        sessions = [day for day in days if self._calendar.is_trading_day(day)]
        complete = await self._complete_days(self._kept, question.symbol, first, last)
        lacking = next((day for day in sessions if day not in complete), None if sessions else first)
        return None if lacking is None else Nanos(max(question.first, instant_of(lacking, dt.time())))

    async def _complete_days(
        self, kept: SymbolAnnals, symbol: Symbol, first: dt.date, last: dt.date
    ) -> frozenset[dt.date]:
        try:
            async with asyncio.timeout(KEPT_WITHIN_S):
                return await kept.complete_days(symbol, first, last)
        except (HistoryUnavailable, TimeoutError):
            return frozenset()

    async def _bars_kept(self, question: Question, first: Nanos, last: Nanos) -> SymbolBars | None:
        if self._kept is None or question.span == "day":
            return None
        try:
            async with asyncio.timeout(KEPT_WITHIN_S):
                return await self._kept.bars(question.symbol, question.span, first, last)
        except (HistoryUnavailable, TimeoutError):
            return None

    def _known(self, question: Question) -> Chart | None:
        at, chart = self._answers.get(question, (-FRESH_S, None))
        return chart if self._clock.monotonic() - at < FRESH_S else None

    def _remembered(self, question: Question, chart: Chart) -> Chart:
        self._answers.pop(question, None)
        self._answers[question] = (self._clock.monotonic(), chart)
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return chart


def _whole(question: Question) -> Question:
    """The same with whole bars at both ends, so that who asks a moment later asks the same."""
    if question.span == "day":
        return question
    length = question.span * MINUTE_NS
    first, last = question.first // length * length, (question.last // length + 1) * length - 1
    return Question(question.symbol, question.span, Nanos(first), Nanos(last))


def _joined(ours: SymbolBars, theirs: SymbolBars) -> SymbolBars:
    columns = ("start", "open", "high", "low", "close", "volume", "vwap", "trades")
    parts = {name: np.concatenate([getattr(ours, name), getattr(theirs, name)]) for name in columns}
    return SymbolBars(theirs.symbol, theirs.adjusted, **parts)
