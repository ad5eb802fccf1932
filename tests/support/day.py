"""A process from the board to the lists on a clock of its own, and a disk in memory that outlives it."""

import datetime as dt
import errno
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.support.eventually import PATIENT_S, eventually
from tests.support.market import CALENDAR, DAY, NANOS, at, image, traded
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.slot_book import SlotRecord, Source
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import DayState
from tradeul.engine.scanner import Scanner
from tradeul.engine.today import LOOK_EVERY_S, Today
from tradeul.engine.vitals import Vitals


class Disk:
    """Both stores in memory; `broken` makes every write fail, `slow` makes it wait."""

    def __init__(self) -> None:
        self.set_aside = 0
        self.broken = False
        self.slow = threading.Event()
        self.slow.set()
        self.kept: dict[dt.date, list[SlotRecord]] = {}
        self.states: list[DayState] = []
        self.threads: set[str] = set()
        self.writing = 0
        self.overlapped = False

    @property
    def newest(self) -> DayState | None:
        return self.states[-1] if self.states else None

    @property
    def saves(self) -> int:
        return len(self.states)

    def load(self, latest: Nanos) -> DayState | None:
        return self.newest if self.newest is None or self.newest.as_of <= latest else None

    def save(self, state: DayState) -> None:
        self._write()
        self.states.append(state)

    def days(self) -> list[dt.date]:
        return sorted(self.kept)

    def records(self, day: dt.date) -> list[SlotRecord]:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        return list(self.kept.get(day, []))

    def append(self, day: dt.date, record: SlotRecord) -> None:
        self._write()
        self.kept.setdefault(day, []).append(record)

    def put_aside(self, day: dt.date) -> None:
        del self.kept[day]
        self.set_aside += 1

    def close(self) -> None:
        pass

    def _write(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.writing += 1
        self.overlapped |= self.writing > 1
        self.slow.wait(PATIENT_S)
        self.writing -= 1
        if self.broken:
            raise OSError(errno.ENOSPC, "No space left on device")


class Process:
    """One life of the program from the board to the lists, on its own clock."""

    def __init__(self, wall: str = "09:30", disk: Disk | None = None, day: dt.date = DAY) -> None:
        self.disk = disk or Disk()
        self.clock = ManualClock(at(wall, day))
        self.board = Board(capacity=4)
        self.enrichment = Enrichment(self.board, CALENDAR)
        self.scanner = Scanner(
            self.board, BUILT_IN, [Filter("cheap", "price < 0")], Channels("e1", BUILT_IN, self.clock)
        )
        self.vitals = Vitals(self.clock.now())
        self.pipeline = Pipeline(self.enrichment, self.scanner, self.clock, self.vitals)
        self.today = Today(self.pipeline, self.clock, CALENDAR, self.disk, self.disk)

    async def snapshot(self, *rows: dict[str, Any]) -> None:
        now = self.clock.now()
        self.vitals.confirmed_at = now
        await self.pipeline.take_image(image(*rows, feed_time=now), now)

    async def trade(self, price: float, volume: float, symbol: str = "A") -> None:
        await self.snapshot(traded(symbol, price, volume, self.clock.now()))

    async def until(self, wall: str, day: dt.date = DAY) -> None:
        await self.clock.advance((at(wall, day) - self.clock.now()) / NANOS)

    async def keeps(self, predicate: Callable[[], object]) -> None:
        """Look again until something is on the disk: its threads take real time, and none of the clock's."""

        async def holds() -> object:
            if self.clock.waited_for:
                await self.clock.advance(LOOK_EVERY_S)
            return predicate()

        await eventually(holds)

    def show(self, name: str, symbol: str = "A") -> Any:
        return self.board.values(name, np.array([self.board.row_of[Symbol(symbol)]]))[0]

    def slots(self, day: dt.date = DAY, symbol: str = "A") -> dict[int, tuple[float, Source]]:
        """What is on the disk of one symbol."""
        return shown(self.disk.kept.get(day, []), symbol)


def shown(records: Sequence[SlotRecord], symbol: str = "A") -> dict[int, tuple[float, Source]]:
    places = [(each, each.symbols.index(Symbol(symbol))) for each in records if symbol in each.symbols]
    return {each.slot: (float(each.volumes[place]), Source(each.sources[place])) for each, place in places}
