"""A simulated morning, snapshot by snapshot: its bodies as the vendor sends them, and the whole way to the lists."""

from types import SimpleNamespace
from typing import cast

import aiohttp

from tests.benchmarks.decode import Body
from tests.support.market import CALENDAR, at
from tests.support.simulated import SNAPSHOT, got, listening
from tests.support.stage import Round
from tradeul.clock import Clock, ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import LiveBar, MarketImage
from tradeul.domain.folding import Folded
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.filters import global_filters
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals
from tradeul.fetching.transport import Answer
from tradeul.polygon.wire import SnapshotDecoder
from tradeul.settings import Filters

SYMBOLS = 12_000
BEGINS = at("10:30")
INTERVAL_S = 5.0


async def bodies(count: int, symbols: int = SYMBOLS) -> list[bytes]:
    """So many snapshots, one interval apart."""
    clock, made = ManualClock(BEGINS), list[bytes]()
    async with listening(clock, symbols) as exchange:
        for _ in range(count):
            made.append((await got(exchange, SNAPSHOT))[1])
            await clock.advance(INTERVAL_S)
    return made


class Engine:
    """Everything from a body's bytes to the published lists."""

    def __init__(self, clock: Clock) -> None:
        """`clock` is the wall's; the market's is moved by the snapshots."""
        self.market = ManualClock(BEGINS)
        self.channels = Channels("bench", BUILT_IN, clock)
        self.board = Board()
        scanner = Scanner(self.board, BUILT_IN, global_filters(Filters()), self.channels)
        enrichment = Enrichment(self.board, CALENDAR)
        self._pipeline = Pipeline(enrichment, scanner, self.market, Vitals(BEGINS))
        self._previous: MarketImage | None = None

    async def take(self, content: bytes) -> float:
        """Take a snapshot as it arrives; when its last byte did. The lists are published."""
        body, decoder = Body(content), SnapshotDecoder(self._previous)
        response = SimpleNamespace(status=200, headers={}, content=body)
        await Answer(cast("aiohttp.ClientResponse", response)).into(decoder)
        self._previous = image = decoder.finish(self.market.now(), simulated=True)
        await self.take_image(image)
        return body.last_at

    async def take_image(self, image: MarketImage) -> None:
        """Take a snapshot that was decoded. The lists are published."""
        await self._pipeline.take_image(image, self.market.now())
        await self.market.advance(INTERVAL_S)

    async def take_live(self, bars: list[LiveBar]) -> None:
        """Take live bars between two snapshots. The lists are published."""
        await self._pipeline.take_live([Folded(bars)])

    def sequences(self) -> dict[str, int]:
        return {name: channel.state.sequence for name, channel in self.channels.by_name.items()}


async def rounds_of(contents: list[bytes]) -> list[Round]:
    """The lists after each snapshot but the first, of those that every one of them changes."""
    engine, rounds = Engine(ManualClock(BEGINS)), list[Round]()
    changing = set(engine.channels.by_name)
    for content in contents:
        before = engine.sequences()
        await engine.take(content)
        # What lists begin with is no change, and some begin empty.
        if len(rounds) > 1:
            changing &= {name for name, sequence in engine.sequences().items() if sequence != before[name]}
        channels = engine.channels.by_name.items()
        rounds.append({name: [(row.symbol, row.values) for row in channel.state.rows] for name, channel in channels})
    return [{name: rows for name, rows in each.items() if name in changing} for each in rounds[1:]]
