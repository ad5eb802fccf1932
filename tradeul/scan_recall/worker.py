"""Scan recall of one day, in a process of its own: one request on stdin, progress and the end as lines of JSON.

It takes a core for minutes, so it is not the live program's. It reads the day as it is stored, every recording of it,
and what is kept of the lists; it writes the verdicts into the database, and ends with its parent.
"""

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tradeul.domain.averages import LONG_SESSIONS
from tradeul.domain.events import MarketImage, Nanos, Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.recall_reasons import Reasons, lack_of, silences_of
from tradeul.domain.scan_recall import RecallBook, visits_of
from tradeul.domain.scans import Scan
from tradeul.domain.session import DayHours, TradingCalendar, local_time
from tradeul.engine.backtest import IMAGES_A_DAY, StoredDay, missing_of
from tradeul.engine.calendar import FIRST_YEAR, YEARS_AHEAD, exchange_calendar
from tradeul.engine.scan_recall import ListWatcher, averages_asked, ordered_by_untold, watch_stored
from tradeul.errors import JobFailed, TradeulError
from tradeul.history import recall_store
from tradeul.history.lending import Lender
from tradeul.history.recall_store import Kept, Verdicts
from tradeul.history.stored_days import StoredDays
from tradeul.recording.format import SUFFIX
from tradeul.replay.tape import Tape
from tradeul.scan_recall.recorded import RecordedDay
from tradeul.worker import answer_one, say

READING_S: Final = 120.0
TOLD_EVERY: Final = 16
STEPS_A_RECORDING: Final = 1_000
NOT_KEPT: Final = "the day is not kept, by slots or as a recording: `load prices` loads its slots"

Source = dict[str, object]


async def recalled(wish: Mapping[str, Any]) -> int:
    """Work a day's verdicts out and keep them; how many rows."""
    today = dt.date.fromisoformat(wish["today"])
    calendar = exchange_calendar(FIRST_YEAR, today.year + YEARS_AHEAD)
    lender = Lender(lambda: str(wish["address"]), wish["world"], 1)
    try:
        work = Work(wish, lender, calendar)
        async with lender.lent(READING_S) as connection:
            kept = await recall_store.kept(connection, work.hours.pre_market_start, work.hours.post_market_end)
        verdicts = await work.verdicts(kept, StoredDays(lender, calendar, today, wish["lookback"], work.least))
        async with lender.lent(READING_S) as connection:
            return await recall_store.keep(connection, verdicts)
    finally:
        await lender.close()


@dataclass(slots=True, eq=False)
class Progress:
    """Tells on stdout how far it is."""

    total: int = IMAGES_A_DAY
    done: int = 0
    note: str = ""

    def counted(self, images: Iterator[MarketImage]) -> Iterator[MarketImage]:
        """The same images, told of as they are taken."""
        for image in images:
            yield image
            self.step(1)

    def step(self, steps: int) -> None:
        before, self.done = self.done, min(self.total, self.done + steps)
        if before // TOLD_EVERY != self.done // TOLD_EVERY:
            self.tell()

    def end(self, note: str) -> None:
        """All images are taken."""
        self.done = self.total
        self.begin(note)

    def begin(self, note: str) -> None:
        self.note = note
        self.tell()

    def tell(self) -> None:
        say({"done": self.done, "total": self.total, "note": self.note})


@dataclass(slots=True, eq=False)
class _Found:
    """What was played, and what is to be told of it."""

    sources: list[Source] = field(default_factory=list)
    untold: dict[str, str] = field(default_factory=dict)
    """By list, which fields the stored day does not tell."""
    unranked: dict[str, str] = field(default_factory=dict)
    """By list, which fields that it is ordered by the stored day does not tell."""
    failures: dict[str, str] = field(default_factory=dict)


class Work:
    """One day of all lists."""

    def __init__(self, wish: Mapping[str, Any], lender: Lender, calendar: TradingCalendar) -> None:
        self.date = dt.date.fromisoformat(wish["date"])
        self.hours: DayHours = calendar.hours(self.date)
        self.least = int(wish["least_sessions"])
        self._scans = [Scan(**each) for each in wish["scans"]]
        self._filters = [Filter(*each) for each in wish["filters"]]
        self._now = Nanos(wish["now"])
        self._recordings = _recordings_of(Path(wish["recordings"]), self.date)
        self._lender = lender
        self._calendar = calendar
        self._found = _Found()
        self._progress = Progress(IMAGES_A_DAY + STEPS_A_RECORDING * len(self._recordings))
        self._book = RecallBook()

    async def verdicts(self, kept: Kept, days: StoredDays) -> Verdicts:
        """Play the day as it is stored, then as it was recorded, and hold it against what was shown."""
        visits = visits_of(kept.moves, self.hours.pre_market_start, self.hours.post_market_end)
        for scan in self._scans:
            self._book.add(scan.name, scan.size, visits.get(scan.name, ()))
        await self._play_stored(days)
        reasons = self._reasons(kept)
        await self._play_recorded(reasons)
        if not any(source["images"] for source in self._found.sources):
            raise JobFailed(NOT_KEPT)
        await self._look_up(reasons)
        self._progress.end("the verdicts")
        outcomes = self._book.outcomes(reasons.of)
        notes = await self._notes()
        lists = [(scan, outcomes[scan.name], notes.get(scan.name, "")) for scan in self._scans]
        return Verdicts(self.date, self._now, self._found.sources, reasons.silences, lists)

    async def _play_stored(self, days: StoredDays) -> None:
        if self.date not in await days.kept(self.date, self.date):
            return
        self._progress.begin("reading the stored day")
        day = await days.day(self.date)
        self._progress.begin("the stored day")
        for scan in self._scans:
            if fields := ordered_by_untold(scan, day):
                self._found.unranked[scan.name] = ", ".join(fields)
        ranked = [scan for scan in self._scans if scan.name not in self._found.unranked]
        watched = (ranked, self._filters, self._book)
        watcher = await asyncio.to_thread(
            watch_stored, day, self._calendar, self.least, watched, self._progress.counted
        )
        self._tell(watcher, day)

    def _tell(self, watcher: ListWatcher, day: StoredDay) -> None:
        hours = self.hours
        self._found.sources.append(
            _source("slots", hours.pre_market_start, hours.post_market_end, watcher.images, symbols=len(day.symbols))
        )
        self._found.failures |= watcher.failures
        for scan in self._scans:
            missing = missing_of(scan, day)
            if missing and scan.name not in self._found.unranked:
                self._found.untold[scan.name] = ", ".join(missing)

    async def _play_recorded(self, reasons: Reasons) -> None:
        missing = self._book.missed()
        for path in self._recordings:
            self._progress.begin(f"the recording {path.name}")
            try:
                tape = Tape(path)
            except TradeulError as error:
                self._found.sources.append(_source(path.name, None, None, 0, why=str(error)))
                continue
            try:
                await self._play(tape, reasons, missing)
            finally:
                tape.close()

    async def _play(self, tape: Tape, reasons: Reasons, missing: Sequence[tuple[Nanos, str, Symbol]]) -> None:
        played = RecordedDay(tape, (self._scans, self._filters, self._book), missing)
        first, ends, done = tape.states[0], max(tape.ends, tape.states[0] + 1), self._progress.done

        def tick(at: Nanos) -> None:
            share = max(0.0, min(1.0, (at - first) / (ends - first)))
            self._progress.step(done + int(share * STEPS_A_RECORDING) - self._progress.done)

        played.tick = tick
        recorded = await played.play()
        reasons.told |= recorded.told
        reasons.recorded += recorded.spans
        if recorded.spans:
            ends_at = (recorded.spans[0][0], recorded.spans[-1][1])
            self._found.sources.append(_source(tape.name, *ends_at, recorded.images, gaps=recorded.gaps))

    def _reasons(self, kept: Kept) -> Reasons:
        """What is known of the program then, without the board."""
        hours = self.hours
        first, last = hours.pre_market_start, hours.post_market_end
        begins = sorted({move.at for move in kept.moves if move.event == "entered" and not move.reason})
        reasons = Reasons(silences_of(kept.times, begins, first, last))
        for scan in self._scans:
            made = kept.rows.get(scan.name, ((), ()))
            reasons.lacks = {**reasons.lacks, scan.name: lack_of(kept.times, made[0], first, last)}
            reasons.rows = {**reasons.rows, scan.name: recall_store.filled_of(made, scan.size)}
        return reasons

    async def _look_up(self, reasons: Reasons) -> None:
        """What else is known of those who were not where they belonged."""
        symbols = {symbol for _, _, symbol in self._book.missed()}
        oldest = self._calendar.last_sessions(self.date, LONG_SESSIONS)[-1]
        async with self._lender.lent(READING_S) as connection:
            reasons.filled_in = await recall_store.filled_in(connection, self.hours, symbols)
            came = await recall_store.sessions_at(connection, oldest, self.date)
        if came is not None and self.hours.pre_market_start < came < self.hours.post_market_end:
            reasons.averages_at = came
        reasons.averages = averages_asked(self._scans, self._filters)

    async def _notes(self) -> dict[str, str]:
        """What is to be known of each list beside its figures."""
        async with self._lender.lent(READING_S) as connection:
            later = await recall_store.defined_after(connection, self.hours.pre_market_start)
        notes: dict[str, list[str]] = {}
        for name, fields in self._found.untold.items():
            notes.setdefault(name, []).append(f"the stored day does not tell {fields}")
        for name, fields in self._found.unranked.items():
            words = f"the stored day does not tell {fields}, by which it is ordered: only a recording can"
            notes.setdefault(name, []).append(words)
        for name, at in later.items():
            notes.setdefault(name, []).append(f"as it was defined {local_time(at):%Y-%m-%d %H:%M}, not before")
        for name, why in self._found.failures.items():
            notes.setdefault(name, []).append(f"it cannot be evaluated: {why}")
        return {name: "; ".join(words) for name, words in notes.items()}


def _recordings_of(folder: Path, date: dt.date) -> list[Path]:
    return sorted(folder.glob(f"*{date}*{SUFFIX}"))


def _source(kind: str, first: Nanos | None, last: Nanos | None, images: int, **more: object) -> Source:
    moments = {"first": first, "last": last}
    told = {name: None if at is None else at // 1_000_000 for name, at in moments.items()}
    return {"kind": kind, **told, "images": images, "symbols": None, "gaps": 0, "why": "", **more}


if __name__ == "__main__":
    answer_one("rows", recalled)
