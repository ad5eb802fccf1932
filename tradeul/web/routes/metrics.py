"""`/metrics`: every stage in figures, for Prometheus. For this machine and for operators; the gate sees to that."""

from aiohttp import web

from tradeul.web.api import operation
from tradeul.web.exposition import CONTENT_TYPE, Exposition, Readings


class MetricRoutes:
    def __init__(self, readings: Readings) -> None:
        self._exposition = Exposition(readings)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self.metrics)]

    @operation("Program", media=("text/plain",))
    async def metrics(self, _request: web.Request) -> web.Response:
        """The program in figures, as Prometheus reads them: what each means is under Metrics in `/docs`.

        For this machine, and for operators from elsewhere.
        """
        return web.Response(body=self._exposition.text(), headers={"Content-Type": CONTENT_TYPE})
