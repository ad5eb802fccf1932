"""Pinned symbols: `GET /api/v1/pins`, and `PUT` and `DELETE /api/v1/pins/{symbol}`."""

from aiohttp import web

from tradeul.domain.board import Board
from tradeul.domain.events import Symbol
from tradeul.engine.pins import Pins
from tradeul.web import shapes
from tradeul.web.answers import answer, not_kept, refused
from tradeul.web.api import operation
from tradeul.web.changes import made
from tradeul.web.failures import FOREIGN_ORIGIN, NOT_KEPT, NOT_PINNED, TOO_MANY, UNKNOWN_SYMBOL
from tradeul.web.parameters import SYMBOL_PART


class PinRoutes:
    """Only what the board knows can be pinned; what it knows no more can be taken away."""

    def __init__(self, pins: Pins, board: Board) -> None:
        self._pins = pins
        self._board = board

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/pins", self.all),
            web.put("/api/v1/pins/{symbol}", self.pin),
            web.delete("/api/v1/pins/{symbol}", self.unpin),
        ]

    @operation("Your own", shapes.Pins)
    async def all(self, _request: web.Request) -> web.Response:
        """The symbols that are pinned, which are followed live whatever the lists say."""
        return answer({"pins": [{"symbol": symbol, "since": since} for symbol, since in self._pins.since.items()]})

    @operation(
        "Your own",
        shapes.Pin,
        parameters=(SYMBOL_PART,),
        failures=(FOREIGN_ORIGIN, UNKNOWN_SYMBOL, TOO_MANY, NOT_KEPT),
    )
    async def pin(self, request: web.Request) -> web.Response:
        """Pin a symbol; one that is pinned stays so."""
        symbol = Symbol(request.match_info["symbol"])
        if symbol not in self._board.row_of:
            return refused(UNKNOWN_SYMBOL)
        since = await made(self._pins.pin(symbol))
        return since if isinstance(since, web.Response) else answer({"symbol": symbol, "since": since})

    @operation("Your own", shapes.Unpinned, parameters=(SYMBOL_PART,), failures=(FOREIGN_ORIGIN, NOT_PINNED, NOT_KEPT))
    async def unpin(self, request: web.Request) -> web.Response:
        """Let a symbol go."""
        symbol = Symbol(request.match_info["symbol"])
        try:
            if not await self._pins.unpin(symbol):
                return refused(NOT_PINNED)
        except OSError as error:
            return not_kept(error)
        return answer({"unpinned": symbol})
