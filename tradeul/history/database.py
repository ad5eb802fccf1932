"""The way to the database of one world: connections that cannot hang, and whatever goes wrong said in one line.

A frozen server answers nothing, not even a request to stop a query. So every wait has an end here, and a connection
on which anything failed is thrown away: nothing else is tried on it, not even a rollback, which the server does by
itself. No line that leaves here holds a password.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from tradeul.errors import HistoryUnavailable

Connection = Any
"""An `asyncpg.Connection`, which has no types of its own."""
CLOSING_S: Final = 1.0
LONGEST_SCHEMA: Final = 48
HIDDEN: Final = "***"
# The last one is the driver's word for a connection that the killed server ended between two of its steps.
_FAILURES: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_PLAIN_WORLD: Final = re.compile(rf"[a-z][a-z0-9-]{{0,{LONGEST_SCHEMA - 1}}}")
_PASSWORD_IN_WORDS: Final = re.compile(r"(?<=[:=])[^:@/\s]+(?=@)")


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the database may take, in seconds of the wall."""

    connect_s: float = 3.0
    command_s: float = 5.0


def schema_of(world: str) -> str:
    """The schema of a world: `sim-1` is in `sim_1`. Two worlds never share one."""
    if _PLAIN_WORLD.fullmatch(world):
        return world.replace("-", "_")
    readable = re.sub(r"[^a-z0-9]", "_", world.lower())[:LONGEST_SCHEMA]
    return f"w_{readable}_{zlib.crc32(world.encode(errors='replace')):08x}"


class Database:
    """Makes connections to where `address` says at that moment; it says nothing while there is no server yet."""

    def __init__(self, address: Callable[[], str], world: str, waits: Waits) -> None:
        self._address = address
        self.schema: Final = schema_of(world)
        self._waits = waits

    async def connected(self) -> Connection:
        """A connection whose plain names are those of our world."""
        address = self._address()
        if not address:
            raise HistoryUnavailable("Postgres has not started yet")
        settings = {
            "search_path": f'"{self.schema}"',
            "application_name": f"tradeul {self.schema}",
            # One plan for whatever is asked would walk all days for a rare symbol: 227 ms instead of 15.
            "plan_cache_mode": "force_custom_plan",
        }
        with one_line(address):
            async with asyncio.timeout(self._waits.connect_s):
                return await asyncpg.connect(address, server_settings=settings)

    @asynccontextmanager
    async def asked(self, connection: Connection, within_s: float | None = None) -> AsyncIterator[None]:
        """Something is asked of `connection` in here; if that fails otherwise than by its data, it is thrown away."""
        try:
            with one_line(self._address()):
                async with asyncio.timeout(self._waits.command_s if within_s is None else within_s):
                    yield
        except BaseException as error:
            if not is_of_the_data(error):
                connection.terminate()
            raise


@asynccontextmanager
async def whole_or_nothing(connection: Connection) -> AsyncIterator[None]:
    """What is done in here is done together. Only what the data forbids is undone by us: else the server undoes it."""
    await connection.execute("BEGIN")
    try:
        yield
    except asyncpg.DataError:
        await connection.execute("ROLLBACK")
        raise
    await connection.execute("COMMIT")


async def see_off(connection: Connection) -> None:
    """End a connection as it should be, unless that takes too long."""
    try:
        async with asyncio.timeout(CLOSING_S):
            await connection.close()
    except (OSError, *_FAILURES):
        connection.terminate()


def is_of_the_data(error: BaseException) -> bool:
    """Whether the database is well and only what it was given is at fault."""
    return isinstance(error, HistoryUnavailable) and isinstance(error.__cause__, asyncpg.DataError)


@contextmanager
def one_line(address: str) -> Iterator[None]:
    """Say in one line, as `HistoryUnavailable`, what goes wrong in here."""
    try:
        yield
    except TimeoutError as error:
        raise HistoryUnavailable("Postgres does not answer") from error
    except (OSError, ValueError, *_FAILURES) as error:
        line = " ".join(str(error).split()) or type(error).__name__
        raise HistoryUnavailable(f"Postgres: {masked(line, address)}") from error


def masked(text: str, address: str) -> str:
    """The text without the password of the address, in whatever spelling."""
    text = _PASSWORD_IN_WORDS.sub(HIDDEN, text.replace(address, HIDDEN) if address else text)
    for secret in _passwords_of(address):
        text = text.replace(secret, HIDDEN)
    return text


def _passwords_of(address: str) -> set[str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return set()
    spelt = {parts.password or "", *parse_qs(parts.query).get("password", [])}
    return {secret for text in spelt for secret in (text, unquote(text)) if secret}
