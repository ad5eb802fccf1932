"""`/api/v1/rvol/{symbol}` shows the work behind a relative volume, so that a person can redo the division by hand.

`expected` is what is usual by the moment `as_of`: the mean of the baselines before the slot, and `fraction` of the way
from there to their mean at its end; where the method is `curve`, the average day times the general curve. `/usual` is
what is usual by the end of every slot, which the page draws.
"""

from aiohttp import web

from tradeul.domain.events import Symbol
from tradeul.domain.slots import SLOT_SECONDS
from tradeul.engine.division import Division, Divisions, UsualDay
from tradeul.engine.past_ports import BehindUsual, UsualSessions
from tradeul.errors import HistoryUnavailable
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import operation
from tradeul.web.failures import UNKNOWN_SYMBOL
from tradeul.web.parameters import SYMBOL_PART
from tradeul.web.protocol import milliseconds


class Rvol:
    """Answers from the board; `past` has the sessions behind it, None where no history is kept."""

    def __init__(self, divisions: Divisions, past: UsualSessions | None) -> None:
        self._divisions = divisions
        self._past = past

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/rvol/{symbol}", self.work), web.get("/api/v1/rvol/{symbol}/usual", self.usual)]

    @operation("Symbols", shapes.RvolWork, parameters=(SYMBOL_PART,), failures=(UNKNOWN_SYMBOL,))
    async def work(self, request: web.Request) -> web.Response:
        """The division behind a relative volume, part by part, so that it can be redone by hand."""
        symbol = Symbol(request.match_info["symbol"])
        division = self._divisions.division(symbol)
        if division is None:
            return refused(UNKNOWN_SYMBOL, "there is no such symbol, or nothing is known of its volume today")
        baselines, missing = await self._baselines(division)
        return answer(_told(division) | {"baselines": baselines, "baselines_missing": missing})

    @operation("Symbols", shapes.UsualDay, parameters=(SYMBOL_PART,), failures=(UNKNOWN_SYMBOL,))
    async def usual(self, request: web.Request) -> web.Response:
        """What volume is usual by the end of each five-minute slot of today, and when today's sessions are."""
        symbol = Symbol(request.match_info["symbol"])
        day = self._divisions.usual_day(symbol)
        return refused(UNKNOWN_SYMBOL) if day is None else answer(_told_day(symbol, day))

    async def _baselines(self, division: Division) -> tuple[list[dict[str, object]], str]:
        """The sessions behind it, and why there are none if they cannot be had."""
        if self._past is None:
            return [], "no history is kept: `history.dsn` is off"
        try:
            found = await self._past.behind(division.symbol, division.hours, division.slot)
        except HistoryUnavailable as unavailable:
            return [], str(unavailable)
        return [_session(each) for each in found], ""


def _told(division: Division) -> dict[str, object]:
    return {
        "symbol": division.symbol,
        "as_of": milliseconds(division.as_of),
        "slot": division.slot,
        "fraction": round(division.fraction, 9),
        "volume_today": division.volume_today,
        "expected": division.expected,
        "rvol": division.rvol,
        "rvol_guarded": division.rvol_guarded,
        "rvol_slot": division.rvol_slot,
        "method": division.method,
        "sessions": division.sessions,
        "avg_volume_30d": division.avg_volume_30d,
        "curve_learned": division.curve_learned,
        "k": division.k,
    }


def _told_day(symbol: Symbol, day: UsualDay) -> dict[str, object]:
    hours = day.hours
    return {
        "symbol": symbol,
        "date": hours.date,
        "pre_market_start": milliseconds(hours.pre_market_start),
        "market_open": milliseconds(min(hours.market_open, hours.ends_at)),
        "market_close": milliseconds(hours.closes_at),
        "post_market_end": milliseconds(hours.ends_at),
        "slot_ms": SLOT_SECONDS * 1_000,
        "expected": [None if end is None else round(end, 2) for end in day.ends],
        "method": day.method,
        "sessions": day.sessions,
    }


def _session(behind: BehindUsual) -> dict[str, object]:
    return behind._asdict()
