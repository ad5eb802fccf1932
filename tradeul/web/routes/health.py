"""How the program is doing: `/health` always answers, with the details for this machine and for operators;
`/ready` says yes once the lists are of a real market.
"""

from typing import Final

from aiohttp import web

from tradeul.engine.ports import View
from tradeul.web.answers import answer, busy
from tradeul.web.gate import Gate

RETRY_AFTER_S: Final = 1


class Health:
    def __init__(self, view: View, gate: Gate) -> None:
        self._view = view
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health", self.health), web.get("/ready", self.ready)]

    async def health(self, request: web.Request) -> web.Response:
        report = self._view.health()
        return answer(report if self._gate.is_insider(request) else {"status": report["status"]})

    async def ready(self, _request: web.Request) -> web.Response:
        feed = self._view.feed()
        if feed.state == "starting":
            return busy("starting", feed.reason, RETRY_AFTER_S)
        return answer({"ready": True})
