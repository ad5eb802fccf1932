"""Two engines: one that is watched while a test drives it, and one that does again what was seen."""

from collections.abc import Sequence
from typing import Any

from tests.support.market import CALENDAR, NANOS, image
from tradeul.clock import LedClock, ManualClock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.board import Board
from tradeul.domain.events import LiveBar, LiveEvents, MarketImage, Nanos
from tradeul.domain.filters import Filter
from tradeul.domain.scans import BUILT_IN
from tradeul.engine import steps
from tradeul.engine.channels import Channels
from tradeul.engine.discovery import Discovery
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.fingerprint import Fingerprint
from tradeul.engine.intake import Intake
from tradeul.engine.journal import Journal
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.rerun import Rerun
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals
from tradeul.engine.whole_state import Engine
from tradeul.replay.rig import NoSource

Seen = MarketImage | LiveEvents | tuple[bytes, Nanos]
"""What came, or a step."""


class Bench:
    """An engine from images and events to lists."""

    def __init__(self, clock: ManualClock | LedClock, life: str, filters: Sequence[Filter] = ()) -> None:
        self.clock = clock
        self.vitals = Vitals(clock.now())
        self.calendar = AnnouncedCalendar(CALENDAR)
        self.board = Board(capacity=4)
        self.channels = Channels(life, BUILT_IN if filters else (), clock)
        enrichment = Enrichment(self.board, self.calendar)
        self.scanner = Scanner(self.board, self.channels.scans(), filters, self.channels)
        self.intake = Intake(clock, self.calendar, self.vitals)
        self.halts_told = False
        self.pipeline = Pipeline(enrichment, self.scanner, clock, self.vitals, (), lambda: self.halts_told)
        self.discovery = Discovery(
            NoSource(), self.pipeline, clock, self.calendar, self.vitals, 5.0, lambda _feed_time: None
        )
        self.fingerprint = Fingerprint(self.channels)
        self.engine = Engine(self.calendar, enrichment, self.scanner, self.pipeline, self.channels, self.fingerprint)

    def lists(self) -> dict[str, list[str]]:
        return {name: [row.symbol for row in each.state.rows] for name, each in self.channels.by_name.items()}


class Original(Bench):
    """The one that is driven; it writes down what it sees. `misses` is how much it is made to believe was lost."""

    def __init__(self, start: Nanos, life: str = "first") -> None:
        self._hand = ManualClock(start)
        super().__init__(self._hand, life, [Filter("cheap", "price < 1")])
        self.seen: list[Seen] = []
        self.lost = 0
        self.pipeline.log = Journal(self, self.engine, self.clock)

    def step(self, content: bytes, at: Nanos, *, opens: bool = False) -> None:
        assert opens is isinstance(steps.decoded(content), steps.Begun)
        self.seen.append((content, at))

    def misses(self) -> int:
        return self.lost

    async def let(self, seconds: float) -> None:
        """Let time pass."""
        await self._hand.advance(seconds)

    async def snapshot(self, *rows: dict[str, Any], **whole: Any) -> None:
        """Take an image, and keep the state if that is due."""
        now = self.clock.now()
        taken = image(*rows, feed_time=now, **whole)
        self.seen.append(taken)
        await self.discovery.apply(taken, now, Nanos(now - NANOS // 10))
        await self.pipeline.keep_state(self.intake.take)

    def hear(self, *bars: LiveBar) -> None:
        """Have live bars that wait."""
        events = LiveEvents(list(bars), [], [], [], [])
        self.seen.append(events)
        self.intake.deliver(events)

    async def live(self, *bars: LiveBar) -> None:
        """Take live bars."""
        self.hear(*bars)
        await self.pipeline.take_pending(self.intake.take)


async def done_again(seen: Sequence[Seen], start: Nanos) -> Rerun:
    """Do all of it again, on an engine that knows nothing of the first."""
    clock = LedClock(start)
    bench = Bench(clock, "again")
    rerun = Rerun(bench.engine, bench.discovery, bench.intake, clock.show)
    bench.pipeline.log = rerun
    for each in seen:
        if isinstance(each, MarketImage):
            rerun.came(each)
        elif isinstance(each, LiveEvents):
            rerun.heard(each)
        else:
            step = steps.decoded(each[0])
            bench.halts_told = getattr(step, "halts_told", False)
            await rerun.step(step, each[1])
    rerun.end()
    return rerun


def states_in(seen: Sequence[Seen]) -> list[int]:
    """Where whole states begin."""
    return [
        place
        for place, each in enumerate(seen)
        if isinstance(each, tuple) and len(each) == 2 and isinstance(steps.decoded(each[0]), steps.Begun)
    ]
