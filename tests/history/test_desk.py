"""Jobs carried out one at a time against a real database, on a clock that the test moves."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.history.keeping import PATIENT, asked, connected, kept_server
from tests.support.eventually import eventually, running
from tests.support.market import DAY, at
from tradeul.clock import ManualClock
from tradeul.errors import TradeulError, UsageError, VendorRefused, VendorUnavailable
from tradeul.history.database import schema_of
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs.desk import LOOK_EVERY_S, Ask, JobDesk
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.ledger import Ledger
from tradeul.history.lending import Lender

ROWS = "SELECT job, days, state, error FROM {}.maintenance_runs ORDER BY id"
TOMORROW = DAY + dt.timedelta(days=1)
LOOKS = 3
"""So often the desk looks at its clock: to see what is due, and, its jobs carried out, to see that nothing is."""


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


class Errand:
    """A job that does what the test says: fails with `fails`, or waits for `go` if it is `slow`."""

    def __init__(self, name: str, due: dt.time | None = dt.time(2, 0), *, slow: bool = False) -> None:
        self.name = name
        self.due = due
        self.began: list[int | None] = []
        self.fails: BaseException | None = None
        self.progress = Progress()
        self.go = asyncio.Event()
        if not slow:
            self.go.set()

    async def run(self, progress: Progress, days: int | None) -> None:
        self.began.append(days)
        self.progress = progress
        progress.total, progress.note = 4, f"{self.name} of the test"
        await self.go.wait()
        if self.fails is not None:
            raise self.fails
        progress.done = progress.rows = 4


class LeapingClock(ManualClock):
    """A clock that can pass hours at once, as for a process that was stopped."""

    def leap(self, seconds: float) -> None:
        self._elapsed += seconds


class Office:
    """A desk in a world of its own, and what can be seen of it."""

    def __init__(self, server: EmbeddedPostgres, world: str, clock: LeapingClock) -> None:
        self.world = world
        self.clock = clock
        self.address = server.dsn
        self._dsn = server.dsn
        self.ready = True
        self.ended: list[str] = []

    def desk(self, *jobs: Errand, order: Sequence[Ask] | None = None) -> JobDesk:
        ledger = Ledger(Lender(lambda: self.address, self.world, 2, PATIENT))
        asks = [(job.name, None) for job in jobs] if order is None else order
        return JobDesk(jobs, asks, ledger, self.clock, ready=lambda: self.ready, ended=self.ended.append)

    async def rows(self) -> list[tuple[Any, ...]]:
        """Job, depth, state and reason of every run, in order."""
        return await asked(self._dsn, ROWS.format(schema_of(self.world)))

    async def states(self) -> list[str]:
        return [row[2] for row in await self.rows()]

    async def passes_until(self, holds: Callable[[], object]) -> None:
        """Let time pass until something holds: in small steps, none of them while the desk is at something."""

        async def held() -> bool:
            if not holds() and self.clock.waited_for:
                await self.clock.advance(LOOK_EVERY_S)
            return bool(holds())

        await eventually(held)

    async def passes(self, seconds: float) -> None:
        """Let so much time pass at once, and the desk come to rest that it has set to work."""
        await eventually(lambda: self.clock.waited_for)
        self.clock.leap(seconds)
        for _ in range(LOOKS):
            await self.clock.advance(LOOK_EVERY_S)
            await eventually(lambda: self.clock.waited_for)


@asynccontextmanager
async def office(server: EmbeddedPostgres, wall: str = "09:29") -> AsyncIterator[Office]:
    """A world without any runs."""
    world = f"desk-{next(_numbers)}"
    async with connected(server.dsn, world):
        pass
    yield Office(server, world, LeapingClock(at(wall)))


_numbers = iter(range(1_000))


@asynccontextmanager
async def at_work(desk: JobDesk) -> AsyncIterator[JobDesk]:
    """A desk that runs, and is closed at the end."""
    try:
        async with running(desk.run):
            yield desk
    finally:
        await desk.close()


def idle(desk: JobDesk) -> Callable[[], bool]:
    return lambda: bool(desk.report()["runs"]) and not desk.under_way()


def began_times(job: Errand, count: int) -> bool:
    return len(job.began) == count


def told(desk: JobDesk, name: str) -> dict[str, Any]:
    jobs: Any = desk.report()["jobs"]
    return next(job for job in jobs if job["name"] == name)


async def test_what_was_missed_is_done_at_the_start_in_order(server: EmbeddedPostgres) -> None:
    """Jobs that never ran are due, one after the other, one of them twice with different depth; each end is told."""
    universe, slots = Errand("universe"), Errand("slots", dt.time(1, 30))
    order: list[Ask] = [("slots", 5), ("universe", None), ("slots", 30)]
    async with office(server) as here:
        async with at_work(here.desk(universe, slots, order=order)) as desk:
            await here.passes_until(idle(desk))

        assert await here.rows() == [
            ("slots", 5, "done", ""),
            ("universe", None, "done", ""),
            ("slots", 30, "done", ""),
        ]
    assert slots.began == [5, 30]
    assert here.ended == ["slots", "universe", "slots"]


async def test_what_was_done_today_is_not_done_again(server: EmbeddedPostgres) -> None:
    """The next program on the same day carries out only what the one before did not come to."""
    universe, slots = Errand("universe"), Errand("slots")
    async with office(server) as here:
        async with at_work(here.desk(universe, slots, order=[("universe", None), ("slots", 5)])) as desk:
            await here.passes_until(idle(desk))
        here.clock.leap(60)
        order: list[Ask] = [("slots", 5), ("universe", None), ("slots", 30)]
        async with at_work(here.desk(universe, slots, order=order)) as desk:
            await here.passes_until(idle(desk))
        async with at_work(here.desk(universe, slots, order=order)) as desk:
            await here.passes(5)
            assert desk.report()["runs"] == []
            assert told(desk, "slots")["last_success"]["days"] == 30

    assert universe.began == [None]
    assert slots.began == [5, 30]


async def test_a_job_runs_when_its_hour_comes(server: EmbeddedPostgres) -> None:
    """Once at two in the morning, and once the next morning; its next hour is told."""
    job = Errand("universe")
    async with office(server, "01:00") as here, at_work(here.desk(job, order=[])) as desk:
        await here.passes(1800)
        assert (job.began, told(desk, "universe")["next_due"]) == ([], at("02:00") // 1_000_000)
        here.clock.leap(1800)
        await here.passes_until(idle(desk))
        await here.passes(3600)
        assert job.began == [None]
        assert told(desk, "universe")["next_due"] == at("02:00", TOMORROW) // 1_000_000

        here.clock.leap(24 * 3600)
        await here.passes_until(lambda: len(job.began) == 2)


async def test_a_job_without_an_hour_runs_when_it_is_asked_for(server: EmbeddedPostgres) -> None:
    """And at no other time."""
    job = Errand("atr", None)
    async with office(server) as here, at_work(here.desk(job)) as desk:
        await here.passes(24 * 3600)
        assert job.began == []

        await desk.submit("atr", 14)
        await here.passes_until(lambda: job.began == [14])


async def test_what_fails_is_tried_again_later_and_later(server: EmbeddedPostgres) -> None:
    """After one minute, then two, then four, while others go on; from the second time on health says it, and why."""
    bad, good = Errand("splits"), Errand("universe")
    bad.fails = VendorUnavailable("the vendor answered 503:\n busy")
    async with office(server) as here, at_work(here.desk(bad, good)) as desk:
        await here.passes_until(lambda: good.began)
        assert desk.health()["trouble"] == ""
        for failures, wait_s in enumerate((60, 120, 240), 1):
            await here.passes(wait_s - 10)
            assert len(bad.began) == failures
            await here.passes(15)
            await here.passes_until(partial(began_times, bad, failures + 1))
        trouble = desk.health()["trouble"]
        waiting = told(desk, "splits")
        bad.fails = None
        await here.passes(8 * 60)
        await here.passes_until(lambda: told(desk, "splits")["state"] == "idle")
        rows = await here.rows()

    assert trouble == "the job splits keeps failing: the vendor answered 503: busy"
    assert (waiting["state"], waiting["last_failure"]["error"]) == ("waiting", "the vendor answered 503: busy")
    assert 0 < waiting["retry_in_s"] <= 8 * 60
    assert [row[2] for row in rows if row[0] == "splits"] == ["failed"] * 4 + ["done"]
    assert desk.health()["trouble"] == ""
    assert len(good.began) == 1


async def test_a_named_wait_is_waited(server: EmbeddedPostgres) -> None:
    """A vendor that asks for more than our own pause gets it."""
    job = Errand("universe")
    job.fails = VendorUnavailable("too many", 300.0)
    async with office(server) as here, at_work(here.desk(job)) as desk:
        await here.passes_until(idle(desk))
        await here.passes(240)
        assert len(job.began) == 1

        await here.passes(90)
        await here.passes_until(lambda: len(job.began) == 2)


@pytest.mark.parametrize("error", [VendorRefused("no plan for it"), TradeulError("the list is short")])
async def test_every_refusal_has_its_reason(server: EmbeddedPostgres, error: TradeulError) -> None:
    """In the row and in the report, in one line."""
    job = Errand("universe")
    job.fails = error
    async with office(server) as here:
        async with at_work(here.desk(job)) as desk:
            await here.passes_until(idle(desk))

        assert await here.rows() == [("universe", None, "failed", str(error))]


async def test_whoever_asks_for_what_goes_on_joins_it(server: EmbeddedPostgres) -> None:
    """The same job and depth is one run, another depth is one of its own, and all are noted down while they wait."""
    job, other = Errand("slots", None, slow=True), Errand("universe", None)
    async with office(server) as here, at_work(here.desk(job, other)) as desk:
        first = await desk.submit("slots", 5)
        await here.passes_until(lambda: job.began)
        numbers = [await desk.submit("slots", 5), await desk.submit("slots", 30), await desk.submit("slots", 30)]
        last = await desk.submit("universe")
        rows = await here.rows()
        news = desk.under_way()
        job.go.set()
        await here.passes_until(idle(desk))

    assert numbers == [first, first + 1, first + 1]
    assert last == first + 2
    assert [row[:3] for row in rows] == [
        ("slots", 5, "running"),
        ("slots", 30, "queued"),
        ("universe", None, "queued"),
    ]
    assert (news[0].name, news[0].total, news[0].note) == ("slots", 4, "slots of the test")
    assert job.began == [5, 30]


async def test_an_unknown_job_is_refused(server: EmbeddedPostgres) -> None:
    """By naming those there are."""
    async with office(server) as here:
        desk = here.desk(Errand("universe"), Errand("slots"))
        with pytest.raises(UsageError, match="there is no job slotz: there are universe, slots"):
            await desk.submit("slotz")
        await desk.close()


async def test_a_killed_run_is_seen_as_such_by_the_next_program(server: EmbeddedPostgres) -> None:
    """What was running or waiting when the process died is interrupted, and is done now."""
    slow, other = Errand("slots", slow=True), Errand("universe")
    async with office(server) as here:
        killed = here.desk(slow, other)
        async with running(killed.run):
            await here.passes_until(lambda: slow.began)
        assert await here.states() == ["running", "queued"]

        slow.go.set()
        async with at_work(here.desk(slow, other)) as desk:
            await here.passes_until(idle(desk))
        assert await here.states() == ["interrupted", "interrupted", "done", "done"]
        await killed.close()


async def test_a_run_that_is_cut_short_is_noted_down(server: EmbeddedPostgres) -> None:
    """A program that is told to end says so of the run that it was at, and of those that waited."""
    slow, other = Errand("slots", slow=True), Errand("universe")
    async with office(server) as here:
        async with at_work(here.desk(slow, other)):
            await here.passes_until(lambda: slow.began)

        assert await here.states() == ["interrupted", "interrupted"]
    assert here.ended == []


async def test_nothing_begins_before_the_database_is_ready(server: EmbeddedPostgres) -> None:
    """Also where it says so and then does not answer; what is asked for meanwhile waits, and is noted down then."""
    job = Errand("universe", None)
    async with office(server) as here:
        here.ready, good, here.address = False, here.address, ""
        async with at_work(here.desk(job)) as desk:
            await desk.submit("universe")
            await here.passes(5)
            here.ready = True
            await here.passes(5)
            assert job.began == []

            here.address = good
            await here.passes_until(lambda: job.began)
            await here.passes_until(idle(desk))
        assert await here.states() == ["done"]


async def test_a_mistake_of_ours_is_a_failed_run(server: EmbeddedPostgres) -> None:
    """The supervisor hears of it; the run has its reason, and the job is tried again when the desk is back."""
    job = Errand("universe")
    job.fails = KeyError("oops")
    async with office(server) as here:
        desk = here.desk(job)
        with pytest.raises(KeyError, match="oops"):
            async with running(desk.run):
                await here.passes_until(idle(desk))
        job.fails = None
        async with at_work(desk):
            await here.passes(70)
            await here.passes_until(lambda: len(job.began) == 2)
            await here.passes_until(idle(desk))

        assert await here.rows() == [
            ("universe", None, "failed", "KeyError: 'oops'"),
            ("universe", None, "done", ""),
        ]


async def test_progress_has_a_rate_and_an_end(server: EmbeddedPostgres) -> None:
    """Pieces a second of the last seconds, and how many seconds are left at that."""
    job = Errand("metadata", None, slow=True)
    async with office(server) as here, at_work(here.desk(job)) as desk:
        await desk.submit("metadata")
        await here.passes_until(lambda: job.began)
        runs: Any = desk.report()["runs"]
        assert (runs[0]["state"], runs[0]["rate"], runs[0]["eta_s"]) == ("running", None, None)
        job.progress.done, job.progress.total = 80, 1_080
        await here.clock.advance(2)
        shown = told(desk, "metadata")["progress"]
        job.go.set()

    assert (shown["done"], shown["total"], shown["rate"], shown["eta_s"]) == (80, 1_080, 40.0, 25.0)


async def test_what_happens_is_told_in_the_log(server: EmbeddedPostgres) -> None:
    """One line when the desk begins, and one for the end of each run."""
    good, bad = Errand("universe"), Errand("splits")
    bad.fails = VendorRefused("no")
    with capture_logs() as logs:
        async with office(server) as here, at_work(here.desk(good, bad)) as desk:
            await here.passes_until(idle(desk))

    assert [line["event"] for line in logs] == ["jobs_ready", "job_done", "job_failed"]
    assert logs[0]["queued"] == ["universe", "splits"]
    assert logs[2]["reason"] == "no"
