"""`follow`: lists of a running program as an iterator of states that goes on over restarts and lost connections."""

import contextlib
import difflib
import random
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tradeul.client.conversation import FIRST_FINAL_CLOSE_CODE, SILENCE_S, STALE_S, Retry, ServerLost
from tradeul.client.rankings import Row
from tradeul.client.scanner import SILENT, ScannerClient
from tradeul.clock import Clock, SystemClock
from tradeul.errors import UsageError

WHY_NOT_AGAIN: Final = {
    4500: "it takes our requests for nonsense",
    4501: "it wants a token",
    4503: "there are too many connections from here",
    4504: "it speaks another protocol",
}


class NotServed(ServerLost):
    """The server does not want us, and coming back would change nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the server does not serve us: {reason}")


@dataclass(frozen=True, slots=True)
class Followed:
    """A list as it is held. While `live`, the rows are the server's at (epoch, sequence); else `reason` says why not.

    `timestamp` is market time in milliseconds. Each row is rank, symbol and the list's columns.
    """

    list: str
    epoch: str
    sequence: int
    timestamp: int
    rows: tuple[Row, ...]
    live: bool
    reason: str


async def follow(
    url: str,
    *names: str,
    token: str = "",
    clock: Clock | None = None,
    chance: Callable[[], float] = random.random,
) -> AsyncGenerator[Followed, None]:
    """Yield a list whenever its rows, or whether they are live, changed; over restarts and lost connections, for ever.

    A list that the server does not have at the start is a `UsageError`. Where no server was ever reached, or where
    coming back would change nothing, it is `ServerLost`.
    """
    time = clock or SystemClock()
    following = _Following(ScannerClient(url, time, token), names)
    retry = Retry(chance)
    while True:
        began = time.monotonic()
        try:
            async with contextlib.aclosing(following.connection()) as states:
                async for state in states:
                    yield state
        except ServerLost as lost:
            if isinstance(lost, NotServed) or not following.met:
                raise
            following.reason = str(lost)
        lived_s = time.monotonic() - began if following.conversation.greeted else 0.0
        for state in following.news():
            yield state
        await time.pause(retry.wait_s(lived_s, following.conversation.retry_after_s))


class _Following:
    """What is followed over one connection after another, and what was told of it."""

    def __init__(self, client: ScannerClient, names: tuple[str, ...]) -> None:
        self.conversation = client.conversation
        self.conversation.follow(*names)
        self.reason = ""
        """Why nothing is live at the moment, if so."""
        self._client = client
        self._names = names
        self._told: dict[str, Followed] = {}

    @property
    def met(self) -> bool:
        """There was a server once."""
        return self.conversation.offered is not None

    async def connection(self) -> AsyncGenerator[Followed, None]:
        """Follow until the connection ends."""
        async with self._client as client:
            if not client.lists:
                # Who asks for nothing is sent away, also while what is followed does not exist.
                await client.ping("here")
            while True:
                message = await client.next_within(SILENCE_S - STALE_S if self.reason else STALE_S)
                if client.over:
                    break
                if message is None and self.reason:
                    raise ServerLost(SILENT.format(SILENCE_S))
                self.reason = SILENT.format(STALE_S) if message is None else ""
                await self._ask_for_all()
                for state in self.news():
                    yield state
        self.reason = "the connection was lost"
        if client.close_code is not None and client.close_code >= FIRST_FINAL_CLOSE_CODE:
            raise NotServed(WHY_NOT_AGAIN.get(client.close_code, f"it closed with {client.close_code}"))

    async def _ask_for_all(self) -> None:
        """Ask again for a list that was made again; one that never was is the caller's mistake."""
        offered = self.conversation.offered or ()
        for name in self._names:
            if name not in self._client.lists and name in offered:
                await self._client.subscribe(name)
            elif self.met and name not in self._told and name not in offered:
                raise UsageError(f"there is no list {name}{_nearest(name, offered)}")

    def news(self) -> Iterator[Followed]:
        """Give out what is not as it was told."""
        for name in self._names:
            before = self._told.get(name)
            state = self._state(name, before)
            if state is not None and state != before:
                self._told[name] = state
                yield state

    def _state(self, name: str, before: Followed | None) -> Followed | None:
        """How a list stands; None before its first rows came."""
        sync = self._client.lists.get(name)
        if sync is None or sync.rankings.epoch is None:
            return before and replace(before, live=False, reason=self.reason or "there is no such list any more")
        held, live = sync.rankings, sync.live and not self.reason
        reason = "" if live else self.reason or "catching up"
        return Followed(name, held.epoch or "", held.sequence, held.timestamp, held.rows, live, reason)


def _nearest(name: str, offered: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, offered, n=1, cutoff=0.0)
    return f": the nearest is {near[0]}" if near else ""
