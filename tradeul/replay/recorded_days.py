"""Days that were recorded, for backtests: the board as it stood at every snapshot, with what was known at each moment.

The engine does again what the recording says was done, so nothing is known before its time, and what is known is what
was. Behind a gap nothing is shown before the next whole state, which begins anew. What became of an entry is told by
minutes made of the prices that the snapshots showed. `backtest_worker` asks, and plays in a thread of its own.
"""

import asyncio
import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.session import NANOS, DayHours, Session, TradingCalendar, local_time
from tradeul.engine.backtest import Morning, Sight, StoredDay, Told, Trail
from tradeul.errors import TradeulError
from tradeul.recording.format import SUFFIX
from tradeul.recording.reader import Item
from tradeul.replay.minutes import Minutes, Shown
from tradeul.replay.player import Range
from tradeul.replay.rig import Rig
from tradeul.replay.tape import Tape

SNAPSHOT_S: Final = 5
WHOLE: Final = 0.95
"""Of the regular session: a recording of less is no whole day."""


class Reel(NamedTuple):
    """One recording of a day, and from when to when it can be played."""

    file: Path
    first: Nanos
    last: Nanos


class RecordedDays:
    """The recordings of a world in a folder."""

    def __init__(self, folder: Path, world: str, calendar: TradingCalendar) -> None:
        self._folder = folder
        self._world = world
        self._calendar = calendar
        self._reels: dict[dt.date, list[Reel]] = {}

    def kept(self, first: dt.date, last: dt.date) -> dict[dt.date, float]:
        """Which days were recorded, and how much of the regular session. What cannot be played is none."""
        self._reels = {}
        for file in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                with closing(Tape(file)) as tape:
                    header, reel = tape.header, Reel(file, tape.states[0], tape.ends)
            except TradeulError:
                continue
            if header.market == self._world and first <= header.date <= last:
                self._reels.setdefault(header.date, []).append(reel)
        for reels in self._reels.values():
            reels.sort(key=lambda reel: reel.first)
        return {date: _share(reels, self._calendar.hours(date)) for date, reels in self._reels.items()}

    def day(self, date: dt.date) -> StoredDay:
        """A day; its recordings are read when it is played."""
        hours, reels = self._calendar.hours(date), self._reels[date]
        minutes, symbols = Minutes(), _symbols(reels)
        spans = [(max(reel.first, hours.pre_market_start), min(reel.last, hours.ends_at)) for reel in reels]
        return StoredDay(
            hours,
            symbols,
            Morning(),
            lambda: iter(()),
            lambda symbol: Trail(minutes.bars(symbol), 1),
            Told(len(symbols), 0, None, None, None),
            sights=partial(_sights, reels, hours, minutes),
            source="recorded",
            span=", ".join(f"{_wall(first)} to {_wall(last)}" for first, last in spans),
            count=max(1, sum(last - first for first, last in spans) // (SNAPSHOT_S * NANOS)),
        )


def _share(reels: Sequence[Reel], hours: DayHours) -> float:
    """How much of the regular session is on them, of which none begins before another that it overlaps has ended."""
    covered, reached = 0, int(hours.market_open)
    for reel in reels:
        first, last = max(reel.first, reached), min(reel.last, hours.closes_at)
        if last > first:
            covered += last - first
            reached = last
    return covered / (hours.closes_at - hours.market_open)


def _symbols(reels: Sequence[Reel]) -> tuple[Symbol, ...]:
    """Who is on the board at the first whole state."""
    with closing(Showing(reels[0])) as showing, asyncio.Runner() as runner:
        runner.run(showing.restored())
        return tuple(showing.board.symbols)


def _wall(at: Nanos | int) -> str:
    return f"{local_time(Nanos(at)):%H:%M:%S}"


def _sights(reels: Sequence[Reel], hours: DayHours, minutes: Minutes) -> Iterator[Sight]:
    """The day's board at each of its snapshots, in their order."""
    with asyncio.Runner() as runner:
        for reel in reels:
            with closing(Showing(reel)) as showing:
                while (sight := runner.run(showing.sight())) is not None:
                    moment = sight.enrichment.moment()
                    if moment is None or moment.trading_date != hours.date or moment.session is Session.CLOSED:
                        continue
                    board = sight.enrichment.board
                    minutes.take(board.symbols, shown_on(board), sight.at)
                    yield sight


class Showing:
    """Plays one recording, from snapshot to snapshot."""

    def __init__(self, reel: Reel) -> None:
        self._tape = tape = Tape(reel.file)
        self._rig = Rig(tape, Range(), lists=False)
        self._items: Iterator[Item] = tape.items(tape.states[0])
        self._anew = True

    @property
    def board(self) -> Board:
        return self._rig.enrichment.board

    def close(self) -> None:
        self._tape.close()

    async def restored(self) -> None:
        """Go on to the next whole state."""
        for item in self._items:
            await self._take(item)
            if self._rig.rerun.life:
                return

    async def sight(self) -> Sight | None:
        """Go on to the next snapshot of which all is known; None at the end."""
        for item in self._items:
            if await self._take(item):
                anew, self._anew = self._anew, False
                return Sight(self._rig.vitals.content_changed_at or self._rig.rerun.at, self._rig.enrichment, anew)
        return None

    async def _take(self, item: Item) -> bool:
        """Take one thing; whether it was a snapshot, and all before it is known."""
        rig, life = self._rig, self._rig.rerun.life
        before = rig.player.played.snapshots
        await rig.player.take(item)
        if not rig.rerun.life or rig.rerun.life != life:
            self._anew = True
        return bool(rig.rerun.life) and rig.player.played.snapshots > before


def shown_on(board: Board) -> Shown:
    """What a board shows of every symbol's newest price."""
    price = board["price"]
    return Shown(board["price_at"], price, price, price, board["volume_today"])
