"""The only place tasks start: each has a name, a restart policy and a stage of the shutdown.

A task that fails, returns or hangs is logged, counted and started again after a short wait; one that does so five
times in a minute ends the program, so that whoever runs it starts it anew. Shutdown goes stage by stage, each within
its time, so nothing that hangs can keep the process alive. The composition root starts everything here.
"""

import asyncio
import enum
import os
import random
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from tradeul.clock import Clock
from tradeul.engine.pulse import Pulse
from tradeul.errors import TaskFailedTooOften

log = structlog.get_logger(__name__)

FAILURES_ALLOWED: Final = 5
FAILURE_WINDOW_S: Final = 60.0
FIRST_BACKOFF_S: Final = 0.25
STAGE_TIMEOUT_S: Final = 2.0
LAST_CHANCE_S: Final = 0.05
FORCED_EXIT_CODE: Final = 130
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

LOOK_S: Final = 1.0
HANG_GRACE_S: Final = 30.0
TOLD_FOR_S: Final = 30.0
"""How long a task that runs again is a reason not to be well."""

Work = Callable[[], Awaitable[None]]


class Stage(enum.Enum):
    """What is stopped together. Shutdown takes the stages in this order."""

    SERVING = "serving"
    ENGINE = "engine"
    FEEDS = "feeds"
    HISTORY = "history"
    DATABASE = "database"
    SIMULATION = "simulation"


class TaskState(NamedTuple):
    """One task as health shows it."""

    name: str
    running: bool
    restarts: int
    last_error: str | None


@dataclass(slots=True, eq=False)
class _Job:
    name: str
    work: Work
    restart: bool
    stage: Stage
    running: bool = True
    restarts: int = 0
    last_error: str | None = None
    pulse: Pulse | None = None
    at_work: asyncio.Task[None] | None = None
    """Of a job with a pulse: what is cancelled where it hangs."""
    failures: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES_ALLOWED))
    task: asyncio.Task[None] | None = None


class Supervisor:
    """Owns every task of the process, and its signals from the moment it is made, inside the running loop."""

    def __init__(
        self, clock: Clock, *, stage_timeout_s: float = STAGE_TIMEOUT_S, jitter: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._stage_timeout_s = stage_timeout_s
        self._jitter = jitter
        self._jobs: dict[str, _Job] = {}
        self._closers: list[tuple[Stage, str, Work]] = []
        self._stop_requested = asyncio.Event()
        self._failure: TaskFailedTooOften | None = None
        self._abandoned: list[str] = []
        # From here on, so that a signal that comes while parts still start is obeyed as soon as they have.
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._signalled, number)

    def start(self, name: str, work: Work, *, stage: Stage, restart: bool = True, pulse: Pulse | None = None) -> None:
        """Run `work` until `stage` is stopped. With `restart` it has to run for ever: returning is a failure too.

        So is a `pulse` that is overdue: what hangs is cancelled and started anew.
        """
        if self._stop_requested.is_set():
            log.info("task_not_started", task=name, because="stopping")
            return
        if name in self._jobs and self._jobs[name].running:
            raise ValueError(f"a task named {name} is running")
        job = self._jobs[name] = _Job(name, work, restart, stage, pulse=pulse)
        job.task = asyncio.create_task(self._keep_running(job), name=name)

    def add_stop(self, stage: Stage, name: str, close: Work) -> None:
        """Await `close` when `stage` is stopped, after its tasks have ended and beside the stage's other closers."""
        self._closers.append((stage, name, close))

    def request_stop(self, reason: str) -> None:
        """Let `run_until_stopped` begin the shutdown. Asking again changes nothing."""
        if not self._stop_requested.is_set():
            log.info("stop_requested", reason=reason)
            self._stop_requested.set()

    async def run_until_stopped(self) -> None:
        """Wait for a signal or a request, then shut down. A second signal ends the process at once.

        Raises `TaskFailedTooOften` when a task was the reason. After it, look at `abandoned`.
        """
        try:
            await self._stop_requested.wait()
        finally:
            self.request_stop("cancelled")
            await self._shut_down()
            for number in SIGNALS:
                asyncio.get_running_loop().remove_signal_handler(number)
        if self._failure is not None:
            raise self._failure

    @property
    def abandoned(self) -> tuple[str, ...]:
        """Tasks that did not end in time. While there are any, only `os._exit` ends the process for sure."""
        return tuple(self._abandoned)

    def states(self) -> tuple[TaskState, ...]:
        """Every task that runs or should, in the order they were started."""
        return tuple(TaskState(job.name, job.running, job.restarts, job.last_error) for job in self._jobs.values())

    @property
    def trouble(self) -> str:
        """Which tasks do not run, or failed a moment ago, and why; empty while all is well."""
        now = self._clock.monotonic()
        failing = [
            f"{job.name} ({job.last_error})"
            for job in self._jobs.values()
            if job.failures and (not job.running or now - job.failures[-1] < TOLD_FOR_S)
        ]
        return f"tasks that failed: {', '.join(failing)}" if failing else ""

    def _signalled(self, number: signal.Signals) -> None:
        if self._stop_requested.is_set():
            os._exit(FORCED_EXIT_CODE)
        self.request_stop(number.name)

    async def _keep_running(self, job: _Job) -> None:
        while await self._fails(job):
            if self._too_often(job):
                return
            # Full jitter, so that tasks that failed together do not come back together.
            await self._clock.pause(self._jitter() * FIRST_BACKOFF_S * 2 ** len(job.failures))
            job.restarts += 1
            log.info("task_restarted", task=job.name, restarts=job.restarts)

    async def _fails(self, job: _Job) -> bool:
        """Do the work once. True: it failed and is to be restarted."""
        job.running = True
        try:
            hung = await self._hangs(job)
        except asyncio.CancelledError:
            if _cancelled_from_outside():
                raise
            self._record(job, "cancelled itself", traceback=True)
        except Exception as error:  # noqa: BLE001  the one boundary of every task
            self._record(job, f"{type(error).__name__}: {error}", traceback=True)
        else:
            if not job.restart:
                del self._jobs[job.name]
                return False
            self._record(job, "hung: what it had begun was overdue" if hung else "returned", traceback=False)
        finally:
            job.running = False
        return job.restart

    async def _hangs(self, job: _Job) -> bool:
        """Do the work once, and look whether it gets anywhere, where it says so; whether it was given up."""
        if job.pulse is None:
            await job.work()
            return False
        began, hung = self._clock.monotonic(), False
        work = job.at_work = asyncio.create_task(_done(job.work), name=f"{job.name} at work")
        look = work
        try:
            while not work.done() and not hung:
                look = asyncio.create_task(self._clock.pause(LOOK_S), name=f"{job.name} looked at")
                await asyncio.wait({work, look}, return_when=asyncio.FIRST_COMPLETED)
                look.cancel()
                overdue = job.pulse.overdue_s > 0
                # The pulse of one that was started anew is overdue until it has done something.
                hung = overdue and self._clock.monotonic() - began >= HANG_GRACE_S
        finally:
            look.cancel()
            work.cancel()
            await asyncio.wait({work, look})
        if not hung:
            work.result()
        return hung

    def _record(self, job: _Job, error: str, *, traceback: bool) -> None:
        job.last_error = error
        job.failures.append(self._clock.monotonic())
        log.error("task_failed", task=job.name, error=error, exc_info=traceback)

    def _too_often(self, job: _Job) -> bool:
        full = len(job.failures) == FAILURES_ALLOWED
        if not full or job.failures[-1] - job.failures[0] > FAILURE_WINDOW_S:
            return False
        self._failure = self._failure or TaskFailedTooOften(
            f"{job.name} failed {FAILURES_ALLOWED} times in {FAILURE_WINDOW_S:.0f} s, last: {job.last_error}"
        )
        self.request_stop(str(self._failure))
        return True

    async def _shut_down(self) -> None:
        for stage in Stage:
            await self._stop(stage)
        log.info("stopped", abandoned=self.abandoned)

    async def _stop(self, stage: Stage) -> None:
        jobs = [job for job in self._jobs.values() if job.stage is stage]
        tasks = [task for job in jobs for task in (job.task, job.at_work) if task is not None]
        for task in tasks:
            task.cancel()
        await self._finish(tasks)
        closers = [(name, close) for closer_stage, name, close in self._closers if closer_stage is stage]
        await self._finish([asyncio.create_task(_closed(name, close), name=f"close {name}") for name, close in closers])

    async def _finish(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Wait for `tasks` half of a stage's time, cancel what is left, and give up what does not end even then."""
        deadline = asyncio.create_task(self._clock.pause(self._stage_timeout_s / 2), name="deadline")
        pending = {task for task in tasks if not task.done()}
        while pending and not deadline.done():
            await asyncio.wait({*pending, deadline}, return_when=asyncio.FIRST_COMPLETED)
            pending = {task for task in pending if not task.done()}
        deadline.cancel()
        await asyncio.wait({deadline})
        if not pending:
            return
        log.error("tasks_overdue", tasks=sorted(task.get_name() for task in pending))
        for task in pending:
            task.cancel()
        _, stuck = await asyncio.wait(pending, timeout=LAST_CHANCE_S)
        self._abandoned += sorted(task.get_name() for task in stuck)


async def together(*works: Work) -> None:
    """Do several things at once, as one: all have ended when it returns, and the first failure ends the others."""
    task = asyncio.current_task()
    whose = "" if task is None else task.get_name()
    try:
        async with asyncio.TaskGroup() as group:
            for number, work in enumerate(works, 1):
                group.create_task(_done(work), name=f"{whose} {number}")
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _done(work: Work) -> None:
    await work()


async def _closed(name: str, close: Work) -> None:
    try:
        await close()
    except Exception:
        log.exception("close_failed", part=name)


def _cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
