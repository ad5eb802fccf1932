"""Alerts in the database: what rang and what did not, kept once, and nothing of a future that will not be."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.history.keeping import alert, asked, at_work, kept_server, later, writer_into
from tests.support.eventually import eventually
from tests.support.market import at
from tradeul.clock import PacedClock
from tradeul.domain.alerts import Alert
from tradeul.domain.events import Symbol
from tradeul.history.batches import storable
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.partitions import instant_of_moment
from tradeul.history.writer import HistoryWriter

pytestmark = pytest.mark.slow

ROWS = "SELECT id, time, rule, symbol, list, text, suppressed, data FROM {0}.alert_history ORDER BY id"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


async def written(writer: HistoryWriter, count: int) -> None:
    await eventually(lambda: writer.report.written >= count)


async def alerts_in(server: EmbeddedPostgres, world: str) -> list[Alert]:
    rows = await asked(server.dsn, ROWS.format(world))
    return [
        Alert._make((number, instant_of_moment(moment), *words, orjson.loads(data)))
        for number, moment, *words, data in rows
    ]


async def test_what_rang_and_what_did_not_can_be_read_back(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """To the microsecond, in order, and what is brought twice is kept once."""
    told = [alert(0.123456), alert(1, "BRK.B", "cooling down", list=None), alert(2, None, "storm", data={"count": 9})]
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "rang")) as writer:
        for each in [*told, *told]:
            writer.alert(each)
        await written(writer, 6)

    assert await alerts_in(server, "rang") == told


async def test_words_that_no_database_holds_are_replaced(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """A NUL or half of a character in a name keeps nothing from being written; statements are only words."""
    odd, half, statement = "N\0UL", "half \ud800", "'; DROP TABLE alert_history; --"
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "odd")) as writer:
        writer.alert(alert(1, odd, text=half, data={"reason": odd, "symbols": [half, "A"]}))
        writer.alert(alert(2, statement, statement, text=statement, data={statement: statement}))
        await written(writer, 2)

    first, second = await alerts_in(server, "odd")
    assert (first.symbol, first.text) == (storable(odd), storable(half))
    assert first.data == {"reason": storable(odd), "symbols": [storable(half), "A"]}
    assert second == alert(2, statement, statement, text=statement, data={statement: statement})


async def test_what_is_later_than_the_start_is_set_aside(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """A market that begins anew finds nothing that rang later in an earlier life."""
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "anew")) as before:
        for second in (0, 3600):
            before.alert(alert(second))
        await written(before, 2)

    half_past = PacedClock(at("12:30"))
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "anew", clock=half_past)) as after:
        await eventually(lambda: after.report.set_aside == 1)

    assert [kept.at for kept in await alerts_in(server, "anew")] == [later(0)]
    assert await asked(server.dsn, "SELECT table_name FROM anew.set_aside") == [("alert_history",)]


async def test_alerts_lie_in_parts_by_day(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """So that a day of them is dropped as one."""
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "parts")) as writer:
        writer.alert(alert(0, Symbol("A")))
        await written(writer, 1)

    assert await asked(server.dsn, "SELECT count(*) FROM parts.alert_history_20261118") == [(1,)]
