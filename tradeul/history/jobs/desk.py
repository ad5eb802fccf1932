"""Carries out jobs, one at a time: those whose hour has come, those that were missed, and those somebody asks for.

One supervised task. It waits until the database is ready. What the vendor or the database refuse is a failed run,
with its reason, and is tried again after a minute, then two, up to half an hour, while other jobs go on. Cancelled
anywhere it leaves what the running job had kept, and the run noted down as interrupted. `jobs` builds one.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.engine.ports import JobNews
from tradeul.errors import HistoryUnavailable, TradeulError, UsageError, VendorUnavailable
from tradeul.history.jobs.job import Job
from tradeul.history.jobs.ledger import Ledger
from tradeul.history.jobs.run import ENDED, Run, RunState, milliseconds
from tradeul.history.jobs.schedule import Success, latest_due, missed, next_due
from tradeul.history.run_store import Kept

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 0.25
FIRST_RETRY_S: Final = 60.0
LONGEST_RETRY_S: Final = 1800.0
KEEPS_FAILING: Final = 2
"""So many failures in a row are trouble; a single one is a bad minute of the vendor's."""
RUNS_SHOWN: Final = 50

Ask = tuple[str, int | None]
"""A job, and for how many sessions; None: for as many as it usually loads."""


@dataclass(slots=True)
class _Retry:
    failures: int
    at: float


class JobDesk:
    """Implements the engine's `Jobs`. `order` is what is done at the start, as far as it was missed."""

    def __init__(
        self,
        jobs: Iterable[Job],
        order: Sequence[Ask],
        ledger: Ledger,
        clock: Clock,
        *,
        ready: Callable[[], bool],
        ended: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._jobs: Mapping[str, Job] = {job.name: job for job in jobs}
        self._order = order
        self._ledger = ledger
        self._clock = clock
        self._ready = ready
        self._ended = ended
        self._opened = False
        self._queue: deque[Run] = deque()
        self._running: Run | None = None
        self._runs: deque[Run] = deque(maxlen=RUNS_SHOWN)
        self._count = 0
        self._seen_due: dict[str, Nanos] = {}
        self._retries: dict[Ask, _Retry] = {}
        self._successes: dict[str, Kept] = {}
        self._failures: dict[str, Kept] = {}

    async def run(self) -> None:
        """Carry out jobs for ever."""
        while True:
            if not await self._prepared():
                await self._clock.pause(LOOK_EVERY_S)
                continue
            self._take_due()
            self._take_retries()
            await self._ledger.save()
            if self._queue:
                await self._carry_out(self._queue.popleft())
            else:
                await self._clock.pause(LOOK_EVERY_S)

    async def close(self) -> None:
        """Note down what was not carried out; `run` has ended."""
        left = [run for run in self._runs if run.state not in ENDED]
        for run in left:
            self._end(run, "interrupted", "the program ended")
        await self._ledger.close()

    async def submit(self, name: str, days: int | None = None) -> int:
        """Ask for a run, or join the one that waits or goes on already; its number. Unknown names: `UsageError`."""
        run = self.enqueue(name, days)
        await self._ledger.save()
        return run.number

    def enqueue(self, name: str, days: int | None = None) -> Run:
        """Like `submit`, at once; the database hears of it later."""
        if name not in self._jobs:
            raise UsageError(f"there is no job {name}: there are {', '.join(self._jobs)}")
        known = next((run for run in self._waiting() if (run.job, run.days) == (name, days)), None)
        return known or self._add(name, days)

    def under_way(self) -> tuple[JobNews, ...]:
        """What is being loaded now, and what waits for its turn."""
        return tuple(
            JobNews(run.job, run.progress.done, run.progress.total, run.progress.note) for run in self._waiting()
        )

    def report(self) -> dict[str, object]:
        """Every job and the last runs of this process, the newest first; moments in milliseconds."""
        second = self._clock.monotonic()
        return {
            "jobs": [self._told(job) for job in self._jobs.values()],
            "runs": [run.told(second) for run in reversed(self._runs)],
        }

    def failing(self) -> list[str]:
        """Which jobs keep failing, and why."""
        return [
            f"{name} keeps failing: {self._failures[name].error}"
            for (name, _), retry in self._retries.items()
            if retry.failures >= KEEPS_FAILING
        ]

    def health(self) -> dict[str, object]:
        """For health: what goes on, and which jobs keep failing."""
        return {
            "under_way": [news._asdict() for news in self.under_way()],
            "trouble": "; ".join(f"the job {words}" for words in self.failing()),
        }

    async def _prepared(self) -> bool:
        """Whether jobs can be carried out now. The first time, sees what was missed."""
        if not self._ready():
            return False
        if self._opened:
            return True
        try:
            past = await self._ledger.open(self._clock.now())
        except HistoryUnavailable:
            return False
        self._opened = True
        self._failures |= {each.job: each for each in past.failures}
        for each in past.successes:
            newest = self._successes.get(each.job)
            if newest is None or each.started_at > newest.started_at:
                self._successes[each.job] = each
        self._take_missed(past.successes)
        log.info("jobs_ready", queued=[run.job for run in self._queue], interrupted=past.interrupted)
        return True

    def _take_missed(self, successes: Sequence[Kept]) -> None:
        now = self._clock.now()
        done: dict[str, list[Success]] = {}
        for each in successes:
            done.setdefault(each.job, []).append(Success(each.started_at, each.days))
        self._seen_due = {name: latest_due(due, now) for name, due in self._hours()}
        for name, days in self._order:
            due = self._jobs[name].due
            if due is not None and missed(due, days, done.get(name, ()), now):
                self.enqueue(name, days)

    def _take_due(self) -> None:
        now = self._clock.now()
        for name, due in self._hours():
            latest = latest_due(due, now)
            if latest > self._seen_due[name]:
                self._seen_due[name] = latest
                self.enqueue(name)

    def _take_retries(self) -> None:
        second = self._clock.monotonic()
        for ask, retry in self._retries.items():
            if second >= retry.at:
                self.enqueue(*ask)

    def _hours(self) -> list[tuple[str, dt.time]]:
        return [(name, job.due) for name, job in self._jobs.items() if job.due is not None]

    def _waiting(self) -> list[Run]:
        return [*([self._running] if self._running else []), *self._queue]

    def _add(self, name: str, days: int | None) -> Run:
        self._count += 1
        run = Run(self._count, name, days, self._clock.now())
        self._queue.append(run)
        self._runs.append(run)
        self._ledger.put(run)
        return run

    def _end(self, run: Run, state: RunState, error: str = "") -> None:
        run.end(state, self._clock.now(), error)
        self._ledger.put(run)

    async def _carry_out(self, run: Run) -> None:
        run.begin(self._clock.now())
        self._running = run
        self._ledger.put(run)
        await self._ledger.save()
        try:
            await self._jobs[run.job].run(run.progress, run.days)
        except VendorUnavailable as error:
            self._failed(run, str(error), error.retry_after_s or 0.0)
        except TradeulError as error:
            self._failed(run, str(error))
        except asyncio.CancelledError:
            self._end(run, "interrupted", "the program ended")
            raise
        except BaseException as error:
            # A mistake of ours: the supervisor tells it and begins anew, and this job waits like any that failed.
            self._failed(run, f"{type(error).__name__}: {error}")
            raise
        else:
            self._succeeded(run)
        finally:
            self._running = None
        await self._ledger.save()

    def _succeeded(self, run: Run) -> None:
        self._end(run, "done")
        self._retries.pop((run.job, run.days), None)
        self._successes[run.job] = run.kept()
        progress = run.progress
        log.info("job_done", job=run.job, days=run.days, rows=progress.rows, errors=progress.errors)
        self._ended(run.job)

    def _failed(self, run: Run, reason: str, at_least_s: float = 0.0) -> None:
        reason = " ".join(reason.split())
        self._end(run, "failed", reason)
        self._failures[run.job] = run.kept()
        before = self._retries.get((run.job, run.days))
        failures = 1 if before is None else before.failures + 1
        wait_s = max(at_least_s, min(FIRST_RETRY_S * 2.0 ** (min(failures, 30) - 1), LONGEST_RETRY_S))
        self._retries[run.job, run.days] = _Retry(failures, self._clock.monotonic() + wait_s)
        log.warning("job_failed", job=run.job, reason=reason, retry_in_s=round(wait_s))

    def _told(self, job: Job) -> dict[str, object]:
        mine = [run for run in self._runs if run.job == job.name]
        waits = [run for run in self._waiting() if run.job == job.name]
        retries = [retry.at for (name, _), retry in self._retries.items() if name == job.name]
        idle = "waiting" if retries else "idle"
        shown = waits[0] if waits else mine[-1] if mine else None
        second = self._clock.monotonic()
        return {
            "name": job.name,
            "due": None if job.due is None else job.due.strftime("%H:%M"),
            "next_due": None if job.due is None else milliseconds(next_due(job.due, self._clock.now())),
            "state": waits[0].state if waits else idle,
            "retry_in_s": None if waits or not retries else round(max(0.0, min(retries) - second), 1),
            "progress": None if shown is None else shown.told(second),
            "last_success": _told_kept(self._successes.get(job.name)),
            "last_failure": _told_kept(self._failures.get(job.name)),
        }


def _told_kept(run: Kept | None) -> dict[str, object] | None:
    if run is None:
        return None
    return {
        "days": run.days,
        "started_at": milliseconds(run.started_at),
        "finished_at": milliseconds(run.finished_at),
        "rows": run.rows,
        "error": run.error,
    }
