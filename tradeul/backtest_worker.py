"""A backtest in a process of its own: one request on stdin, progress and the result as lines of JSON on stdout.

It takes a core for most of a minute, so it is not the live program's, which would be held up by it (`backtests` starts
it, and ends it). It reads the database and the recordings, and nothing else; it ends with its parent.
"""

import asyncio
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from tradeul.backtest_result import result_of
from tradeul.domain.events import Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.scans import Scan
from tradeul.engine.backtest import IMAGES_A_DAY, Morning, Played, Player, Sight, StoredDay, Trail, days_between
from tradeul.engine.calendar import FIRST_YEAR, YEARS_AHEAD, exchange_calendar
from tradeul.history.lending import Lender
from tradeul.history.stored_days import StoredDays
from tradeul.replay.recorded_days import WHOLE, RecordedDays
from tradeul.supervisor import together
from tradeul.worker import answer_one, say

TOLD_EVERY: Final = 16
"""Images."""
LEAST_SHARE: Final = 0.5
"""A day of which fewer of those that traded are kept is no picture of the market."""


PARTLY: Final = "{}: recorded for {:.0%} of the regular session only, so it is played as it was stored."


class Progress:
    """Tells on stdout how far it is."""

    def __init__(self, days: int) -> None:
        self._total = days * IMAGES_A_DAY
        self._done = 0.0
        self._day_ends = 0
        self._step = 1.0

    def day_begins(self, number: int, date: dt.date, images: int = IMAGES_A_DAY) -> None:
        """Begin with a day of about so many images; all days count alike."""
        self._done, self._day_ends = float(number * IMAGES_A_DAY), (number + 1) * IMAGES_A_DAY
        self._step = IMAGES_A_DAY / images
        self._note = str(date)
        self._tell()

    def counted(self, images: Iterable[Sight]) -> Iterator[Sight]:
        """The same images, told of as they are taken."""
        for image in images:
            yield image
            before, self._done = self._done, self._done + self._step
            if self._done // TOLD_EVERY > before // TOLD_EVERY:
                self._tell()

    def _tell(self) -> None:
        say({"done": min(int(self._done), self._day_ends), "total": self._total, "note": self._note})


async def tried(wish: dict[str, Any]) -> dict[str, Any]:
    """Play the days, and say what came of it."""
    first, last, today = (dt.date.fromisoformat(wish[key]) for key in ("first", "last", "today"))
    calendar = exchange_calendar(FIRST_YEAR, today.year + YEARS_AHEAD)
    scan, filters = Scan(**wish["scan"]), [Filter(*each) for each in wish["filters"]]
    lender = Lender(lambda: str(wish["address"]), wish["world"], 1)
    days = StoredDays(lender, calendar, today, wish["lookback"], wish["least_sessions"])
    recorded = RecordedDays(Path(wish["recordings"]), wish["world"], calendar) if wish.get("recordings") else None
    work = Work(Player(scan, filters, calendar, wish["least_sessions"]), days, today, recorded)
    try:
        await work.through(days_between(calendar, first, last))
    finally:
        await lender.close()
    return result_of(scan, filters, (first, last), work.played, work.missing, work.notes)


class Work:
    """Goes through days, and reads the next one while one is played: as it was recorded, where that is the whole day
    or all there is, and else as it was stored.
    """

    def __init__(self, player: Player, days: StoredDays, today: dt.date, recorded: RecordedDays | None = None) -> None:
        self._player = player
        self._days = days
        self._today = today
        self._recorded = recorded
        self._played_again: set[dt.date] = set()
        self.notes: list[str] = []
        self._next: StoredDay | None = None
        self.played: list[tuple[StoredDay, Played]] = []
        self.missing: list[tuple[dt.date, str]] = []

    async def through(self, wanted: Sequence[dt.date]) -> None:
        """Play what can be played, and note what cannot."""
        kept = await self._days.kept(wanted[0], wanted[-1]) if wanted else {}
        shares = await self._shares(wanted)
        self._played_again = {date for date, share in shares.items() if share >= WHOLE or date not in kept}
        self.notes = [PARTLY.format(date, share) for date, share in shares.items() if date not in self._played_again]
        whys = {date: _missing(date, self._today, {*kept, *shares}) for date in wanted}
        there = [date for date, why in whys.items() if not why]
        self.missing = [(date, why) for date, why in whys.items() if why]
        progress = Progress(len(there))
        for number in range(-1, len(there)):
            day = self._next
            if day is not None:
                progress.day_begins(number, day.hours.date, day.count)
            following = there[number + 1] if number + 1 < len(there) else None
            await together(partial(self._play, day, progress), partial(self._read, following))
        self.missing.sort()

    async def _play(self, day: StoredDay | None, progress: Progress) -> None:
        if day is None:
            return
        if len(day.symbols) < LEAST_SHARE * day.told.listed:
            why = f"only {len(day.symbols)} of the {day.told.listed} symbols that traded are kept"
            self.missing.append((day.hours.date, why))
        else:
            played = await asyncio.to_thread(self._player.play, day, progress.counted)
            self.played.append((_told_of(day), played))

    async def _read(self, date: dt.date | None) -> None:
        if date in self._played_again and self._recorded is not None:
            self._next = await asyncio.to_thread(self._recorded.day, date)
        else:
            self._next = None if date is None else await self._days.day(date)

    async def _shares(self, wanted: Sequence[dt.date]) -> dict[dt.date, float]:
        """How much of each day's regular session was recorded, of those that were."""
        if self._recorded is None or not wanted:
            return {}
        return await asyncio.to_thread(self._recorded.kept, wanted[0], wanted[-1])


def _missing(date: dt.date, today: dt.date, kept: Collection[dt.date]) -> str:
    """Why a day cannot be played; empty if it can."""
    if date >= today:
        return "it is not over yet"
    return "" if date in kept else "it is not kept: `load prices` loads days"


def _told_of(day: StoredDay) -> StoredDay:
    """A day without the megabytes behind it."""
    return replace(day, symbols=(), morning=Morning(), images=lambda: iter(()), trail=_nothing, sights=None)


def _nothing(symbol: Symbol) -> Trail:
    raise LookupError(symbol)


if __name__ == "__main__":
    answer_one("result", tried)
