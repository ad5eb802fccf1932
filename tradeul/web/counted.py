"""A connection of HTTP that tells the crowd how it fares. The server has aiohttp make each connection one of these."""

import asyncio
from typing import Any

from aiohttp import web

from tradeul.access import is_loopback
from tradeul.web.answers import Connection
from tradeul.web.crowd import Crowd


class Counted(Connection):
    """A connection that tells the crowd how it fares."""

    __slots__ = ("address", "begun", "crowd", "local")

    def __init__(self, crowd: Crowd, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.crowd = crowd
        self.address = ""
        self.local = False
        """Whether it comes from this machine."""
        self.begun = 0

    @property
    def idle(self) -> bool:
        return not self._request_in_progress and not self._messages

    @property
    def answering(self) -> bool:
        return self._request_in_progress and self._payload_parser is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if peer else ""
        self.local = is_loopback(self.address)
        self.crowd.came(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.crowd.went(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.waits:
            self.crowd.waits(self)
        elif not self._messages and not self._request_in_progress:
            self.crowd.dawdles(self)

    def enter(self) -> None:
        super().enter()
        if not self._messages and not self._request_in_progress:
            self.crowd.dawdles(self)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        self.crowd.answered[resp.status] += 1
        return await super().finish_response(request, resp, start_time)

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()
