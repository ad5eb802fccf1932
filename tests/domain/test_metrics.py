"""Every derived field, beside a naive model written row by row in plain Python."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY
from tradeul.domain import metrics
from tradeul.domain.board import EVERY_ROW, Board
from tradeul.domain.events import Symbol
from tradeul.domain.session import NANOS, Session
from tradeul.domain.volume_profile import prior_share

HOURS = CALENDAR.hours(DAY)
INPUTS = (
    "price", "prev_close", "open", "high", "low", "vwap", "bid", "ask", "volume_today", "avg_volume_30d", "atr",
    "price_1m_ago", "price_5m_ago", "volume_1m_ago", "volume_5m_ago", "slot_start_volume", "regular_close",
    "float_shares",
)  # fmt: skip

amount = st.one_of(st.none(), st.integers(1, 3000).map(lambda x: x / 100))
shares = st.one_of(st.none(), st.integers(0, 3000).map(lambda x: x * 1e5))
row = st.fixed_dictionaries(
    dict.fromkeys(INPUTS, amount)
    | dict.fromkeys(("volume_today", "avg_volume_30d", "slot_start_volume", "volume_1m_ago", "float_shares"), shares)
    | {"second": st.integers(0, 57_600)}
)

Plain = dict[str, Any]
"""A row in plain Python; its values are numbers or None."""


def percent(value: float | None, basis: float | None) -> float | None:
    return None if value is None or not basis else 100 * (value - basis) / basis


def minus(a: float | None, b: float | None) -> Any:
    return None if a is None or b is None else a - b


def expected_by(second: float, average: float | None) -> Any:
    return None if average is None else average * float(prior_share(np.array([second]), early_close=False)[0])


def naive(r: Plain, session: Session) -> Plain:
    price, volume, average = r["price"], r["volume_today"], r["avg_volume_30d"]
    change_percent = percent(price, r["prev_close"])
    high_low = minus(r["high"], r["low"])
    expected = expected_by(r["second"], average)
    slot = min(int(r["second"] // 300), 191)
    before = expected_by(slot * 300, average)
    in_slot = minus(volume, r["slot_start_volume"])
    worth = r["vwap"] if r["vwap"] is not None else price
    k = max(1000, 0.005 * (average or 0))
    settled = r["second"] - slot * 300 >= 15
    bid, ask = r["bid"], r["ask"]
    quoted = bid is not None and ask is not None and bid > 0 and ask >= bid
    known = volume is not None and expected is not None
    return {
        "change": minus(price, r["prev_close"]),
        "change_percent": change_percent,
        "gap_percent": percent(r["open"], r["prev_close"]) if r["open"] is not None else change_percent,
        "change_from_open": percent(price, r["open"]),
        "postmarket_change": percent(price, r["regular_close"]) if session is Session.POST_MARKET else None,
        "change_1m": percent(price, r["price_1m_ago"]),
        "change_5m": percent(price, r["price_5m_ago"]),
        "volume_1m": minus(volume, r["volume_1m_ago"]),
        "vwap_distance": percent(price, r["vwap"]),
        "atr_percent": 100 * r["atr"] / price if price and r["atr"] is not None else None,
        "distance_from_high": percent(price, r["high"]),
        "distance_from_low": percent(price, r["low"]),
        "range_position": 100 * (price - r["low"]) / high_low
        if price is not None and high_low is not None and high_low > 0
        else None,
        "spread_bps": 10_000 * (ask - bid) / ((ask + bid) / 2) if quoted else None,
        "dollar_volume": volume * worth if volume is not None and worth is not None else None,
        "rvol": volume / max(expected, 1) if known else None,
        "rvol_guarded": (volume + k) / (expected + k) if known else None,
        "rvol_slot": in_slot / max(expected - before, 1) if in_slot is not None and known and settled else None,
        "float_rotation": 100 * volume / r["float_shares"] if volume is not None and r["float_shares"] else None,
        "vol_vs_adv": volume / average if volume is not None and average else None,
    }


def board_of(rows: list[Plain]) -> Board:
    board = Board(capacity=len(rows))
    board.rows_of([Symbol(f"S{i}") for i in range(len(rows))])
    for name in INPUTS:
        board[name][:] = [math.nan if r[name] is None else r[name] for r in rows]
    board["volume_at"][:] = [HOURS.pre_market_start + r["second"] * NANOS for r in rows]
    return board


@given(st.lists(row, min_size=1, max_size=8), st.sampled_from(list(Session)))
def test_every_field_equals_the_naive_model(rows: list[Plain], session: Session) -> None:
    """Computed over columns or row by row: the same to the precision of the field, null for null."""
    board = board_of(rows)

    metrics.derive(board, EVERY_ROW, HOURS, session)

    for i, r in enumerate(rows):
        for name, expected in naive(r, session).items():
            places = 0 if name in ("volume_1m", "dollar_volume") else 4
            tolerance = 0.5000001 * 10**-places + abs(expected or 0) * 1e-12
            shown = board.values(name, np.array([i]))[0]
            if expected is None:
                assert shown is None, name
            else:
                assert shown == pytest.approx(expected, abs=tolerance), name


@given(st.lists(row, min_size=2, max_size=8), st.data())
def test_touched_rows_equal_the_whole_board(rows: list[Plain], data: st.DataObject) -> None:
    """Recomputing some rows gives what recomputing all would, and touches no other."""
    whole, part = board_of(rows), board_of(rows)
    touched = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), unique=True, min_size=1)))
    metrics.derive(whole, EVERY_ROW, HOURS, Session.MARKET_OPEN)

    metrics.derive(part, touched, HOURS, Session.MARKET_OPEN)

    rest = np.setdiff1d(np.arange(len(rows)), touched)
    for name in ("change_percent", "rvol", "rvol_slot", "score", "range_position"):
        assert np.array_equal(whole[name][touched], part[name][touched], equal_nan=True)
        assert np.isnan(part[name][rest]).all()


def test_what_is_shown_as_two_percent_passes_two() -> None:
    """A field is rounded once, so the filter sees what the trader sees."""
    board = board_of([dict.fromkeys(INPUTS) | {"price": 10.2, "prev_close": 10.0, "second": 0}])

    metrics.derive(board, EVERY_ROW, HOURS, Session.PRE_MARKET)

    assert board["change_percent"][0] == 2.0


def test_a_locked_quote_has_no_spread_and_a_crossed_one_none_at_all() -> None:
    """Bid equal to ask is 0; bid above ask is unknown."""
    quotes = [(10.0, 10.0), (10.1, 10.0), (10.0, 10.1)]
    board = board_of([dict.fromkeys(INPUTS) | {"bid": bid, "ask": ask, "second": 0} for bid, ask in quotes])

    metrics.derive(board, EVERY_ROW, HOURS, Session.PRE_MARKET)

    assert board.values("spread_bps", np.arange(3)) == [0.0, None, 99.5025]


def test_the_score_looks_to_the_side_of_the_move() -> None:
    """A fall at the low of the day is worth what a rise at its high is."""
    rise = dict.fromkeys(INPUTS) | {"price": 11.0, "prev_close": 10.0, "high": 11.0, "low": 10.0, "second": 0}
    fall = dict.fromkeys(INPUTS) | {"price": 9.0, "prev_close": 10.0, "high": 10.0, "low": 9.0, "second": 0}
    board = board_of([rise, fall])

    metrics.derive(board, EVERY_ROW, HOURS, Session.MARKET_OPEN)

    assert board["score"][0] == board["score"][1] > 0


def test_the_score_is_the_mean_of_what_is_known() -> None:
    """Weights of the contract; quality by method; nothing known, no score."""
    full = dict.fromkeys(INPUTS) | {
        "price": 11.0, "prev_close": 10.0, "high": 11.0, "low": 10.0, "bid": 10.99, "ask": 11.01,
        "volume_today": 1e6, "avg_volume_30d": 1e6, "second": 57_600,
    }  # fmt: skip
    board = board_of([full, dict.fromkeys(INPUTS) | {"second": 0}])

    metrics.derive(board, EVERY_ROW, HOURS, Session.MARKET_OPEN)

    spread = 10_000 * 0.02 / 11
    parts = (
        (0.35, 0.0),
        (0.25, math.log(11) / math.log(31)),
        (0.2, math.log10(110) / 3),
        (0.1, 1.0),
        (0.1, 1 - spread / 200),
    )
    expected = 100 * 0.7 * sum(weight * part for weight, part in parts)
    assert board["score"][0] == pytest.approx(expected, abs=1e-3)
    assert math.isnan(board["score"][1])
