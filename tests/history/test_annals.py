"""Reading back: every row once, whatever comes meanwhile; the right state; both ends included; failures in a line."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.history.keeping import EVERYTHING, annals_of, connected, event, kept, kept_server, later, record
from tests.history.worlds import execute
from tests.support.market import CALENDAR, DAY, at
from tradeul.domain.events import ListEvent, ListRecord, ListRow, Nanos, Symbol
from tradeul.engine.ports import Annals, Span
from tradeul.errors import HistoryUnavailable, UsageError
from tradeul.history.annals import CONNECTIONS, PostgresAnnals, cursor_of, place_of
from tradeul.history.batches import Batch
from tradeul.history.database import Waits
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.store import Place

SYMBOLS = ("A", "B", "C")
LISTS = ("gappers_up", "halted", "Ä; --")
worlds = itertools.count()

minutes = st.lists(
    st.builds(
        lambda minute, name, symbols: record(60 * minute, *symbols, name=name, caps=True),
        st.integers(0, 5),
        st.sampled_from(LISTS),
        st.permutations(SYMBOLS).flatmap(lambda order: st.integers(0, 3).map(lambda size: order[:size])),
    ),
    max_size=12,
    unique_by=lambda kept_record: (kept_record.at, kept_record.list),
)
spans = st.builds(
    Span,
    st.none() | st.sampled_from(LISTS),
    st.none() | st.sampled_from(SYMBOLS).map(Symbol),
    st.none() | st.integers(0, 5).map(lambda minute: later(60 * minute)),
    st.none() | st.integers(0, 5).map(lambda minute: later(60 * minute)),
)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


@asynccontextmanager
async def past(server: EmbeddedPostgres, batch: Batch) -> AsyncIterator[PostgresAnnals]:
    """A world of its own in which that happened."""
    world = f"past-{next(worlds)}"
    async with connected(server.dsn, world):
        pass
    await kept(server.dsn, batch, world)
    async with annals_of(server.dsn, world) as annals:
        yield annals


def rows_of(records: Sequence[ListRecord]) -> list[ListRow]:
    """The lines of results, built one by one."""
    rows = []
    for one in records:
        for number, symbol in enumerate(one.symbols):
            values = (one.prices[number], one.volumes[number], one.rvols[number], one.changes[number])
            rows.append(ListRow(one.at, one.list, number + 1, symbol, *values, one.market_caps[number]))
    return rows


def wanted(span: Span, row: ListRow | ListEvent) -> bool:
    return (
        (span.list is None or row.list == span.list)
        and (span.symbol is None or row.symbol == span.symbol)
        and (span.first is None or row.at >= span.first)
        and (span.last is None or row.at <= span.last)
    )


async def pages(annals: Annals, span: Span, limit: int) -> list[list[ListRow]]:
    found, cursor = [], None
    while True:
        rows, cursor = await annals.results(span, limit, cursor)
        found.append(list(rows))
        if cursor is None:
            return found


@pytest.mark.slow
@settings(max_examples=25)
@given(minutes, spans, st.integers(1, 4))
def test_pages_show_every_row_once(server: EmbeddedPostgres, records: list[ListRecord], span: Span, limit: int) -> None:
    """The pages together are what a naive search finds, newest first and by rank; all but the last are full."""

    async def turned() -> list[list[ListRow]]:
        async with past(server, Batch([], [], records)) as annals:
            return await pages(annals, span, limit)

    found = asyncio.run(turned())
    rows = [row for page in found for row in page]
    assert set(rows) == {row for row in rows_of(records) if wanted(span, row)}
    assert len(set(rows)) == len(rows)
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)
    for _, group in itertools.groupby(rows, key=lambda row: (row.at, row.list)):
        ranks = [row.rank for row in group]
        assert ranks == sorted(ranks)
    assert all(len(page) == limit for page in found[:-1])


@pytest.mark.slow
@settings(max_examples=15)
@given(minutes, minutes, st.integers(1, 3))
def test_rows_that_come_meanwhile_disturb_no_pages(
    server: EmbeddedPostgres, before: list[ListRecord], meanwhile: list[ListRecord], limit: int
) -> None:
    """Whoever turns pages sees everything that was there at the start, once, however much is written meanwhile."""
    keys = {(one.at, one.list) for one in before}
    new = [one for one in meanwhile if (one.at, one.list) not in keys]

    async def turned() -> list[ListRow]:
        world = f"past-{next(worlds)}"
        async with connected(server.dsn, world):
            pass
        await kept(server.dsn, Batch([], [], before), world)
        async with annals_of(server.dsn, world) as annals:
            found, cursor = await annals.results(Span(), limit, None)
            rows = list(found)
            await kept(server.dsn, Batch([], [], new), world)
            while cursor is not None:
                found, cursor = await annals.results(Span(), limit, cursor)
                rows += found
        return rows

    rows = asyncio.run(turned())
    assert set(rows_of(before)) <= set(rows) <= set(rows_of([*before, *new]))
    assert len(set(rows)) == len(rows)


async def test_events_are_found_by_list_symbol_and_time(server: EmbeddedPostgres) -> None:
    """Newest first, both ends included, and no more than asked for."""
    events = [
        event(minute, symbol=symbol, name=name) for minute in range(4) for symbol in SYMBOLS for name in LISTS[:2]
    ]
    async with past(server, Batch(events, [], [])) as annals:
        for span in (
            Span(),
            Span(list="halted"),
            Span(symbol=Symbol("B")),
            Span("halted", Symbol("B"), later(1), later(2)),
            Span(first=later(1), last=later(1)),
            Span(first=later(3), last=later(2)),
            Span("unknown"),
        ):
            found = await annals.events(span, EVERYTHING)
            assert set(found) == {one for one in events if wanted(span, one)}
            assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
        assert {one.at for one in await annals.events(Span(), 7)} == {later(3), later(2)}


async def test_both_ends_are_exact_to_the_microsecond(server: EmbeddedPostgres) -> None:
    """An event is found by its own instant as first and as last, and not by one a microsecond beside it."""
    one = event(0.000001)
    async with past(server, Batch([one], [], [])) as annals:
        assert await annals.events(Span(first=one.at, last=one.at), 9) == [one]
        assert await annals.events(Span(last=Nanos(one.at - 1_000)), 9) == []
        assert await annals.events(Span(first=Nanos(one.at + 1_000)), 9) == []
        assert await annals.events(Span(first=Nanos(-(10**30)), last=Nanos(10**30)), 9) == [one]


async def test_a_list_is_shown_as_it_stood(server: EmbeddedPostgres) -> None:
    """The newest state at or before the moment, of this list, and of this trading date only."""
    yesterday = record(-86_400, "OLD")
    states = [yesterday, record(0, "A"), record(10, "B"), record(10, "X", name="halted"), record(20)]
    async with past(server, Batch([], states, [])) as annals:
        assert await annals.list_at("gappers_up", later(9.999)) == states[1]
        assert await annals.list_at("gappers_up", later(10)) == states[2]
        assert await annals.list_at("gappers_up", at("20:00")) == states[4]
        assert await annals.list_at("gappers_up", later(-1)) is None
        assert await annals.list_at("gappers_up", at("03:29")) == yesterday
        assert await annals.list_at("gappers_up", at("03:30")) is None
        assert await annals.list_at("unknown", later(20)) is None


async def test_days_are_known_by_their_first_and_last_moments(server: EmbeddedPostgres) -> None:
    """By the minute and after each snapshot, of this list, within the day; nothing where nothing is kept."""
    states = [record(-86_400, "OLD"), record(0, "A"), record(10, "B"), record(40, "X", name="halted")]
    results = [record(60, "A"), record(120, "A"), record(180, "A", name="halted")]
    day, before = (at("03:30"), at("20:00")), (Nanos(at("03:30") - 86_400 * 10**9), at("03:30"))
    async with past(server, Batch([], states, results)) as annals:
        today, yesterday, none = await annals.kept_days("gappers_up", [day, before, (later(200), later(300))])
        unknown = await annals.kept_days("gone", [day])
        nothing = await annals.kept_days("gappers_up", [])

    assert today == (later(60), later(120), later(0), later(10))
    assert yesterday == (None, None, later(-86_400), later(-86_400))
    assert none == unknown[0] == (None, None, None, None)
    assert nothing == []


async def test_a_result_of_the_minute_is_a_state_too(server: EmbeddedPostgres) -> None:
    """Where the states of snapshots are gone, or older, the list of the minute is shown."""
    minute = record(60, "A", caps=True)
    async with past(server, Batch([], [record(30, "B"), record(70, "C")], [minute])) as annals:
        assert await annals.list_at("gappers_up", later(65)) == minute
        assert await annals.list_at("gappers_up", later(70)) == record(70, "C")


async def test_a_weekend_shows_its_friday(server: EmbeddedPostgres) -> None:
    """Trading dates are the calendar's: on Sunday the lists are Friday's."""
    friday = DAY.replace(day=20)
    state = record(0, "A")._replace(at=at("15:59", friday))
    async with past(server, Batch([], [state], [])) as annals:
        assert await annals.list_at("gappers_up", at("12:00", DAY.replace(day=22))) == state


@given(st.integers(0, 2**62), st.text(), st.integers(0, 10**6))
def test_a_cursor_names_its_place(instant: int, name: str, rank: int) -> None:
    """What goes into an address comes back, whatever the list is called."""
    place = Place(Nanos(instant), name, rank)

    assert place_of(cursor_of(place)) == place


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "ü", "e30=", "WzEsMiwzXQ==", "WzEsIngiXQ==", "W10", "A" * 10_000])
async def test_a_made_up_cursor_is_refused(server: EmbeddedPostgres, cursor: str) -> None:
    """It is the user's mistake, not the database's."""
    async with past(server, Batch([], [], [])) as annals:
        with pytest.raises(UsageError, match="cursor"):
            await annals.results(Span(), 10, cursor)


@pytest.mark.parametrize("address", ["", "postgresql://nobody@/x?host=/nowhere"])
async def test_without_a_server_the_past_is_unavailable(address: str) -> None:
    """Every question says so in one line."""
    annals: Annals = PostgresAnnals(lambda: address, "live", CALENDAR)
    with pytest.raises(HistoryUnavailable):
        await annals.results(Span(), 1, None)
    with pytest.raises(HistoryUnavailable):
        await annals.events(Span(), 1)
    with pytest.raises(HistoryUnavailable):
        await annals.list_at("gappers_up", later(0))


async def test_before_there_are_tables_the_past_is_unavailable(server: EmbeddedPostgres) -> None:
    """A world that no writer has seen yet."""
    async with annals_of(server.dsn, "unseen") as annals:
        with pytest.raises(HistoryUnavailable, match="does not exist"):
            await annals.events(Span(), 1)


async def test_a_lost_connection_is_replaced(server: EmbeddedPostgres) -> None:
    """After the server ended our connections the next questions are answered on new ones."""
    async with past(server, Batch([event()], [], [])) as annals:
        await annals.events(Span(), 1)
        await execute(
            server.dsn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        await asyncio.gather(*(annals.events(Span(), 1) for _ in range(5)), return_exceptions=True)

        assert await annals.events(Span(), 1) == [event()]


async def test_a_long_question_has_an_end(server: EmbeddedPostgres) -> None:
    """A table that somebody locks keeps a reader waiting so long and no longer, and the next one is answered."""
    world = f"past-{next(worlds)}"
    await kept(server.dsn, Batch([event()], [], []), world)
    annals = PostgresAnnals(lambda: server.dsn, world, CALENDAR, Waits(command_s=0.1))
    async with connected(server.dsn, world) as locker:
        await locker.execute("BEGIN; LOCK TABLE list_events")
        with pytest.raises(HistoryUnavailable, match="does not answer"):
            await annals.events(Span(), 1)
        await locker.execute("ROLLBACK")
    await annals.close()
    async with annals_of(server.dsn, world) as patient:
        assert await patient.events(Span(), 1) == [event()]


async def test_many_questions_share_few_connections(server: EmbeddedPostgres) -> None:
    """However many ask at once, all are answered and the server sees three connections of ours."""
    async with past(server, Batch([event()], [], [])) as annals:
        answers = await asyncio.gather(*(annals.events(Span(), 1) for _ in range(20)))
        async with connected(server.dsn, "counting") as other:
            name = f"tradeul past_{next(worlds) - 1}"
            count = await other.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name)

    assert answers == [[event()]] * 20
    assert 1 <= count <= CONNECTIONS
