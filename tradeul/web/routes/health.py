"""How the program is doing: `/health` always answers, `/ready` says yes once the lists are of a real market."""

from aiohttp import web

from tradeul.engine.ports import View
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import operation
from tradeul.web.failures import NOT_READY


class Health:
    def __init__(self, view: View) -> None:
        self._view = view

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health", self.health), web.get("/ready", self.ready)]

    @operation("Program", shapes.Health)
    async def health(self, _request: web.Request) -> web.Response:
        """How the program is doing, with a reason for whatever is not well; always answered."""
        return answer(self._view.health())

    @operation("Program", shapes.Ready, failures=(NOT_READY,))
    async def ready(self, _request: web.Request) -> web.Response:
        """Whether the lists are of a real market yet; refused until they are."""
        feed = self._view.feed()
        if feed.state == "starting":
            return refused(NOT_READY, feed.reason)
        return answer({"ready": True})
