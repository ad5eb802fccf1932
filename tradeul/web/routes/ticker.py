"""One symbol: `/api/v1/ticker/{symbol}` as it stands now, `/metadata` and `/bars`.

The first is answered from the board and the lists, the others from what was kept or from the exchange. Symbols are
case-sensitive, and what the board does not know is unknown. Moments are told in milliseconds.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import numpy as np
from aiohttp import web

from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol, SymbolBars
from tradeul.domain.fields import CATALOGUE
from tradeul.engine.channels import Channels
from tradeul.engine.charts import Chart, Charts, Question, Span
from tradeul.engine.ports import SymbolAnnals, View
from tradeul.errors import HistoryUnavailable, VendorError
from tradeul.web.answers import (
    RETRY_AFTER_S,
    answer,
    bad_parameter,
    busy,
    failure,
    history_unavailable,
    in_turns,
    no_history,
)
from tradeul.web.parameters import MS_NS, Asked, asked_of, end_of, moment_ms
from tradeul.web.protocol import milliseconds

INTERVALS: Final[dict[str, Span]] = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": "day"}
DEFAULT_INTERVAL: Final = "5m"
LONGEST_DAYS: Final = {"1m": 7, "5m": 31, "15m": 92, "1h": 366, "1d": 3_660}
"""Of each interval some five thousand bars at most."""
DAILY_DAYS: Final = 92
"""How far daily bars go back where nobody says."""
DAY_NS: Final = 86_400_000 * MS_NS
BARS_A_TURN: Final = 500
"""Put into words in about two milliseconds."""
COLUMNS: Final = ("time", "open", "high", "low", "close", "volume", "vwap", "trades")


class Ticker:
    """Answers from `board` and `channels`, `charts` and `annals`; without a database the last is None."""

    def __init__(
        self, board: Board, channels: Channels, view: View, charts: Charts, annals: SymbolAnnals | None
    ) -> None:
        self._board = board
        self._channels = channels
        self._view = view
        self._charts = charts
        self._annals = annals

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/ticker/{symbol}", self.fields),
            web.get("/api/v1/ticker/{symbol}/metadata", self.metadata),
            web.get("/api/v1/ticker/{symbol}/bars", self.bars),
        ]

    async def fields(self, request: web.Request) -> web.Response:
        """Every field of the catalogue, and where the symbol stands in which lists."""
        symbol = Symbol(request.match_info["symbol"])
        row = self._board.row_of.get(symbol)
        if row is None:
            return self._unknown()
        rows = np.array([row])
        values = {field.name: self._board.values(field.name, rows)[0] for field in CATALOGUE}
        return answer({**values, "lists": self._places_of(symbol)})

    async def metadata(self, request: web.Request) -> web.Response:
        """What is kept of the company or fund."""
        if self._annals is None:
            return no_history()
        try:
            found = await self._annals.metadata(Symbol(request.match_info["symbol"]))
        except HistoryUnavailable as unavailable:
            return history_unavailable(unavailable)
        if found is None:
            return _unknown_symbol()
        return answer({**found._asdict(), "updated_at": milliseconds(found.updated_at)})

    async def bars(self, request: web.Request) -> web.Response:
        """Bars of an interval, by default of today; `complete` is false where some may be missing."""
        symbol = Symbol(request.match_info["symbol"])
        asked = asked_of(request, {"interval": _interval, "from": moment_ms, "to": moment_ms})
        if isinstance(asked, web.Response):
            return asked
        interval = asked["interval"] or DEFAULT_INTERVAL
        first, last = self._bounds(asked, interval)
        if last - first > LONGEST_DAYS[interval] * DAY_NS:
            return bad_parameter("from", f"at most {LONGEST_DAYS[interval]} days before `to` for bars of {interval}")
        if symbol not in self._board.row_of:
            return self._unknown()
        try:
            chart = await self._charts.chart(Question(symbol, INTERVALS[interval], first, last))
        except VendorError as error:
            return busy("bars_unavailable", str(error), RETRY_AFTER_S)
        return answer(await _contents(chart, interval))

    def _places_of(self, symbol: Symbol) -> list[dict[str, object]]:
        return [
            {"list": name, "rank": rank}
            for name, channel in self._channels.by_name.items()
            for rank, row in enumerate(channel.state.rows, 1)
            if row.symbol == symbol
        ]

    def _bounds(self, asked: Asked, interval: str) -> tuple[Nanos, Nanos]:
        """From when to when; where nobody says, the trading date of the end up to now. Nothing is known beyond."""
        now = self._charts.now()
        last = now if asked["to"] is None else min(end_of(asked["to"]), now)
        if asked["from"] is not None:
            return Nanos(min(asked["from"] * MS_NS, last)), last
        if INTERVALS[interval] == "day":
            return Nanos(max(last - DAILY_DAYS * DAY_NS, 0)), last
        calendar = self._view.calendar
        return min(calendar.hours(calendar.trading_date(last)).pre_market_start, last), last

    def _unknown(self) -> web.Response:
        if self._view.feed().state == "starting":
            return busy("starting", "the market is not known yet", RETRY_AFTER_S)
        return _unknown_symbol()


def _interval(text: str) -> str:
    if text not in INTERVALS:
        raise ValueError(f"one of {', '.join(INTERVALS)}")
    return text


async def _contents(chart: Chart, interval: str) -> dict[str, Any]:
    return {
        "symbol": chart.bars.symbol,
        "interval": interval,
        "bars": await in_turns(_parts(chart.bars)),
        "source": chart.source,
        "complete": chart.complete,
        "adjusted": chart.bars.adjusted,
    }


def _parts(bars: SymbolBars) -> Iterator[list[dict[str, object]]]:
    """The bars some at a time; an average or a count of 0 is none."""
    prices = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    columns = [column.tolist() for column in (bars.start // MS_NS, *prices, bars.vwap, bars.trades)]
    rows = zip(*columns, strict=True)
    while part := [
        dict(zip(COLUMNS, (*values, vwap or None, trades or None), strict=True))
        for *values, vwap, trades in islice(rows, BARS_A_TURN)
    ]:
        yield part


def _unknown_symbol() -> web.Response:
    return failure(404, "unknown_symbol", "there is no such symbol")
