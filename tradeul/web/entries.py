"""A viewer's leave to be here: given by what its upgrade showed, else by its first frame; taken with its token.

A browser cannot be told why an upgrade failed, so who shows no token, or an old cookie, is heard once before it is
sent away, and told nothing until then. The gate makes an entry for each WebSocket, `routes/live` acts by it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from aiohttp import WSMsgType, web

from tradeul.access import Holder
from tradeul.clock import Clock
from tradeul.web import protocol
from tradeul.web.credentials import FAILURE_S, Credentials
from tradeul.web.protocol import Auth, BadRequest, CloseCode

AUTH_S: Final = 5.0
MOST_OF_A_TOKEN: Final = 16
MOST_OF_AN_ADDRESS: Final = 64


class Entries:
    """All viewers that were let in, and those that wait to be."""

    def __init__(self, credentials: Credentials | None, clock: Clock) -> None:
        self.credentials = credentials
        self.clock = clock
        self.of_token: Counter[str] = Counter()
        self.of_address: Counter[str] = Counter()
        self.inside: set[Entry] = set()

    def look_again(self) -> None:
        """Send those away whose token opens no more."""
        for entry in list(self.inside):
            if entry.holder is not None and self.credentials and not self.credentials.still_holds(entry.holder):
                entry.revoked()


class Entry:
    """One viewer's. It counts as long as it is entered; `local` ones may be as many as they like."""

    def __init__(self, entries: Entries, caller: str, holder: Holder | None, *, local: bool) -> None:
        self.holder = holder
        self.revoked: Callable[[], object] = lambda: None
        """What to do when its token is taken away."""
        self._entries = entries
        self._caller = caller
        self._local = local
        self._counted: str | None = None

    def __enter__(self) -> Self:
        self._entries.of_address[self._caller] += 1
        self._entries.inside.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entries.inside.discard(self)
        _let_go(self._entries.of_address, self._caller)
        if self._counted is not None:
            _let_go(self._entries.of_token, self._counted)

    async def refusal(self, socket: web.WebSocketResponse) -> CloseCode | None:
        """Why the viewer may not stay, once it has shown what it has to; None: it may."""
        if self.holder is None and self._entries.credentials is not None:
            code = await self._introduced(socket, self._entries.credentials)
            if code is not None:
                return code
        if self.holder is not None:
            self._counted = self.holder.name
            self._entries.of_token[self._counted] += 1
        return None if self._local else self._too_many()

    async def _introduced(self, socket: web.WebSocketResponse, credentials: Credentials) -> CloseCode | None:
        try:
            async with asyncio.timeout(AUTH_S):
                message = await socket.receive()
        except TimeoutError:
            return CloseCode.DID_NOT_SUBSCRIBE
        token = _token_in(message.data) if message.type is WSMsgType.TEXT else None
        found = None if token is None else credentials.opens(token, self._caller)
        if isinstance(found, Holder):
            self.holder = found
            return None
        if token is not None:
            await self._entries.clock.pause(FAILURE_S)
        return CloseCode.UNAUTHORISED

    def _too_many(self) -> CloseCode | None:
        of_token = 0 if self.holder is None else self._entries.of_token[self.holder.name]
        if of_token > MOST_OF_A_TOKEN or self._entries.of_address[self._caller] > MOST_OF_AN_ADDRESS:
            return CloseCode.TOO_MANY_CONNECTIONS
        return None


def _let_go(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if counter[name] <= 0:
        del counter[name]


def _token_in(text: str) -> str | None:
    try:
        request = protocol.request_of(text)
    except BadRequest:
        return None
    return request.token if isinstance(request, Auth) else None
