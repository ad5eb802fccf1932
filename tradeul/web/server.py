"""The server: puts the routes together, listens, and stops in bounded time with viewers still connected.

`app.py` makes one, starts it last and closes it first. The hub's `run` is the supervisor's, as is the
server's own.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol, cast

from aiohttp import web

from tradeul.clock import Clock
from tradeul.engine.channels import Channels
from tradeul.engine.ports import View
from tradeul.errors import AddressInUse, ConfigurationError
from tradeul.web.gate import MAX_BODY_BYTES, Gate, Rules
from tradeul.web.hub import Hub
from tradeul.web.quick import Quick
from tradeul.web.repeats import Repeats
from tradeul.web.routes.health import Health
from tradeul.web.routes.lists import Lists
from tradeul.web.routes.live import LiveLists
from tradeul.web.routes.login import Login
from tradeul.web.routes.market import MarketFacts
from tradeul.web.routes.page import Manifest, Page
from tradeul.web.routes.reference import Reference
from tradeul.web.routes.status import Status
from tradeul.web.turnstile import Turnstile

MAX_LINE_BYTES: Final = 8 * 1024
MAX_FIELD_BYTES: Final = MAX_LINE_BYTES - 1
"""Of one header; another limit than an address has, so that an answer can say which it was."""
MAX_HEADERS: Final = 64
BACKLOG: Final = 4_096
"""Connections that the kernel holds for us, as far as it may: when all come back at once, whoever finds no room tries
again after 1, 3 and 7 seconds only, and some are reset."""
DOORS: Final = 8
"""Connections that are accepted in one turn of the loop. uvloop accepts one for each socket that listens, and a turn is
long in a storm, so the kernel's queue is waited at by as many."""
IDLE_S: Final = 75.0
CONNECTION_OPTIONS: Final[dict[str, Any]] = {
    "keepalive_timeout": IDLE_S,
    "access_log": None,
    "max_line_size": MAX_LINE_BYTES,
    "max_field_size": MAX_FIELD_BYTES,
    "max_headers": MAX_HEADERS,
}
HANDLERS_S: Final = 0.5
"""How long a request under way may take to end once we stop; the hub has parted with viewers before."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where we listen, and who is let in there."""

    host: str
    port: int
    rules: Rules = field(default_factory=Rules)


class Part(Protocol):
    """Answers some of the paths."""

    def routes(self) -> list[web.RouteDef]:
        """Which, and how."""


class WebServer:
    def __init__(
        self,
        hub: Hub,
        channels: Channels,
        view: View,
        page: Manifest,
        clock: Clock,
        address: Address,
        max_clients: int,
        more: Iterable[Part] = (),
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._address = address
        self.port = address.port
        """The port that is listened on; known after `start` where any was asked for."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        self.gate = gate = Gate(address.rules, address.host, clock)
        self._reference = Reference()
        files = Page(page)
        parts: tuple[Part, ...] = (
            self._reference,
            files,
            Login(files, gate),
            Health(view, gate),
            Status(files),
            MarketFacts(view),
            Lists(channels, view),
            LiveLists(hub, clock, max_clients, gate),
        )
        for part in (*parts, *more):
            app.add_routes(part.routes())
        self.routes: Collection[web.AbstractRoute] = app.router.routes()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=HANDLERS_S)
        self._doors: list[asyncio.Server] = []

    async def start(self) -> None:
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        server = cast(web.Server, self._runner.server)  # made by setup
        host, port = self._address.host, self._address.port
        server.request_handler = self.gate.guarded(server.request_handler)
        # Not a TCPSite of aiohttp's: that cannot be given connections of our kind.
        ways = Turnstile(lambda: self._hub.is_behind), Turnstile()
        repeats = Repeats(self._clock) if self.gate.lets_everybody_in else None
        connection = partial(Quick, repeats, self.gate.crowd, *ways, server, loop=loop, **CONNECTION_OPTIONS)
        try:
            self._doors.append(await loop.create_server(connection, host, port, backlog=BACKLOG))
        except OSError as error:
            await self._runner.cleanup()
            raise _named(error, self._address) from error
        for each in list(self._doors[0].sockets) * (DOORS - 1):
            another = socket.socket(fileno=os.dup(each.fileno()))
            self._doors.append(await loop.create_server(connection, sock=another, backlog=BACKLOG))
        self.port = self._doors[0].sockets[0].getsockname()[1]
        self._reference.describe(self.routes, f"{host}:{self.port}")

    def table(self) -> list[tuple[str, str]]:
        """Every method and path that is answered."""
        return sorted((route.method, route.resource.canonical) for route in self.routes if route.resource)

    async def run(self) -> None:
        """See to whom is let in, for as long as we listen."""
        await self.gate.run()

    async def close(self) -> None:
        """Say goodbye to viewers and stop; also where `start` failed or never ran."""
        for door in self._doors:
            door.close()
        await self._hub.close()
        await self._runner.cleanup()


def _named(error: OSError, address: Address) -> AddressInUse | ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(f"port {address.port} is in use by another program: set server.port to a free one")
    return ConfigurationError(
        f"server.host, server.port: cannot listen on {address.host}:{address.port}: {error.strerror}"
    )
