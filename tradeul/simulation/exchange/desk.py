"""What every REST route of the simulated vendor works with, and how it reads what a request asks for.

A parameter that cannot be read raises `UsageError`; `polite` turns that into the vendor's 400.
"""

import bisect
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from aiohttp import web

from tradeul.clock import Clock
from tradeul.domain.events import Bools, Ints
from tradeul.domain.session import local_time
from tradeul.errors import UsageError
from tradeul.simulation.exchange.answers import Answers
from tradeul.simulation.exchange.gate import Gate, Handler
from tradeul.simulation.exchange.pages import Pages
from tradeul.simulation.floor import Floor
from tradeul.simulation.market import Market
from tradeul.simulation.plans import Plan

Parameters = Mapping[str, str]
_WORDS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Desk:
    """One account's view of the market. `clock` is the one that its data is as of, `wall` tells what time it is."""

    market: Market
    floor: Floor
    clock: Clock
    wall: Clock
    plan: Plan
    answers: Answers
    gate: Gate
    pages: Pages

    @property
    def ok(self) -> str:
        return "DELAYED" if self.plan.delay_s else "OK"

    @property
    def today(self) -> dt.date:
        """The trading date, in whose shares adjusted prices are."""
        return self.market.calendar.trading_date(self.clock.now())

    @property
    def date(self) -> dt.date:
        """The date on New York's wall."""
        return local_time(self.clock.now()).date()

    def last_finished(self) -> dt.date:
        """The last date whose regular session is over."""
        hours = self.market.calendar.hours(self.today)
        return self.today if self.clock.now() >= hours.market_close else self.market.calendar.previous(self.today)

    def too_early(self, first: dt.date, last: dt.date) -> bool:
        """Whether the range holds a day that the account may not see before it is over."""
        today = self.today
        over = self.clock.now() >= self.market.calendar.hours(today).post_market_end
        return self.plan.end_of_day and not over and first <= today <= last

    def rows_wanted(self, request: web.Request, there: Bools) -> Ints:
        """Rows that the request asks for, of those that are there."""
        if not flag(request.query, "include_otc", default=False):
            there = there & ~self.market.universe.traits.otc
        names = {name for name in request.query.get("tickers", "").split(",") if name}
        if names:
            there = there & np.array([symbol in names for symbol in self.market.universe.symbols])
        return np.flatnonzero(there)

    def polite(self, handler: Handler) -> Handler:
        """The route, with a refusal for what it cannot read."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except UsageError as error:
                return self.answers.refusal(400, str(error))

        return answer


def flag(query: Parameters, name: str, *, default: bool) -> bool:
    """A truth value, in any case."""
    return _WORDS.get(query.get(name, "").lower(), default)


def number(query: Parameters, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise UsageError(f"The '{name}' parameter must be a number between 1 and {most}.")
    return int(text)


def choice(query: Parameters, name: str, choices: tuple[str, ...]) -> str:
    """One of some words; the first of them if none is given."""
    word = query.get(name) or choices[0]
    if word not in choices:
        raise UsageError(f"The '{name}' parameter must be one of {', '.join(choices)}.")
    return word


def date_of(text: str, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"Could not parse the '{name}' parameter, which must be YYYY-MM-DD.") from error


def dates_between(query: Parameters, name: str, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
    """Narrow a range of dates by a parameter and its comparisons."""
    one = dt.timedelta(days=1)
    lower = {"": 0, ".gte": 0, ".gt": 1}
    upper = {"": 0, ".lte": 0, ".lt": 1}
    firsts = [date_of(query[name + end], name) + one * off for end, off in lower.items() if name + end in query]
    lasts = [date_of(query[name + end], name) - one * off for end, off in upper.items() if name + end in query]
    return max([first, *firsts]), min([last, *lasts])


def rows_named(market: Market, query: Parameters) -> Ints:
    """The rows whose symbols a request names: exactly, as a list, or by comparisons."""
    symbols = market.universe.symbols
    low, high = 0, len(symbols)
    for name, find in (
        ("ticker", bisect.bisect_left),
        ("ticker.gte", bisect.bisect_left),
        ("ticker.gt", bisect.bisect),
    ):
        if query.get(name):
            low = max(low, find(symbols, query[name]))
    for name, find in (("ticker", bisect.bisect), ("ticker.lte", bisect.bisect), ("ticker.lt", bisect.bisect_left)):
        if query.get(name):
            high = min(high, find(symbols, query[name]))
    rows = np.arange(low, max(low, high))
    if query.get("ticker.any_of"):
        found = [market.universe.row_of(symbol) for symbol in query["ticker.any_of"].split(",")]
        rows = np.intersect1d(rows, np.array([row for row in found if row is not None], np.int64))
    return rows
