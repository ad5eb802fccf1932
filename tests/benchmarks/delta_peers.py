"""Others on the way from a market's columns to the bytes of what changed in 11 lists.

`original` is how the design began that ours replaced: a model object per ticker, sorts per list, `json`. `dict loops`
is plain Python written well. DuckDB asks its table eleven questions. `in_perspective` is one of them too.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import duckdb
import numpy as np
import orjson
import pandas as pd
from pydantic import BaseModel

from tests.benchmarks.boards import NOW_MS
from tests.benchmarks.peers import Answers
from tradeul.domain.board import Board
from tradeul.domain.fields import DEFAULT_COLUMNS, PRICE_SOURCES

Ticker = dict[str, Any]

RECENT_MS = 300_000
ASKED = (
    *("price_source", "rvol_guarded", "distance_from_low", "new_highs_15m", "new_lows_15m"),
    *("last_high_at", "last_low_at"),
)
"""What the lists ask for and do not show."""


class Market:
    """A board as columns of plain values in the order of symbols; what is unknown is None."""

    def __init__(self, board: Board) -> None:
        self._rows = np.argsort(board.alphabetical)
        self.symbols = [str(board.symbols[row]) for row in self._rows]
        self.columns: dict[str, Sequence[Any]] = {}

    def take(self, board: Board) -> None:
        """Take over what is there now."""
        self.columns = {"symbol": self.symbols}
        for name in (*DEFAULT_COLUMNS, *ASKED):
            self.columns[name] = board.values(name, self._rows)
        self.columns["price_source"] = [PRICE_SOURCES[code] for code in board["price_source"][self._rows]]

    def rows(self) -> list[Ticker]:
        names = tuple(self.columns)
        return [dict(zip(names, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]


class Peer(Protocol):
    def load(self, market: Market) -> None:
        """Take the market in, outside of the time."""

    def step(self) -> int:
        """Make the lists and the bytes of what changed; how many."""

    def answers(self) -> Answers: ...


class Differences:
    """Compares lists of rows with those before, and encodes what differs."""

    def __init__(self, dumps: Callable[[Any], bytes] = orjson.dumps) -> None:
        self._dumps = dumps
        self.held: dict[str, list[Ticker]] = {}

    def encoded(self, lists: Mapping[str, list[Ticker]]) -> int:
        made = 0
        for name, rows in lists.items():
            changes = _changes(self.held.get(name, []), rows)
            if changes:
                made += len(self._dumps({"type": "delta", "list": name, "deltas": changes}))
            self.held[name] = rows
        return made

    def answers(self) -> Answers:
        return {name: [row["symbol"] for row in rows] for name, rows in self.held.items()}


def _changes(old: Sequence[Ticker], new: Sequence[Ticker]) -> list[dict[str, Any]]:
    before = {row["symbol"]: (rank, row) for rank, row in enumerate(old, 1)}
    remaining = {row["symbol"] for row in new}
    changes: list[dict[str, Any]] = [
        {"action": "remove", "symbol": symbol} for symbol in before if symbol not in remaining
    ]
    for rank, row in enumerate(new, 1):
        if row["symbol"] not in before:
            changes.append({"action": "add", "rank": rank, "symbol": row["symbol"], "data": row})
            continue
        old_rank, old_row = before[row["symbol"]]
        data = {key: value for key, value in row.items() if old_row[key] != value}
        if data:
            changes.append({"action": "update", "symbol": row["symbol"], "data": data})
        if old_rank != rank:
            changes.append({"action": "rerank", "symbol": row["symbol"], "old_rank": old_rank, "new_rank": rank})
    return changes


def _passes(row: Ticker) -> bool:
    price, rvol = row["price"], row["rvol"]
    traded = price is not None and row["price_source"] != "prev" and row["volume_today"] > 0
    return bool(traded and (rvol is None or rvol >= 1.5) and 1 <= price <= 500)


def _at(row: Ticker, name: str, bound: float) -> bool:
    """Whether a value is at least so large; below 0, at most."""
    value = row[name]
    return bool(value is not None and (value >= bound if bound > 0 else value <= bound))


def _recent(row: Ticker, side: str) -> bool:
    last = row[f"last_{side}_at"]
    return bool((last is not None and NOW_MS - last <= RECENT_MS) or row[f"new_{side}s_15m"] >= 2)


def _turned(row: Ticker) -> bool:
    return (_at(row, "gap_percent", 2) and _at(row, "change_from_open", -1)) or (
        _at(row, "gap_percent", -2) and _at(row, "change_from_open", 1)
    )


def _extreme(row: Ticker, side: str, *, near: bool) -> bool:
    return near and row[f"last_{side}_at"] is not None and _recent(row, side)


Test = Callable[[Ticker], bool]
Key = Callable[[Ticker], Any]
LISTS: Mapping[str, tuple[Test, Key]] = {
    "gappers_up": (lambda row: _at(row, "gap_percent", 2), lambda row: -row["gap_percent"]),
    "gappers_down": (lambda row: _at(row, "gap_percent", -2), lambda row: row["gap_percent"]),
    "momentum_up": (
        lambda row: _at(row, "change_percent", 3) and row["change_from_open"] is not None,
        lambda row: -row["change_from_open"],
    ),
    "momentum_down": (
        lambda row: _at(row, "change_percent", -3) and row["change_from_open"] is not None,
        lambda row: row["change_from_open"],
    ),
    "winners": (lambda row: _at(row, "change_percent", 5), lambda row: -row["change_percent"]),
    "losers": (lambda row: _at(row, "change_percent", -5), lambda row: row["change_percent"]),
    "anomalies": (lambda row: _at(row, "rvol", 3) and _at(row, "rvol_guarded", 3), lambda row: -row["rvol_guarded"]),
    "high_volume": (lambda row: _at(row, "rvol", 2), lambda row: -row["volume_today"]),
    "new_highs": (
        lambda row: _extreme(row, "high", near=row["distance_from_high"] >= -0.1),
        lambda row: (-row["new_highs_15m"], -row["last_high_at"]),
    ),
    "new_lows": (
        lambda row: _extreme(row, "low", near=row["distance_from_low"] <= 0.1),
        lambda row: (-row["new_lows_15m"], -row["last_low_at"]),
    ),
    "reversals": (_turned, lambda row: -abs(row["gap_percent"]) - abs(row["change_from_open"])),
}


class DictLoops:
    """A dict per ticker, a loop per list, `orjson`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._differences = Differences()

    def load(self, market: Market) -> None:
        self._market = market

    def step(self) -> int:
        live = [row for row in self._market.rows() if _passes(row)]
        lists = {
            name: sorted([row for row in live if test(row)], key=key)[: self._size]
            for name, (test, key) in LISTS.items()
        }
        return self._differences.encoded(lists)

    def answers(self) -> Answers:
        return self._differences.answers()


class Model(BaseModel):
    """A ticker as an object whose fields are checked."""

    symbol: str
    name: str | None
    price: float | None
    change: float | None
    change_percent: float | None
    gap_percent: float | None
    change_from_open: float | None
    volume_today: float | None
    dollar_volume: float | None
    rvol: float | None
    rvol_method: str | None
    rvol_slot: float | None
    float_shares: float | None
    market_cap: float | None
    high: float | None
    low: float | None
    distance_from_high: float | None
    range_position: float | None
    vwap_distance: float | None
    change_5m: float | None
    spread_bps: float | None
    halted: bool | None
    sector: str | None
    score: float | None
    updated: int | None
    price_source: str
    rvol_guarded: float | None
    distance_from_low: float | None
    new_highs_15m: float
    new_lows_15m: float
    last_high_at: int | None
    last_low_at: int | None


class Original:
    """A model object per ticker, each list looked for among all of them, `json`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._differences = Differences(lambda changes: json.dumps(changes).encode())

    def load(self, market: Market) -> None:
        self._market = market

    def step(self) -> int:
        tickers = [Model(**row) for row in self._market.rows()]
        lists: dict[str, list[Ticker]] = {}
        for name, (test, key) in LISTS.items():
            found = [ticker for ticker in tickers if _passes(ticker.__dict__) and test(ticker.__dict__)]
            found.sort(key=lambda ticker, key=key: key(ticker.__dict__))  # type: ignore[misc]
            lists[name] = [ticker.model_dump() for ticker in found[: self._size]]
        return self._differences.encoded(lists)

    def answers(self) -> Answers:
        return self._differences.answers()


SQL_LISTS = {
    "gappers_up": ("gap_percent >= 2", "gap_percent DESC"),
    "gappers_down": ("gap_percent <= -2", "gap_percent"),
    "momentum_up": ("change_percent >= 3 AND change_from_open IS NOT NULL", "change_from_open DESC"),
    "momentum_down": ("change_percent <= -3 AND change_from_open IS NOT NULL", "change_from_open"),
    "winners": ("change_percent >= 5", "change_percent DESC"),
    "losers": ("change_percent <= -5", "change_percent"),
    "anomalies": ("rvol >= 3 AND rvol_guarded >= 3", "rvol_guarded DESC"),
    "high_volume": ("rvol >= 2", "volume_today DESC"),
    "new_highs": (
        (
            f"({NOW_MS} - last_high_at <= {RECENT_MS} OR new_highs_15m >= 2) AND distance_from_high >= -0.1 "
            "AND last_high_at IS NOT NULL"
        ),
        "new_highs_15m DESC, last_high_at DESC",
    ),
    "new_lows": (
        (
            f"({NOW_MS} - last_low_at <= {RECENT_MS} OR new_lows_15m >= 2) AND distance_from_low <= 0.1 "
            "AND last_low_at IS NOT NULL"
        ),
        "new_lows_15m DESC, last_low_at DESC",
    ),
    "reversals": (
        "(gap_percent >= 2 AND change_from_open <= -1) OR (gap_percent <= -2 AND change_from_open >= 1)",
        "abs(gap_percent) + abs(change_from_open) DESC",
    ),
}
SQL_PASSES = "price_source <> 'prev' AND volume_today > 0 AND (rvol IS NULL OR rvol >= 1.5) AND price BETWEEN 1 AND 500"


class InDuckDB:
    """A table in memory, filled outside of the time; eleven queries, what they find compared as dicts."""

    def __init__(self, size: int) -> None:
        self._connection = duckdb.connect()
        self._columns = ("symbol", *DEFAULT_COLUMNS)
        shown = ", ".join(self._columns)
        self._queries = {
            name: f"SELECT {shown} FROM live WHERE {where} ORDER BY {order}, symbol LIMIT {size}"  # noqa: S608
            for name, (where, order) in SQL_LISTS.items()
        }
        self._differences = Differences()

    def load(self, market: Market) -> None:
        frame = pd.DataFrame(market.columns)
        self._connection.register("frame", frame)
        self._connection.execute("CREATE OR REPLACE TABLE market AS SELECT * FROM frame")
        self._connection.unregister("frame")

    def step(self) -> int:
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE live AS SELECT * FROM market WHERE {SQL_PASSES}")  # noqa: S608
        lists = {
            name: [dict(zip(self._columns, row, strict=True)) for row in self._connection.execute(query).fetchall()]
            for name, query in self._queries.items()
        }
        return self._differences.encoded(lists)

    def answers(self) -> Answers:
        return self._differences.answers()
