"""The job `scan_recall`: each night, for the session that is over, what its lists should have shown and what they did.

It comes after `prices`, whose slots it plays. Each day is worked out in a process of its own (`worker`), so that no
viewer waits for it; the definitions and filters are those of now. A day on which no list was made is passed over.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.filters import Filter
from tradeul.domain.scans import Scan
from tradeul.domain.session import TradingCalendar
from tradeul.errors import HistoryUnavailable, JobFailed
from tradeul.history import recall_store
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.sessions import coming_date, finished_sessions
from tradeul.history.lending import Lender
from tradeul.worker import Worker, filters_told, scan_told, working

NIGHTLY_SESSIONS: Final = 5
"""As many are looked through for days of which there is nothing yet."""
DAYS_TOLD: Final = 60
LOOK_EVERY_S: Final = 0.5
WORKER: Final = "tradeul.scan_recall.worker"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What it stands on: which world's database and recordings, behind which filters, by which rules of RVOL."""

    world: str
    address: Callable[[], str]
    recordings: Path
    scans: Callable[[], Sequence[Scan]]
    filters: Sequence[Filter]
    lookback: int
    least_sessions: int


class ScanRecallJob:
    """A `Job` and a `ScanRecalls`. Its rows are verdicts."""

    name = "scan_recall"
    due: dt.time | None = dt.time(4, 45)

    def __init__(self, ground: Ground, lender: Lender, clock: Clock, calendar: TradingCalendar) -> None:
        self._ground = ground
        self._lender = lender
        self._clock = clock
        self._calendar = calendar
        self.latest: Mapping[str, Any] | None = None
        """What came of the last day, for the metrics."""

    async def run(self, progress: Progress, days: int | None) -> None:
        """Work out the last `days` sessions anew, or those of the last few of which there is nothing."""
        sessions = finished_sessions(self._clock, self._calendar, days or NIGHTLY_SESSIONS)
        known = set() if days else set(await self.days())
        wanted = [day for day in sessions if day not in known and await self._was_shown(day)]
        for date in reversed(wanted):
            progress.done = progress.total = 0
            progress.note = f"{date}: reading"
            progress.rows += await self._worked_out(date, progress)
        await self.look()
        log.info("scan_recall_done", days=[str(date) for date in wanted])

    async def watch(self) -> None:
        """Know the last day's figures as soon as the database can be asked, and then nothing more; ends with us."""
        while self.latest is None:
            with contextlib.suppress(HistoryUnavailable):
                if self._ground.address():
                    await self.look()
                    break
            await self._clock.pause(LOOK_EVERY_S)
        await asyncio.Event().wait()

    async def look(self) -> None:
        """Read the newest day's figures."""
        known = await self.days()
        self.latest = await self.day(known[0]) if known else None

    async def days(self) -> Sequence[dt.date]:
        """Of which days there are verdicts, the newest first."""
        until = coming_date(self._clock, self._calendar)
        async with self._lender.lent() as connection:
            return await recall_store.days(connection, until, DAYS_TOLD)

    async def day(self, date: dt.date) -> Mapping[str, Any] | None:
        """Tell of a day and its lists in JSON-ready words; None where there is nothing of it."""
        async with self._lender.lent() as connection:
            return await recall_store.day(connection, date)

    async def symbols(self, date: dt.date, name: str) -> Sequence[Mapping[str, Any]]:
        """Tell of a list's symbols on a day, in JSON-ready words."""
        async with self._lender.lent() as connection:
            return await recall_store.lines(connection, date, name)

    async def _was_shown(self, date: dt.date) -> bool:
        hours = self._calendar.hours(date)
        async with self._lender.lent() as connection:
            return await recall_store.any_shown(connection, hours.pre_market_start, hours.post_market_end)

    async def _worked_out(self, date: dt.date, progress: Progress) -> int:
        address = self._ground.address()
        if not address:
            raise HistoryUnavailable("Postgres has not started yet")
        async with working(WORKER, self._request(date, address)) as worker:
            return await _followed(worker, date, progress)

    def _request(self, date: dt.date, address: str) -> dict[str, object]:
        ground = self._ground
        return {
            "address": address,
            "world": ground.world,
            "date": str(date),
            "today": str(coming_date(self._clock, self._calendar)),
            "now": self._clock.now(),
            "recordings": str(ground.recordings),
            "scans": [scan_told(scan) for scan in ground.scans()],
            "filters": filters_told(ground.filters),
            "lookback": ground.lookback,
            "least_sessions": ground.least_sessions,
        }


async def _followed(worker: Worker, date: dt.date, progress: Progress) -> int:
    """Follow what the process says to its end; how many rows it wrote."""
    while (said := await worker.hear()) is not None:
        if "rows" in said:
            return int(said["rows"])
        if "error" in said:
            raise JobFailed(f"{date}: {said['error']}")
        progress.done, progress.total, progress.note = said["done"], said["total"], f"{date}: {said['note']}"
    raise JobFailed(f"{date}: its process ended without a word")
