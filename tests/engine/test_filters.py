"""From the settings to what is dropped."""

from typing import Any

import numpy as np
import pytest

from tests.engine.test_scanner import Bench
from tests.support.boards import write
from tradeul.domain.board_scope import BoardScope
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.filters import sift
from tradeul.domain.session import Session
from tradeul.engine.filters import global_filters
from tradeul.settings import Filters

OFF: dict[str, Any] = {"rvol_high": {"enabled": False}, "price_range": {"enabled": False}}
ROWS: dict[str, dict[str, Any]] = {
    "price": {"A": 0.5, "B": 1.0, "C": 500.0, "D": 500.01},
    "rvol": {"A": 1.4999, "B": 1.5, "C": 9.0},
    "volume_today": {"A": 99_999, "B": 100_000, "C": 1e6},
    "change_percent": {"A": -5.0, "B": 5.0, "C": 10.0},
    "market_cap": {"A": 1e9, "B": 5e8},
    "exchange": {"A": "XNAS", "B": "XNYS"},
    "sector": {"A": "Men's Wear", "B": '"Men\'s" Wear', "C": "Mens Wear"},
    "no_reference": {"A": 0, "B": 0, "C": 0, "D": 1},
}


def kept(**settings: Any) -> str:
    bench = Bench()
    board = bench.board
    board.rows_of([Symbol(name) for name in "ABCD"])
    for name, values in ROWS.items():
        for symbol, value in values.items():
            write(board, name, board.rows_of([Symbol(symbol)]), [value])
    filters = global_filters(Filters.model_validate(OFF | settings))
    passes, _ = sift(BoardScope(board, Session.MARKET_OPEN, Nanos(0)), filters, np.ones(len(board), np.bool_))
    return "".join(board.symbols[row] for row in np.flatnonzero(passes))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "ABCD"),
        ({"rvol_high": {"enabled": True}}, "BCD"),
        ({"price_range": {"enabled": True}}, "BC"),
        ({"price_range": {"enabled": True, "max": None}}, "BCD"),
        ({"volume_min": {"enabled": True}}, "BC"),
        ({"change": {"enabled": True, "min": -5, "max": 5}}, "AB"),
        ({"change": {"enabled": True}}, "ABCD"),
        ({"market_cap": {"enabled": True, "min": 1e9}}, "AD"),
        ({"float": {"enabled": True, "max": 1e9}}, "D"),
        ({"exchanges": ["XNYS", "ARCX"]}, "BD"),
        ({"sectors": ["Men's Wear", "Other"]}, "AD"),
        ({"sectors": ['"Men\'s" Wear']}, "BD"),
        ({"price_range": {"enabled": True, "min": 1e-05, "max": 1e16}}, "ABCD"),
        ({"require_reference": True}, "ABC"),
    ],
)
def test_each_filter_drops_what_it_says(settings: dict[str, Any], expected: str) -> None:
    """Bounds are inclusive; a null relative volume passes; without reference data a symbol is kept."""
    assert kept(**settings) == expected
