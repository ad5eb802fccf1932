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
from tradeul.web import shapes
from tradeul.web.answers import answer, bad_parameter, history_unavailable, in_turns, no_history, refused
from tradeul.web.api import Asked, asked_of, operation
from tradeul.web.failures import BARS_UNAVAILABLE, HISTORY_UNAVAILABLE, STARTING, UNKNOWN_SYMBOL
from tradeul.web.parameters import MS_NS, SYMBOL_PART, choice, end_of, moment
from tradeul.web.protocol import milliseconds

INTERVALS: Final[dict[str, Span]] = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": "day"}
LONGEST_DAYS: Final = {"1m": 7, "5m": 31, "15m": 92, "1h": 366, "1d": 3_660}
"""Of each interval some five thousand bars at most."""
DAILY_DAYS: Final = 92
"""How far daily bars go back where nobody says."""
BARS_ASKED: Final = (
    SYMBOL_PART,
    choice("interval", "How long each bar is.", INTERVALS, "5m"),
    moment(
        "from", "The first moment; not given: the beginning of the trading date of `to`, or 92 days before for `1d`."
    ),
    moment("to", "The last moment; not given, or later than now: now."),
)
DAY_NS: Final = 86_400_000 * MS_NS
EARLIEST: Final = Nanos(DAY_NS)
"""In New York that is still the first date of 1970; the vendor takes none before it, and there are no bars."""
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

    @operation("Symbols", shapes.Ticker, parameters=(SYMBOL_PART,), failures=(UNKNOWN_SYMBOL, STARTING))
    async def fields(self, request: web.Request) -> web.Response:
        """Every field of the catalogue, and where the symbol stands in which lists."""
        symbol = Symbol(request.match_info["symbol"])
        row = self._board.row_of.get(symbol)
        if row is None:
            return self._unknown()
        rows = np.array([row])
        values = {field.name: self._board.values(field.name, rows)[0] for field in CATALOGUE}
        return answer({**values, "lists": self._places_of(symbol)})

    @operation("Symbols", shapes.Company, parameters=(SYMBOL_PART,), failures=(UNKNOWN_SYMBOL, HISTORY_UNAVAILABLE))
    async def metadata(self, request: web.Request) -> web.Response:
        """What is kept of the company or fund."""
        if self._annals is None:
            return no_history()
        try:
            found = await self._annals.metadata(Symbol(request.match_info["symbol"]))
        except HistoryUnavailable as unavailable:
            return history_unavailable(unavailable)
        if found is None:
            return refused(UNKNOWN_SYMBOL)
        return answer({**found._asdict(), "updated_at": milliseconds(found.updated_at)})

    @operation("Symbols", shapes.Bars, parameters=BARS_ASKED, failures=(UNKNOWN_SYMBOL, STARTING, BARS_UNAVAILABLE))
    async def bars(self, request: web.Request) -> web.Response:
        """Bars of an interval, by default of today; `complete` is false where some may be missing."""
        symbol = Symbol(request.match_info["symbol"])
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        interval = asked["interval"]
        first, last = self._bounds(asked, interval)
        if last - first > LONGEST_DAYS[interval] * DAY_NS:
            return bad_parameter("from", f"at most {LONGEST_DAYS[interval]} days before `to` for bars of {interval}")
        if symbol not in self._board.row_of:
            return self._unknown()
        try:
            chart = await self._charts.chart(Question(symbol, INTERVALS[interval], first, last))
        except VendorError as error:
            return refused(BARS_UNAVAILABLE, str(error))
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
        last = now if asked["to"] is None else max(min(end_of(asked["to"]), now), EARLIEST)
        if asked["from"] is not None:
            return max(min(Nanos(asked["from"] * MS_NS), last), EARLIEST), last
        if INTERVALS[interval] == "day":
            return max(Nanos(last - DAILY_DAYS * DAY_NS), EARLIEST), last
        calendar = self._view.calendar
        return min(calendar.hours(calendar.trading_date(last)).pre_market_start, last), last

    def _unknown(self) -> web.Response:
        if self._view.feed().state == "starting":
            return refused(STARTING)
        return refused(UNKNOWN_SYMBOL)


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
