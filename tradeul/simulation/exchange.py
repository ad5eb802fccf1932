"""The simulated vendor on one port: REST at `/`, WebSocket at `/stocks`, for any client of the real one.

The composition root starts it, lets `run` tick, and points our own client at it. Every answer says in a header
that this market is simulated.
"""

import errno
from typing import Final

from aiohttp import web

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS
from tradeul.errors import AddressInUse
from tradeul.simulation.exchange_rest import STREAM_PATH, Rest
from tradeul.simulation.exchange_stream import AUTH_TIMEOUT_S, BUFFER_LIMIT, Stream
from tradeul.simulation.floor import Floor
from tradeul.simulation.market import Market

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
        compress: bool = False,
        auth_timeout_s: float = AUTH_TIMEOUT_S,
        buffer_limit: int = BUFFER_LIMIT,
    ) -> None:
        self._market = market
        self._clock = clock
        self._host = host
        self._port = port
        self._stream = Stream(market.universe, clock, key, auth_timeout_s, buffer_limit)
        self._floor = Floor(market, clock, self._stream.publish)
        self._rest = Rest(market, self._floor, clock, key, compress=compress)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; with port 0 on any free one."""
        app = web.Application(middlewares=[self._rest.gate])
        app.add_routes([*self._rest.routes(), web.get(STREAM_PATH, self._stream.handle)])
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

    async def run(self) -> None:
        """Let the market trade, second by second, for ever."""
        while True:
            await self._floor.tape_now()
            await self._floor.work_ahead()
            now = self._clock.now()
            await self._clock.sleep_until(Nanos(now - now % NANOS + NANOS))

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
