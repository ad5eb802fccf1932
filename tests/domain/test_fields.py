"""The catalogue: everything a row may show, each with what a person needs to understand it."""

import pytest

from tradeul.domain.board import Board
from tradeul.domain.fields import CATALOGUE, DEFAULT_COLUMNS, LIVE_FIELDS, Field, Kind

CONTRACT = """
symbol name exchange type sector industry price price_source updated prev_close prev_high prev_low prev_volume change
change_percent open gap_percent change_from_open postmarket_change high low premarket_high premarket_low
premarket_volume distance_from_high distance_from_low range_position new_highs_15m new_lows_15m last_high_at
last_low_at change_1m change_5m volume_1m volume_5m volume_today dollar_volume trades_1m vwap vwap_distance rvol
rvol_guarded rvol_slot rvol_method rvol_sessions vol_vs_adv bid ask spread_bps avg_volume_10d avg_volume_30d
avg_price_30d atr atr_percent beta market_cap float_shares shares_outstanding float_rotation is_etf halted halted_at
suspect stale no_reference score
"""
SOURCES = {"feed", "computed", "history", "reference"}


def test_the_contracts_fields_are_there() -> None:
    """Under their names, each once, and no others."""
    assert sorted(field.name for field in CATALOGUE) == sorted(CONTRACT.split())


@pytest.mark.parametrize("field", CATALOGUE, ids=lambda field: field.name)
def test_every_field_says_what_it_is(field: Field) -> None:
    """A title, a meaning in words, where it comes from, and a unit where there is one."""
    assert field.title
    assert len(field.meaning.split()) >= 2
    assert field.meaning[0].isupper() or field.meaning[0].isdigit()
    assert field.source in SOURCES
    assert field.format
    if field.format in {"price", "percent", "ratio"}:
        assert field.precision == 4
        assert field.kind is Kind.NUMBER
    if field.format in {"price", "percent", "bps", "shares", "money", "time"}:
        assert field.unit


def test_titles_tell_fields_apart() -> None:
    """Two columns never have the same head."""
    titles = [field.title for field in CATALOGUE]

    assert len(set(titles)) == len(titles)


def test_a_row_shows_fields_only() -> None:
    """The default columns and the live fields are of the catalogue, and the board has a column for each field."""
    board = Board(capacity=1)

    assert set(DEFAULT_COLUMNS) | set(LIVE_FIELDS) <= {field.name for field in CATALOGUE}
    assert all(field.name in board for field in CATALOGUE)
