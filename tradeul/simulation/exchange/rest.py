"""The vendor's REST answers about the market now: snapshots of all, of one, of those that moved most; market status.

`exchange/gate` stands before them; `exchange/answers` sends what they say.
"""

import datetime as dt
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

import numpy as np
import orjson
from aiohttp import web

from tradeul.domain.events import Ints
from tradeul.domain.session import EARLY_CLOSE, MARKET_OPEN, Session, instant_of, local_time, moment_at
from tradeul.simulation.exchange.desk import Desk, flag
from tradeul.simulation.exchange.gate import NOT_ENTITLED
from tradeul.simulation.exchange.rows import SnapshotRows
from tradeul.simulation.exchange.spoiling import spoilt
from tradeul.simulation.faults import Options

UPCOMING_DAYS: Final = 365
MOST_MOVERS: Final = 20
LEAST_MOVERS_VOLUME: Final = 10_000
NO_TICKER: Final = "Ticker not found."
_SNAPSHOT: Final = "/v2/snapshot/locale/us/markets/stocks/"
_SATURDAY: Final = 5
_EXCHANGES: Final = ("NYSE", "NASDAQ", "OTC")
_SAID: Final = {"open": Session.MARKET_OPEN, "early": Session.PRE_MARKET, "late": Session.POST_MARKET}


class Rest:
    """The routes and what they answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._market = desk.market
        self._rows: SnapshotRows | None = None
        self._last_rows: list[bytes] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(_SNAPSHOT + "tickers", self._snapshot),
            web.get(_SNAPSHOT + "tickers/{ticker}", self._one),
            web.get(_SNAPSHOT + "{direction:gainers|losers}", self._movers),
            web.get("/v1/marketstatus/now", self._status_now),
            web.get("/v1/marketstatus/upcoming", self._status_upcoming),
        ]

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        answers = self._desk.answers
        if not self._desk.plan.snapshots:
            return answers.refused(403, NOT_ENTITLED)
        rows = await self._snapshot_rows()
        wanted = self._desk.rows_wanted(request, rows.tape.day.plan.listed)
        encoded = rows.answer(wanted)
        fault = self._desk.gate.fault_at("rows", request)
        if fault is None:
            return await answers.listing(request, {"status": self._desk.ok, "count": len(wanted)}, "tickers", encoded)
        if fault[0] != "frozen" or not self._last_rows:
            self._last_rows = spoilt(fault, list(encoded), self._desk.clock.now())
        head = {"status": self._desk.ok, "count": len(self._last_rows)}
        return await answers.listing(request, head, "tickers", self._last_rows)

    async def _one(self, request: web.Request) -> web.StreamResponse:
        answers = self._desk.answers
        if not self._desk.plan.snapshots:
            return answers.refused(403, NOT_ENTITLED)
        rows = await self._snapshot_rows()
        row = self._market.universe.row_of(request.match_info["ticker"])
        if row is None or not rows.tape.day.plan.listed[row]:
            return answers.refused(404, {"status": "NotFound", "message": NO_TICKER})
        content = orjson.Fragment(next(rows.answer(np.array([row]))))
        head = {"status": self._desk.ok, "request_id": answers.request_id()}
        return await answers.json(request, {**head, "ticker": content})

    async def _movers(self, request: web.Request) -> web.StreamResponse:
        answers = self._desk.answers
        if not self._desk.plan.snapshots:
            return answers.refused(403, NOT_ENTITLED)
        rows = await self._snapshot_rows()
        order = self._moved(rows, up=request.match_info["direction"] == "gainers")
        allowed = np.ones(len(order), bool)
        if not flag(request.query, "include_otc", default=False):
            allowed = ~self._market.universe.traits.otc[order]
        # Rows are encoded in the order of the symbols.
        wanted = order[allowed][:MOST_MOVERS]
        by_symbol = dict(zip(np.sort(wanted).tolist(), rows.answer(np.sort(wanted)), strict=True))
        encoded = [by_symbol[row] for row in wanted.tolist()]
        return await answers.listing(request, {"status": self._desk.ok}, "tickers", encoded)

    @staticmethod
    def _moved(rows: SnapshotRows, *, up: bool) -> Ints:
        """Who traded enough and moved that way, the farthest first."""
        tape = rows.tape
        close = tape.day.plan.previous.close
        change = np.where((close > 0) & (tape.price > 0), tape.price / np.maximum(close, 1) - 1.0, 0.0)
        away = change if up else -change
        there = np.flatnonzero((away > 0.0) & (tape.volume >= LEAST_MOVERS_VOLUME) & tape.day.plan.listed)
        order: Ints = there[np.argsort(-away[there], kind="stable")]
        return order

    async def _snapshot_rows(self) -> SnapshotRows:
        tape = await self._desk.floor.tape_now()
        if self._rows is None or self._rows.tape is not tape:
            self._rows = SnapshotRows(self._market.universe, tape, self._desk.plan)
        return self._rows

    async def _status_now(self, request: web.Request) -> web.StreamResponse:
        session = moment_at(self._market.calendar, self._desk.wall.now()).session
        fault = self._desk.gate.fault_at("status", request)
        if fault is not None:
            session = _SAID.get(str(fault[1]["says"]), Session.CLOSED)
        early, late = session is Session.PRE_MARKET, session is Session.POST_MARKET
        market = "extended-hours" if early or late else "open" if session is Session.MARKET_OPEN else "closed"
        counter = "open" if session is Session.MARKET_OPEN else "closed"
        return await self._desk.answers.json(
            request,
            {
                "market": market,
                "earlyHours": early,
                "afterHours": late,
                "serverTime": local_time(self._desk.wall.now()).isoformat(),
                "exchanges": {"nasdaq": market, "nyse": market, "otc": counter},
                "currencies": {"crypto": "open", "fx": "open"},
            },
        )

    async def _status_upcoming(self, request: web.Request) -> web.StreamResponse:
        today = local_time(self._desk.wall.now()).date()
        days = (today + dt.timedelta(days=ahead) for ahead in range(UPCOMING_DAYS))
        rows = [row for day in days for row in self._closures(day)]
        fault = self._desk.gate.fault_at("closures", request)
        if fault is not None:
            rows = sorted([*rows, self._announced(today, fault[1])], key=itemgetter("date"))
        closures = [{**row, "exchange": name} for row in rows for name in _EXCHANGES]
        return await self._desk.answers.json(request, closures)

    def _announced(self, today: dt.date, options: Options) -> dict[str, str]:
        """A closure of a day that the calendar has open."""
        day = today
        for _ in range(int(options["ahead"])):
            day = self._market.calendar.following(day)
        close = str(options["close"])
        return _closure(day, "Day of Mourning", dt.time.fromisoformat(close) if close else None)

    def _closures(self, day: dt.date) -> Iterator[dict[str, str]]:
        calendar = self._market.calendar
        name = calendar.holiday_name(day)
        if calendar.is_early_close(day):
            nearby = (calendar.holiday_name(day + dt.timedelta(days=off)) for off in (-1, 1))
            yield _closure(day, next(filter(None, nearby), "Early Close"), EARLY_CLOSE)
        elif name is not None and day.weekday() < _SATURDAY:
            yield _closure(day, name, None)


def _closure(day: dt.date, name: str, close: dt.time | None) -> dict[str, str]:
    """A line of the list, but for the exchange."""
    if close is None:
        return {"date": day.isoformat(), "name": name, "status": "closed"}
    return {
        "date": day.isoformat(),
        "name": name,
        "status": "early-close",
        "open": _utc(instant_of(day, MARKET_OPEN)),
        "close": _utc(instant_of(day, close)),
    }


def _utc(instant: int) -> str:
    return dt.datetime.fromtimestamp(instant / 1e9, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
