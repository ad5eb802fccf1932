"""Recomputing every field of the market: all rows after a snapshot, some after live bars, and how that grows.

The board is filled with plausible numbers and exact baselines; what is measured is `metrics.derive` as the engine
calls it. Relative volume alone is held against a loop over the symbols, which must come to the same.
"""

import time
from collections.abc import Callable

import numpy as np

from tests.benchmarks.boards import raw_board
from tests.benchmarks.figure import Figure, ratio
from tests.support.market import CALENDAR, DAY
from tradeul.domain import metrics, rvol
from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.session import Session

SYMBOLS = 12_000
MANY = 100_000
TOUCHED = 200
ROUNDS = 60
HOURS = CALENDAR.hours(DAY)


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
        *_relative_volume(board),
    ]


def _relative_volume(board: Board) -> list[Figure]:
    volumes, (expected, _, _) = board["volume_today"][EVERY_ROW], metrics.expected_volume(board, EVERY_ROW, HOURS)
    plain = list(zip(volumes.tolist(), expected.tolist(), strict=True))

    def loop() -> list[float]:
        return [volume / max(usual, rvol.EXPECTED_FLOOR) for volume, usual in plain]

    assert np.allclose(rvol.ratio(volumes, expected), loop(), equal_nan=True)
    own, theirs = _spent(lambda: rvol.ratio(volumes, expected)), _spent(loop)
    return [
        Figure("RVOL of 12,000 symbols, what is usual being known", "ms", own, ratio(own, theirs), at_least=100.0),
        Figure("the same, a Python loop", "ms", theirs),
    ]


def _timed(board: Board, rows: Rows) -> list[float]:
    return _spent(lambda: metrics.derive(board, rows, HOURS, Session.MARKET_OPEN))


def _spent(work: Callable[[], object]) -> list[float]:
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1_000)
    return spent
