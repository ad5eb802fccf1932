"""The live protocol's socket, `/ws/scanner`: reads what one viewer says; the hub does all the writing."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Final, cast

from aiohttp import WSCloseCode, WSMsgType, web

from tradeul.clock import Clock
from tradeul.web import protocol
from tradeul.web.answers import SECURITY_HEADERS, Connection, refused
from tradeul.web.api import operation
from tradeul.web.entries import Entry
from tradeul.web.failures import FULL, UPGRADE_REQUIRED
from tradeul.web.gate import SOCKET, SUBPROTOCOL, Gate
from tradeul.web.hub import Hub
from tradeul.web.pace import Pace
from tradeul.web.parameters import Parameter
from tradeul.web.protocol import (
    MAX_MESSAGE_BYTES,
    MESSAGES_PER_SECOND,
    PROTOCOL,
    AnyRequest,
    Auth,
    BadRequest,
    CloseCode,
    ErrorCode,
    Ping,
    Resync,
    SubscribeList,
    Unwatch,
    Watch,
)
from tradeul.web.viewer import UNSENT_BYTES, Viewer

CLOSE_S: Final = 1.0
"""How long aiohttp waits for the answer to a close frame of its own."""
VERSION: Final = Parameter(
    "protocol",
    f"The version of the live protocol that the client speaks; whoever speaks another than {PROTOCOL} is closed with "
    f"{CloseCode.PROTOCOL_TOO_OLD:d}.",
    str,
    {"type": "string"},
    str(PROTOCOL),
    str(PROTOCOL),
)


class LiveLists:
    def __init__(self, hub: Hub, clock: Clock, max_clients: int, gate: Gate) -> None:
        self._hub = hub
        self._gate = gate
        self._clock = clock
        self._max_clients = max_clients

    def routes(self) -> list[web.RouteDef]:
        return [web.get(SOCKET, self.serve, allow_head=False)]

    @operation(
        "Live",
        parameters=(VERSION,),
        failures=(UPGRADE_REQUIRED, FULL),
        status=HTTPStatus.SWITCHING_PROTOCOLS,
        media=(),
    )
    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The live lists, by WebSocket: `/asyncapi.json` says what is spoken there."""
        if len(self._hub) >= self._max_clients:
            return refused(FULL, f"{self._max_clients} viewers are connected already")
        socket = _socket()
        try:
            await socket.prepare(request)
        except web.HTTPBadRequest:  # `can_prepare` would make the handshake twice
            return _upgrade_required()
        with self._gate.entry(request) as entry:
            refusal = await entry.refusal(socket)
            if request.query.get("protocol", str(PROTOCOL)) != str(PROTOCOL):
                refusal = CloseCode.PROTOCOL_TOO_OLD
            if request.transport is not None:
                await self._accompany(socket, request, request.transport, entry, refusal)
        return socket

    async def _accompany(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        transport: asyncio.Transport,
        entry: Entry,
        refusal: CloseCode | None,
    ) -> None:
        viewer = self._hub.admit(transport)
        entry.revoked = partial(self._hub.end, viewer, CloseCode.UNAUTHORISED)
        code = int(CloseCode.BUG)
        try:
            if refusal is None:
                self._hub.greet(viewer)
            else:
                self._turn_away(viewer, refusal)
            await self._read(socket, viewer, cast(Connection, request.protocol))
            code = socket.close_code or WSCloseCode.OK
        finally:
            self._hub.leave(viewer, code)

    def _turn_away(self, viewer: Viewer, code: CloseCode) -> None:
        if code is CloseCode.UNAUTHORISED:
            complaint = "a token is needed: sign in at /login, or send auth with it first"
            self._hub.refuse(viewer, None, ErrorCode.UNAUTHORISED, complaint)
        self._hub.end(viewer, code)

    async def _read(self, socket: web.WebSocketResponse, viewer: Viewer, connection: Connection) -> None:
        pace = Pace(self._clock)
        async for message in socket:
            viewer.heard_at = self._clock.monotonic()
            if viewer.ended:
                # Only its close frame is of interest now, and what comes instead of it for a while.
                if not pace.allows():
                    await connection.until_lost()
                    break
            elif message.type is WSMsgType.BINARY:
                self._hub.end(viewer, CloseCode.BINARY)
            elif message.type is WSMsgType.TEXT:
                self.hear(viewer, message.data, pace)
            elif message.type is WSMsgType.PING and self._in_pace(viewer, pace):
                self._hub.answer(viewer, protocol.pong_frame(message.data))
            # Messages that came in one packet are here without waiting: everyone else gets a turn between them.
            await asyncio.sleep(0)

    def _in_pace(self, viewer: Viewer, pace: Pace) -> bool:
        """Take a message from what a viewer may say; who goes on saying more is sent away."""
        if pace.allows():
            return True
        if pace.ignored:
            self._hub.end(viewer, CloseCode.TOO_FAST)
        else:
            complaint = f"at most {MESSAGES_PER_SECOND} messages a second"
            self._hub.refuse(viewer, None, ErrorCode.RATE_LIMITED, complaint)
        return False

    def hear(self, viewer: Viewer, text: str, pace: Pace) -> None:
        """Carry out what a viewer said, or tell it why not."""
        if not self._in_pace(viewer, pace):
            return
        try:
            request = protocol.request_of(text)
        except BadRequest as error:
            self._hub.refuse(viewer, error.request_id, ErrorCode.BAD_REQUEST, str(error))
            return
        viewer.spoke = True
        self._act(viewer, request)

    def _act(self, viewer: Viewer, request: AnyRequest) -> None:
        hub = self._hub
        if isinstance(request, Auth):
            return  # who is heard here was let in already
        if isinstance(request, Ping):
            hub.answer_ping(viewer, request.id)
        elif isinstance(request, Watch):
            hub.watch(viewer, request)
        elif isinstance(request, Unwatch):
            hub.unwatch(viewer, request)
        elif request.list not in hub.lists:
            hub.refuse(viewer, request.id, ErrorCode.UNKNOWN_LIST, "there is no such list")
        elif isinstance(request, SubscribeList):
            hub.subscribe(viewer, request)
        elif isinstance(request, Resync):
            hub.resync(viewer, request)
        else:
            hub.unsubscribe(viewer, request)


def _socket() -> web.WebSocketResponse:
    socket = web.WebSocketResponse(
        timeout=CLOSE_S,
        protocols=(SUBPROTOCOL,),
        autoclose=False,  # our own close frames are written by the hub, which also bounds the wait
        autoping=False,  # the hub pings: aiohttp would ping all who came within a second in one turn of the loop
        compress=False,
        max_msg_size=MAX_MESSAGE_BYTES + 1,  # aiohttp refuses what is as long as this
        writer_limit=UNSENT_BYTES,
    )
    socket.headers.update(SECURITY_HEADERS)
    return socket


def _upgrade_required() -> web.Response:
    response = refused(UPGRADE_REQUIRED)
    response.headers.update({"Upgrade": "websocket", "Sec-WebSocket-Version": "13"})
    return response
