"""How the program is doing: `/health` always answers, `/ready` says yes once the lists are of a real market."""

from typing import Final

from aiohttp import web

from tradeul.engine.ports import View
from tradeul.web.answers import answer, busy

RETRY_AFTER_S: Final = 1


class Health:
    def __init__(self, view: View) -> None:
        self._view = view

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health", self.health), web.get("/ready", self.ready)]

    async def health(self, _request: web.Request) -> web.Response:
        return answer(self._view.health())

    async def ready(self, _request: web.Request) -> web.Response:
        feed = self._view.feed()
        if feed.state == "starting":
            return busy("starting", feed.reason, RETRY_AFTER_S)
        return answer({"ready": True})
