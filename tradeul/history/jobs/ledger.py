"""The runs in `maintenance_runs`: what was noted there by earlier programs, and what happens now.

A database that is away never holds a run up: what could not be noted down is, at the next chance, as it stands then.
"""

import asyncio
from typing import Final, NamedTuple

from tradeul.domain.events import Nanos
from tradeul.errors import HistoryUnavailable
from tradeul.history import run_store
from tradeul.history.jobs.run import Run
from tradeul.history.lending import Lender
from tradeul.history.run_store import Kept

WITHIN_S: Final = 2.0
"""Whoever asks for a run over HTTP waits for no more than that."""


class Past(NamedTuple):
    """How the runs of earlier programs ended."""

    successes: list[Kept]
    """The last of each job and depth."""
    failures: list[Kept]
    """The last of each job."""
    interrupted: int


class Ledger:
    """Notes runs down, each under the one number that the database gave it."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender
        self._one_at_a_time = asyncio.Lock()
        self._unsaved: dict[Run, None] = {}

    async def open(self, now: Nanos) -> Past:
        """Give up what a killed program left, and read how the others ended."""
        async with self._lender.lent() as connection:
            interrupted = await run_store.interrupt(connection, now)
            return Past(await run_store.successes(connection), await run_store.failures(connection), interrupted)

    def put(self, run: Run) -> None:
        """Have a run noted down as it stands, at the next chance."""
        self._unsaved[run] = None

    async def save(self) -> None:
        """Note down what was put here, if the database answers."""
        async with self._one_at_a_time:
            while self._unsaved:
                run = next(iter(self._unsaved))
                try:
                    async with self._lender.lent(WITHIN_S) as connection:
                        run.row = await run_store.keep(connection, run.row, run.state, run.kept())
                except HistoryUnavailable:
                    return
                del self._unsaved[run]

    async def close(self) -> None:
        """Note down what is left and let go of the connections."""
        await self.save()
        await self._lender.close()
