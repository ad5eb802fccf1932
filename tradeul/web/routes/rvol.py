"""`/api/v1/rvol/{symbol}` shows the work behind a relative volume, so that a person can redo the division by hand.

`expected` is what is usual by the moment `as_of`: the mean of the baselines before the slot, and `fraction` of the way
from there to their mean at its end; where the method is `curve`, the average day times the general curve.
"""

from aiohttp import web

from tradeul.domain.events import Symbol
from tradeul.engine.division import Division, Divisions
from tradeul.engine.ports import BehindUsual, UsualSessions
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
        return [web.get("/api/v1/rvol/{symbol}", self.work)]

    @operation("Symbols", shapes.RvolWork, parameters=(SYMBOL_PART,), failures=(UNKNOWN_SYMBOL,))
    async def work(self, request: web.Request) -> web.Response:
        """The division behind a relative volume, part by part, so that it can be redone by hand."""
        symbol = Symbol(request.match_info["symbol"])
        division = self._divisions.division(symbol)
        if division is None:
            return refused(UNKNOWN_SYMBOL, "there is no such symbol, or nothing is known of its volume today")
        baselines, missing = await self._baselines(division)
        return answer(_told(division) | {"baselines": baselines, "baselines_missing": missing})

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


def _session(behind: BehindUsual) -> dict[str, object]:
    return behind._asdict()
