"""The way to the database: worlds have places of their own, and every failure is one line without a secret."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.history.worlds import cluster_in, execute, freeze, postgres
from tradeul.errors import HistoryUnavailable
from tradeul.history.database import HIDDEN, Database, Waits, masked, schema_of, see_off

PLAIN = "p@ss:w/rd"
"""A password, as it is and as an address spells it."""
SPELT = "p%40ss%3Aw%2Frd"
QUICK = Waits(connect_s=0.2, command_s=0.2)


def test_a_world_names_its_schema() -> None:
    """The usual worlds are found under the names that people expect."""
    assert [schema_of(world) for world in ("live", "sim-42", "replay-2026-11-18")] == [
        "live",
        "sim_42",
        "replay_2026_11_18",
    ]


@given(st.text(max_size=80), st.text(max_size=80))
def test_two_worlds_never_share_a_schema(one: str, other: str) -> None:
    """Whatever a world is called, its schema is a plain name that is short enough, and its own."""
    assert schema_of(one).replace("_", "a").isalnum()
    assert len(schema_of(one).encode()) <= 63
    assert (schema_of(one) == schema_of(other)) == (one == other)


def test_odd_worlds_have_their_own_names() -> None:
    """Names that differ in case, signs or only at the end of a long text are different worlds."""
    worlds = ["replay-A", "replay-a", "replay_a", "replay.a", "w" * 60, "w" * 61, "1", "'; DROP SCHEMA live", ""]

    assert len({schema_of(world) for world in worlds}) == len(worlds)


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://joe:{SPELT}@db/x",
        f"postgresql://joe@db/x?password={SPELT}",
        f"postgresql://joe:{PLAIN}@db/x",
        f"postgresql://joe:{PLAIN}@[db/x",
    ],
)
def test_no_line_holds_a_password(address: str) -> None:
    """In whatever spelling the password is, it is not in what is shown."""
    shown = masked(f"cannot reach {address}", address)

    assert HIDDEN in shown
    assert "ss:w" not in shown
    assert "ss%3Aw" not in shown


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "Postgres has not started yet"),
        (f"postgresql://joe:{SPELT}@127.0.0.1:bad/x", "Postgres: "),
        (f"postgresql://joe:{PLAIN}@127.0.0.1/x", "Postgres: "),
        ("postgresql://joe@/x?host=/nowhere", "Postgres: "),
    ],
)
async def test_an_address_that_leads_nowhere_is_one_line(address: str, said: str) -> None:
    """No server, no port, no folder: one line that begins with whose trouble it is."""
    with pytest.raises(HistoryUnavailable) as caught:
        await Database(lambda: address, "live", QUICK).connected()

    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    assert "w/rd" not in str(caught.value)


async def test_a_port_without_postgres_is_given_up() -> None:
    """Something that listens and says nothing is left after the wait, not waited for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://joe:{SPELT}@127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(HistoryUnavailable, match="does not answer"):
            await Database(lambda: address, "live", QUICK).connected()


async def test_a_frozen_server_is_given_up(used_world: Path) -> None:
    """A question, a connection and a farewell each end, though the server answers nothing."""
    async with postgres(used_world) as server:
        patient, database = (Database(lambda: server.dsn, "live", waits) for waits in (Waits(), QUICK))
        asking, leaving = await patient.connected(), await patient.connected()
        frozen = freeze(cluster_in(used_world))
        try:
            with pytest.raises(HistoryUnavailable, match="does not answer"):
                async with database.asked(asking):
                    await asking.fetchval("SELECT 1")
            with pytest.raises(HistoryUnavailable, match="does not answer"):
                await database.connected()
            await see_off(leaving)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)

        assert asking.is_closed()
        assert leaving.is_closed()
        asked_again = await patient.connected()
        assert await asked_again.fetchval("SELECT 1") == 1
        await see_off(asked_again)


async def test_whoever_is_cancelled_leaves_no_connection(used_world: Path) -> None:
    """A question that nobody waits for any more ends its connection."""
    async with postgres(used_world) as server:
        database = Database(lambda: server.dsn, "live", Waits())
        connection = await database.connected()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), database.asked(connection):
                await connection.fetchval("SELECT pg_sleep(60)")

        assert connection.is_closed()


async def test_a_wrong_password_is_said(used_world: Path) -> None:
    """The server's own words, and not the password."""
    async with postgres(used_world) as server:
        await execute(server.dsn, "DROP ROLE IF EXISTS joe; CREATE ROLE joe LOGIN PASSWORD 'right'")
        rules = cluster_in(used_world) / "pg_hba.conf"
        before = rules.read_text()
        rules.write_text(f"local all joe scram-sha-256\n{before}")
        await execute(server.dsn, "SELECT pg_reload_conf()")
        address = server.dsn.replace("tradeul@", f"joe:{SPELT}@", 1)
        try:
            with pytest.raises(HistoryUnavailable) as caught:
                while True:
                    await see_off(await Database(lambda: address, "live", Waits()).connected())
        finally:
            rules.write_text(before)

    assert str(caught.value) == 'Postgres: password authentication failed for user "joe"'
