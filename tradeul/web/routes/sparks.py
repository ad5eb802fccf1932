"""`/api/v1/sparks?list=`: the last quarter of an hour of every price in a list, for the small lines beside its rows.

Asked once by a page as a list comes to it, and for who came since; what moves after that is in the list's deltas.
"""

from typing import Final

from aiohttp import web

from tradeul.domain.board import Board
from tradeul.domain.events import Nanos
from tradeul.domain.sparks import STEP_NS, SparkTrail
from tradeul.engine.channels import Channels
from tradeul.engine.ports import View
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import asked_of, operation
from tradeul.web.failures import STARTING, UNKNOWN_LIST
from tradeul.web.parameters import LIST_PART, Parameter
from tradeul.web.protocol import milliseconds

STEP_MS: Final = milliseconds(Nanos(STEP_NS))


def _named(text: str) -> str:
    if text:
        return text
    raise ValueError("the name of a list")


LIST: Final = Parameter("list", LIST_PART.meaning, _named, LIST_PART.schema, LIST_PART.example, required=True)


class SparkRoutes:
    def __init__(self, trail: SparkTrail, board: Board, channels: Channels, view: View) -> None:
        self._trail = trail
        self._board = board
        self._channels = channels
        self._view = view

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/sparks", self.sparks)]

    @operation("Lists", shapes.Sparks, parameters=(LIST,), failures=(UNKNOWN_LIST, STARTING))
    async def sparks(self, request: web.Request) -> web.Response:
        """The last minutes of the price of every symbol that is in a list now, a point for each 15 s."""
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        channel = self._channels.by_name.get(asked["list"])
        if channel is None:
            return refused(UNKNOWN_LIST)
        if self._view.feed().state == "starting" or not self._trail.step:
            return refused(STARTING)
        rows = {
            row.symbol: self._board.row_of[row.symbol] for row in channel.state.rows if row.symbol in self._board.row_of
        }
        points = dict(zip(rows, self._trail.of(rows.values()), strict=True))
        as_of = milliseconds(Nanos(self._trail.step * STEP_NS))
        return answer({"list": channel.scan.name, "step_ms": STEP_MS, "as_of": as_of, "rows": points})
