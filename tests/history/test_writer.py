"""The writer: instant for whoever brings something, and nothing missing after whatever became of the server."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.history.keeping import (
    PATIENT,
    annals_of,
    asked,
    at_work,
    event,
    events_in,
    kept_server,
    later,
    minute,
    minutes_in,
    record,
    writer_into,
)
from tests.history.worlds import cluster_in, execute, found, freeze, postgres
from tests.recording.test_file import largest_file
from tests.support.eventually import PATIENT_S, eventually, running
from tests.support.market import NANOS, at
from tradeul.clock import PacedClock
from tradeul.domain.events import ListRow, Symbol
from tradeul.engine.ports import Chronicle, Span
from tradeul.history import store
from tradeul.history import writer as writer_
from tradeul.history.batches import BATCH_ITEMS, storable
from tradeul.history.database import Waits
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.link import Pace
from tradeul.history.writer import HistoryWriter, Room

pytestmark = pytest.mark.slow(7)

HOURS = 48
MANY_TURNS = 1_000
COUNTED = """SELECT (SELECT count(*) FROM {0}.list_events), (SELECT count(*) FROM {0}.list_states),
    (SELECT count(*) FROM {0}.scan_results), (SELECT count(*) FROM {0}.aggregates_1min)"""
TERMINATED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tradeul again'"
COMPLETED = """INSERT INTO anew.minutes_completed VALUES ('THEN', '2026-11-17', '2026-11-18 12:00 America/New_York'),
    ('LATER', '2026-11-18', '2026-11-18 13:00 America/New_York')"""
INJECTION = "'; DROP TABLE list_events; --"
FROZEN = Pace(
    flush_s=0.01,
    first_backoff_s=0.05,
    longest_backoff_s=0.1,
    quiet_s=0.1,
    waits=Waits(connect_s=1.0, command_s=1.0),
)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


async def written(writer: HistoryWriter, count: int) -> None:
    """Wait until so many items are in the database."""
    await eventually(lambda: writer.report.written >= count)


async def tried_again(writer: HistoryWriter) -> None:
    """Wait for another failure."""
    before = writer.report.failures
    await eventually(lambda: writer.report.failures > before)


async def test_whatever_is_brought_can_be_read_back(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """An event, a list of a snapshot and one of a minute, and a minute of a symbol come back to the microsecond."""
    exact = event(0.123456, symbol="BRK.B", price=None, reason="", event="peak")
    first, empty = record(1, "A", "B", "C"), record(2, name="halted")
    of_minute = record(60, "A", "B", caps=True)
    bars = [minute(1), minute(1, "BRK.B", vwap=None, trades=7.0)]
    writer: Chronicle
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "round")) as writer:
        writer.event(exact)
        writer.state(first)
        writer.state(empty)
        writer.result(of_minute)
        for bar in bars:
            writer.minute(bar)
        await written(writer, 6)

    async with annals_of(server.dsn, "round") as annals:
        assert await annals.events(Span(), 10) == [exact]
        assert await annals.list_at("gappers_up", later(59)) == first
        assert await annals.list_at("halted", later(59)) == empty
        assert await annals.list_at("gappers_up", later(60)) == of_minute
        rows, cursor = await annals.results(Span(), 10, None)
    assert cursor is None
    assert rows == [
        ListRow(later(60), "gappers_up", 1, Symbol("A"), 10.25, 4, 3, 2, 1e9),
        ListRow(later(60), "gappers_up", 2, Symbol("B"), None, None, None, None, 1e9 + 1),
    ]
    assert await minutes_in(server.dsn, "round") == bars


async def test_what_is_brought_twice_is_kept_once(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """The same items again, as after a crash between writing and forgetting, change nothing."""
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "twice")) as writer:
        for _ in range(2):
            writer.event(event())
            writer.state(record(0, "A"))
            writer.result(record(0, "A"))
            writer.minute(minute())
        await written(writer, 8)

    assert await asked(server.dsn, COUNTED.format("twice")) == [(1, 1, 1, 1)]


async def test_words_of_sql_are_only_words(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Symbols, lists and reasons that look like statements, or that no text can hold, are kept as data."""
    odd = event(1, symbol=INJECTION, name=INJECTION, reason=INJECTION)
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "odd")) as writer:
        writer.event(odd)
        writer.event(event(2, symbol="N\0UL", reason="half \ud800"))
        writer.result(record(1, INJECTION, name=INJECTION))
        writer.minute(minute(1, INJECTION))
        writer.minute(minute(2, "N\0UL"))
        await written(writer, 5)

    assert [bar.symbol for bar in await minutes_in(server.dsn, "odd")] == [INJECTION, storable("N\0UL")]

    async with annals_of(server.dsn, "odd") as annals:
        span = Span(INJECTION, odd.symbol)
        assert await annals.events(span, 10) == [odd]
        assert len((await annals.results(span, 10, None))[0]) == 1
        assert [found.reason for found in await annals.events(Span(symbol=event(2, symbol="N\0UL").symbol), 9)] == [
            "half ?"
        ]


async def test_what_the_database_cannot_hold_is_left_out(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """One impossible value in a batch costs itself and nothing else, and is counted."""
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "impossible")) as writer:
        for second in range(5):
            writer.event(event(second, rank=2**40 if second == 2 else second))
        await written(writer, 4)
        report = writer.report

    assert (report.written, report.dropped, report.waiting, report.spooled_bytes) == (4, 1, 0, 0)
    assert [kept.rank for kept in await events_in(server.dsn, "impossible")] == [0, 1, 3, 4]


async def test_nothing_is_missing_after_two_days_without_a_server(own_world: Path, tmp_path: Path) -> None:
    """Stopped for 48 simulated hours: all of it waits on the disk and is there soon after, new rows among it."""
    clock = PacedClock(at("14:00"))
    expected = [event(60 * minute, symbol=f"S{minute % 7}") for minute in range(60 * HOURS)]
    async with postgres(own_world) as server, at_work(writer_into(lambda: server.dsn, tmp_path, clock=clock)) as writer:
        writer.event(expected[0])
        await written(writer, 1)
        await server.stop()
        for one in expected[1:-1]:
            writer.event(one)
            writer.state(record((one.at - later(0)) / NANOS, "A", "B"))
        await eventually(lambda: writer.report.waiting == 0 and writer.report.spooled_bytes > 0)
        assert not writer.report.connected
        await server.start()
        writer.event(expected[-1])
        await written(writer, 2 * len(expected) - 2)

        await eventually(lambda: writer.report.spooled_bytes == 0)
        assert await events_in(server.dsn) == expected
        ((states, newest),) = await asked(server.dsn, "SELECT count(*), max(time) FROM sim_1.list_states")
        assert states == len(expected) - 2
        assert int(newest.timestamp()) * NANOS == expected[-2].at
        assert writer.report.dropped == writer.report.damaged == 0


async def test_a_frozen_server_holds_nobody_up(own_world: Path, tmp_path: Path) -> None:
    """Stopped by SIGSTOP: the loop turns on, and all that is brought arrives when the server goes on."""
    turns = 0

    async def probe() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    expected = [event(second) for second in range(400)]
    async with postgres(own_world) as server, at_work(writer_into(lambda: server.dsn, tmp_path, pace=FROZEN)) as writer:
        writer.event(expected[0])
        await written(writer, 1)
        frozen = freeze(cluster_in(own_world))
        try:
            async with running(probe):
                for one in expected[1:]:
                    writer.event(one)
                    await asyncio.sleep(0)
                await eventually(
                    lambda: writer.report.failures >= 2 and writer.report.waiting == 0 and turns > MANY_TURNS
                )
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        assert writer.report.last_error == "Postgres does not answer"
        await written(writer, len(expected))

        assert await events_in(server.dsn) == expected


async def test_a_frozen_server_is_found_out_while_there_is_nothing_to_write(own_world: Path, tmp_path: Path) -> None:
    """As at night: after a while without a word it is asked for nothing; once it goes on, it is there again."""
    async with postgres(own_world) as server, at_work(writer_into(lambda: server.dsn, tmp_path, pace=FROZEN)) as writer:
        await eventually(lambda: writer.report.connected)
        frozen = freeze(cluster_in(own_world))
        try:
            await eventually(lambda: not writer.report.connected)
            said = writer.report.last_error
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        await eventually(lambda: writer.report.connected)

    assert said == "Postgres does not answer"


async def test_the_end_does_not_wait_for_a_frozen_server(own_world: Path, tmp_path: Path) -> None:
    """Stopped in the middle of a write that never ends, all of it is in the spool, and in the tables later."""
    expected = [event(second) for second in range(3)]
    patient = Pace(flush_s=0.01, waits=Waits(connect_s=600, command_s=600))
    async with postgres(own_world) as server:
        writer = writer_into(lambda: server.dsn, tmp_path, pace=patient)
        async with running(writer.run):
            writer.event(expected[0])
            await written(writer, 1)
            frozen = freeze(cluster_in(own_world))
            writer.event(expected[1])
            await PacedClock(at("14:00")).pause(0.05)
            writer.event(expected[2])
        await writer.close()
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
        assert writer.report.waiting == 0
        assert writer.report.spooled_bytes > 0

        async with at_work(writer_into(lambda: server.dsn, tmp_path)) as following:
            await written(following, 2)
        assert await events_in(server.dsn) == expected


async def test_a_killed_server_loses_nothing(own_world: Path, tmp_path: Path) -> None:
    """Killed at any moment and started again: every row is there once."""
    expected = [event(second) for second in range(3 * BATCH_ITEMS)]
    async with postgres(own_world) as server, at_work(writer_into(lambda: server.dsn, tmp_path)) as writer:
        for number, one in enumerate(expected):
            writer.event(one)
            if number == BATCH_ITEMS:
                await written(writer, 1)
                os.kill(server.state.pid or 0, signal.SIGKILL)
        await eventually(lambda: not server.state.running and writer.report.failures > 0)
        await server.start()
        await eventually(lambda: (writer.report.waiting, writer.report.spooled_bytes) == (0, 0))

        assert await events_in(server.dsn) == expected


async def test_before_there_is_a_server_everything_waits(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Absent at start, and named: what comes is spooled, and written when an address is known."""
    addresses = [""]
    async with at_work(writer_into(lambda: addresses[0], tmp_path, "absent")) as writer:
        writer.event(event())
        await eventually(lambda: writer.report.spooled_bytes > 0)
        assert writer.report.last_error == "Postgres has not started yet"
        addresses[0] = server.dsn
        await written(writer, 1)

    assert await events_in(server.dsn, "absent") == [event()]


async def test_each_time_the_server_is_away_is_said_once(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Attempts in between are counted only; after a row was written, the next time is a new one."""
    addresses = [server.dsn]
    with capture_logs() as logs:
        async with at_work(writer_into(lambda: addresses[0], tmp_path, "again")) as writer:
            for time in range(2):
                writer.event(event(time))
                await written(writer, time + 1)
                addresses[0] = ""
                await execute(server.dsn, TERMINATED)
                for _ in range(3):
                    await tried_again(writer)
                addresses[0] = server.dsn
                await eventually(lambda: writer.report.connected)

    assert [line["event"] for line in logs] == [*("history_connected", "history_away") * 2, "history_connected"]


async def test_what_one_life_spooled_the_next_writes(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """A program that ends while Postgres is away leaves its rows on the disk; the next one begins with them."""
    first = writer_into(lambda: "", tmp_path, "lives")
    first.event(event(1))
    await first.close()
    assert first.report.waiting == 0

    async with at_work(writer_into(lambda: server.dsn, tmp_path, "lives")) as second:
        second.event(event(2))
        await written(second, 2)
        await eventually(lambda: second.report.spooled_bytes == 0)

    assert await events_in(server.dsn, "lives") == [event(1), event(2)]
    assert found(tmp_path, "*") == []


async def test_closing_writes_what_waits(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came after the last round is in the database when the program ends."""
    monkeypatch.setattr(writer_, "CLOSING_S", PATIENT_S)
    slow = Pace(flush_s=600.0, waits=PATIENT)
    writer = writer_into(lambda: server.dsn, tmp_path, "closing", pace=slow)
    async with running(writer.run):
        await eventually(lambda: writer.report.connected)
        writer.event(event())
    await writer.close()

    assert await events_in(server.dsn, "closing") == [event()]
    assert found(tmp_path, "*") == []


async def test_rows_later_than_the_start_are_set_aside(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A market that begins anew finds nothing of what an earlier life kept or spooled for later; it is counted."""
    monkeypatch.setattr(store, "SET_ASIDE_ROWS", 1)
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "anew")) as before:
        for second in (0, 3600, 5400):
            before.event(event(second))
            before.state(record(second, "A"))
            before.result(record(second, "A"))
            before.minute(minute(second / 60))
        await written(before, 12)
    await execute(server.dsn, COMPLETED)
    spooling = writer_into(lambda: "", tmp_path, "anew")
    spooling.event(event(1))
    spooling.event(event(7200))
    await spooling.close()

    half_past = PacedClock(at("12:30"))
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "anew", clock=half_past)) as after:
        await eventually(lambda: (after.report.written, after.report.spooled_bytes) == (1, 0))
        assert after.report.set_aside == 9

    assert await events_in(server.dsn, "anew") == [event(0), event(1)]
    tables = await asked(server.dsn, "SELECT table_name, count(*) FROM anew.set_aside GROUP BY 1 ORDER BY 1")
    assert tables == [("aggregates_1min", 2), ("list_events", 3), ("list_results", 2), ("list_states", 2)]
    assert await asked(server.dsn, "SELECT symbol FROM anew.minutes_completed") == [("THEN",)]


async def test_worlds_never_mix(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Two worlds in one database see nothing of each other."""
    for world in ("sim-7", "live"):
        async with at_work(writer_into(lambda: server.dsn, tmp_path / world, world)) as writer:
            writer.event(event(symbol=world.upper()))
            await written(writer, 1)

    for world in ("sim-7", "live"):
        assert [kept.symbol for kept in await events_in(server.dsn, world)] == [world.upper()]


async def test_a_lost_partition_is_made_again(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Somebody drops today's part under the running writer: the rows wait in the spool until it is there again."""
    async with at_work(writer_into(lambda: server.dsn, tmp_path, "lost")) as writer:
        writer.event(event(0))
        await written(writer, 1)
        await execute(server.dsn, "DROP TABLE lost.list_events_20261118")
        writer.event(event(1))
        await written(writer, 2)

    assert await events_in(server.dsn, "lost") == [event(1)]


async def test_a_full_disk_is_said_once(tmp_path: Path) -> None:
    """Neither database nor disk: what comes waits in memory, the oldest goes and is counted, and it is logged once."""
    # Nor can what is printed be captured in a file.
    with capture_logs() as logs, largest_file(40):
        async with at_work(writer_into(lambda: "", tmp_path, room=Room(values=70))) as writer:
            for second in range(30):
                writer.event(event(second))
                await tried_again(writer)
            report = writer.report

    assert report.last_error == "spool: File too large"
    assert report.dropped + report.waiting == 30
    assert report.waiting <= 11
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["spool_failed", "history_cut_short"]


async def test_the_spool_is_used_again_when_there_is_room(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """A disk that was full goes on by itself, with what waited in memory meanwhile."""
    addresses = [""]
    async with at_work(writer_into(lambda: addresses[0], tmp_path, "room")) as writer:
        # Nor can what is printed be captured in a file.
        with capture_logs(), largest_file(40):
            writer.event(event(1))
            await eventually(lambda: writer.report.last_error.startswith("spool"))
        await eventually(lambda: writer.report.waiting == 0)
        addresses[0] = server.dsn
        await written(writer, 1)
        await eventually(lambda: writer.report.spooled_bytes == 0)

    assert await events_in(server.dsn, "room") == [event(1)]
