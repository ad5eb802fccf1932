"""`/api/v1/why/{list}/{symbol}` tells why a symbol is in a list or is not, and who is next to it.

`predicates` are all that it has to pass, in order, each a tree: `pass`, `fail` or `unknown`, the value and what it is
held against, and the fields behind it with their source and age. `first_failure` is what keeps it out.
"""

from collections.abc import Sequence

from aiohttp import web

from tradeul.domain.board import Board
from tradeul.domain.events import Symbol
from tradeul.domain.explain import Predicate
from tradeul.engine.channels import Channels
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import View
from tradeul.engine.why import Explanation, Key, Place, Why
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import operation
from tradeul.web.failures import STARTING, UNKNOWN_LIST, UNKNOWN_SYMBOL
from tradeul.web.parameters import LIST_PART, SYMBOL_PART
from tradeul.web.protocol import milliseconds


class WhyRoutes:
    """Looks between two changes of the board, so that no answer is of two moments."""

    def __init__(self, why: Why, board: Board, channels: Channels, pipeline: Pipeline, view: View) -> None:
        self._why = why
        self._board = board
        self._channels = channels
        self._pipeline = pipeline
        self._view = view

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/why/{list}/{symbol}", self.why)]

    @operation(
        "Lists",
        shapes.Why,
        parameters=(LIST_PART, SYMBOL_PART),
        failures=(UNKNOWN_LIST, UNKNOWN_SYMBOL, STARTING),
    )
    async def why(self, request: web.Request) -> web.Response:
        """Why a symbol is in a list or is not, and who is next to it.

        `predicates` are all that it has to pass, in order, each a tree; `first_failure` is what keeps it out.
        """
        name, symbol = request.match_info["list"], Symbol(request.match_info["symbol"])
        return await self._pipeline.settled(lambda: self._answer(name, symbol))

    def _answer(self, name: str, symbol: Symbol) -> web.Response:
        if name not in self._channels.by_name:
            return refused(UNKNOWN_LIST)
        if self._view.feed().state == "starting" or not self._why.as_of:
            return refused(STARTING)
        if symbol not in self._board.row_of:
            return refused(UNKNOWN_SYMBOL)
        return answer(_told(self._why.of(name, symbol)))


def _told(found: Explanation) -> dict[str, object]:
    failed = found.first_failure
    return {
        "list": found.list,
        "symbol": found.symbol,
        "as_of": milliseconds(found.as_of),
        "member": found.rank is not None,
        "rank": found.rank,
        "predicates": [_predicate(each) for each in found.predicates],
        "first_failure": None if failed is None else _predicate(failed),
        "order": _keys(found.keys),
        "neighbours": {"above": _place(found.above), "below": _place(found.below), "last": _place(found.last)},
    }


def _predicate(each: Predicate) -> dict[str, object]:
    ages = [field.age_ms for field in each.inputs if field.age_ms is not None]
    return {
        "kind": each.kind,
        "name": each.name,
        "text": each.text,
        "verdict": each.verdict,
        "value": each.value,
        "threshold": each.threshold,
        "source": ", ".join(dict.fromkeys(field.source for field in each.inputs)) or None,
        "age_ms": max(ages, default=None),
        "fields": [field._asdict() for field in each.inputs],
        "parts": [_predicate(part) for part in each.parts],
    }


def _keys(keys: Sequence[Key]) -> list[dict[str, object]]:
    return [key._asdict() for key in keys]


def _place(place: Place | None) -> dict[str, object] | None:
    if place is None:
        return None
    return {"rank": place.rank, "symbol": place.symbol, "order": _keys(place.keys)}
