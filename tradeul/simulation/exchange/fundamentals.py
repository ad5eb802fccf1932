"""The other vendor, of fundamentals: floats of all countries, market caps, profiles, and its way to say no.

It spells symbols its own way (`BRK-B`, `BAC-PL`), answers with bare lists, and has closed its older paths.
"""

from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple

import orjson
from aiohttp import web

from tradeul.domain.session import local_time
from tradeul.simulation.chance import number_of
from tradeul.simulation.exchange.answers import JSON_TYPE
from tradeul.simulation.exchange.desk import Desk
from tradeul.simulation.exchange.reference import last_close
from tradeul.simulation.floor import in_slices
from tradeul.simulation.registry import Shares
from tradeul.simulation.universe import Kind

MOST: Final = 5000
LEGACY: Final = (
    "Legacy Endpoint : Due to Legacy endpoints being no longer supported - This endpoint is only available for legacy "
    "users who have valid subscriptions prior August 31, 2025."
)
_LIMIT: Final = 1000
_LOCALS_PER_FOREIGNER: Final = 7
_LEAST_FOREIGN, _FOREIGN_RANGE, _FOREIGN_FREE = 5_000_000, 1_000_000_000, 0.6
_SYMBOLS_PER_STEP: Final = 2000
"""Between two yields: about 2 ms."""
_FOREIGN: Final[tuple[Callable[[int], str], ...]] = (
    lambda number: f"{number + 1:06d}.SZ",
    lambda number: f"{600_000 + number}.SS",
    lambda number: f"{1_301 + number}.T",
    lambda number: f"{number + 1:04d}.HK",
    lambda number: f"X{number}.DE",
)
_EXCHANGES: Final = {
    "XNAS": ("NASDAQ Global Select", "NASDAQ"),
    "XNYS": ("New York Stock Exchange", "NYSE"),
    "XASE": ("New York Stock Exchange American", "AMEX"),
    "ARCX": ("New York Stock Exchange Arca", "AMEX"),
    "BATS": ("CBOE BZX", "CBOE"),
}
_OTC: Final = ("Other OTC", "OTC")


class _Line(NamedTuple):
    """A symbol of ours by its row, or a foreign one (-1)."""

    symbol: str
    row: int


class _Book(NamedTuple):
    """Every line in order, and the rows of our symbols by its spelling of them."""

    lines: list[_Line]
    rows: dict[str, int]


class FundamentalsRoutes:
    """The routes of fundamentals."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._market = desk.market
        self._registry = desk.market.registry
        self._made: _Book | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/stable/shares-float-all", self._floats),
            web.get("/stable/shares-float", self._float),
            web.get("/stable/market-capitalization-batch", self._caps),
            web.get("/stable/profile", self._profile),
            web.get("/api/{version:v[34]}/{rest:.*}", self._legacy),
        ]

    async def _book(self) -> _Book:
        """Its own list of symbols, made when it is first asked for."""
        if self._made is None:
            self._made = await in_slices(self._listed())
        return self._made

    def _listed(self) -> Generator[None, None, _Book]:
        lines: list[_Line] = []
        rows: dict[str, int] = {}
        for row, symbol in enumerate(self._market.universe.symbols):
            name = dashed(symbol, self._registry.kind(row))
            rows[name] = row
            lines.append(_Line(name, row))
            number, place = divmod(row, _LOCALS_PER_FOREIGNER)
            if place == _LOCALS_PER_FOREIGNER - 1:
                lines.append(_Line(_FOREIGN[number % len(_FOREIGN)](number), -1))
            if row % _SYMBOLS_PER_STEP == 0:
                yield
        return _Book(lines, rows)

    async def _row_of(self, symbol: str) -> int | None:
        return (await self._book()).rows.get(symbol)

    async def _floats(self, request: web.Request) -> web.StreamResponse:
        page, limit = request.query.get("page", "0"), request.query.get("limit", str(_LIMIT))
        if not page.isdecimal() or not limit.isdecimal() or not int(limit):
            return _refusal(400, "Invalid page or limit.")
        size = min(int(limit), MOST)
        lines = (await self._book()).lines
        return await self._desk.pages.numbered(request, lines, self._encoded_float, int(page), size)

    def _encoded_float(self, line: _Line) -> bytes:
        return orjson.dumps(self._float_of(line))

    def _float_of(self, line: _Line) -> dict[str, Any]:
        """Nobody's shares but companies' are counted; others come with zeros."""
        shares = self._registry.shares(line.row, self._desk.date) if line.row >= 0 else _foreign(line.symbol)
        outstanding, free = (shares.outstanding, shares.free) if shares is not None else (0, 0)
        return {
            "symbol": line.symbol,
            "date": self._now(),
            "freeFloat": round(100.0 * free / outstanding, 4) if outstanding else 0,
            "floatShares": free,
            "outstandingShares": outstanding,
        }

    async def _float(self, request: web.Request) -> web.StreamResponse:
        symbol = request.query.get("symbol", "")
        row = await self._row_of(symbol)
        rows = [] if row is None else [self._float_of(_Line(symbol, row)) | {"source": "https://www.sec.gov"}]
        return await self._desk.answers.json(request, rows)

    async def _caps(self, request: web.Request) -> web.StreamResponse:
        rows = []
        for symbol in request.query.get("symbols", "").split(","):
            row = await self._row_of(symbol)
            cap = 0 if row is None else await self._cap_of(row)
            if cap:
                rows.append({"symbol": symbol, "date": self._desk.date.isoformat(), "marketCap": cap})
        return await self._desk.answers.json(request, rows)

    async def _cap_of(self, row: int) -> int:
        shares, price = self._registry.shares(row, self._desk.date), await self._price_of(row)
        return int(shares.weighted * price) if shares is not None else 0

    async def _price_of(self, row: int) -> float:
        newest, now = self._desk.last_finished(), self._desk.clock.now()
        return await in_slices(last_close(self._market, row, newest, now)) or 0.0

    async def _profile(self, request: web.Request) -> web.StreamResponse:
        symbol = request.query.get("symbol", "")
        row = await self._row_of(symbol)
        rows = [] if row is None else [await self._profile_of(symbol, row)]
        return await self._desk.answers.json(request, rows)

    async def _profile_of(self, symbol: str, row: int) -> dict[str, Any]:
        registry, price = self._registry, await self._price_of(row)
        listing = registry.listing(row, self._desk.date, self._market.calendar)
        industry = registry.industry(row)
        full, short = _EXCHANGES.get(registry.exchanges[row] or "", _OTC)
        employees = registry.employees(row)
        facts = {
            "symbol": symbol,
            "price": price,
            "marketCap": await self._cap_of(row),
            "beta": registry.beta(row),
            "averageVolume": int(self._market.universe.traits.daily_volume[row]),
            "companyName": registry.name(row),
            "currency": "USD",
            "cik": registry.cik(row),
            "exchangeFullName": full,
            "exchange": short,
            "industry": None if industry is None else industry.description.title(),
            "sector": None if industry is None else industry.sector,
            "country": "US",
            "fullTimeEmployees": None if employees is None else str(employees),
            "ipoDate": listing.since.isoformat(),
            "isEtf": registry.types[row] == "ETF",
            "isActivelyTrading": listing.until is None,
            "isAdr": registry.types[row] == "ADRC",
            "isFund": registry.types[row] == "FUND",
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _now(self) -> str:
        return local_time(self._desk.clock.now()).strftime("%Y-%m-%d %H:%M:%S")

    @staticmethod
    async def _legacy(_request: web.Request) -> web.Response:
        return _refusal(403, LEGACY)


def _foreign(symbol: str) -> Shares:
    outstanding = _LEAST_FOREIGN + number_of(*symbol.encode()) % _FOREIGN_RANGE
    return Shares(outstanding, outstanding, int(outstanding * _FOREIGN_FREE))


def dashed(symbol: str, kind: Kind) -> str:
    """The other vendor's spelling: classes and preferreds after a dash."""
    if kind is Kind.PREFERRED:
        root, _, series = symbol.rpartition("p")
        return f"{root}-P{series}"
    return symbol.replace(".", "-")


def _refusal(status: int, words: str) -> web.Response:
    return web.Response(body=orjson.dumps({"Error Message": words}), status=status, content_type=JSON_TYPE)
