"""How the program is doing: `/health` always answers, with the details for this machine and for operators;
`/ready` says yes once the lists are of a real market.
"""

from aiohttp import web

from tradeul.engine.ports import View
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import operation
from tradeul.web.failures import NOT_READY
from tradeul.web.gate import Gate


class Health:
    def __init__(self, view: View, gate: Gate) -> None:
        self._view = view
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health", self.health), web.get("/ready", self.ready)]

    @operation("Program", shapes.Health)
    async def health(self, request: web.Request) -> web.Response:
        """How the program is doing, with a reason for whatever is not well; always answered.

        Strangers are told no more than `status`: the rest is for this machine and for operators.
        """
        report = self._view.health()
        return answer(report if self._gate.is_insider(request) else {"status": report["status"]})

    @operation("Program", shapes.Ready, failures=(NOT_READY,))
    async def ready(self, _request: web.Request) -> web.Response:
        """Whether the lists are of a real market yet; refused until they are."""
        feed = self._view.feed()
        if feed.state == "starting":
            return refused(NOT_READY, feed.reason)
        return answer({"ready": True})
