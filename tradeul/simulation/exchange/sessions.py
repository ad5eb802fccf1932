"""The vendor's newer snapshot over REST: up to 250 tickers, with what each session of today did to the price.

Its rows are made from those of the older snapshot, so the two never differ.
"""

from typing import Any, Final

import numpy as np
import orjson
from aiohttp import web

from tradeul.domain.events import Ints
from tradeul.domain.session import Session, moment_at
from tradeul.simulation.exchange.desk import Desk, number, rows_named
from tradeul.simulation.exchange.gate import NOT_ENTITLED
from tradeul.simulation.exchange.rest import NO_TICKER
from tradeul.simulation.exchange.rows import SnapshotRows
from tradeul.simulation.shape import UNITS_PER_DOLLAR
from tradeul.simulation.tape import Tape

LIMIT, MOST = 10, 250
_STATUS: Final = {
    Session.PRE_MARKET: "early_trading",
    Session.MARKET_OPEN: "open",
    Session.POST_MARKET: "late_trading",
    Session.CLOSED: "closed",
}


class SessionRoutes:
    """The route of the newer snapshot."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._market = desk.market

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v3/snapshot", self._desk.polite(self._snapshot))]

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        if not self._desk.plan.snapshots:
            return self._desk.answers.refused(403, NOT_ENTITLED)
        place = self._desk.pages.place(request)
        limit = number(place.query, "limit", LIMIT, MOST)
        tape = await self._desk.floor.tape_now()
        rows = rows_named(self._market, place.query)
        rows = rows[tape.day.plan.listed[rows]]
        wanted = [self._market.universe.symbols[row] for row in rows.tolist()]
        named = place.query.get("ticker.any_of", "")
        unknown = sorted({symbol for symbol in named.split(",") if symbol} - set(wanted)) if named else []
        part = rows[place.start : place.start + limit]
        encoded = dict(zip(wanted[place.start : place.start + limit], self._rows_of(tape, part), strict=True))

        def encode(symbol: str) -> bytes:
            missing = {"ticker": symbol, "error": "NOT_FOUND", "message": NO_TICKER}
            return orjson.dumps(encoded.get(symbol, missing))

        return await self._desk.pages.of_list(request, place, [*wanted, *unknown], encode, limit)

    def _rows_of(self, tape: Tape, rows: Ints) -> list[dict[str, Any]]:
        olds = map(orjson.loads, SnapshotRows(self._market.universe, tape, self._desk.plan).answer(rows))
        return [self._row_of(tape, row, old) for row, old in zip(rows.tolist(), olds, strict=True)]

    def _row_of(self, tape: Tape, row: int, old: dict[str, Any]) -> dict[str, Any]:
        status = _STATUS[moment_at(self._market.calendar, self._desk.clock.now()).session]
        content = {
            "ticker": old["ticker"],
            "name": self._market.registry.name(row),
            "type": "stocks",
            "market_status": status,
            "timeframe": "DELAYED" if self._desk.plan.delay_s else "REAL-TIME",
            "session": _session(tape, row, old),
        }
        if "lastTrade" in old:
            trade = old["lastTrade"]
            content["last_trade"] = {"price": trade["p"], "size": trade["s"], "last_updated": trade["t"]}
        if "lastQuote" in old:
            quote = old["lastQuote"]
            sides = {"bid": quote["p"], "bid_size": quote["s"], "ask": quote["P"], "ask_size": quote["S"]}
            content["last_quote"] = sides | {"last_updated": quote["t"]}
        return content


def _session(tape: Tape, row: int, old: dict[str, Any]) -> dict[str, Any]:
    """Today in one object; changes are there as far as there are prices to compare."""
    before, close = old["prevDay"]["c"], old["day"]["c"]
    opened = bool(tape.regular.volume[row])
    last = float(tape.price[row]) / UNITS_PER_DOLLAR
    early = float(tape.day.plan.pre_market.close[row]) / UNITS_PER_DOLLAR if opened else last
    late = last if opened and not _regular(tape, row) else 0.0
    day = old["day"]
    facts = {"price": last or before, "previous_close": before, "volume": old["min"]["av"], "close": last or before}
    if opened:
        facts |= {"open": day["o"], "high": day["h"], "low": day["l"]}
    return (
        facts
        | _change("", last, before)
        | _change("early_trading_", early, before)
        | _change("regular_trading_", close, before)
        | _change("late_trading_", late, close)
    )


def _regular(tape: Tape, row: int) -> bool:
    """Whether its last trade was in the regular session."""
    hours = tape.day.hours
    return bool(hours.market_open <= tape.traded_at[row] < hours.market_close)


def _change(name: str, price: float, base: float) -> dict[str, float]:
    if not price or not base:
        return {}
    percent = float(np.round(100.0 * (price - base) / base, 4))
    return {f"{name}change": round(price - base, 4), f"{name}change_percent": percent}
