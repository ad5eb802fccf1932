"""Pinned symbols: `GET /api/v1/pins`, and `PUT` and `DELETE /api/v1/pins/{symbol}`."""

from http import HTTPStatus

from aiohttp import web

from tradeul.domain.board import Board
from tradeul.domain.events import Symbol
from tradeul.engine.pins import Pins
from tradeul.errors import UsageError
from tradeul.web.answers import answer, failure, not_kept


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

    async def all(self, _request: web.Request) -> web.Response:
        return answer({"pins": [{"symbol": symbol, "since": since} for symbol, since in self._pins.since.items()]})

    async def pin(self, request: web.Request) -> web.Response:
        symbol = Symbol(request.match_info["symbol"])
        if symbol not in self._board.row_of:
            return failure(HTTPStatus.NOT_FOUND, "unknown_symbol", "there is no such symbol in the market")
        try:
            return answer({"symbol": symbol, "since": await self._pins.pin(symbol)})
        except UsageError as refused:
            return failure(HTTPStatus.CONFLICT, "too_many", str(refused))
        except OSError as error:
            return not_kept(error)

    async def unpin(self, request: web.Request) -> web.Response:
        symbol = Symbol(request.match_info["symbol"])
        try:
            if not await self._pins.unpin(symbol):
                return failure(HTTPStatus.NOT_FOUND, "not_pinned", "that symbol is not pinned")
        except OSError as error:
            return not_kept(error)
        return answer({"unpinned": symbol})
