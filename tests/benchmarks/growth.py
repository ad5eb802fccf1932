"""How it grows: symbols from 3,000 to 100,000, and lists from one to 200. Viewers grow in `delivery`.

Of each number of symbols: a body to columns, every field, the 11 lists to their delta bytes, and the whole way to the
last of 1,000 viewers, as the goal counts it. The knee is named where there is one: where each more costs half as much
again as at the cheapest.
"""

import asyncio
import dataclasses
import gzip
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from tests.benchmarks.boards import moved, scanned_board
from tests.benchmarks.deltas import Ours
from tests.benchmarks.end_to_end import travelled
from tests.benchmarks.figure import Figure, knee
from tests.benchmarks.lists import own_scans
from tests.benchmarks.morning import bodies
from tests.support.market import CALENDAR, DAY
from tests.support.snapshots import market_body
from tests.support.stage import LISTS
from tradeul import logs
from tradeul.domain import metrics
from tradeul.domain.board import EVERY_ROW
from tradeul.domain.events import Nanos
from tradeul.domain.scans import BUILT_IN, Scan
from tradeul.domain.session import Session
from tradeul.polygon.wire import SnapshotDecoder

SYMBOLS = (3_000, 12_000, 30_000, 100_000)
TODAY, MOST = 12_000, 100_000
LISTS_MADE = (1, 11, 50, 100, 200)
VIEWERS = 1_000
ROUNDS = 8
SNAPSHOTS = 7
PIECE_BYTES = 64 * 1024
DECODE_GOAL, WAY_GOAL = 9.0, 2.5


async def run() -> list[Figure]:
    """Measure from few to many."""
    logs.configure("error", "console")
    parts = {
        "CPU, body of {} symbols to columns": await asyncio.to_thread(_grown, _decode),
        "every field of {} symbols": _grown(_derive),
        "11 lists of {} symbols to delta bytes": _grown(_make_lists),
        f"last byte to the last of {VIEWERS:,} viewers, {{}} symbols": await _whole_ways(),
    }
    figures = [
        Figure(name.format(f"{size:,}"), "ms", spent) for name, sizes in parts.items() for size, spent in sizes.items()
    ]
    for name, sizes in parts.items():
        each = {size: median(spent) / size for size, spent in sizes.items()}
        print(f"  {name.format('N')}: {knee(each)}")
    (decode, *_, way) = parts.values()
    for what, sizes, most in (("decode", decode, DECODE_GOAL), ("end to end", way, WAY_GOAL)):
        grown = median(sizes[MOST]) / median(sizes[TODAY])
        figures.append(Figure(f"growth of {what}, 8.3 times the symbols", "x", [grown], at_most=most))
    return [*figures, *_lists()]


def _grown(measured: Callable[[int], list[float]]) -> dict[int, list[float]]:
    return {size: measured(size) for size in SYMBOLS}


def _decode(symbols: int) -> list[float]:
    content, spent = market_body(symbols), list[float]()
    image = None
    for _ in range(ROUNDS):
        decoder, began = SnapshotDecoder(image), time.thread_time()
        for start in range(0, len(content), PIECE_BYTES):
            decoder.feed(content[start : start + PIECE_BYTES])
            while decoder.step():
                pass
        image = decoder.finish(Nanos(2**62), simulated=False)
        spent.append((time.thread_time() - began) * 1_000)
    return spent


def _derive(symbols: int) -> list[float]:
    board, hours = scanned_board(symbols), CALENDAR.hours(DAY)
    return _timed(lambda: metrics.derive(board, EVERY_ROW, hours, Session.MARKET_OPEN), lambda: None)


def _make_lists(symbols: int, scans: Sequence[Scan] = BUILT_IN) -> list[float]:
    board, draw = scanned_board(symbols), np.random.default_rng(3)
    ours = Ours(board, scans)
    ours.step()
    return _timed(ours.step, lambda: moved(board, draw))


def _timed(work: Callable[[], object], before: Callable[[], None]) -> list[float]:
    spent = []
    for _ in range(ROUNDS):
        before()
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1_000)
    return spent


async def _whole_ways() -> dict[int, list[float]]:
    ways = {}
    with tempfile.TemporaryDirectory() as folder:
        for symbols in SYMBOLS:
            packed = [gzip.compress(content, 1) for content in await bodies(SNAPSHOTS, symbols)]
            ways[symbols] = (await travelled(Path(folder), "ours", packed, VIEWERS, LISTS)).last_ms
    return ways


def _lists() -> list[Figure]:
    """Built-in lists and such as users make; they are 100, so each stands there twice."""
    own = own_scans()
    again = [dataclasses.replace(scan, name=f"{scan.name}_again") for scan in own]
    every = [*BUILT_IN, *own, *again]
    spent = {count: _make_lists(TODAY, every[:count]) for count in LISTS_MADE}
    print(f"  lists: {knee({count: median(each) / count for count, each in spent.items()})}")
    return [Figure(f"{count:,} lists of 12,000 symbols to delta bytes", "ms", each) for count, each in spent.items()]
