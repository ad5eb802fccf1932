"""A few connections to a world's database, lent for one question at a time.

Whoever reads the past and whoever loads it has a `Lender` of its own, so that neither can hold up the writer or the
other. A question that fails otherwise than by its data costs its connection; whatever goes wrong is
`HistoryUnavailable`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tradeul.history.database import Connection, Database, Waits, see_off


class Lender:
    """Connections to the Postgres at `address`, which is asked for at each new one; at most `most` at a time."""

    def __init__(self, address: Callable[[], str], world: str, most: int, waits: Waits | None = None) -> None:
        self._database = Database(address, world, waits or Waits())
        self._turns = asyncio.Semaphore(most)
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def lent(self, within_s: float | None = None) -> AsyncIterator[Connection]:
        """A connection for what is asked in here, which has `within_s` or the command's usual time."""
        async with self._turns:
            connection = await self._one()
            try:
                async with self._database.asked(connection, within_s):
                    yield connection
            finally:
                self._take_back(connection)

    async def close(self) -> None:
        """End the connections; nothing is being asked any more."""
        while self._idle:
            await see_off(self._idle.pop())

    def _take_back(self, connection: Connection) -> None:
        if connection.is_closed():
            return
        if connection.is_in_transaction():
            # What its data spoilt was not finished, and the next question must not find itself in it.
            connection.terminate()
        else:
            self._idle.append(connection)

    async def _one(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._database.connected()
