"""One life of the program from the vendor's snapshots to the viewers: the real parts, on a clock that is moved by hand.

It ends by being killed: nothing is closed but what the kernel would close, and the next one finds the state folder.
"""

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.golden.world import World
from tests.soak.timing import CoarseClock, run_dry
from tests.soak.vendor import Vendor
from tests.soak.week import Profile
from tests.support.raw import HOST
from tests.support.web import no_aggregates
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.averages import Averages
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.reference import Facts
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.splits import MorningSplits
from tradeul.domain.usual import Baseline
from tradeul.engine.channels import Channels
from tradeul.engine.discovery import Discovery
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.filters import global_filters
from tradeul.engine.intake import Intake
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.today import Today
from tradeul.engine.view import EngineView
from tradeul.engine.vitals import Vitals
from tradeul.history.checkpoint import Checkpoints
from tradeul.history.dayfile import DayFiles
from tradeul.settings import Filters
from tradeul.web.gate import Gate, Rules
from tradeul.web.hub import Hub
from tradeul.web.routes.live import LiveLists

WORLD: Final = "soak"


class Learned(NamedTuple):
    """What history says on a date, worked out once for all lives of it."""

    symbols: tuple[Symbol, ...]
    averages: Averages
    baseline: Baseline
    facts: list[Facts]
    splits: MorningSplits


def learned_of(world: World) -> Learned:
    return Learned(tuple(world.symbols), world.averages(), world.baseline(5), world.facts(), world.morning_splits())


class Life:
    """What `app` puts together, as far as it is played."""

    def __init__(
        self, number: int, clock: CoarseClock, calendar: AnnouncedCalendar, vendor: Vendor, folder: Path,
        profile: Profile, taken: Callable[[], None],
    ) -> None:  # fmt: skip
        self.board = Board()
        self.vitals = Vitals(clock.now(), simulated=True)
        self.channels = Channels(f"life-{number}", BUILT_IN, clock)
        self.filters = global_filters(Filters())
        self.scanner = Scanner(self.board, BUILT_IN, self.filters, self.channels)
        self.enrichment = Enrichment(self.board, calendar)
        self.pipeline = Pipeline(self.enrichment, self.scanner, clock, self.vitals)
        self._slots = DayFiles(folder, WORLD)
        self.today = Today(self.pipeline, clock, calendar, self._slots, Checkpoints(folder, WORLD))

        def told(_feed_time: Nanos) -> None:
            taken()

        self.discovery = Discovery(vendor, self.pipeline, clock, calendar, self.vitals, profile.interval_s, told)
        intake = Intake(clock, calendar, self.vitals)
        self.view = EngineView(clock, calendar, self.vitals, self.discovery, self.scanner, self.channels, intake, {})
        self.hub = Hub(self.channels, clock, self.view, no_aggregates())
        self.live = LiveLists(self.hub, clock, profile.viewers, Gate(Rules(), HOST, clock))
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, learned: Learned) -> None:
        """Find what was left behind, and go on."""
        await self.today.restore()
        self.pipeline.take_splits(learned.splits)
        self.learn(learned)
        works = (self.hub.run, self.today.run, self.discovery.run)
        self._tasks = [asyncio.get_running_loop().create_task(work(), name=work.__qualname__) for work in works]
        await run_dry()

    def learn(self, learned: Learned) -> None:
        """What is usual on this date; the averages last, with which every row is derived anew."""
        self.board.rows_of(learned.symbols)
        self.enrichment.apply_baseline(learned.baseline, 0)
        self.enrichment.apply_reference(learned.facts)
        self.enrichment.apply_averages(learned.averages)

    async def kill(self) -> None:
        for task in self._tasks:
            task.cancel()
        await run_dry()
        for task in self._tasks:
            if not task.cancelled():
                task.result()
        self._slots.close()

    def look(self) -> None:
        """Raise what ended a part that should run for ever."""
        for task in self._tasks:
            if task.done():
                task.result()

    def kept_slots(self, date: dt.date) -> set[int]:
        """The slots of a date that are on the disk."""
        return {record.slot for record in self._slots.records(date)}

    def book_bytes(self) -> int:
        """What the volumes at the slots' ends take: of 12,000 symbols 4 MB less after a half day."""
        book = self.enrichment.book
        records = [] if book is None else map(book.record, range(book.next_slot))
        return sum(record.volumes.nbytes + record.sources.nbytes for record in records)
