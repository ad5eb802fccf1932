"""Recomputing every field of the market: all rows after a snapshot, some after live bars, and how that grows.

The board is filled with plausible numbers and exact baselines; what is measured is `metrics.derive` as the engine
calls it.
"""

import time

import numpy as np

from tests.benchmarks.boards import raw_board
from tests.benchmarks.figure import Figure
from tests.support.market import CALENDAR, DAY
from tradeul.domain import metrics
from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.session import Session

SYMBOLS = 12_000
MANY = 100_000
TOUCHED = 200
ROUNDS = 60


async def run() -> list[Figure]:
    """Measure on this machine as it is."""
    board, many = raw_board(SYMBOLS), raw_board(MANY)
    rows = np.random.default_rng(5).choice(SYMBOLS, TOUCHED, replace=False)
    whole, grown, touched = _timed(board, EVERY_ROW), _timed(many, EVERY_ROW), _timed(board, rows)
    growth = float(np.median(grown) / np.median(whole))
    return [
        Figure("every field of 12,000 symbols", "ms", whole),
        Figure("every field of 200 touched symbols", "ms", touched),
        Figure("every field of 100,000 symbols", "ms", grown),
        Figure("growth for 8.3 times the symbols", "x", [growth]),
    ]


def _timed(board: Board, rows: Rows) -> list[float]:
    hours, spent = CALENDAR.hours(DAY), []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        metrics.derive(board, rows, hours, Session.MARKET_OPEN)
        spent.append((time.perf_counter() - began) * 1_000)
    return spent
