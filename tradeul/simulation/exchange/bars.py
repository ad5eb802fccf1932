"""The vendor's bars over REST: of one symbol over a range, of the whole market on a date, and of the day before.

Past dates are worked out for the asking; only today's bars of the whole market need the floor's tape.
"""

import asyncio
import datetime as dt
from typing import Any, Final
from urllib.parse import quote

import numpy as np
from aiohttp import web

from tradeul.domain.events import Nanos
from tradeul.domain.session import ONE_DAY, instant_of, local_time
from tradeul.errors import UsageError
from tradeul.simulation.days import adjusted
from tradeul.simulation.exchange.desk import Desk, Parameters, choice, date_of, flag, number
from tradeul.simulation.exchange.gate import NO_TODAY
from tradeul.simulation.exchange.pages import Following, Page
from tradeul.simulation.exchange.rows import NANOS_PER_MS, candle_rows, daily_rows
from tradeul.simulation.floor import in_slices
from tradeul.simulation.shape import Bars
from tradeul.simulation.symbol_bars import Candles, Query, Span, Unit, candles_of, daily_bar

SPANS: Final = {
    "minute": Span(1, Unit.MINUTE),
    "hour": Span(60, Unit.MINUTE),
    "day": Span(1, Unit.DAY),
    "week": Span(7, Unit.DAY),
    "month": Span(1, Unit.MONTH),
    "quarter": Span(3, Unit.MONTH),
    "year": Span(12, Unit.MONTH),
}
MOST_BASE_BARS: Final = 50_000
_BASE_BARS: Final = 5_000
_LARGEST_MULTIPLIER: Final = 1_440
_LATEST_MS: Final = 7_258_118_400_000
_RANGE: Final = "/v2/aggs/ticker/"


class BarRoutes:
    """The routes of bars."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._market = desk.market
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        polite = self._desk.polite
        return [
            web.get(_RANGE + "{ticker}/range/{multiplier}/{span}/{start}/{end}", polite(self._range)),
            web.get(_RANGE + "{ticker}/prev", polite(self._previous)),
            web.get("/v2/aggs/grouped/locale/us/market/stocks/{date}", polite(self._grouped)),
        ]

    async def _range(self, request: web.Request) -> web.StreamResponse:
        place = self._desk.pages.place(request)
        symbol = request.match_info["ticker"]
        query = self._query_of(request, place.query)
        if self._desk.too_early(local_time(query.start).date(), local_time(query.end).date()):
            return self._desk.answers.refused(403, NO_TODAY)
        row = self._market.universe.row_of(symbol)
        head = self._head(ticker=symbol, adjusted=query.as_of is not None)
        if row is None:
            return await self._desk.answers.json(request, head | {"queryCount": 0, "resultsCount": 0})
        # Many questions at once are worked out one after the other, or their slices would add up in each turn.
        async with self._one_at_a_time:
            candles, following = await in_slices(candles_of(self._market, query))
        head |= {"queryCount": int(candles.base.sum())}
        return await self._desk.pages.send(request, place, self._page(request, query, head, candles, following))

    def _page(
        self, request: web.Request, query: Query, head: dict[str, Any], candles: Candles, following: Nanos | None
    ) -> Page:
        universe, row = self._market.universe, query.row
        return Page(
            head=head,
            count=len(candles.start),
            rows=candle_rows(universe, row, candles),
            last=lambda: next(candle_rows(universe, row, candles.take(slice(-1, None)))),
            following=None if following is None else Following(_path_from(request, query, following), 0),
            counts=("resultsCount",),
            at_once=1,
        )

    def _query_of(self, request: web.Request, query: Parameters) -> Query:
        info = request.match_info
        if info["span"] not in SPANS:
            raise UsageError(f"The timespan must be one of {', '.join(SPANS)}.")
        times = number(info, "multiplier", 1, _LARGEST_MULTIPLIER)
        start, end = _instant(info["start"], "from", late=False), _instant(info["end"], "to", late=True)
        if start > end:
            raise UsageError("The parameter 'to' cannot be a time that occurs before 'from'.")
        span = SPANS[info["span"]]
        return Query(
            row=self._market.universe.row_of(info["ticker"]) or 0,
            span=Span(span.times * times, span.unit),
            start=start,
            end=end,
            now=self._desk.clock.now(),
            as_of=self._desk.today if flag(query, "adjusted", default=True) else None,
            limit=number(query, "limit", _BASE_BARS, MOST_BASE_BARS),
            backwards=choice(query, "sort", ("asc", "desc")) == "desc",
        )

    async def _previous(self, request: web.Request) -> web.StreamResponse:
        symbol = request.match_info["ticker"]
        wanted = flag(request.query, "adjusted", default=True)
        head = self._head(ticker=symbol, adjusted=wanted)
        row = self._market.universe.row_of(symbol)
        date = self._market.calendar.previous(self._desk.today)
        rows, bar = np.zeros(0, np.int64), Bars(*[np.zeros(0, np.int64)] * len(Bars.names()))
        if row is not None:
            day = await in_slices(daily_bar(self._market, row, date, self._desk.clock.now()))
            traits = self._market.universe.traits.take(slice(row, row + 1))
            day = adjusted(traits, day, date, self._desk.today if wanted else date)
            traded = np.flatnonzero(day.volume)
            rows, bar = row + traded, day.take(traded)
        head |= {"queryCount": len(rows), "resultsCount": len(rows)}
        encoded = daily_rows(self._market.universe, rows, bar, self._closed_at_ms(date))
        return await self._desk.answers.listing(request, head, "results", encoded, at_once=1)

    async def _grouped(self, request: web.Request) -> web.StreamResponse:
        date = date_of(request.match_info["date"], "date")
        wanted = flag(request.query, "adjusted", default=True)
        head = self._head(adjusted=wanted)
        if self._desk.too_early(date, date):
            return self._desk.answers.refused(403, NO_TODAY)
        calendar, now = self._market.calendar, self._desk.clock.now()
        if not calendar.is_trading_day(date) or calendar.hours(date).market_close > now:
            return await self._desk.answers.json(request, {**head, "queryCount": 0, "resultsCount": 0})
        bars = await self._bars_of(date, self._desk.today if wanted else date)
        rows = self._desk.rows_wanted(request, bars.volume > 0)
        encoded = daily_rows(self._market.universe, rows, bars.take(rows), self._closed_at_ms(date))
        content = {**head, "queryCount": len(rows), "resultsCount": len(rows)}
        return await self._desk.answers.listing(request, content, "results", encoded, at_once=1)

    async def _bars_of(self, date: dt.date, as_of: dt.date) -> Bars:
        """The day's bars; while its post-market goes on, as they stand."""
        if self._market.calendar.hours(date).post_market_end <= self._desk.clock.now():
            async with self._one_at_a_time:
                return await in_slices(self._market.daily_bars(date, as_of))
        tape = await self._desk.floor.tape_now()
        bars = tape.regular.copied(np.arange(tape.day.count))
        volume = np.where(bars.volume > 0, tape.volume, 0)
        return Bars(volume, bars.open, bars.high, bars.low, bars.close)

    def _head(self, **more: Any) -> dict[str, Any]:
        return {**more, "status": self._desk.ok, "request_id": self._desk.answers.request_id()}

    def _closed_at_ms(self, date: dt.date) -> int:
        return self._market.calendar.hours(date).market_close // NANOS_PER_MS


def _instant(text: str, name: str, *, late: bool) -> Nanos:
    """A date's beginning, or its end if `late`; or milliseconds."""
    if text.isdecimal():
        at = int(text)
        if at > _LATEST_MS:
            raise UsageError(f"The '{name}' parameter is too far in the future.")
        return Nanos(at * NANOS_PER_MS)
    day = date_of(text, name)
    at = instant_of(day + ONE_DAY, dt.time()) - 1 if late else instant_of(day, dt.time())
    if not 0 <= at <= _LATEST_MS * NANOS_PER_MS:
        raise UsageError(f"The '{name}' parameter is out of range.")
    return Nanos(at)


def _path_from(request: web.Request, query: Query, following: Nanos) -> str:
    """The same path, from where the next page begins."""
    info, at = request.match_info, str(following // NANOS_PER_MS)
    start, end = (info["start"], at) if query.backwards else (at, info["end"])
    return f"{_RANGE}{quote(info['ticker'])}/range/{info['multiplier']}/{info['span']}/{start}/{end}"
