"""Backtests on request: one after the other, each in a process of its own that reads what was kept (`backtest_worker`).

A thread was refused: the process holds the interpreter for most of a minute, and in pieces on the loop it would be
every viewer's. Results are kept in memory, a few at a time. What is asked of the database is only read.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import structlog

from tradeul.clock import Clock
from tradeul.domain.averages import LONG_SESSIONS
from tradeul.domain.filters import Filter
from tradeul.domain.session import TradingCalendar
from tradeul.engine.backtest import days_between
from tradeul.engine.ports import DailySource
from tradeul.engine.trials import Wish
from tradeul.errors import HistoryUnavailable, JobFailed, TradeulError, UsageError, VendorError
from tradeul.history import price_store
from tradeul.history.jobs.sessions import coming_date
from tradeul.history.lending import Lender
from tradeul.worker import Worker, filters_told, scan_told, working

REMEMBERED: Final = 8
"""Results, of some megabytes each."""
WAITING: Final = 4
WORKER: Final = "tradeul.backtest_worker"

State = Literal["queued", "running", "done", "failed", "cancelled"]

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Trial:
    number: int
    wish: Wish
    state: State = "queued"
    done: int = 0
    total: int = 0
    note: str = ""
    error: str = ""
    began: float | None = None
    took_s: float | None = None
    result: dict[str, Any] | None = None

    @property
    def over(self) -> bool:
        return self.state not in ("queued", "running")


@dataclass(frozen=True, slots=True)
class Ground:
    """What backtests stand on: which world's database and recordings, whose sessions, behind which filters, by which
    rules of RVOL.
    """

    world: str
    lookback: int
    least_sessions: int
    filters: Sequence[Filter]
    recordings: Path | None = None


class Backtests:
    """A `Trials`. `address` gives where the database is."""

    def __init__(
        self,
        ground: Ground,
        lender: Lender,
        address: Any,
        sessions: DailySource,
        clock: Clock,
        calendar: TradingCalendar,
    ) -> None:
        self._ground = ground
        self._lender = lender
        self._address = address
        self._sessions = sessions
        self._clock = clock
        self._calendar = calendar
        self._trials: dict[int, _Trial] = {}
        self._queue: asyncio.Queue[_Trial] = asyncio.Queue()
        self._worker: Worker | None = None
        self._count = 0

    async def run(self) -> None:
        """Carry out what is asked for, for ever."""
        while True:
            trial = await self._queue.get()
            if not trial.over:
                await self._carry_out(trial)

    @property
    def today(self) -> dt.date:
        """The first date that is not over."""
        return coming_date(self._clock, self._calendar)

    async def submit(self, wish: Wish) -> int:
        """Ask for one and give its number."""
        if sum(not trial.over for trial in self._trials.values()) > WAITING:
            raise UsageError(f"{WAITING} backtests wait already: cancel one, or ask again later")
        self._count += 1
        trial = self._trials[self._count] = _Trial(self._count, wish)
        over = [number for number, each in self._trials.items() if each.over]
        for number in over[: max(0, len(over) - REMEMBERED)]:
            del self._trials[number]
        self._queue.put_nowait(trial)
        return trial.number

    def told(self, number: int) -> Mapping[str, object] | None:
        """Tell how one stands, with its result once it is done."""
        trial = self._trials.get(number)
        return None if trial is None else {**self._told(trial), "result": trial.result}

    def all(self) -> list[Mapping[str, object]]:
        """Tell of the last ones, the newest first."""
        return [self._told(trial) for trial in reversed(self._trials.values())]

    def cancel(self, number: int) -> bool:
        """End one that waits or goes on, and forget one that is over; whether there was one."""
        trial = self._trials.get(number)
        if trial is None:
            return False
        if trial.over:
            del self._trials[number]
            return True
        running, trial.state = trial.state == "running", "cancelled"
        if running and self._worker is not None:
            self._worker.kill()
        return True

    def _told(self, trial: _Trial) -> dict[str, object]:
        running_s = None if trial.began is None else round(self._clock.monotonic() - trial.began, 1)
        return {
            "id": trial.number,
            "state": trial.state,
            "name": trial.wish.scan.name,
            "where": trial.wish.scan.where,
            "from": str(trial.wish.first),
            "to": str(trial.wish.last),
            "done": trial.done,
            "total": trial.total,
            "note": trial.note,
            "error": trial.error,
            "took_s": running_s if trial.took_s is None else trial.took_s,
        }

    async def _carry_out(self, trial: _Trial) -> None:
        trial.state, trial.began = "running", self._clock.monotonic()
        try:
            await self._load_sessions(trial)
            if not trial.over:
                trial.result = await self._played(trial)
                trial.state = "done"
        except TradeulError as error:
            if not trial.over:
                trial.state, trial.error = "failed", str(error)
        except BaseException as error:
            # A mistake of ours, or the program ends: nobody may wait for it for ever.
            if not trial.over:
                trial.state, trial.error = "failed", type(error).__name__
            raise
        finally:
            trial.took_s = round(self._clock.monotonic() - trial.began, 1)
        log.info("backtest_ended", state=trial.state, took_s=trial.took_s, error=trial.error)

    async def _load_sessions(self, trial: _Trial) -> None:
        """Have the daily bars that the mornings stand on; what cannot be had the result tells by its absence."""
        wanted = {*self._calendar.last_sessions(trial.wish.first, LONG_SESSIONS)}
        wanted |= {day for day in days_between(self._calendar, trial.wish.first, trial.wish.last) if day < self.today}
        async with self._lender.lent() as connection:
            kept = await price_store.loaded_sessions(connection, min(wanted), max(wanted))
        missing = sorted(wanted - kept.keys())
        trial.note, trial.total = "loading sessions before it", len(missing)
        for number, day in enumerate(missing):
            trial.done = number
            try:
                await self._sessions.daily_bars(day)
            except VendorError as error:
                log.warning("backtest_without_a_session", day=str(day), reason=str(error))
                return
            if trial.over:
                return

    async def _played(self, trial: _Trial) -> dict[str, Any]:
        address = self._address()
        if not address:
            raise HistoryUnavailable("Postgres has not started yet")
        request = {**self._request(trial.wish), "address": address}
        async with working(WORKER, request) as worker:
            self._worker = worker
            return await _result(trial, worker)

    def _request(self, wish: Wish) -> dict[str, object]:
        ground = self._ground
        return {
            "world": ground.world,
            "recordings": "" if ground.recordings is None else str(ground.recordings.resolve()),
            "scan": scan_told(wish.scan),
            "filters": filters_told(ground.filters),
            "first": str(wish.first),
            "last": str(wish.last),
            "today": str(self.today),
            "lookback": ground.lookback,
            "least_sessions": ground.least_sessions,
        }


async def _result(trial: _Trial, worker: Worker) -> dict[str, Any]:
    """Follow what the process says to its end."""
    while (said := await worker.hear()) is not None:
        if "result" in said:
            result: dict[str, Any] = said["result"]
            return result
        if "error" in said:
            raise JobFailed(said["error"])
        trial.done, trial.total, trial.note = said["done"], said["total"], said["note"]
    raise JobFailed("it was cancelled" if trial.over else "the process of the backtest ended without a result")
