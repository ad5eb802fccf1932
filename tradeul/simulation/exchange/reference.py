"""The vendor's reference data over REST: the list of tickers, each one's details, and the kinds there are.

As at the vendor, a few tickers come twice in the list, and what nobody knows of a ticker is left out.
"""

import datetime as dt
from collections.abc import Callable, Generator
from typing import Any, Final

import numpy as np
import orjson
from aiohttp import web

from tradeul.domain.events import Ints, Nanos
from tradeul.simulation.days import listed_on
from tradeul.simulation.exchange.answers import ROWS_PER_SLICE
from tradeul.simulation.exchange.desk import Desk, Parameters, choice, date_of, flag, number, rows_named
from tradeul.simulation.exchange.rest import NO_TICKER
from tradeul.simulation.floor import in_slices
from tradeul.simulation.market import Market
from tradeul.simulation.shape import UNITS_PER_DOLLAR
from tradeul.simulation.symbol_bars import daily_bar

LIMIT, MOST = 100, 1000
TYPES: Final = {
    "CS": "Common Stock", "ADRC": "American Depository Receipt Common", "ADRP": "American Depository Receipt Preferred",
    "ADRR": "American Depository Receipt Rights", "UNIT": "Unit", "RIGHT": "Rights", "PFD": "Preferred Stock",
    "FUND": "Fund", "SP": "Structured Product", "WARRANT": "Warrant", "INDEX": "Index",
    "ETF": "Exchange Traded Fund", "ETN": "Exchange Traded Note", "ETV": "Exchange Traded Vehicle",
    "OS": "Ordinary Shares", "GDR": "Global Depository Receipts", "OTHER": "Other Security Type",
    "NYRS": "New York Registry Shares", "AGEN": "Agency Bond", "EQLK": "Equity Linked Bond", "BOND": "Corporate Bond",
    "ADRW": "American Depository Receipt Warrants", "BASKET": "Basket", "LT": "Liquidating Trust",
}  # fmt: skip
_PATH: Final = "/v3/reference/tickers"
_SESSIONS_BACK: Final = 5
"""A close older than that is not looked for."""
_UPDATE_DAYS: Final = 3
_OLDER_DAYS: Final = 40


class ReferenceRoutes:
    """The routes of reference data."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._market = desk.market
        self._registry = desk.market.registry

    def routes(self) -> list[web.RouteDef]:
        polite = self._desk.polite
        return [
            web.get(_PATH, polite(self._list)),
            web.get(_PATH + "/types", polite(self._types)),
            web.get(_PATH + "/{ticker}", polite(self._details)),
        ]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        place = self._desk.pages.place(request)
        limit = number(place.query, "limit", LIMIT, MOST)
        day = date_of(place.query["date"], "date") if place.query.get("date") else self._desk.date
        rows = await in_slices(self._found(place.query, day))
        doubles = self._registry.doubles
        lines = [line for row in rows for line in ((row, ~row) if row in doubles else (row,))]

        def encode(line: int) -> bytes:
            return orjson.dumps(self._line(max(line, ~line), day, outdated=line < 0))

        return await self._desk.pages.of_list(request, place, lines, encode, limit, counted=True)

    def _found(self, query: Parameters, day: dt.date) -> Generator[None, None, list[int]]:
        """The rows that the filters leave, in the order asked for."""
        rows = self._filtered(rows_named(self._market, query), query, day)
        yield
        words = query.get("search", "").lower()
        if words:
            kept = []
            for start in range(0, len(rows), ROWS_PER_SLICE):
                kept += [row for row in rows[start : start + ROWS_PER_SLICE] if words in self._text_of(row)]
                yield
            rows = kept
        sort = choice(query, "sort", ("ticker", "name", "type", "primary_exchange"))
        if sort != "ticker":
            rows.sort(key=self._sorted_by(sort))
            yield
        return rows[::-1] if choice(query, "order", ("asc", "desc")) == "desc" else rows

    def _filtered(self, rows: Ints, query: Parameters, day: dt.date) -> list[int]:
        traits, registry = self._market.universe.traits.take(rows), self._registry
        kept = listed_on(traits, day) == flag(query, "active", default=True)
        if query.get("market"):
            kept &= {"stocks": ~traits.otc, "otc": traits.otc}.get(query["market"], np.zeros(len(rows), bool))
        found: list[int] = rows[kept].tolist()
        for name, values in (("type", registry.types), ("exchange", registry.exchanges)):
            if query.get(name):
                found = [row for row in found if values[row] == query[name]]
        if query.get("cik"):
            found = [row for row in found if registry.cik(row) == query["cik"].zfill(10)]
        return found

    def _text_of(self, row: int) -> str:
        return f"{self._market.universe.symbols[row]} {self._registry.name(row)}".lower()

    def _sorted_by(self, name: str) -> Callable[[int], str]:
        if name == "name":
            return self._registry.name
        values = self._registry.types if name == "type" else self._registry.exchanges
        return lambda row: values[row] or ""

    def _line(self, row: int, day: dt.date, *, outdated: bool = False) -> dict[str, Any]:
        registry = self._registry
        listing = registry.listing(row, day, self._market.calendar)
        otc = bool(self._market.universe.traits.otc[row])
        updated = day - dt.timedelta(days=_OLDER_DAYS if outdated else row % _UPDATE_DAYS)
        facts = {
            "ticker": self._market.universe.symbols[row],
            "name": f"{registry.name(row)} (formerly)" if outdated else registry.name(row),
            "market": "otc" if otc else "stocks",
            "locale": "us",
            "primary_exchange": None if outdated else registry.exchanges[row],
            "type": registry.types[row],
            "active": listing.until is None,
            "currency_name": "usd",
            "cik": registry.cik(row),
            "composite_figi": registry.figi(row, share_class=False),
            "share_class_figi": registry.figi(row, share_class=True),
            "last_updated_utc": f"{updated}T00:00:00Z",
            "delisted_utc": None if listing.until is None else f"{self._last_traded(listing.until)}T00:00:00Z",
        }
        return _known(facts)

    def _last_traded(self, until: dt.date) -> dt.date:
        """What the vendor dates the end of a listing by: not the first day without it, but the last with it."""
        return self._market.calendar.previous(until)

    async def _types(self, request: web.Request) -> web.StreamResponse:
        rows = [
            {"code": code, "description": words, "asset_class": "stocks", "locale": "us"}
            for code, words in TYPES.items()
        ]
        head = {"status": "OK", "request_id": self._desk.answers.request_id(), "count": len(rows)}
        return await self._desk.answers.listing(request, head, "results", map(orjson.dumps, rows))

    async def _details(self, request: web.Request) -> web.StreamResponse:
        asked = request.query.get("date")
        day = date_of(asked, "date") if asked else self._desk.date
        row = self._market.universe.row_of(request.match_info["ticker"])
        if row is None:
            return self._desk.answers.refused(404, {"status": "NOT_FOUND", "message": NO_TICKER})
        results = self._line(row, day) | self._more(row, day)
        shares = self._registry.shares(row, day)
        if shares is not None:
            newest = min(self._desk.last_finished(), self._market.calendar.previous(day + dt.timedelta(days=1)))
            close = await in_slices(last_close(self._market, row, newest, self._desk.clock.now()))
            results |= {
                "share_class_shares_outstanding": float(shares.outstanding),
                "weighted_shares_outstanding": float(shares.weighted),
            }
            if close:
                results["market_cap"] = close * shares.weighted
        head = {"status": "OK", "request_id": self._desk.answers.request_id()}
        return await self._desk.answers.json(request, head | {"results": results})

    def _more(self, row: int, day: dt.date) -> dict[str, Any]:
        """What only the details say."""
        registry = self._registry
        symbol, industry = self._market.universe.symbols[row], registry.industry(row)
        root, _, suffix = symbol.partition(".")
        facts = {
            "ticker_root": root,
            "ticker_suffix": suffix or None,
            "list_date": registry.listing(row, day, self._market.calendar).since.isoformat(),
            "round_lot": registry.round_lot(row),
            "total_employees": registry.employees(row),
        }
        if industry is not None:
            facts |= {
                "sic_code": industry.code,
                "sic_description": industry.description,
                "description": f"{registry.name(row)} is a company of the simulated market.",
                "homepage_url": f"https://{root.lower()}.example",
            }
        return _known(facts)


def last_close(market: Market, row: int, newest: dt.date, now: Nanos) -> Generator[None, None, float | None]:
    """The last official close in dollars, of that session or of one of a few before it."""
    for date in [newest, *market.calendar.last_sessions(newest, _SESSIONS_BACK - 1)]:
        bar = yield from daily_bar(market, row, date, now)
        if bar.volume[0]:
            return float(bar.close[0]) / UNITS_PER_DOLLAR
        yield
    return None


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known: the official clients choke on null."""
    return {name: value for name, value in facts.items() if value is not None}
