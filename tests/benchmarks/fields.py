"""Recomputing every field of the market: all rows after a snapshot, some after live bars, and how that grows.

The board is filled with plausible numbers and exact baselines; what is measured is `metrics.derive` as the engine
calls it.
"""

import time

import numpy as np

from tests.benchmarks.figure import Figure
from tests.support.market import CALENDAR, DAY, at
from tradeul.domain import metrics
from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.events import Symbol
from tradeul.domain.session import Session

SYMBOLS = 12_000
MANY = 100_000
TOUCHED = 200
ROUNDS = 60
NOW = at("10:31:05")


async def run() -> list[Figure]:
    """Measure on this machine as it is."""
    board, many = _board(SYMBOLS), _board(MANY)
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


def _board(symbols: int) -> Board:
    draw = np.random.default_rng(7)
    board = Board(capacity=symbols)
    board.rows_of([Symbol(f"S{number}") for number in range(symbols)])
    price = draw.uniform(1, 400, symbols)
    for name, low, high in (
        ("price", 1, 1), ("prev_close", 0.9, 1.1), ("open", 0.95, 1.05), ("high", 1, 1.1), ("low", 0.9, 1),
        ("vwap", 0.97, 1.03), ("bid", 0.998, 0.999), ("ask", 1.001, 1.002), ("avg_price_30d", 0.8, 1.2),
        ("price_1m_ago", 0.99, 1.01), ("price_5m_ago", 0.98, 1.02), ("regular_close", 0.9, 1.1), ("atr", 0.01, 0.1),
    ):  # fmt: skip
        board[name][:] = np.round(price * draw.uniform(low, high, symbols), 4)
    volume = np.round(draw.lognormal(11, 2, symbols))
    board["volume_today"][:] = volume
    board["avg_volume_30d"][:] = np.round(volume * draw.uniform(1, 5, symbols))
    for name in ("volume_1m_ago", "volume_5m_ago", "slot_start_volume"):
        board[name][:] = np.round(volume * 0.9)
    board["volume_at"][:] = NOW
    # As in the market: a few hundred are known for a moment later than the snapshot.
    board["volume_at"][:: symbols // 300] = NOW + 2 * 10**9
    ends = np.cumsum(draw.uniform(0, 1, (192, symbols)), axis=0) * volume / 96
    board.usual.put(np.arange(symbols), ends, np.full(symbols, 5), DAY)
    return board
