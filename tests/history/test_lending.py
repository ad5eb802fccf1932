"""Connections that are lent: what becomes of one on which something failed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.history.keeping import PATIENT, asked, connected, kept_server
from tests.support.eventually import eventually
from tradeul.errors import HistoryUnavailable
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.lending import Lender

SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tradeul lent'"
WRONG_DATA = "SELECT 'x'::text::integer"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


@asynccontextmanager
async def lender_of(server: EmbeddedPostgres) -> AsyncIterator[Lender]:
    async with connected(server.dsn, "lent"):
        pass
    lender = Lender(lambda: server.dsn, "lent", 1, PATIENT)
    try:
        yield lender
    finally:
        await lender.close()


async def pid_of(connection: Any) -> int:
    return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def test_a_connection_is_used_again(server: EmbeddedPostgres) -> None:
    """Also one on which only the data was wrong, which is raised as such."""
    pids = []
    async with lender_of(server) as lender:
        async with lender.lent() as connection:
            pids.append(await pid_of(connection))
        with pytest.raises(HistoryUnavailable):
            async with lender.lent() as connection:
                await connection.execute(WRONG_DATA)
        async with lender.lent() as connection:
            pids.append(await pid_of(connection))

    assert pids[0] == pids[1]

    async def is_over() -> bool:
        return await asked(server.dsn, SESSIONS) == [(0,)]

    await eventually(is_over)


async def test_half_a_transaction_is_nobody_elses(server: EmbeddedPostgres) -> None:
    """A connection whose transaction the data spoilt is ended, so that the next one begins at the beginning."""
    async with lender_of(server) as lender:
        with pytest.raises(HistoryUnavailable):
            async with lender.lent() as connection:
                await connection.execute("BEGIN")
                await connection.execute(WRONG_DATA)

        async with lender.lent() as connection:
            assert await connection.fetchval("SELECT 1") == 1
