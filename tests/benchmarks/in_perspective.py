"""FINOS Perspective as a peer: eleven sorted and filtered views of one table, in one process with it.

It is told of the rows that changed, ready as Arrow, and each view gives the window that its viewers look at, as Arrow,
which is what they are sent. Nobody is written to, and one viewer for each view is enough. Conditions that would be
expressions are columns already, as it is twice as fast with these, and making them is not counted.
"""

from collections.abc import Mapping
from typing import Any

import perspective
import polars as pl

from tests.benchmarks.boards import NOW_MS
from tests.benchmarks.delta_peers import RECENT_MS, Market
from tests.benchmarks.peers import Answers
from tradeul.domain.fields import BY_NAME, DEFAULT_COLUMNS

Conditions = list[list[Any]]
PERSPECTIVE_LISTS: Mapping[str, tuple[Conditions, list[list[str]]]] = {
    "gappers_up": ([["gap_percent", ">=", 2]], [["gap_percent", "desc"]]),
    "gappers_down": ([["gap_percent", "<=", -2]], [["gap_percent", "asc"]]),
    "momentum_up": (
        [["change_percent", ">=", 3], ["change_from_open", "is not null", None]],
        [["change_from_open", "desc"]],
    ),
    "momentum_down": (
        [["change_percent", "<=", -3], ["change_from_open", "is not null", None]],
        [["change_from_open", "asc"]],
    ),
    "winners": ([["change_percent", ">=", 5]], [["change_percent", "desc"]]),
    "losers": ([["change_percent", "<=", -5]], [["change_percent", "asc"]]),
    "anomalies": ([["rvol", ">=", 3], ["rvol_guarded", ">=", 3]], [["rvol_guarded", "desc"]]),
    "high_volume": ([["rvol", ">=", 2]], [["volume_today", "desc"]]),
    "new_highs": (
        [["is_high", "==", 1], ["distance_from_high", ">=", -0.1]],
        [["new_highs_15m", "desc"], ["last_high_at", "desc"]],
    ),
    "new_lows": (
        [["is_low", "==", 1], ["distance_from_low", "<=", 0.1]],
        [["new_lows_15m", "desc"], ["last_low_at", "desc"]],
    ),
    "reversals": ([["turn", ">", 0]], [["turn", "desc"]]),
}


class InPerspective:
    """A table indexed by symbol."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._before: pl.DataFrame | None = None
        self._changed = b""
        self._views: dict[str, Any] = {}
        self._told: set[str] = set()

    def load(self, market: Market) -> None:
        columns = {name: pl.Series(name, values, _type(name)) for name, values in market.columns.items()}
        frame = pl.DataFrame(columns).with_columns(**_conditions())
        if self._before is None:
            self._table = perspective.Server().new_local_client().table(_arrow(frame), index="symbol")
            self._views = {name: self._view(name) for name in PERSPECTIVE_LISTS}
            self._changed = _arrow(frame)
        else:
            differs = pl.any_horizontal(~frame[name].eq_missing(self._before[name]) for name in frame.columns)
            self._changed = _arrow(frame.filter(pl.select(differs).to_series()))
        self._before = frame

    def step(self) -> int:
        self._table.update(self._changed)
        return sum(len(view.to_arrow(start_row=0, end_row=self._size)) for view in self._views.values())

    def answers(self) -> Answers:
        return {
            name: [row["symbol"] for row in view.to_json(start_row=0, end_row=self._size)]
            for name, view in self._views.items()
        }

    def _view(self, name: str) -> Any:
        conditions, order = PERSPECTIVE_LISTS[name]
        view = self._table.view(
            columns=["symbol", *DEFAULT_COLUMNS],
            filter=[["live", "==", 1], *conditions],
            sort=order,
        )
        # Who shows a view is told whenever it has changed.
        view.on_update(lambda *_: self._told.add(name))
        return view


def _conditions() -> dict[str, pl.Expr]:
    """What a view cannot filter or sort by as it is."""
    gap, opened, rvol = pl.col("gap_percent"), pl.col("change_from_open"), pl.col("rvol")
    traded = (pl.col("price_source") != "prev") & (pl.col("volume_today") > 0)
    turned = ((gap >= 2) & (opened <= -1)) | ((gap <= -2) & (opened >= 1))
    live = traded & (rvol.is_null() | (rvol >= 1.5)) & pl.col("price").is_between(1, 500)
    return {
        "live": live.fill_null(value=False).cast(pl.Float64),
        "turn": pl.when(turned).then(gap.abs() + opened.abs()).otherwise(0.0),
        "is_high": _recent("high").fill_null(value=False).cast(pl.Float64),
        "is_low": _recent("low").fill_null(value=False).cast(pl.Float64),
    }


def _recent(side: str) -> pl.Expr:
    last = pl.col(f"last_{side}_at")
    return last.is_not_null() & ((NOW_MS - last <= RECENT_MS) | (pl.col(f"new_{side}s_15m") >= 2))


def _arrow(frame: pl.DataFrame) -> bytes:
    made: bytes = frame.write_ipc_stream(None, compat_level=pl.CompatLevel.oldest()).getvalue()
    return made


def _type(name: str) -> Any:
    kind = "text" if name in ("symbol", "price_source") else BY_NAME[name].format
    return {"text": pl.String, "flag": pl.Boolean}.get(kind, pl.Float64)
