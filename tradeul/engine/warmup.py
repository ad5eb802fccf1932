"""Keeps what history says on the board: averages of 30 sessions, what volume is usual by when, and today's splits.

At start, at each turn of the date, and when something new was loaded. The lists wait for none of it: at first they
stand on what was known when the program last ran, if that was kept, and until more is known they say so.
"""

import asyncio
import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Final, Literal, NamedTuple

import numpy as np
import structlog

from tradeul.clock import Clock
from tradeul.domain.averages import LONG_SESSIONS, Averages, DailyHistory
from tradeul.domain.events import Split
from tradeul.domain.session import TradingCalendar
from tradeul.domain.splits import MorningSplits, SplitBook
from tradeul.domain.usual import Baseline
from tradeul.domain.volume_profile import Shape, VolumeCurves, learned
from tradeul.engine.past_ports import PastVolumes
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import DailySource, KnownStore
from tradeul.engine.vitals import Vitals
from tradeul.errors import HistoryUnavailable, VendorError

LOOK_EVERY_S: Final = 0.5
RETRY_S: Final = 30.0
DATABASE_RETRY_S: Final = 5.0
FIRST_RESULT_AFTER: Final = 10
"""So many sessions make a usable average; the rest refine it."""
SPLITS_BACK: Final = dt.timedelta(days=2 * LONG_SESSIONS)
"""Longer than any session that is looked at lies back."""

Part = Literal["splits", "averages", "baseline"]
PARTS: Final[tuple[Part, ...]] = ("splits", "averages", "baseline")

log = structlog.get_logger(__name__)


class _Known(NamedTuple):
    """What was kept for this start; None where nothing was."""

    shape: Shape | None = None
    baseline: Baseline | None = None
    averages: tuple[dt.date, Averages] | None = None


class Warmup:
    """Brings averages and baselines to the board. `past` and `store` are None where no history is kept."""

    def __init__(
        self,
        source: DailySource,
        past: PastVolumes | None,
        store: KnownStore | None,
        pipeline: Pipeline,
        clock: Clock,
        calendar: TradingCalendar,
        vitals: Vitals,
    ) -> None:
        self._source = source
        self._past = past
        self._store = store
        self._pipeline = pipeline
        self._clock = clock
        self._calendar = calendar
        self._vitals = vitals
        self._date: dt.date | None = None
        self._wanted: set[Part] = set()
        self._begun = set[Part]()
        self._splits_found: tuple[Split, ...] | None = None
        self._splits_doubted = False
        self._averages: Averages | None = None
        self._retry_at: dict[Part, float] = dict.fromkeys(PARTS, 0.0)
        self._said = ""

    def refresh(self, part: Part) -> None:
        """Load a part again, soon: there is something new behind it. What was not begun yet will be anyway."""
        if part in self._begun:
            self._wanted.add(part)
            self._retry_at[part] = 0.0

    def look_at_splits(self) -> None:
        """Load everything again if the splits are others than those it stands on."""
        self._splits_doubted = True

    async def run(self) -> None:
        """Keep the board up to date, for ever."""
        known = await asyncio.to_thread(self._read)
        # The first snapshot comes first: it decides which symbols there are, and shows a market seconds earlier.
        await self._pipeline.first_image()
        await self._take(known)
        while True:
            await self._look()
            await self._clock.pause(LOOK_EVERY_S)

    async def _look(self) -> None:
        today = self._calendar.trading_date(self._clock.now())
        if today != self._date:
            self._date = today
            self._wanted = set(PARTS)
        if self._splits_doubted and not self._wanted:
            await self._doubt_splits(today)
        for part in PARTS:
            if part in self._wanted and self._retry_at[part] <= self._clock.monotonic():
                await self._load(part, today)

    def _read(self) -> _Known:
        """Read what the last process knew, as far as it can be read. Waits for the disk."""
        if self._store is None:
            return _Known()
        try:
            return _Known(self._store.shape(), self._store.baseline(), self._store.averages())
        except OSError as error:
            log.warning("averages_not_read", reason=str(error))
            return _Known()

    async def _take(self, known: _Known) -> None:
        """Stand on what the last process knew: for good if it was of today, else until today's is there."""
        self._date = today = self._calendar.trading_date(self._clock.now())
        self._wanted = set(PARTS)
        if known.shape is not None and known.shape.as_of <= today:
            await self._pipeline.take_curves(VolumeCurves.of_shape(known.shape))
        if known.baseline is not None and known.baseline.as_of <= today:
            missed = self._calendar.sessions_between(known.baseline.as_of, today)
            await self._pipeline.take_baseline(known.baseline, missed)
            self._settled("baseline", known.baseline.as_of, today)
        # Last, as they bring every row up to date, and the lists.
        if known.averages is not None and known.averages[0] <= today:
            self._averages = known.averages[1]
            await self._pipeline.take_averages(self._averages)
            self._settled("averages", known.averages[0], today)

    def _settled(self, part: Part, as_of: dt.date, today: dt.date) -> None:
        log.info("history_known", part=part, as_of=as_of.isoformat())
        if as_of == today:
            self._wanted.discard(part)
            self._begun.add(part)
            if part == "averages":
                self._vitals.sessions_wanted = self._vitals.sessions_loaded = LONG_SESSIONS

    async def _load(self, part: Part, today: dt.date) -> None:
        """Load one part and keep it for the next start. What fails is tried again."""
        self._wanted.discard(part)
        self._begun.add(part)
        try:
            if part == "splits":
                await self._load_splits(today)
            elif part == "averages":
                await self._load_averages(today)
            elif self._past is not None:
                await self._load_baseline(self._past, today)
        except VendorError as failure:
            self._failed(part, str(failure), RETRY_S)
        except HistoryUnavailable as failure:
            self._failed(part, str(failure), DATABASE_RETRY_S)

    def _failed(self, part: Part, why: str, retry_s: float) -> None:
        self._wanted.add(part)
        self._retry_at[part] = self._clock.monotonic() + retry_s
        if part == "averages":
            self._vitals.history_failure = why
        if why != self._said:
            self._said = why
            log.warning("history_failed", part=part, reason=why)

    async def _load_splits(self, today: dt.date) -> None:
        book = await self._splits(today)
        splits = MorningSplits(today, book)
        if len(splits):
            before = await self._source.daily_bars(self._calendar.previous(today))
            splits = MorningSplits(today, book, before)
            log.info("splits_today", symbols=len(splits))
        self._pipeline.take_splits(splits)

    async def _load_averages(self, today: dt.date) -> None:
        vitals, history, splits = self._vitals, DailyHistory(), await self._splits(today)
        vitals.sessions_wanted, vitals.sessions_loaded = LONG_SESSIONS, 0
        for day in self._calendar.last_sessions(today, LONG_SESSIONS):
            history.add(await self._source.daily_bars(day))
            vitals.sessions_loaded += 1
            if len(history) == FIRST_RESULT_AFTER and self._averages is None:
                await self._pipeline.take_averages(history.averages(splits))
        vitals.history_failure = ""
        if not len(history):
            return
        self._averages = averages = history.averages(splits)
        await self._pipeline.take_averages(averages)
        log.info("history_loaded", sessions=len(history))
        if self._store is not None:
            await self._keep(partial(self._store.keep_averages, today, averages))

    async def _load_baseline(self, past: PastVolumes, today: dt.date) -> None:
        baseline = await past.baseline(today, await self._splits(today))
        if not baseline.symbols:
            return
        await self._pipeline.take_baseline(baseline, 0)
        log.info("baseline_loaded", symbols=len(baseline.symbols))
        if self._store is not None:
            await self._keep(partial(self._store.keep_baseline, baseline))
        await self._learn(baseline)

    async def _learn(self, baseline: Baseline) -> None:
        """Learn the curves of a day from the symbols whose usual day is known."""
        averages = self._averages
        if averages is None:
            return
        found = await asyncio.to_thread(curves_of, baseline, averages, self._pipeline.least_sessions)
        if found is None:
            return
        shape, curves = found
        await self._pipeline.take_curves(curves)
        log.info("curves_learned", as_of=shape.as_of.isoformat())
        if self._store is not None:
            await self._keep(partial(self._store.keep_shape, shape))

    async def _keep(self, keep: Callable[[], None]) -> None:
        """Keep what was loaded for the next start; a disk that refuses costs that start some seconds, nothing else."""
        try:
            await asyncio.to_thread(keep)
        except OSError as error:
            log.warning("averages_not_kept", reason=str(error))

    async def _splits(self, today: dt.date) -> SplitBook:
        self._splits_found = await self._source.splits(today - SPLITS_BACK)
        return SplitBook(self._splits_found, today)

    async def _doubt_splits(self, today: dt.date) -> None:
        """Ask for the splits once more; a vendor that fails is asked again when the next job has ended."""
        self._splits_doubted, before = False, self._splits_found
        try:
            await self._splits(today)
        except VendorError as failure:
            log.warning("splits_not_looked_at", reason=str(failure))
            return
        if before is not None and before != self._splits_found:
            self._wanted = set(PARTS)


def curves_of(baseline: Baseline, averages: Averages, least_sessions: int) -> tuple[Shape, VolumeCurves] | None:
    """What the usual days say of the shape of one. Takes a tenth of a second: not for the loop."""
    turnover_of = dict(zip(averages.symbols, (averages.volume_30d * averages.price_30d).tolist(), strict=True))
    known = np.flatnonzero(baseline.sessions >= least_sessions)
    turnover = np.array([turnover_of.get(baseline.symbols[place], np.nan) for place in known.tolist()])
    shape = learned(baseline.as_of, turnover, baseline.ends[:, known])
    return None if shape is None else (shape, VolumeCurves.of_shape(shape))
