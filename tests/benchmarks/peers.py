"""The 11 lists in pandas and in polars, as their users would write them well.

Both frames are there before time counts, hold no column that is not needed, and are in the order of symbols, so that
ties need no second key. Neither knows who was inside a list before, which only spares them work.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from tests.benchmarks.boards import NOW_MS
from tradeul.domain.board import Board
from tradeul.domain.fields import PRICE_SOURCES

Answers = dict[str, list[str]]
"""Each list's symbols in their order."""

SIZE = 50
RECENT_MS = 300_000
NUMBERS = (
    *("price", "volume_today", "rvol", "rvol_guarded", "gap_percent", "change_percent", "change_from_open"),
    *("distance_from_high", "distance_from_low", "new_highs_15m", "new_lows_15m"),
)
TIMES = ("last_high_at", "last_low_at")


def _columns(board: Board) -> dict[str, Any]:
    """Everything that the lists need, in the order of symbols; what is unknown is NaN."""
    rows = np.argsort(board.alphabetical)
    columns: dict[str, Any] = {"symbol": [str(board.symbols[row]) for row in rows]}
    columns |= {name: board[name][rows] for name in NUMBERS}
    columns |= {name: np.where(board[name] == 0, np.nan, board[name])[rows] for name in TIMES}
    return columns | {"price_source": [PRICE_SOURCES[code] for code in board["price_source"][rows]]}


def in_pandas(board: Board) -> tuple[Callable[[], Any], Callable[[Any], Answers]]:
    """What is timed, and what reads its result."""
    frame = pd.DataFrame(_columns(board)).set_index("symbol").astype({"price_source": "category"})
    return lambda: _pandas_lists(frame), lambda found: {name: list(series.index) for name, series in found.items()}


def _pandas_lists(frame: Any) -> dict[str, Any]:
    traded = frame["price"].notna() & (frame["price_source"] != "prev") & (frame["volume_today"] > 0)
    live = frame[traded & ~(frame["rvol"] < 1.5) & frame["price"].between(1, 500)]
    gap, change, opened = live["gap_percent"], live["change_percent"], live["change_from_open"]
    rvol, guarded = live["rvol"], live["rvol_guarded"]
    turned = ((gap >= 2) & (opened <= -1)) | ((gap <= -2) & (opened >= 1))
    return {
        "gappers_up": gap[gap >= 2].nlargest(SIZE),
        "gappers_down": gap[gap <= -2].nsmallest(SIZE),
        "momentum_up": opened[change >= 3].dropna().nlargest(SIZE),
        "momentum_down": opened[change <= -3].dropna().nsmallest(SIZE),
        "winners": change[change >= 5].nlargest(SIZE),
        "losers": change[change <= -5].nsmallest(SIZE),
        "anomalies": guarded[(rvol >= 3) & (guarded >= 3)].nlargest(SIZE),
        "high_volume": live["volume_today"][rvol >= 2].nlargest(SIZE),
        "new_highs": _pandas_extremes(live, "high", live["distance_from_high"] >= -0.1),
        "new_lows": _pandas_extremes(live, "low", live["distance_from_low"] <= 0.1),
        "reversals": (gap.abs() + opened.abs())[turned].nlargest(SIZE),
    }


def _pandas_extremes(live: Any, side: str, near: Any) -> Any:
    keys = [f"new_{side}s_15m", f"last_{side}_at"]
    recent = (NOW_MS - live[keys[1]] <= RECENT_MS) | (live[keys[0]] >= 2)
    return live.loc[recent & near, keys].dropna().nlargest(SIZE, keys)


def in_polars(board: Board) -> tuple[Callable[[], Any], Callable[[Any], Answers]]:
    """List by list, as one would write it first; what is timed, and what reads its result."""
    frame, lists = _polars_frame(board), _polars_lists()

    def make() -> dict[str, Any]:
        live = frame.filter(_polars_passes())
        return {
            name: live.filter(where, *[key.is_not_null() for key in keys]).select(
                pl.col("symbol").sort_by(keys, descending=True, maintain_order=True).head(SIZE)
            )
            for name, (where, keys) in lists.items()
        }

    return make, lambda found: {name: answer["symbol"].to_list() for name, answer in found.items()}


def in_polars_at_once(board: Board) -> tuple[Callable[[], Any], Callable[[Any], Answers]]:
    """All lists as one selection, which polars works on in parallel: the fastest way that we found."""
    picked = []
    for name, (where, keys) in _polars_lists().items():
        inside = [where, *(key.is_not_null() for key in keys)]
        order = [key.filter(*inside) for key in keys]
        symbols = pl.col("symbol").filter(*inside).sort_by(order, descending=True, maintain_order=True)
        picked.append(symbols.head(SIZE).implode().alias(name))
    query = _polars_frame(board).lazy().filter(_polars_passes()).select(picked)
    return query.collect, lambda found: {name: found[name].to_list()[0] for name in found.columns}


def _polars_frame(board: Board) -> Any:
    return pl.DataFrame(_columns(board)).with_columns(
        pl.col(NUMBERS + TIMES).fill_nan(None), pl.col("price_source").cast(pl.Enum(PRICE_SOURCES))
    )


def _polars_passes() -> Any:
    price, rvol = pl.col("price"), pl.col("rvol")
    traded = (pl.col("price_source") != "prev") & (pl.col("volume_today") > 0)
    return traded & ((rvol >= 1.5) | rvol.is_null()) & price.is_between(1, 500)


def _polars_lists() -> dict[str, tuple[Any, list[Any]]]:
    """Of each list who is in it, and by what it is ranked, the largest first."""
    gap, change, opened = pl.col("gap_percent"), pl.col("change_percent"), pl.col("change_from_open")
    rvol, guarded = pl.col("rvol"), pl.col("rvol_guarded")
    turned = ((gap >= 2) & (opened <= -1)) | ((gap <= -2) & (opened >= 1))
    return {
        "gappers_up": (gap >= 2, [gap]),
        "gappers_down": (gap <= -2, [-gap]),
        "momentum_up": (change >= 3, [opened]),
        "momentum_down": (change <= -3, [-opened]),
        "winners": (change >= 5, [change]),
        "losers": (change <= -5, [-change]),
        "anomalies": ((rvol >= 3) & (guarded >= 3), [guarded]),
        "high_volume": (rvol >= 2, [pl.col("volume_today")]),
        "new_highs": _polars_extremes("high", pl.col("distance_from_high") >= -0.1),
        "new_lows": _polars_extremes("low", pl.col("distance_from_low") <= 0.1),
        "reversals": (turned, [gap.abs() + opened.abs()]),
    }


def _polars_extremes(side: str, near: Any) -> tuple[Any, list[Any]]:
    count, last = pl.col(f"new_{side}s_15m"), pl.col(f"last_{side}_at")
    return ((NOW_MS - last <= RECENT_MS) | (count >= 2)) & near, [count, last]
