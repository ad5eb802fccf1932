"""Boards for benchmarks: plausible numbers in every column, with what is unknown here and there."""

import numpy as np

from tests.support.market import CALENDAR, DAY, at
from tradeul.domain import metrics
from tradeul.domain.board import EVERY_ROW, Board
from tradeul.domain.events import Symbol
from tradeul.domain.fields import PRICE_SOURCES
from tradeul.domain.session import Session

NOW = at("10:31:05")
NOW_MS = NOW // 10**6
SECTORS = ("Technology", "Health Care", "Finance", "Energy", "Utilities", "Industrials", "Real Estate", None)
EXCHANGES = ("XNAS", "XNYS", "ARCX", "XASE", "BATS")
TYPES = ("CS", "ETF", "ADRC", "WARRANT", "PFD")


def raw_board(symbols: int) -> Board:
    """A board of what is fed in, with exact baselines; nothing is derived yet."""
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


def scanned_board(symbols: int) -> Board:
    """A market in the morning: of 12,000 some 3,800 pass the usual filters, and every list has members."""
    draw = np.random.default_rng(11)
    board = raw_board(symbols)
    board["price_source"][:] = np.where(draw.random(symbols) < 0.15, PRICE_SOURCES.index("prev"), 0)
    # The market as it is: most hardly move, a few fly.
    board["open"][:] = np.round(board["prev_close"] * np.exp(draw.standard_t(3, symbols) / 60), 4)
    board["price"][:] = np.round(board["open"] * np.exp(draw.standard_t(3, symbols) / 60), 4)
    for name, sign in (("high", 1), ("low", -1)):
        away = np.where(draw.random(symbols) < 0.1, 0.0, draw.exponential(0.02, symbols))
        board[name][:] = np.round(board["price"] * np.exp(sign * away), 4)
    board["float_shares"][:] = np.round(draw.lognormal(17, 1.5, symbols))
    board["market_cap"][:] = np.round(draw.lognormal(20, 2, symbols))
    board["float_shares"][::13] = np.nan
    metrics.derive(board, EVERY_ROW, CALENDAR.hours(DAY), Session.MARKET_OPEN)
    board["rvol"][:] = np.round(draw.lognormal(0, 0.9, symbols), 4)
    board["rvol_guarded"][:] = np.round(board["rvol"] * draw.uniform(0.8, 1.0, symbols), 4)
    for name in ("rvol", "rvol_guarded"):
        board[name][::20] = np.nan
    for side in ("high", "low"):
        board[f"new_{side}s_15m"][:] = draw.poisson(0.5, symbols)
        when = NOW_MS - draw.integers(0, 900_000, symbols)
        board[f"last_{side}_at"][:] = np.where(board[f"new_{side}s_15m"] > 0, when, 0)
    for name, share in (("halted", 0.01), ("is_etf", 0.3), ("suspect", 0.02)):
        board[name][:] = draw.random(symbols) < share
    for name, words in (("sector", SECTORS), ("exchange", EXCHANGES), ("type", TYPES)):
        board.put_texts(name, EVERY_ROW, draw.choice(np.array(words, object), symbols))
    return board


def moved(board: Board, draw: np.random.Generator) -> None:
    """Let two symbols in five trade at other prices, as between two snapshots, and every field follow."""
    trades = draw.random(len(board)) < 0.4
    relative = {name: board[name].copy() for name in ("rvol", "rvol_guarded")}
    board["price"][:] = np.round(np.where(trades, np.exp(draw.normal(0, 0.003, len(board))), 1.0) * board["price"], 4)
    board["high"][:] = np.fmax(board["high"], board["price"])
    board["low"][:] = np.fmin(board["low"], board["price"])
    board["volume_today"][:] += np.where(trades, 300.0, 0.0)
    metrics.derive(board, EVERY_ROW, CALENDAR.hours(DAY), Session.MARKET_OPEN)
    for name, values in relative.items():
        board[name][:] = np.round(np.where(trades, values * 1.001, values), 4)
