"""The tables of a world, brought up to date by the program itself: forward only, each step in a transaction.

A step is a file of `schema/` named by its number; once released it never changes. Any role that may create a schema
in the database, or owns the one of the world, is enough. Whatever stands in the way is said in one line. The
connection is thrown away by the caller if anything raises, and the server undoes what was begun.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

import asyncpg

from tradeul.errors import HistoryUnavailable
from tradeul.history.database import Connection

OLDEST_SERVER: Final = 14

_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('tradeul'), hashtext($1))"
_SCHEMA_EXISTS: Final = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)"
_SCHEMA_MADE: Final = "SELECT format('CREATE SCHEMA IF NOT EXISTS %I', $1::text)"
_VERSIONS_EXIST: Final = "SELECT to_regclass('schema_versions') IS NOT NULL"
_VERSIONS_MADE: Final = """CREATE TABLE IF NOT EXISTS schema_versions
    (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"""
_VERSIONS: Final = "SELECT version FROM schema_versions"
_STEP_DONE: Final = "INSERT INTO schema_versions (version) VALUES ($1)"
_WHO_WHERE: Final = "SELECT current_user || ' in database ' || current_database()"

# Plain names answer whoever connects as our role, unless its own search path is somebody's who is not us.
_SEARCH_PATH: Final = """
WITH own AS (
    SELECT split_part(entry, '=', 2) AS path
    FROM pg_db_role_setting
    JOIN pg_database ON pg_database.oid = setdatabase AND datname = current_database()
    JOIN pg_roles ON pg_roles.oid = setrole AND rolname = current_user,
    unnest(setconfig) AS entry
    WHERE entry LIKE 'search_path=%'
)
SELECT format('ALTER ROLE %I IN DATABASE %I SET search_path = %I, public', current_user, current_database(), $1::text)
WHERE NOT EXISTS (
    SELECT FROM own
    WHERE to_regclass(split_part(path, ',', 1) || '.schema_versions') IS NULL OR path = $1 || ', public'
)"""


class Migration(NamedTuple):
    """One step."""

    version: int
    script: str


@cache
def migrations() -> tuple[Migration, ...]:
    """Every step, in order."""
    folder = resources.files("tradeul.history") / "schema"
    found = [(match, file) for file in folder.iterdir() if (match := _NAME.fullmatch(file.name))]
    return tuple(sorted(Migration(int(match[1]), file.read_text("utf-8")) for match, file in found))


async def migrate(connection: Connection, schema: str) -> int:
    """Bring the schema of a world up to date; how many steps that took."""
    server = connection.get_server_version()
    if server.major < OLDEST_SERVER:
        raise HistoryUnavailable(f"this is Postgres {server.major}: tradeul needs {OLDEST_SERVER} or newer")
    try:
        await _make_schema(connection, schema)
        done = await _apply(connection, schema)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError) as error:
        raise HistoryUnavailable(await _permission_needed(connection, schema, error)) from error
    await _answer_plain_names(connection, schema)
    return done


async def _make_schema(connection: Connection, schema: str) -> None:
    if not await connection.fetchval(_SCHEMA_EXISTS, schema):
        await connection.execute(await connection.fetchval(_SCHEMA_MADE, schema))


async def _apply(connection: Connection, schema: str) -> int:
    """Apply what is missing. A second program that starts at the same time waits for the first."""
    known = migrations()
    if await connection.fetchval(_VERSIONS_EXIST) and await _is_current(connection, schema, known):
        return 0
    done = 0
    for migration in known:
        await connection.execute("BEGIN")
        await connection.execute(_LOCK, schema)
        await connection.execute(_VERSIONS_MADE)
        if migration.version not in await _versions(connection):
            await connection.execute(migration.script)
            await connection.execute(_STEP_DONE, migration.version)
            done += 1
        await connection.execute("COMMIT")
    return done


async def _is_current(connection: Connection, schema: str, known: Sequence[Migration]) -> bool:
    taken, newest = await _versions(connection), known[-1].version
    if taken and max(taken) > newest:
        raise HistoryUnavailable(
            f"the schema {schema} is of version {max(taken)}, and this tradeul knows up to {newest}: run the newer one"
        )
    return taken.issuperset(step.version for step in known)


async def _versions(connection: Connection) -> set[int]:
    """The steps that were taken. One that was not may well stand before one that was: it is taken then."""
    return {row[0] for row in await connection.fetch(_VERSIONS)}


async def _permission_needed(connection: Connection, schema: str, error: asyncpg.PostgresError) -> str:
    """What to grant; the step that failed is undone first, or nothing could be asked."""
    await connection.execute("ROLLBACK")
    who = await connection.fetchval(_WHO_WHERE)
    return (
        f"{who} may not make the tables of {schema} ({error}):"
        f" let it CREATE in the database, or give it a schema {schema} of its own"
    )


async def _answer_plain_names(connection: Connection, schema: str) -> None:
    try:
        command = await connection.fetchval(_SEARCH_PATH, schema)
        if command is not None:
            await connection.execute(command)
    except asyncpg.PostgresError:
        # A courtesy to people with psql: where it is not allowed, they name the schema.
        return
