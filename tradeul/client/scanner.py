"""`ScannerClient`: the messages of one connection to a server, each given out after the lists have taken it in.

Entering a client again after its connection ended resumes every list from what it holds. `follow` does so by itself
and is what most programs want.
"""

from types import TracebackType
from typing import Final, Self

import aiohttp
import orjson
from yarl import URL

from tradeul.client.conversation import SILENCE_S, Conversation, ServerLost
from tradeul.client.list_sync import ListSync
from tradeul.client.rankings import Message
from tradeul.client.showing import headers_showing
from tradeul.client.watched import Watched
from tradeul.clock import Clock
from tradeul.errors import UsageError

PROTOCOL: Final = 1
PATH: Final = "/ws/scanner"
SILENT: Final = "nothing came for {:.0f} s"


class ScannerClient:
    """One connection at a time to one server. Iterating yields each message after the lists have taken it in.

    The iteration ends when the server closes (`close_code` then says why) and raises `ServerLost` when it is dead.
    """

    def __init__(self, url: str, clock: Clock, token: str = "") -> None:
        self.conversation = Conversation()
        self.watched = Watched()
        self.over = False
        self.close_code: int | None = None
        try:
            self._address = URL(url).origin().with_path(PATH).with_query(protocol=PROTOCOL)
        except ValueError as error:
            raise UsageError(f"{url} is no address: http://127.0.0.1:8000 is one") from error
        self._clock = clock
        self._headers = headers_showing(token)

    @property
    def lists(self) -> dict[str, ListSync]:
        return self.conversation.lists

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers)
        try:
            self._socket = await self._session.ws_connect(self._address, max_msg_size=0)
            for request in self.conversation.opened(self._clock.monotonic()):
                await self._send(request)
            if (watch := self.watched.resumption()) is not None:
                await self._send(watch)
        except (aiohttp.ClientError, OSError) as error:
            await self._session.close()
            raise ServerLost(f"no tradeul answers at {self._address.origin()}{_why(error)}") from error
        self.over = False
        self.close_code = None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.conversation.closed()
        await self._socket.close()
        await self._session.close()

    async def subscribe(self, name: str) -> None:
        """Follow a list; it is right from its first snapshot on, which is when `lists[name].live` turns true."""
        await self._send(self.conversation.subscribe(name, self._clock.monotonic()))

    async def unsubscribe(self, name: str) -> None:
        await self._send(self.conversation.unsubscribe(name))

    async def watch(self, *symbols: str) -> None:
        """Follow symbols, whatever lists they are in; `watched.symbols` holds the newest `aggregate` of each.

        What the server refuses it says in an `error`, and none of that request's new symbols is watched then.
        """
        await self._send(self.watched.request(symbols))

    async def unwatch(self, *symbols: str) -> None:
        await self._send(self.watched.drop(symbols))

    async def ping(self, request_id: int | str) -> None:
        """Ask for a heartbeat that carries `request_id`."""
        await self._send({"action": "ping", "id": request_id})

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        message = await self.next_within(SILENCE_S)
        if message is not None:
            return message
        if self.over:
            raise StopAsyncIteration
        raise ServerLost(SILENT.format(SILENCE_S))

    async def next_within(self, seconds: float) -> Message | None:
        """The next message; None if there was none for so long, or if the connection is over."""
        try:
            received = await self._socket.receive(timeout=seconds)
        except TimeoutError:
            return None
        if received.type is not aiohttp.WSMsgType.TEXT:
            self.over = True
            self.close_code = self._socket.close_code
            return None
        message: Message = orjson.loads(received.data)
        if (again := self.watched.step(message)) is not None:
            await self._send(again)
        for request in self.conversation.take_in(message, self._clock.monotonic()):
            await self._send(request)
        return message

    async def _send(self, message: Message) -> None:
        try:
            await self._socket.send_str(orjson.dumps(message).decode())
        except ConnectionError as error:
            raise ServerLost(f"the connection is gone: {error}") from error


def _why(error: Exception) -> str:
    """What answered instead, if anything did."""
    return f" but {error.status}" if isinstance(error, aiohttp.WSServerHandshakeError) else ""
