"""The simulated vendor on one port: REST at `/`, WebSocket at `/stocks`, for any client of the real one.

The composition root starts it, lets `run` tick, and points our own client at it. Every answer says in a header
that this market is simulated.
"""

import errno
from typing import Final

from aiohttp import web

from tradeul.clock import Clock, LateClock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS
from tradeul.errors import AddressInUse
from tradeul.simulation.exchange.actions import ActionRoutes
from tradeul.simulation.exchange.answers import Answers
from tradeul.simulation.exchange.bars import BarRoutes
from tradeul.simulation.exchange.desk import Desk
from tradeul.simulation.exchange.fundamentals import FundamentalsRoutes
from tradeul.simulation.exchange.gate import STREAM_PATH, Admin, Gate
from tradeul.simulation.exchange.ledger import Ledger
from tradeul.simulation.exchange.pages import Pages
from tradeul.simulation.exchange.reference import ReferenceRoutes
from tradeul.simulation.exchange.rest import Rest
from tradeul.simulation.exchange.sessions import SessionRoutes
from tradeul.simulation.exchange.stream import Patience, Stream
from tradeul.simulation.faults import Faults
from tradeul.simulation.floor import Floor
from tradeul.simulation.market import Market
from tradeul.simulation.plans import PLANS

SIMULATED_HEADER: Final = "X-Simulated-Market"
_SHUTDOWN_S: Final = 0.3
"""Whoever is still being answered then is cut off; the supervisor gives the whole stage little more."""


class Exchange:
    """Serves a market by the clock. With a key, only its holder is served; without one, everybody is."""

    def __init__(
        self,
        market: Market,
        clock: Clock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str | None = None,
        plan: str = "advanced",
        compress: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self._market = market
        self._wall = clock
        self._host = host
        self._port = port
        self.faults = Faults(clock)
        """What goes wrong; the admin path writes into the same book."""
        self._plan = PLANS[plan]
        self._clock = LateClock(clock, self._plan.delay_s) if self._plan.delay_s else clock
        self._stream = Stream(market.universe, self._clock, key, self._plan, self.faults, patience or Patience())
        self._floor = Floor(market, self._clock, self._stream.publish)
        self._answers = Answers(market.name, clock, compress=compress)
        self._gate = Gate(self.faults, self._answers, self._plan, key, clock)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; with port 0 on any free one."""
        app = web.Application(middlewares=[self._gate.middleware])
        app.add_routes([*self._routes(), web.get(STREAM_PATH, self._stream.handle)])
        app.on_response_prepare.append(self._mark)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.close()
            if error.errno == errno.EADDRINUSE:
                raise AddressInUse(f"the simulated market cannot listen on {self._host}:{self._port}") from error
            raise

    @property
    def rest_url(self) -> str:
        return f"http://{self._address()}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self._address()}{STREAM_PATH}"

    @property
    def ledger(self) -> Ledger:
        """What the stream's peers did."""
        return self._stream.ledger

    def held(self, key: str | None = None) -> frozenset[str]:
        """The channels that the holder of a key is sent, or anybody: the truth about what a client believes."""
        return self._stream.held(key)

    async def run(self) -> None:
        """Let the market trade, second by second, for ever."""
        while True:
            await self._floor.tape_now()
            await self._floor.work_ahead()
            self._stream.tend()
            now = self._clock.now()
            await self._clock.sleep_until(Nanos(now - now % NANOS + NANOS))

    def _routes(self) -> list[web.RouteDef]:
        pages = Pages(self._answers, self._gate)
        desk = Desk(self._market, self._floor, self._clock, self._wall, self._plan, self._answers, self._gate, pages)
        market = (Rest(desk), SessionRoutes(desk), BarRoutes(desk))
        reference = (ReferenceRoutes(desk), ActionRoutes(desk), FundamentalsRoutes(desk))
        return [*(route for part in (*market, *reference) for route in part.routes()), *Admin(self.faults).routes()]

    async def close(self) -> None:
        """Cut all connections and stop listening."""
        self._stream.abort()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _mark(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers[SIMULATED_HEADER] = self._market.name

    def _address(self) -> str:
        if self._runner is None or not self._runner.addresses:
            raise AssertionError("the exchange was not started")
        return f"{self._host}:{self._runner.addresses[0][1]}"
