"""The vendor's REST answers: the whole market's snapshot, daily bars of a date, market status.

Long answers go out in slices, with a turn of the loop between them, so that nobody waits for one to be encoded.
"""

import asyncio
import contextlib
import datetime as dt
import hmac
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
import orjson
from aiohttp import web
from isal import isal_zlib

from tradeul.clock import Clock
from tradeul.domain.events import Ints
from tradeul.domain.session import EARLY_CLOSE, MARKET_OPEN, Session, instant_of, local_time, moment_at
from tradeul.simulation.exchange_rows import NANOS_PER_MS, ROWS_PER_SLICE, SnapshotRows, daily_rows
from tradeul.simulation.floor import Floor, in_slices
from tradeul.simulation.market import Market

JSON_TYPE: Final = "application/json"
STREAM_PATH: Final = "/stocks"
NOT_FOUND: Final = "404 page not found"
UPCOMING_DAYS: Final = 365
_GZIP_WINDOW: Final = 31
_GZIP_LEVEL: Final = 1
_SATURDAY: Final = 5
_EXCHANGES: Final = ("NYSE", "NASDAQ", "OTC")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rest:
    """The routes and what they answer."""

    def __init__(self, market: Market, floor: Floor, clock: Clock, key: str | None, *, compress: bool) -> None:
        self._market = market
        self._floor = floor
        self._clock = clock
        self._key = key
        self._compress = compress
        self._rows: SnapshotRows | None = None
        self._answers = itertools.count(1)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v2/snapshot/locale/us/markets/stocks/tickers", self._snapshot),
            web.get("/v2/aggs/grouped/locale/us/market/stocks/{date}", self._grouped),
            web.get("/v1/marketstatus/now", self._status_now),
            web.get("/v1/marketstatus/upcoming", self._status_upcoming),
        ]

    @web.middleware
    async def gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer for unknown paths and keys before any handler runs; the stream checks its key by message."""
        if request.match_info.http_exception is not None:
            return web.Response(status=404, text=NOT_FOUND)
        if request.path != STREAM_PATH and self._key is not None:
            given = _key_of(request)
            if given is None:
                return self._refusal(401, "API Key was not provided")
            if not hmac.compare_digest(given.encode(), self._key.encode()):
                return self._refusal(401, "Unknown API Key")
        return await handler(request)

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        tape = await self._floor.tape_now()
        if self._rows is None or self._rows.tape is not tape:
            self._rows = SnapshotRows(self._market.universe, tape)
        listed = tape.day.plan.listed
        wanted = self._wanted(request, listed)
        return await self._in_slices(request, self._rows.answer(wanted))

    async def _grouped(self, request: web.Request) -> web.StreamResponse:
        try:
            date = dt.date.fromisoformat(request.match_info["date"])
        except ValueError:
            return self._refusal(400, "Could not parse the date, which must be YYYY-MM-DD.")
        adjusted = request.query.get("adjusted", "true").lower() != "false"
        head = {"adjusted": adjusted, "status": "OK", "request_id": self._request_id()}
        calendar = self._market.calendar
        if not calendar.is_trading_day(date) or calendar.hours(date).market_close > self._clock.now():
            return _json({**head, "queryCount": 0, "resultsCount": 0})
        today = calendar.trading_date(self._clock.now())
        bars = await in_slices(self._market.daily_bars(date, today if adjusted else date))
        wanted = self._wanted(request, bars.volume > 0)
        closed_at = calendar.hours(date).market_close // NANOS_PER_MS
        rows = daily_rows(self._market.universe, bars, wanted, closed_at)
        content = orjson.dumps({**head, "queryCount": len(wanted), "resultsCount": len(wanted)})
        return await self._in_slices(request, _list_in(content, "results", rows))

    async def _status_now(self, _request: web.Request) -> web.Response:
        moment = moment_at(self._market.calendar, self._clock.now())
        session = moment.session
        early, late = session is Session.PRE_MARKET, session is Session.POST_MARKET
        market = "extended-hours" if early or late else "open" if session is Session.MARKET_OPEN else "closed"
        counter = "open" if session is Session.MARKET_OPEN else "closed"
        return _json(
            {
                "market": market,
                "earlyHours": early,
                "afterHours": late,
                "serverTime": local_time(self._clock.now()).isoformat(),
                "exchanges": {"nasdaq": market, "nyse": market, "otc": counter},
                "currencies": {"crypto": "open", "fx": "open"},
            }
        )

    async def _status_upcoming(self, _request: web.Request) -> web.Response:
        today = local_time(self._clock.now()).date()
        days = (today + dt.timedelta(days=ahead) for ahead in range(UPCOMING_DAYS))
        return _json([{**row, "exchange": name} for day in days for row in self._closures(day) for name in _EXCHANGES])

    def _closures(self, day: dt.date) -> Iterator[dict[str, str]]:
        calendar = self._market.calendar
        name = calendar.holiday_name(day)
        if calendar.is_early_close(day):
            nearby = (calendar.holiday_name(day + dt.timedelta(days=off)) for off in (-1, 1))
            yield {
                "date": day.isoformat(),
                "name": next(filter(None, nearby), "Early Close"),
                "status": "early-close",
                "open": _utc(instant_of(day, MARKET_OPEN)),
                "close": _utc(instant_of(day, EARLY_CLOSE)),
            }
        elif name is not None and day.weekday() < _SATURDAY:
            yield {"date": day.isoformat(), "name": name, "status": "closed"}

    def _wanted(self, request: web.Request, there: Any) -> Ints:
        """Rows that the request asks for, of those that are there."""
        if request.query.get("include_otc", "false").lower() != "true":
            there = there & ~self._market.universe.traits.otc
        names = {name for name in request.query.get("tickers", "").split(",") if name}
        if names:
            there = there & np.array([symbol in names for symbol in self._market.universe.symbols])
        return np.flatnonzero(there)

    async def _in_slices(self, request: web.Request, pieces: Iterable[bytes]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": JSON_TYPE})
        gzip = None
        if self._compress and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.headers["Content-Encoding"] = "gzip"
            gzip = isal_zlib.compressobj(_GZIP_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
        # Whoever hung up has no use for the rest.
        with contextlib.suppress(ConnectionResetError):
            await response.prepare(request)
            for piece in pieces:
                await response.write(piece if gzip is None else gzip.compress(piece))
                await asyncio.sleep(0)
            if gzip is not None:
                await response.write(gzip.flush())
            await response.write_eof()
        return response

    def _request_id(self) -> str:
        return f"{self._market.name}-{next(self._answers)}"

    def _refusal(self, status: int, error: str) -> web.Response:
        return _json({"status": "ERROR", "request_id": self._request_id(), "error": error}, status)


def _key_of(request: web.Request) -> str | None:
    bearer = request.headers.get("Authorization", "")
    return request.query.get("apiKey") or bearer.removeprefix("Bearer ").strip() or None


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type=JSON_TYPE)


def _list_in(head: bytes, name: str, rows: Iterator[bytes]) -> Iterator[bytes]:
    """Append a list to an encoded object, a few rows at a time; an empty one is left out."""
    opening = head[:-1] + b',"%s":[' % name.encode()
    empty = True
    while part := list(itertools.islice(rows, ROWS_PER_SLICE)):
        yield (opening if empty else b",") + b",".join(part)
        empty = False
    yield head if empty else b"]}"


def _utc(instant: int) -> str:
    return dt.datetime.fromtimestamp(instant / 1e9, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
