"""Every list of a whole board, beside a recomputation that does nothing clever."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.boards import write
from tests.support.market import at
from tests.support.naive_lists import NaiveLists
from tradeul.clock import ManualClock
from tradeul.domain.board import EVERY_ROW, Board
from tradeul.domain.events import Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.scans import BUILT_IN, Scan
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels
from tradeul.engine.filters import global_filters
from tradeul.engine.scanner import Scanner
from tradeul.settings import Filters

NOW = at("10:00")
NOW_MS = NOW // 10**6
NAN = math.nan
USUAL = global_filters(Filters())
Row = dict[str, Any]

GOOD: Row = {
    "price": 10.0, "price_source": 0, "volume_today": 1_000.0, "rvol": NAN, "rvol_guarded": NAN, "gap_percent": 0.0,
    "change_percent": 0.0, "change_from_open": 0.0, "distance_from_high": -9.0, "distance_from_low": 9.0,
    "new_highs_15m": 0.0, "new_lows_15m": 0.0, "last_high_at": 0, "last_low_at": 0, "halted": -1, "sector": None,
}  # fmt: skip
"""A row that passes the filters and stands in no list."""


def board_of(rows: Mapping[str, Row]) -> Board:
    """A board of rows in the order given, which need not be that of their symbols."""
    board = Board(capacity=max(1, len(rows)))
    board.rows_of([Symbol(symbol) for symbol in rows])
    fill(board, list(rows.values()))
    return board


def fill(board: Board, rows: Sequence[Row]) -> None:
    for name, usual in GOOD.items():
        write(board, name, EVERY_ROW, [row.get(name, usual) for row in rows])


def scanner_of(board: Board, scans: Sequence[Scan], filters: Sequence[Filter] = USUAL) -> Scanner:
    return Scanner(board, scans, filters, Channels("e1", scans, ManualClock(NOW)))


def ranked(scanner: Scanner, board: Board, session: Session = Session.MARKET_OPEN) -> dict[str, list[str]]:
    return {name: [board.symbols[row] for row in rows] for name, rows in scanner.rank(NOW, session).items()}


AT_THE_EDGES: dict[str, tuple[list[str], dict[str, Row]]] = {
    "gappers_up": (
        ["AA", "B", "a", "b"],
        {"b": {"gap_percent": 2.0}, "B": {"gap_percent": 9.0}, "a": {"gap_percent": 2.0}, "AA": {"gap_percent": 9.0},
         "C": {"gap_percent": 1.9999}, "D": {"gap_percent": NAN}},
    ),
    "gappers_down": (["B", "A"], {"A": {"gap_percent": -2.0}, "B": {"gap_percent": -3.0}, "C": {"gap_percent": -1.9}}),
    "momentum_up": (
        ["B", "A", "C"],
        {"A": {"change_percent": 3.0, "change_from_open": -1.0}, "B": {"change_percent": 3.0},
         "C": {"change_percent": 9.0, "change_from_open": -4.0},
         "D": {"change_percent": 3.0, "change_from_open": NAN}, "E": {"change_percent": 2.9999}},
    ),
    "momentum_down": (["A"], {"A": {"change_percent": -3.0}, "B": {"change_percent": -2.9999}}),
    "winners": (["BRK.B", "HALT"], {"HALT": {"change_percent": 5.0, "halted": 1}, "BRK.B": {"change_percent": 5.5}}),
    "losers": (["A"], {"A": {"change_percent": -5.0}, "B": {"change_percent": -4.9999}}),
    "anomalies": (
        ["A"],
        {"A": {"rvol": 3.0, "rvol_guarded": 3.0}, "B": {"rvol": 3.0, "rvol_guarded": 2.9999},
         "C": {"rvol": NAN, "rvol_guarded": 9.0}, "D": {"rvol": 2.9999, "rvol_guarded": 9.0}},
    ),
    "high_volume": (
        ["B", "A"],
        {"A": {"rvol": 2.0}, "B": {"rvol": 2.0, "volume_today": 2_000.0}, "C": {"rvol": 1.9999}, "D": {}},
    ),
    "new_highs": (
        ["MANY", "OLD", "AT"],
        {"AT": {"distance_from_high": 0.0, "last_high_at": NOW_MS - 300_000},
         "OLD": {"distance_from_high": -0.1, "last_high_at": NOW_MS - 400_000, "new_highs_15m": 2.0},
         "MANY": {"distance_from_high": 0.0, "last_high_at": NOW_MS, "new_highs_15m": 3.0},
         "LATE": {"distance_from_high": 0.0, "last_high_at": NOW_MS - 300_001, "new_highs_15m": 1.0},
         "FAR": {"distance_from_high": -0.1001, "last_high_at": NOW_MS},
         "FIRST": {"distance_from_high": 0.0}},
    ),
    "new_lows": (
        ["A"],
        {"A": {"distance_from_low": 0.1, "last_low_at": NOW_MS - 300_000},
         "B": {"distance_from_low": 0.1001, "last_low_at": NOW_MS}, "C": {"distance_from_low": 0.0}},
    ),
    "reversals": (
        ["B", "A"],
        {"A": {"gap_percent": 2.0, "change_from_open": -1.0}, "B": {"gap_percent": -2.0, "change_from_open": 1.5},
         "C": {"gap_percent": 2.0, "change_from_open": -0.9999}, "D": {"gap_percent": 2.0, "change_from_open": 1.0},
         "E": {"gap_percent": 2.0, "change_from_open": NAN}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [scan.name for scan in BUILT_IN])
def test_lists_hold_who_is_exactly_at_their_edges(name: str) -> None:
    """At a threshold is in, a ten-thousandth off is out, null is out, ties go by symbol, a halted row stays."""
    expected, rows = AT_THE_EDGES[name]
    board = board_of({symbol: GOOD | row for symbol, row in rows.items()})

    assert ranked(scanner_of(board, BUILT_IN), board)[name] == expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"price_source": 3}, "not_traded"),
        ({"volume_today": 0.0}, "not_traded"),
        ({"volume_today": NAN}, "not_traded"),
        ({"price": NAN}, "not_traded"),
        ({"rvol": 1.4999}, "rvol_high"),
        ({"price": 0.9999}, "price_range"),
        ({"price": 500.0001}, "price_range"),
        ({"price": 0.5, "rvol": 1.0}, "rvol_high"),
    ],
)
def test_what_a_filter_drops_stands_in_no_list(row: Row, reason: str) -> None:
    """It counts under its first reason, and having been inside is no way around."""
    inside = GOOD | {"change_percent": 9.0, "distance_from_high": 0.0, "last_high_at": NOW_MS}
    board = board_of({"A": inside})
    scanner = scanner_of(board, BUILT_IN)
    before = ranked(scanner, board)

    fill(board, [inside | row])
    after = ranked(scanner, board)

    assert (before["winners"], before["new_highs"]) == (["A"], ["A"])
    assert all(symbols == [] for symbols in after.values())
    assert {name: rows.tolist() for name, rows in scanner.dropped.items() if rows.any()} == {reason: [True]}


NUMBERS = (
    *("rvol", "rvol_guarded", "gap_percent", "change_percent", "change_from_open"),
    *("distance_from_high", "distance_from_low", "new_highs_15m", "new_lows_15m"),
)
edge = st.sampled_from([NAN, -5.0, -3.0, -2.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0])
row = st.fixed_dictionaries(
    {
        "price": st.sampled_from([NAN, 0.5, 1.0, 10.0, 500.0, 501.0]),
        "price_source": st.sampled_from([0, 0, 1, 2, 3, -1]),
        "volume_today": st.sampled_from([NAN, 0.0, 100.0, 100.0, 5_000.0]),
        "last_high_at": st.sampled_from([0, NOW_MS - 300_001, NOW_MS - 300_000, NOW_MS]),
        "last_low_at": st.sampled_from([0, NOW_MS - 300_001, NOW_MS - 300_000, NOW_MS]),
        "halted": st.sampled_from([-1, 0, 1]),
        "sector": st.sampled_from([None, "Energy", "Finance"]),
        **dict.fromkeys(NUMBERS, edge),
    }
)

FIELDS = ("price", "volume_today", "rvol", "gap_percent", "change_percent", "distance_from_high", "last_high_at")
measure = st.one_of(
    st.sampled_from(FIELDS),
    st.tuples(st.sampled_from(FIELDS), st.sampled_from("+-*/"), st.sampled_from(FIELDS)).map(" ".join),
    st.sampled_from(FIELDS).map("abs({})".format),
    st.tuples(st.sampled_from(FIELDS), st.sampled_from(FIELDS)).map(lambda pair: f"max({pair[0]}, {pair[1]})"),
)
number = st.one_of(measure, st.sampled_from(["0", "1.5", "2", "-3", "100"]))
simple = st.one_of(
    st.tuples(number, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), number).map(" ".join),
    number.map("{} between -2 and 3".format),
    number.map("{} in (0, 2, 3)".format),
    st.sampled_from(FIELDS).map("known({})".format),
    st.sampled_from(["halted", "sector == 'Energy'", "sector != 'Energy'", "price_source in ('trade', 'day')"]),
    st.sampled_from(["session == 'MARKET_OPEN'", "session != 'POST_MARKET'", "1 > 0", "known(sector)"]),
)
condition = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda c: f"({c[0]}) {c[1]} ({c[2]})"),
        inner.map("not ({})".format),
    ),
    max_leaves=5,
)
order = st.lists(st.tuples(measure, st.sampled_from(["asc", "desc"])).map(" ".join), min_size=1, max_size=3)
sessions = st.sampled_from(["PRE_MARKET", "MARKET_OPEN", "POST_MARKET"])
own = st.builds(
    lambda where, order, keep, size, sessions, filtered: Scan(
        "own", "Own", where, ", ".join(order), keep, size, sessions=tuple(sessions), global_filters=filtered
    ),
    condition,
    order,
    st.one_of(st.just(""), condition),
    st.one_of(st.integers(1, 8), st.sampled_from([50, 200])),
    st.lists(sessions, max_size=2, unique=True),
    st.booleans(),
)
symbols = st.lists(st.sampled_from([f"{a}{b}" for a in ("A", "BRK.", "Ba", "b") for b in "ABCxyz"]), unique=True)


@settings(deadline=None)
@given(data=st.data(), names=symbols, scan=own)
def test_lists_equal_a_naive_recomputation(data: st.DataObject, names: list[str], scan: Scan) -> None:
    """The built-in lists and one of any shape, over three boards: members, order, cut, who stays, who was dropped."""
    board = Board(capacity=max(1, len(names)))
    board.rows_of([Symbol(name) for name in names])
    scans = (*BUILT_IN, scan)
    scanner, naive = scanner_of(board, scans), NaiveLists(board, scans, USUAL)
    for _ in range(3):
        fill(board, data.draw(st.lists(row, min_size=len(names), max_size=len(names))))
        session = Session(data.draw(sessions))

        fast, slow = ranked(scanner, board, session), naive.rank(NOW, session)

        assert fast == slow
        assert scanner.failures == {}
        for scan_ in scans:
            members = {name for name in names if scanner.belongs(scan_.name, Symbol(name))}
            assert members == naive.inside[scan_.name]
        dropped = {
            reason: sorted(board.symbols[i] for i in np.flatnonzero(rows)) for reason, rows in scanner.dropped.items()
        }
        assert dropped == naive.dropped


@pytest.mark.parametrize("size", [1, 2, 49, 50, 199, 200])
@pytest.mark.parametrize("seed", range(3))
def test_long_lists_equal_a_naive_recomputation(size: int, seed: int) -> None:
    """Of hundreds of members, with ties across the cut and nulls in every key."""
    draw = np.random.default_rng(seed)
    names = [f"S{number}" for number in draw.permutation(700)]
    coarse = np.array([NAN, *range(6)])
    columns = {
        "gap_percent": draw.choice(coarse, 700), "change_percent": draw.choice(coarse, 700),
        "volume_today": draw.integers(0, 300, 700).astype(float), "last_high_at": draw.integers(0, 4, 700),
    }  # fmt: skip
    board = board_of({name: GOOD | {key: column[i] for key, column in columns.items()} for i, name in enumerate(names)})
    orders = ("gap_percent desc", "volume_today", "gap_percent, change_percent desc", "last_high_at desc, volume_today")
    scans = [Scan(f"o{i}", "O", "price > 0", order, size=size) for i, order in enumerate(orders)]

    assert ranked(scanner_of(board, scans), board) == NaiveLists(board, scans, USUAL).rank(NOW, Session.MARKET_OPEN)
