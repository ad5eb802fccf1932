"""A scripted vendor on real sockets: the test says what it answers, and sees what it was asked."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import WSMsgType, web

from tests.support.eventually import PATIENT_S, settle
from tradeul.clock import NANOS_PER_SECOND, SystemClock
from tradeul.domain.events import Nanos

KEY = "canary-5f1d0c"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class UnhurriedClock(SystemClock):
    """The machine's time, but a pause is over at once, and noted: the time of it is skipped."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self._skipped_s = 0.0

    def now(self) -> Nanos:
        return Nanos(super().now() + int(self._skipped_s * NANOS_PER_SECOND))

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped_s

    def wall(self) -> Nanos:
        return Nanos(super().wall() + int(self._skipped_s * NANOS_PER_SECOND))

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._skipped_s += seconds
        await asyncio.sleep(0)


class Vendor:
    """A server on the loopback whose every request goes to one handler; `asked` keeps the requests."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        self.asked: list[web.Request] = []
        self.address = ""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        assert self._runner.server is not None
        self._listener = await asyncio.get_running_loop().create_server(self._runner.server, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            # Whoever was let in as the door is closed would be an error of the loop's, and a socket left open.
            for door in self._listener.sockets:
                asyncio.get_running_loop().remove_reader(door)
            await settle()
            self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where REST is."""
        return f"http://{self.address}"

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self._handler(request)


def answers(*responses: web.Response) -> Handler:
    """Give these answers one after the other, the last one again and again."""
    turns = itertools.chain(responses[:-1], itertools.repeat(responses[-1]))

    async def handle(_: web.Request) -> web.StreamResponse:
        turn = next(turns)
        return web.Response(status=turn.status, body=turn.body, headers=turn.headers)

    return handle


def says(document: object, status: int = 200) -> web.Response:
    """An answer that holds this."""
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")


class Link:
    """One client's WebSocket, from the vendor's side."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket = socket
        self._request = request
        self.over = asyncio.Event()

    async def says(self, *elements: dict[str, Any]) -> None:
        """Send one frame."""
        await self._socket.send_str(orjson.dumps(elements).decode())

    async def says_text(self, text: str) -> None:
        """Send one frame that may be anything."""
        await self._socket.send_str(text)

    async def hears(self) -> dict[str, Any]:
        """The client's next message; pings on the way are answered."""
        while True:
            async with asyncio.timeout(PATIENT_S):
                message = await self._socket.receive()
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                heard: dict[str, Any] = orjson.loads(message.data)
                return heard
            else:
                raise AssertionError(f"the client ended with {message.type.name} {message.data}")

    async def hears_kind(self) -> WSMsgType:
        """What kind of frame the client sends next."""
        async with asyncio.timeout(PATIENT_S):
            return (await self._socket.receive()).type

    async def lets_in(self) -> dict[str, Any]:
        """Greet, hear the key, and accept it; the message that brought the key."""
        await self.says({"ev": "status", "status": "connected", "message": "Connected Successfully"})
        heard = await self.hears()
        await self.says({"ev": "status", "status": "auth_success", "message": "authenticated"})
        return heard

    async def pings(self) -> None:
        """Send a ping."""
        await self._socket.ping(b"?")

    async def pongs(self) -> None:
        """Answer a ping."""
        await self._socket.pong(b"")

    async def closes(self, code: int) -> None:
        """Close in good order."""
        await self._socket.close(code=code, drain=False)
        self.over.set()

    def breaks(self) -> None:
        """Be gone without a close frame."""
        if self._request.transport is not None:
            self._request.transport.abort()
        self.over.set()


class StreamVendor(Vendor):
    """A WebSocket vendor whose side of each connection is played by the test."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self._links: asyncio.Queue[Link] = asyncio.Queue()
        self._open: list[Link] = []

    @property
    def stream_url(self) -> str:
        """Where the WebSocket is."""
        return f"ws://{self.address}/stocks"

    async def accepts(self) -> Link:
        """The next connection."""
        async with asyncio.timeout(PATIENT_S):
            return await self._links.get()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        link = Link(socket, request)
        await self._links.put(link)
        await link.over.wait()
        return socket


def confirmations(symbols: Iterable[str]) -> list[dict[str, Any]]:
    """One acknowledgement per symbol, as the vendor sends them."""
    return [{"ev": "status", "status": "success", "message": f"subscribed to: A.{symbol}"} for symbol in symbols]


def second_bar(symbol: str, **changes: Any) -> dict[str, Any]:
    """One second's bar as the vendor sends it."""
    return {
        "ev": "A",
        "sym": symbol,
        "v": 30,
        "dv": "30.5",
        "av": 91000,
        "op": 50.1,
        "vw": 50.5,
        "o": 50.4,
        "c": 50.5,
        "h": 50.6,
        "l": 50.4,
        "a": 50.2,
        "z": 12.5,
        "s": 1764086400000,
        "e": 1764086401000,
    } | changes
