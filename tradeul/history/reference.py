"""What is kept of securities, read for the board: the engine's `ReferenceBook`, on a connection of its own."""

from collections.abc import Callable
from typing import Final

from tradeul.domain.reference import Facts
from tradeul.history import reference_store as store
from tradeul.history.database import Waits
from tradeul.history.lending import Lender

CONNECTIONS: Final = 1


class PostgresReference:
    """A `ReferenceBook` in the Postgres at `address`."""

    def __init__(self, address: Callable[[], str], world: str, waits: Waits | None = None) -> None:
        self._lender = Lender(address, world, CONNECTIONS, waits)

    async def changes(self, after: int, limit: int) -> tuple[list[Facts], int]:
        """Give what changed after a mark, at most so many, and the mark behind them."""
        async with self._lender.lent() as connection:
            rows = await store.changed(connection, after, limit)
        return [Facts(*row[1:]) for row in rows], rows[-1].change if rows else after

    async def close(self) -> None:
        """End the connection; nothing is being asked any more."""
        await self._lender.close()
