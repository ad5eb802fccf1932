"""Days as parts of a table: they fit together without gaps, hold their market day, and go when they are old."""

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.history.keeping import asked, connected, kept_server
from tests.support.market import at
from tradeul.domain.events import Nanos
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.partitions import day_of, drop_parts, instant_of_moment, make_parts, moment_of

PARTS = """
SELECT part.relname, pg_get_expr(part.relpartbound, part.oid) FROM pg_inherits
JOIN pg_class AS part ON part.oid = inhrelid JOIN pg_class AS whole ON whole.oid = inhparent
JOIN pg_namespace AS home ON home.oid = whole.relnamespace
WHERE home.nspname = $1 AND whole.relname = $2 ORDER BY 1"""
TURN = dt.date(2026, 11, 1)
"""Clocks go back: a day of 25 hours."""


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


@given(st.integers(0, 2**62))
def test_an_instant_is_kept_to_the_microsecond(instant: int) -> None:
    """What comes back is the instant without its last three digits."""
    assert instant_of_moment(moment_of(Nanos(instant))) == instant // 1_000 * 1_000


@pytest.mark.parametrize("instant", [-1, -(10**30), 10**30])
def test_an_impossible_instant_is_moved_to_the_nearest_possible(instant: int) -> None:
    """No number keeps a batch from being written."""
    assert 1970 <= moment_of(Nanos(instant)).year <= 2200
    assert 1969 <= day_of(Nanos(instant)).year <= 2200


def test_a_day_is_new_yorks() -> None:
    """A market day with all its sessions is one day, in winter too, when its evening is tomorrow in Greenwich."""
    assert {day_of(at(wall)) for wall in ("00:00", "04:00", "16:00", "19:59", "23:59")} == {dt.date(2026, 11, 18)}
    assert day_of(Nanos(at("00:00") - 1)) == dt.date(2026, 11, 17)


async def test_parts_follow_each_other_without_a_gap(server: EmbeddedPostgres) -> None:
    """Each begins where the one before ends, across a change of the clocks; making them again changes nothing."""
    days = [TURN + dt.timedelta(days=turn) for turn in range(-2, 3)]
    async with connected(server.dsn, "gapless") as connection:
        for _ in range(2):
            await make_parts(connection, ["list_events"], days)
        parts = await asked(server.dsn, PARTS, "gapless", "list_events")

    bounds = [bound.split("'")[1::2] for _, bound in parts]
    assert [name for name, _ in parts] == [f"list_events_{day:%Y%m%d}" for day in days]
    assert [begin for begin, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    begin, end = map(dt.datetime.fromisoformat, (bounds[2][0] + ":00", bounds[2][1] + ":00"))
    assert end - begin == dt.timedelta(hours=25)


@pytest.mark.parametrize("table", ["list_events", "list_states", "list_results", "aggregates_1min", "ticks"])
async def test_only_old_days_are_dropped(server: EmbeddedPostgres, table: str) -> None:
    """Of ten days, those more than three days back go; what else hangs on a table by hand stays."""
    world = f"old-{table.replace('_', '-')}"
    today = day_of(Nanos(at("12:00")))
    async with connected(server.dsn, world) as connection:
        await make_parts(connection, [table], [today - dt.timedelta(days=back) for back in range(10)])
        assert await drop_parts(connection, {table: 3}, today) == 6
        assert await drop_parts(connection, {table: 3}, today) == 0
        left = [name for name, _ in await asked(server.dsn, PARTS, world.replace("-", "_"), table)]

    assert left == [f"{table}_202611{day}" for day in (15, 16, 17, 18)]
