"""Universe, metadata, splits and retention: the simulated vendor over real sockets into a real database."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest

from tests.history.keeping import PATIENT, asked, connected, is_done, kept_server
from tests.history.worlds import execute
from tests.support.eventually import eventually, running
from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import listening
from tradeul.clock import ManualClock, SystemClock
from tradeul.domain.events import FloatShares, Profile, Split, Symbol
from tradeul.errors import HistoryUnavailable, VendorError, VendorUnavailable
from tradeul.fmp.rest import FmpRest
from tradeul.history.database import schema_of
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs import metadata as metadata_
from tradeul.history.jobs import universe
from tradeul.history.jobs.job import Job, Progress
from tradeul.history.jobs.metadata import MOST_FAILURES, Metadata, Sources
from tradeul.history.jobs.retention import Keep, Retention
from tradeul.history.jobs.splits import Splits
from tradeul.history.jobs.universe import Universe
from tradeul.history.lending import Lender
from tradeul.history.partitions import make_parts
from tradeul.polygon.rest import PolygonRest
from tradeul.simulation.exchange.server import Exchange
from tradeul.supervisor import together

SYMBOLS = 90
NOON = at("12:00")
numbers = count()

LISTED = "SELECT symbol, company_name, exchange, type, is_etf, is_actively_trading FROM {}.ticker_metadata ORDER BY 1"
KNOWN = """SELECT symbol, float_shares, market_cap, shares_outstanding, sector, industry FROM {}.ticker_metadata"""
SPLITS = "SELECT symbol, date, old, new FROM {}.splits ORDER BY 1, 2"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


class NotedRest(PolygonRest):
    """The vendor's client, which notes whose profiles it is asked for, and does not answer for `deaf` ones."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "a-key", SystemClock(), uniform=min)
        self.profiles: list[Symbol] = []
        self.deaf: Callable[[Symbol], bool] = lambda _symbol: False
        self.stuck_after = 1_000_000

    async def profile(self, symbol: Symbol) -> Profile | None:
        self.profiles.append(symbol)
        if len(self.profiles) > self.stuck_after:
            await asyncio.Event().wait()
        if self.deaf(symbol):
            raise VendorUnavailable("the vendor answered 500")
        return await super().profile(symbol)


@dataclass
class Bench:
    """A world to load into, and whom to ask."""

    server: EmbeddedPostgres
    world: str
    lender: Lender
    exchange: Exchange
    rest: NotedRest
    companies: FmpRest
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    hot: Sequence[str] = ()

    async def load(self, job: Job) -> Progress:
        progress = Progress()
        await job.run(progress, None)
        return progress

    @property
    def universe(self) -> Universe:
        return Universe(self.rest, self.lender, self.clock, CALENDAR, lambda: None)

    def metadata(self, *, both: bool = False) -> Metadata:
        sources = Sources(self.rest, self.companies if both else None)
        return Metadata(sources, self.lender, self.clock, together, lambda: [Symbol(name) for name in self.hot])

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        return await asked(self.server.dsn, query.format(schema_of(self.world)))

    async def execute(self, script: str) -> None:
        await execute(self.server.dsn, script.format(schema_of(self.world)))


@asynccontextmanager
async def bench(server: EmbeddedPostgres, symbols: int = SYMBOLS) -> AsyncIterator[Bench]:
    world = f"jobs-{next(numbers)}"
    async with connected(server.dsn, world):
        pass
    lender = Lender(lambda: server.dsn, world, 3, PATIENT)
    async with (
        listening(NOON, symbols, key="a-key") as exchange,
        NotedRest(exchange.rest_url) as rest,
        FmpRest(exchange.rest_url, "a-key", SystemClock()) as companies,
    ):
        try:
            yield Bench(server, world, lender, exchange, rest, companies)
        finally:
            await lender.close()


async def test_the_universe_is_the_vendors_list(server: EmbeddedPostgres) -> None:
    """Every listed symbol with its name, exchange and type; loading it again changes no row."""
    async with bench(server) as here:
        listings = await here.rest.listings()
        first = await here.load(here.universe)
        rows = await here.rows(LISTED)
        second = await here.load(here.universe)

    expected = [
        (each.symbol, each.name or None, each.exchange or None, each.type or None, _etf(each.type), True)
        for each in listings
    ]
    assert sorted(rows) == sorted(expected)
    assert first.done == first.total == first.rows == len(listings)
    assert (second.done, second.rows) == (len(listings), 0)


def _etf(kind: str) -> bool | None:
    return kind == "ETF" if kind else None


async def test_what_is_listed_no_more_stays_known(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """As trading no more, wherever in the list it was; when it is listed again, it trades again."""
    monkeypatch.setattr(universe, "ROWS_AT_ONCE", 20)
    async with bench(server) as here:
        await here.load(here.universe)
        await here.execute(
            "INSERT INTO {}.ticker_metadata (symbol, company_name, is_actively_trading, updated_at)"
            " SELECT gone, 'Gone Inc', true, now() FROM unnest(ARRAY['A', 'GONE', 'MpZ', 'ZZZZ9', 'zz']) AS gone"
        )
        name = (await here.rows(LISTED))[3][0]
        await here.execute(
            "UPDATE {}.ticker_metadata SET is_actively_trading = false WHERE symbol = '%s'" % name  # noqa: S608, UP031
        )

        progress = await here.load(here.universe)
        rows = {row[0]: row for row in await here.rows(LISTED)}

    for gone in ("A", "GONE", "MpZ", "ZZZZ9", "zz"):
        assert rows[gone][1:] == ("Gone Inc", None, None, None, False)
    assert rows[name][-1] is True
    assert [row[0] for row in rows.values() if not row[-1]] == ["A", "GONE", "MpZ", "ZZZZ9", "zz"]
    assert progress.rows == 6


async def test_a_failed_page_keeps_the_old_universe(server: EmbeddedPostgres) -> None:
    """Whatever came before it is not taken, not even in part."""
    async with bench(server, 2_500) as here:
        await here.execute(
            "INSERT INTO {}.ticker_metadata (symbol, is_actively_trading, updated_at) VALUES ('OLD', true, now())"
        )
        before = await here.rows(LISTED)
        here.exchange.faults.switch_on("bad_page", number=2)
        with pytest.raises(VendorError):
            await here.load(here.universe)

        assert await here.rows(LISTED) == before


async def test_a_universe_is_taken_at_once(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that fails in the middle of it holds nothing of it."""
    monkeypatch.setattr(universe, "ROWS_AT_ONCE", 20)
    async with bench(server) as here:
        late = (await here.rest.listings())[-1].symbol
        await here.execute(f"ALTER TABLE {{}}.ticker_metadata ADD CONSTRAINT not_it CHECK (symbol <> '{late}')")
        with pytest.raises(HistoryUnavailable, match="not_it"):
            await here.load(here.universe)

        assert await here.rows(LISTED) == []


async def test_a_list_that_is_too_short_is_refused(server: EmbeddedPostgres) -> None:
    """Below four fifths of what is known it is a bad list, however whole; the reason has the figures."""
    async with bench(server) as here:
        await here.load(here.universe)
        listed = len(await here.rows(LISTED))
        await here.execute(
            "INSERT INTO {}.ticker_metadata (symbol, is_actively_trading, updated_at)"
            " SELECT 'MORE' || n, true, now() FROM generate_series(1, 60) AS n"
        )
        with pytest.raises(VendorUnavailable, match=f"lists {listed} securities where {listed + 60} are known"):
            await here.load(here.universe)

        assert sum(row[-1] for row in await here.rows(LISTED)) == listed + 60


async def test_metadata_is_what_the_vendor_knows(server: EmbeddedPostgres) -> None:
    """Floats, market values and shares; a division that says it is one for a sector, and a line of business."""
    async with bench(server) as here:
        await here.load(here.universe)
        progress = await here.load(here.metadata())
        kept = {row[0]: row[1:] for row in await here.rows(KNOWN)}
        floats = {each.symbol: each.shares for each in await here.rest.floats() if each.symbol in kept}
        profiles = [await here.rest.profile(Symbol(symbol)) for symbol in list(kept)[:40]]

    assert {symbol: row[0] for symbol, row in kept.items() if row[0]} == floats
    for profile in filter(None, profiles):
        row = kept[profile.symbol]
        assert row[1:3] == (profile.market_cap, profile.shares_outstanding)
        assert row[4] == (profile.sic_description.capitalize() or None)
    sectors = {row[3] for row in kept.values()} - {None}
    assert len(sectors) > 3
    assert all(sector.endswith(" (SIC)") for sector in sectors)
    assert progress.done == progress.total == len(kept)
    assert progress.errors == 0


async def test_a_second_source_fills_in(server: EmbeddedPostgres) -> None:
    """Its sector stands in the division's place, and stays there; betas are its own; what the first knows stays."""
    query = "SELECT symbol, sector, industry, beta, market_cap FROM {}.ticker_metadata ORDER BY symbol"
    async with bench(server) as here:
        await here.load(here.universe)
        await here.load(here.metadata())
        first = {row[0]: row[1:] for row in await here.rows(query)}
        await here.load(here.metadata(both=True))
        both = {row[0]: row[1:] for row in await here.rows(query)}
        company = next(symbol for symbol, row in both.items() if row[2] is not None)
        theirs = await here.companies.profile(Symbol(company))
        await here.clock.advance(24 * 3600)
        await here.load(here.metadata())
        later = {row[0]: row[1:] for row in await here.rows(query)}

    assert theirs is not None
    assert both[company][:3] == (theirs.sector, theirs.industry, theirs.beta)
    assert both[company][3] == first[company][3]
    assert {row[0] for row in both.values() if row[0]} != {row[0] for row in first.values() if row[0]}
    assert [row[:3] for row in later.values()] == [row[:3] for row in both.values()]


async def test_symbols_in_play_come_first(server: EmbeddedPostgres) -> None:
    """Those of the lists are asked for before the others, also such as come to be in a list meanwhile."""
    async with bench(server) as here:
        await here.load(here.universe)
        names = [row[0] for row in await here.rows(LISTED)]
        here.hot = [names[50], names[30], "NOTLISTED"]
        await here.load(here.metadata())

    assert here.rest.profiles[:2] == [names[50], names[30]]
    assert sorted(here.rest.profiles) == sorted(names)


async def test_a_run_goes_on_where_the_last_one_ended(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered before a kill is not asked for again, nor what is young; a day later all of it is."""
    monkeypatch.setattr(metadata_, "KEPT_AT_ONCE", 10)
    async with bench(server) as here:
        await here.load(here.universe)
        job, cut = here.metadata(), Progress()

        async def run() -> None:
            await job.run(cut, None)
            await asyncio.Event().wait()

        here.rest.stuck_after = 45
        async with running(run):
            await eventually(lambda: cut.done >= 40)
        here.rest.stuck_after = 1_000_000
        await eventually(lambda: is_done(here.server.dsn, here.world))
        kept = (await here.rows("SELECT count(*) FROM {}.ticker_metadata WHERE profile_at IS NOT NULL"))[0][0]
        here.rest.profiles.clear()
        resumed = await here.load(here.metadata())
        asked_again, here.rest.profiles = len(here.rest.profiles), []
        await here.load(here.metadata())
        asked_at_once, here.rest.profiles = len(here.rest.profiles), []
        await here.clock.advance(21 * 3600)
        await here.load(here.metadata())

    assert 20 <= kept < resumed.total
    assert asked_again == resumed.total - kept
    assert resumed.done == resumed.total
    assert asked_at_once == 0
    assert len(here.rest.profiles) == resumed.total


async def test_a_symbol_that_fails_is_passed_over(server: EmbeddedPostgres) -> None:
    """It is counted, and asked for again by the next run, as all others are known by then."""
    async with bench(server) as here:
        await here.load(here.universe)
        bad = (await here.rows(LISTED))[7][0]
        here.rest.deaf = lambda symbol: symbol == bad
        progress = await here.load(here.metadata())
        here.rest.deaf, here.rest.profiles = lambda _symbol: False, []
        again = await here.load(here.metadata())

    assert (progress.errors, progress.done) == (1, progress.total - 1)
    assert here.rest.profiles == [bad]
    assert (again.errors, again.done) == (0, again.total)


async def test_a_vendor_that_fails_for_everyone_ends_the_run(server: EmbeddedPostgres) -> None:
    """With its own words, and without asking for the whole market in vain; what was answered is kept."""
    async with bench(server) as here:
        await here.load(here.universe)
        here.rest.deaf = lambda _symbol: len(here.rest.profiles) > 30
        with pytest.raises(VendorUnavailable, match="the vendor answered 500"):
            await here.load(here.metadata())

        assert len(here.rest.profiles) < 30 + 3 * MOST_FAILURES
        here.rest.deaf = lambda _symbol: False
        assert (await here.load(here.metadata())).errors == 0


async def test_a_plan_without_floats_has_the_rest(server: EmbeddedPostgres) -> None:
    """The refusal of that one list is counted, and no symbol waits for it."""
    async with bench(server) as here:
        await here.load(here.universe)
        here.exchange.faults.switch_on("not_entitled", path="/stocks/vX/float")
        progress = await here.load(here.metadata())

    assert progress.errors == 1
    assert progress.done == progress.total


class OtherFloats(NotedRest):
    """A first source that knows three floats only, and other ones than the second does."""

    async def floats(self) -> tuple[FloatShares, ...]:
        return tuple(replace(each, shares=each.shares + 1) for each in (await super().floats())[:3])


async def test_the_second_sources_floats_are_for_the_rest(server: EmbeddedPostgres) -> None:
    """A float of the first source is not replaced."""
    query = "SELECT symbol, float_shares FROM {}.ticker_metadata WHERE float_shares IS NOT NULL"
    async with bench(server) as here, OtherFloats(here.exchange.rest_url) as few:
        await here.load(here.universe)
        firsts = {each.symbol: each.shares for each in await few.floats()}
        here.rest = few
        await here.load(here.metadata(both=True))
        kept = {row[0]: row[1] for row in await here.rows(query)}

    assert {symbol: kept[symbol] for symbol in firsts} == firsts
    assert len(kept) > 20


async def test_splits_are_the_vendors_whole_list(server: EmbeddedPostgres) -> None:
    """Those of the last 400 days and those to come; one that is withdrawn goes, and a failed list changes nothing."""
    async with bench(server, 600) as here:
        job = Splits(here.rest, here.lender, here.clock)
        progress = await here.load(job)
        rows = await here.rows(SPLITS)
        theirs = await here.rest.splits(DAY - dt.timedelta(days=400))
        await here.execute("INSERT INTO {}.splits VALUES ('NOSPLIT', '2026-11-01', 1, 2)")
        here.exchange.faults.switch_on("bad_page", number=1, times=1)
        with pytest.raises(VendorError):
            await here.load(job)
        failed = await here.rows(SPLITS)
        await here.load(job)

        assert await here.rows(SPLITS) == rows
        await here.execute("ALTER TABLE {}.splits ADD CONSTRAINT not_one CHECK (old > 0 AND symbol < 'M') NOT VALID")
        with pytest.raises(HistoryUnavailable, match="not_one"):
            await here.load(job)
        assert await here.rows(SPLITS) == rows
    assert rows == sorted((each.symbol, each.date, each.old, each.new) for each in theirs)
    assert len(failed) == len(rows) + 1
    assert progress.rows == len(rows) > 0


class NoSplits(NotedRest):
    async def splits(self, since: dt.date) -> tuple[Split, ...]:  # noqa: ARG002  the list is empty from any day on
        return ()


async def test_an_empty_list_of_splits_is_refused(server: EmbeddedPostgres) -> None:
    """Where some are known, none is no answer."""
    async with bench(server, 600) as here, NoSplits(here.exchange.rest_url) as none:
        await here.load(Splits(here.rest, here.lender, here.clock))
        before = await here.rows(SPLITS)
        with pytest.raises(VendorUnavailable, match="the known list stays"):
            await here.load(Splits(none, here.lender, here.clock))

        assert await here.rows(SPLITS) == before


async def test_old_days_are_dropped(server: EmbeddedPostgres) -> None:
    """Each table keeps its own number of days, by whole parts; notes of old runs go too."""
    keep = Keep(ticks=1, list_states=2, aggregates_1min=3, scan_results=4, list_events=5, alert_history=6)
    tables = ["ticks", "list_states", "aggregates_1min", "list_results", "list_events", "alert_history"]
    parts = "SELECT relname FROM pg_class WHERE relnamespace = '{}'::regnamespace AND relname ~ '_[0-9]{{8}}$'"
    async with bench(server) as here:
        async with connected(server.dsn, here.world) as connection:
            await make_parts(connection, tables, [DAY - dt.timedelta(days=back) for back in range(8)])
        await here.execute(
            "INSERT INTO {}.maintenance_runs (job, started_at, state) VALUES"
            " ('old', timestamptz '2026-11-18' - interval '401 days', 'done'), ('new', '2026-11-17', 'done')"
        )
        progress = await here.load(Retention(keep, here.lender, here.clock))
        runs = await here.rows("SELECT job FROM {}.maintenance_runs")
        again = await here.load(Retention(keep, here.lender, here.clock))
        names = await here.rows(parts)

    kept = {table: sum(name.rpartition("_")[0] == table for (name,) in names) for table in tables}
    assert kept == dict(zip(tables, (2, 3, 4, 5, 6, 7), strict=True))
    assert runs == [("new",)]
    assert (progress.done, progress.rows) == (progress.total, 6 * 8 - sum(kept.values()) + 1)
    assert again.rows == 0
