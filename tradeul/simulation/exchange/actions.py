"""The vendor's lists about shares themselves over REST: float, splits and dividends."""

import datetime as dt
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from tradeul.domain.session import ONE_DAY
from tradeul.errors import UsageError
from tradeul.simulation.chance import number_of
from tradeul.simulation.corporate_actions import Dividend, Split, dividends_between, splits_between
from tradeul.simulation.exchange.desk import Desk, Parameters, choice, dates_between, flag, number, rows_named
from tradeul.simulation.floor import in_slices

FLOAT_LIMITS: Final = (100, 5000)
LIMITS: Final = (10, 1000)
_SPLIT_DAYS: Final = 1096
_DIVIDEND_DAYS: Final = 400
_ANNOUNCED_DAYS: Final = 30
"""So far ahead one knows what is to come."""
_PAID_AFTER_DAYS: Final = 21
_DECLARED_BEFORE_DAYS: Final = 30
_QUARTERLY: Final = 4
_FLOATS_PER_STEP: Final = 500
_COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "": lambda value, limit: value == limit,
    ".gt": lambda value, limit: value > limit,
    ".gte": lambda value, limit: value >= limit,
    ".lt": lambda value, limit: value < limit,
    ".lte": lambda value, limit: value <= limit,
}


class ActionRoutes:
    """The routes of float, splits and dividends."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._market = desk.market

    def routes(self) -> list[web.RouteDef]:
        polite = self._desk.polite
        return [
            web.get("/stocks/vX/float", polite(self._floats)),
            web.get("/v3/reference/splits", polite(self._splits)),
            web.get("/stocks/v1/splits", polite(self._new_splits)),
            web.get("/v3/reference/dividends", polite(self._dividends)),
        ]

    async def _floats(self, request: web.Request) -> web.StreamResponse:
        place = self._desk.pages.place(request)
        limit = number(place.query, "limit", *FLOAT_LIMITS)
        rows = await in_slices(self._known_floats(place.query))
        if choice(place.query, "sort", ("ticker.asc", "ticker.desc")) == "ticker.desc":
            rows.reverse()
        return await self._desk.pages.of_list(request, place, rows, orjson.dumps, limit)

    def _known_floats(self, query: Parameters) -> Generator[None, None, list[dict[str, Any]]]:
        found: list[dict[str, Any]] = []
        named = rows_named(self._market, query).tolist()
        for start in range(0, len(named), _FLOATS_PER_STEP):
            facts = map(self._float_of, named[start : start + _FLOATS_PER_STEP])
            found += [row for row in facts if row and _passes(query, "free_float_percent", row["free_float_percent"])]
            yield
        return found

    def _float_of(self, row: int) -> dict[str, Any] | None:
        day = self._desk.date
        shares = self._market.registry.shares(row, day)
        if shares is None or self._market.universe.traits.otc[row]:
            return None
        return {
            "ticker": self._market.universe.symbols[row],
            "effective_date": day.replace(day=1).isoformat(),
            "free_float": shares.free,
            "free_float_percent": round(100.0 * shares.free / shares.outstanding, 2),
        }

    async def _splits(self, request: web.Request) -> web.StreamResponse:
        place = self._desk.pages.place(request)
        splits = self._wanted_splits(place.query)
        return await self._send(request, splits, self._split, LIMITS)

    async def _new_splits(self, request: web.Request) -> web.StreamResponse:
        place = self._desk.pages.place(request)
        splits = self._wanted_splits(place.query)
        return await self._send(request, splits, self._new_split, FLOAT_LIMITS)

    async def _send(
        self,
        request: web.Request,
        items: Sequence[Any],
        facts: Callable[[Any], dict[str, Any]],
        limits: tuple[int, int],
    ) -> web.StreamResponse:
        place = self._desk.pages.place(request)
        limit = number(place.query, "limit", *limits)
        return await self._desk.pages.of_list(request, place, items, lambda item: orjson.dumps(facts(item)), limit)

    def _wanted_splits(self, query: Parameters) -> list[Split]:
        today = self._desk.date
        first, last = today - ONE_DAY * _SPLIT_DAYS, today + ONE_DAY * _ANNOUNCED_DAYS
        dates = dates_between(query, "execution_date", first, last)
        splits = splits_between(self._market, rows_named(self._market, query), *dates)
        if query.get("reverse_split"):
            reverse = flag(query, "reverse_split", default=True)
            splits = [split for split in splits if (split.old > split.new) == reverse]
        return splits if choice(query, "order", ("desc", "asc")) == "desc" else splits[::-1]

    def _split(self, split: Split) -> dict[str, Any]:
        return {
            "id": _id_of("E", split.row, split.date),
            "ticker": self._market.universe.symbols[split.row],
            "execution_date": split.date.isoformat(),
            "split_from": float(split.old),
            "split_to": float(split.new),
        }

    def _new_split(self, split: Split) -> dict[str, Any]:
        rows = rows_named(self._market, {"ticker": self._market.universe.symbols[split.row]})
        factor = 1.0
        for later in splits_between(self._market, rows, split.date, self._desk.date):
            factor *= later.price_factor
        kind = "reverse_split" if split.old > split.new else "forward_split"
        return self._split(split) | {"adjustment_type": kind, "historical_adjustment_factor": factor}

    async def _dividends(self, request: web.Request) -> web.StreamResponse:
        query = self._desk.pages.place(request).query
        today = self._desk.date
        first, last = today - ONE_DAY * _DIVIDEND_DAYS, today + ONE_DAY * _ANNOUNCED_DAYS
        dates = dates_between(query, "ex_dividend_date", first, last)
        rows = rows_named(self._market, query)
        dividends = await in_slices(dividends_between(self._market, rows, *dates))
        return await self._send(request, dividends, self._dividend, LIMITS)

    def _dividend(self, dividend: Dividend) -> dict[str, Any]:
        return {
            "id": _id_of("D", dividend.row, dividend.date),
            "ticker": self._market.universe.symbols[dividend.row],
            "cash_amount": dividend.dollars,
            "currency": "USD",
            "dividend_type": "CD",
            "frequency": _QUARTERLY,
            "declaration_date": (dividend.date - ONE_DAY * _DECLARED_BEFORE_DAYS).isoformat(),
            "ex_dividend_date": dividend.date.isoformat(),
            "record_date": dividend.date.isoformat(),
            "pay_date": (dividend.date + ONE_DAY * _PAID_AFTER_DAYS).isoformat(),
        }


def _id_of(kind: str, row: int, date: dt.date) -> str:
    return f"{kind}{number_of(row, date.toordinal()):016x}"


def _passes(query: Parameters, name: str, value: float) -> bool:
    limits = [(compare, query[name + end]) for end, compare in _COMPARISONS.items() if query.get(name + end)]
    return all(compare(value, _number_in(limit)) for compare, limit in limits)


def _number_in(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"{text} is not a number.") from error
