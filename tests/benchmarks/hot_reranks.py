"""The fast re-rank between snapshots: 200 live bars in, until the frames of every list that changed are ready.

The board is that of a simulated market of 12,000 symbols in the morning. Each round applies bars of followed symbols,
one second later each time, ranks all lists, publishes what changed and encodes it for viewers that keep up. No socket
is written to: what viewers cost is in `hot_path`.
"""

import random
import time
from collections.abc import Sequence

from tests.benchmarks.figure import Figure
from tests.support.market import CALENDAR, NANOS, at, bar, live
from tests.support.simulated import listening
from tradeul import logs
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import LiveBar, Nanos, Symbol
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.filters import global_filters
from tradeul.engine.scanner import Scanner
from tradeul.polygon.rest import PolygonRest
from tradeul.settings import Filters
from tradeul.web.frames import ListFrames

SYMBOLS = 12_000
BARS = 200
ROUNDS = 100
BEGINS = at("10:30")
STAGES = ("apply", "rank", "publish", "frames")

Spent = dict[str, float]
"""Milliseconds of each stage."""


class Desk:
    """The engine's parts on one market, stepped by hand."""

    def __init__(self, clock: ManualClock) -> None:
        self.board = Board()
        self.enrichment = Enrichment(self.board, CALENDAR)
        self.channels = Channels("bench", BUILT_IN, clock)
        self.scanner = Scanner(self.board, BUILT_IN, global_filters(Filters()), self.channels)
        self.frames = {name: ListFrames("bench", channel) for name, channel in self.channels.by_name.items()}

    def rerank(self, bars: Sequence[LiveBar], spent: Spent) -> int:
        """Do all of it; gives the bytes that came of it, and notes the milliseconds of each stage."""
        before, made = time.perf_counter(), 0
        live(self.enrichment, bars)
        before = _note(spent, "apply", before)
        ranked = self.scanner.rank(self.enrichment.as_of, Session.MARKET_OPEN)
        before = _note(spent, "rank", before)
        self.scanner.publish(ranked, self.enrichment.as_of)
        before = _note(spent, "publish", before)
        for frames in self.frames.values():
            held = frames.sequence
            frames.advance()
            if frames.sequence != held:
                made += len(frames.since(held))
        _note(spent, "frames", before)
        return made


async def run() -> list[Figure]:
    """Measure on this machine as it is."""
    logs.configure("error", "console")
    clock = ManualClock(BEGINS)
    desk = Desk(clock)
    async with listening(clock, SYMBOLS) as exchange, PolygonRest(exchange.rest_url, "bench", clock) as rest:
        image = await rest.snapshot()
    desk.enrichment.apply_image(image, desk.enrichment.read(image, BEGINS), BEGINS, BEGINS)
    desk.rerank([], {})
    draw = random.Random(5)  # noqa: S311  # repeatable, no secret
    rounds, sizes = list[Spent](), list[float]()
    for number in range(1, ROUNDS + 1):
        bars = live_bars(desk.board, desk.channels, Nanos(BEGINS + number * NANOS), draw)
        spent: Spent = {}
        sizes.append(desk.rerank(bars, spent) / 1_000)
        rounds.append(spent)
    return [
        Figure(
            f"{BARS} live prices in, frames of {len(BUILT_IN)} lists ready",
            "ms",
            [sum(each.values()) for each in rounds],
        ),
        *(Figure(f"of which {stage}", "ms", [each[stage] for each in rounds]) for stage in STAGES),
        Figure("frames of one re-rank", "KB", sizes),
    ]


def live_bars(board: Board, channels: Channels, end: Nanos, draw: random.Random) -> list[LiveBar]:
    """Bars of followed symbols, each with a price a little off the last one."""
    members = sorted(channels.members())
    return [_bar(board, symbol, end, draw) for symbol in draw.sample(members, min(BARS, len(members)))]


def _bar(board: Board, symbol: Symbol, end: Nanos, draw: random.Random) -> LiveBar:
    row = board.row_of[symbol]
    price = float(board["price"][row]) * draw.uniform(0.998, 1.002)
    return bar(symbol, end, price, float(board["volume_today"][row]) + 100.0, trades=3.0)


def _note(spent: Spent, stage: str, before: float) -> float:
    now = time.perf_counter()
    spent[stage] = (now - before) * 1_000
    return now
