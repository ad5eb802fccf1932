"""The 11 lists, beside their definitions written out in plain Python."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.board import Board
from tradeul.domain.board_scope import CLOCK_NUMBERS
from tradeul.domain.events import Ints, Symbol
from tradeul.domain.filters import NOT_TRADED, Filter, sift
from tradeul.domain.gathering import Gathered
from tradeul.domain.scans import BY_NAME

FIELDS = (
    "gap_percent", "change_percent", "change_from_open", "rvol", "rvol_guarded", "volume_today", "distance_from_high",
    "distance_from_low", "new_highs_15m", "new_lows_15m",
)  # fmt: skip
ASKED = (*FIELDS, *CLOCK_NUMBERS)
Plain = dict[str, float]

edge = st.sampled_from(
    [math.nan, -5.0, -3.0, -2.0, -1.9999, -1.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0, 2.0, 3.0, 4.9999, 5.0, 300.0]
)
row = st.fixed_dictionaries(
    dict.fromkeys(ASKED, edge) | {"last_high_at": st.integers(0, 3), "last_low_at": st.integers(0, 3)}
)

Rule = Callable[[Plain, str], bool]
Key = Callable[[Plain], tuple[float, ...]]

DEFINED: dict[str, tuple[Rule, Key]] = {
    "gappers_up": (lambda r, _: r["gap_percent"] >= 2, lambda r: (-r["gap_percent"],)),
    "gappers_down": (lambda r, _: r["gap_percent"] <= -2, lambda r: (r["gap_percent"],)),
    "momentum_up": (
        lambda r, s: s == "MARKET_OPEN" and r["change_percent"] >= 3,
        lambda r: (-r["change_from_open"],),
    ),
    "momentum_down": (
        lambda r, s: s == "MARKET_OPEN" and r["change_percent"] <= -3,
        lambda r: (r["change_from_open"],),
    ),
    "winners": (lambda r, _: r["change_percent"] >= 5, lambda r: (-r["change_percent"],)),
    "losers": (lambda r, _: r["change_percent"] <= -5, lambda r: (r["change_percent"],)),
    "anomalies": (lambda r, _: r["rvol"] >= 3 and r["rvol_guarded"] >= 3, lambda r: (-r["rvol_guarded"],)),
    "high_volume": (lambda r, _: r["rvol"] >= 2, lambda r: (-r["volume_today"],)),
    "new_highs": (
        lambda r, _: (r["seconds_since_high"] <= 300 or r["new_highs_15m"] >= 2) and r["distance_from_high"] >= -0.1,
        lambda r: (-r["new_highs_15m"], -r["last_high_at"] or math.nan),
    ),
    "new_lows": (
        lambda r, _: (r["seconds_since_low"] <= 300 or r["new_lows_15m"] >= 2) and r["distance_from_low"] <= 0.1,
        lambda r: (-r["new_lows_15m"], -r["last_low_at"] or math.nan),
    ),
    "reversals": (
        lambda r, _: (
            (r["gap_percent"] >= 2 and r["change_from_open"] <= -1)
            or (r["gap_percent"] <= -2 and r["change_from_open"] >= 1)
        ),
        lambda r: (-(abs(r["gap_percent"]) + abs(r["change_from_open"])),),
    ),
}


class Scope:
    def __init__(self, rows: list[Plain], session: str) -> None:
        self.session = session
        self.board = Board(capacity=max(1, len(rows)))
        self.board.rows_of([Symbol(f"S{i:03d}") for i in range(len(rows))])
        self._ages = {name: np.array([r[name] for r in rows], np.float64) for name in CLOCK_NUMBERS}
        for name in (*FIELDS, "last_high_at", "last_low_at"):
            self.board[name][:] = [r[name] for r in rows]

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._ages[name] if name in CLOCK_NUMBERS else self.board[name]

    def taken(self, name: str, rows: Ints) -> npt.NDArray[Any]:
        return self[name][rows]

    def among(self, name: str, words: frozenset[str | None]) -> npt.NDArray[Any]:
        return self.board.among(name, words)


@pytest.mark.parametrize("name", sorted(BY_NAME))
@given(rows=st.lists(row, max_size=60), session=st.sampled_from(["PRE_MARKET", "MARKET_OPEN", "POST_MARKET"]))
def test_every_list_equals_its_definition(name: str, rows: list[Plain], session: str) -> None:
    """Members and order, at thresholds, with nulls and ties, cut to size."""
    scan = BY_NAME[name]
    rule, key = DEFINED[scan.name]
    wanted = [i for i, r in enumerate(rows) if rule(r, session) and not any(math.isnan(value) for value in key(r))]
    wanted.sort(key=lambda i: (key(rows[i]), i))

    everyone = np.arange(len(rows))
    candidates = Gathered(Scope(rows, session), everyone)
    ranked = scan.ranked(candidates, scan.members(candidates, None), everyone)

    assert ranked.tolist() == wanted[:50]


def test_a_new_high_stays_longer_than_it_enters() -> None:
    """-0.1 % to enter, -0.5 % to stay, while it is recent."""
    scan = BY_NAME["new_highs"]
    base = dict.fromkeys(ASKED, math.nan) | {
        "last_high_at": 1,
        "last_low_at": 0,
        "new_highs_15m": 1.0,
    }

    inside: npt.NDArray[np.bool_] = np.zeros(1, np.bool_)
    story = []
    for distance, age in ((-0.2, 10), (-0.1, 20), (-0.5, 30), (-0.51, 40), (-0.3, 50), (0.0, 60), (0.0, 301)):
        scope = Scope([base | {"distance_from_high": distance, "seconds_since_high": age}], "MARKET_OPEN")
        inside = np.isin([0], scan.members(Gathered(scope, np.arange(1)), inside))
        story.append(bool(inside[0]))

    assert story == [False, True, True, False, False, True, False]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_list_has_a_definition_here(name: str) -> None:
    """A list without its plain-Python twin is not proven."""
    assert name in DEFINED


def test_a_row_counts_under_the_first_filter_that_drops_it() -> None:
    """Filters apply in order; what is unknown is not dropped by a comparison."""
    rows = [dict.fromkeys((*ASKED, "last_high_at", "last_low_at"), 0.0) for _ in range(4)]
    scope = Scope(rows, "MARKET_OPEN")
    scope.board["price"][:] = [math.nan, 0.5, 0.5, 5.0]
    scope.board["price_source"][:] = 0
    scope.board["volume_today"][:] = 100
    scope.board["rvol"][:] = [9.0, 1.0, 9.0, math.nan]

    filters = (NOT_TRADED, Filter("rvol_high", "rvol < 1.5"), Filter("price_range", "not price >= 1"))
    passes, dropped = sift(scope, filters, np.ones(4, np.bool_))

    assert passes.tolist() == [False, False, False, True]
    assert {reason: np.flatnonzero(rows).tolist() for reason, rows in dropped.items()} == {
        "not_traded": [0],
        "rvol_high": [1],
        "price_range": [2],
    }
