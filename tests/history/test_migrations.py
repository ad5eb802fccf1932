"""The tables of a world: made once, by any role that may, under the names and columns that are promised."""

from collections.abc import Iterator

import pytest

from tests.history.keeping import PATIENT, asked, connected, kept_server
from tests.history.worlds import execute
from tradeul.errors import HistoryUnavailable
from tradeul.history import migrations as migrations_
from tradeul.history.database import Database
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.migrations import Migration, migrate, migrations

PROMISED = {
    "ticker_metadata": "symbol company_name exchange type sector industry market_cap float_shares shares_outstanding"
    " avg_volume_30d avg_volume_10d avg_price_30d beta is_etf is_actively_trading updated_at",
    "daily_ohlc": "date symbol open high low close volume vwap trades",
    "ticker_atr": "symbol date period atr atr_percent",
    "aggregates_1min": "time symbol open high low close volume vwap trades",
    "volume_slots": "date symbol slot_number slot_time volume_accumulated trades_count avg_price source",
    "volume_slot_averages": "symbol slot_number avg_volume sessions as_of",
    "ticks": "time symbol price size exchange conditions",
    "scan_results": "scan_id scan_timestamp list rank symbol price volume rvol change_percent market_cap",
    "list_states": "time list symbols prices changes rvols volumes",
    "list_events": "time list symbol event rank price reason",
    "splits": "symbol date old new",
    "user_scans": "",
    "alert_history": "time id rule symbol list text suppressed data",
    "maintenance_runs": "job days state rows_written error started_at finished_at",
    "minutes_completed": "symbol date asked_at",
}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


async def ordinary_role(server: EmbeddedPostgres, name: str, *rights: str) -> str:
    """An address for a role without privileges but `rights`."""
    await execute(server.dsn, "; ".join([f"CREATE ROLE {name} LOGIN NOSUPERUSER", *rights]))
    return server.dsn.replace("tradeul@", f"{name}@", 1)


async def refusal(address: str, world: str) -> str:
    """Why the tables of a world cannot be made."""
    with pytest.raises(HistoryUnavailable) as caught:
        async with connected(address, world):
            pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("table", PROMISED)
async def test_every_promised_name_answers(server: EmbeddedPostgres, table: str) -> None:
    """Each table or view is there, with its columns."""
    async with connected(server.dsn, "promised") as connection:
        statement = await connection.prepare(f"TABLE {table}")
        columns = [attribute.name for attribute in statement.get_attributes()]

    assert [name for name in PROMISED[table].split() if name not in columns] == []
    assert columns


async def test_migrating_twice_is_migrating_once(server: EmbeddedPostgres) -> None:
    """The second time nothing is done, and what is there stays."""
    database = Database(lambda: server.dsn, "twice", PATIENT)
    connection = await database.connected()
    assert await migrate(connection, database.schema) == len(migrations())
    await connection.execute("INSERT INTO user_scans VALUES ('mine', '{}', now())")

    assert await migrate(connection, database.schema) == 0
    assert await connection.fetchval("SELECT count(*) FROM user_scans") == 1
    await connection.close()


async def test_a_step_is_taken_whole_or_not_at_all(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later step that fails, if only in being noted down, leaves what was there before it; mended, it is taken."""
    async with connected(server.dsn, "steps"):
        pass
    following = migrations()[-1].version + 1
    taken = "CREATE TABLE half (a int); INSERT INTO schema_versions SELECT max(version) + 1 FROM schema_versions"
    broken = (*migrations(), Migration(following, taken))
    monkeypatch.setattr(migrations_, "migrations", lambda: broken)
    database = Database(lambda: server.dsn, "steps", PATIENT)
    connection = await database.connected()
    with pytest.raises(HistoryUnavailable, match="duplicate key"):
        async with database.asked(connection):
            await migrate(connection, database.schema)
    connection.terminate()
    assert await asked(server.dsn, "SELECT to_regclass('steps.half')") == [(None,)]

    mended = (*migrations()[:-1], Migration(following, "CREATE TABLE half (a int)"))
    monkeypatch.setattr(migrations_, "migrations", lambda: mended)
    async with connected(server.dsn, "steps") as connection:
        assert await connection.fetchval("SELECT max(version) FROM schema_versions") == following


async def test_a_step_that_was_left_out_is_taken(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that came to be known after a later one was taken is not passed over."""
    later = migrations()[-1].version + 2
    known = (*migrations(), Migration(later, "CREATE TABLE later (a int)"))
    monkeypatch.setattr(migrations_, "migrations", lambda: known)
    async with connected(server.dsn, "left-out"):
        pass
    between = (*known[:-1], Migration(later - 1, "CREATE TABLE earlier (a int)"), known[-1])
    monkeypatch.setattr(migrations_, "migrations", lambda: between)

    async with connected(server.dsn, "left-out") as connection:
        assert await connection.fetch("TABLE earlier") == []


async def test_a_newer_schema_is_refused(server: EmbeddedPostgres) -> None:
    """What a newer program made is not touched by an older one."""
    async with connected(server.dsn, "newer") as connection:
        await connection.execute("INSERT INTO schema_versions VALUES (999)")

    newest = migrations()[-1].version
    assert await refusal(server.dsn, "newer") == (
        f"the schema newer is of version 999, and this tradeul knows up to {newest}: run the newer one"
    )


async def test_an_old_server_is_refused(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is named, and the one that is needed."""
    monkeypatch.setattr(migrations_, "OLDEST_SERVER", 99)

    assert await refusal(server.dsn, "ancient") == "this is Postgres 18: tradeul needs 99 or newer"


async def test_an_ordinary_role_is_enough(server: EmbeddedPostgres) -> None:
    """A role that may only create in the database makes its own schema, and plain names answer it."""
    address = await ordinary_role(server, "plain", "GRANT CREATE ON DATABASE postgres TO plain")
    async with connected(address, "of-plain"):
        pass

    assert await asked(address, "SELECT count(*) FROM scan_results") == [(0,)]


async def test_an_owned_schema_is_enough(server: EmbeddedPostgres) -> None:
    """A role that may create nothing in the database uses the schema that it was given."""
    address = await ordinary_role(server, "given", "CREATE SCHEMA of_given AUTHORIZATION given")
    async with connected(address, "of-given"):
        pass

    assert await asked(address, "SELECT count(*) FROM of_given.list_events") == [(0,)]


async def test_what_is_not_allowed_is_named(server: EmbeddedPostgres) -> None:
    """Who may not do what, and what would help."""
    address = await ordinary_role(server, "nobody_much")
    said = await refusal(address, "of-nobody")

    assert said == (
        "nobody_much in database postgres may not make the tables of of_nobody"
        " (permission denied for database postgres):"
        " let it CREATE in the database, or give it a schema of_nobody of its own"
    )


@pytest.mark.parametrize("right", ["", "; GRANT USAGE ON SCHEMA {0} TO {0}"])
async def test_a_foreign_schema_is_named(server: EmbeddedPostgres, right: str) -> None:
    """A schema of the world's name that is somebody else's is a matter of permission too."""
    name = "guest" if right else "stranger"
    address = await ordinary_role(server, name, f"CREATE SCHEMA {name}{right.format(name)}")

    assert f"may not make the tables of {name} (" in await refusal(address, name)


async def test_plain_names_are_of_the_world_that_started_last(server: EmbeddedPostgres) -> None:
    """Somebody's own search path is left alone; ours follows the world."""
    address = await ordinary_role(server, "two_worlds", "GRANT CREATE ON DATABASE postgres TO two_worlds")
    home = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'list_events'::regclass"
    for world in ("first-w", "second-w"):
        async with connected(address, world):
            pass
        assert await asked(address, home) == [(world.replace("-", "_"),)]

    await execute(address, "ALTER ROLE two_worlds IN DATABASE postgres SET search_path = public")
    async with connected(address, "first-w"):
        pass
    assert await asked(address, "SHOW search_path") == [("public",)]
