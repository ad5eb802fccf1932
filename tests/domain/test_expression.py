"""The language of filters and lists."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradeul.domain.board import Board
from tradeul.domain.events import Symbol
from tradeul.domain.expression import ExpressionError, parse_condition, parse_order

NAN = math.nan


class Scope:
    """A board of four rows and a session, as expressions see them."""

    def __init__(self, session: str = "MARKET_OPEN") -> None:
        self.session = session
        self.board = Board(capacity=4)
        self.board.rows_of([Symbol(name) for name in ("AAA", "BRK.B", "CCC", "DDD")])
        self.board["price"][:] = [1.0, 5.0, 20.0, NAN]
        self.board["rvol"][:] = [NAN, 2.0, 7.0, 1.0]
        self.board["change_percent"][:] = [-3.0, 0.0, 3.0, NAN]
        self.board["volume_today"][:] = [1_500, 2_000_000, 0, NAN]
        self.board["price_source"][:] = [0, 1, 3, -1]
        self.board["halted"][:] = [1, 0, -1, -1]
        self.board["last_high_at"][:] = [0, 1_000, 2_000, 0]

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.board[name]


def rows(text: str, session: str = "MARKET_OPEN") -> list[int]:
    scope = Scope(session)
    with np.errstate(all="ignore"):
        return np.flatnonzero(np.broadcast_to(parse_condition(text).true(scope), 4)).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price > 1", [1, 2]),
        ("price >= 1", [0, 1, 2]),
        ("not price > 1", [0]),
        ("not (price > 1 and rvol > 5)", [0, 1, 3]),
        ("price != 5", [0, 2]),
        ("not price != 5", [1]),
        ("1 < price <= 20", [1, 2]),
        ("price between 1 and 5", [0, 1]),
        ("price between 1 and 5 and rvol > 1", [1]),
        ("price in (1, 20)", [0, 2]),
        ("volume_today > 1.2M", [1]),
        ("volume_today >= 1.5k", [0, 1]),
        ("rvol > 5 or price < 2", [0, 2]),
        ("price > 1 or rvol > 0 and change_percent < 0", [1, 2]),
        ("abs(change_percent) >= 3", [0, 2]),
        ("max(price, rvol) > 6", [2]),
        ("price / change_percent > 0", [2]),
        ("-price + 2 * 3 > 0", [0, 1]),
        ("known(rvol)", [1, 2, 3]),
        ("not known(rvol)", [0]),
        ("known(last_high_at)", [1, 2]),
        ("halted", [0]),
        ("not halted", [1]),
        ("known(halted)", [0, 1]),
        ("price_source == 'prev'", [2]),
        ("price_source != 'prev'", [0, 1]),
        ("price_source in ('trade', 'minute')", [0, 1]),
        ("symbol == 'BRK.B'", [1]),
        ("known(name)", []),
        ("session == 'MARKET_OPEN' and price > 5", [2]),
        ("session == 'CLOSED' and price > 5", []),
    ],
)
def test_conditions_mean_what_they_say(text: str, expected: list[int]) -> None:
    """Comparisons, logic, arithmetic, texts, units and null, over a small board."""
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("prize > 5", 1, "did you mean 'price'"),
        ("price > ", 8, "a value is missing"),
        ("price >> 5", 8, "a value is missing"),
        ("price > 5 rvol", 11, "not expected"),
        ("(price > 5", 11, "parenthesis"),
        ("price", 6, "condition"),
        ("price + 'x' > 5", 13, "number"),
        ("price between 1", 16, "between"),
        ("price @ 5", 7, "not part of the language"),
        ("__import__('os')", 1, "no field"),
        ("symbol < 'A'", 13, "equal or not"),
        ("not " * 40 + "price > 1", 133, "deeper"),
        ("", 1, "a value is missing"),
    ],
)
def test_an_error_points_at_its_column(text: str, column: int, hint: str) -> None:
    """What is wrong, where, and the nearest name there is."""
    with pytest.raises(ExpressionError, match=hint) as caught:
        parse_condition(text)

    assert caught.value.column == column


def test_an_order_knows_its_directions() -> None:
    """Keys ascend unless they say desc."""
    keys = parse_order("abs(change_percent) desc, price, rvol asc")

    assert [descending for _, descending in keys] == [True, False, False]


@given(st.text(alphabet="price rvol()<>=!andotbewink.5'\"+-*/,kMB\n\x00é", max_size=60))
@example("(" * 500)
@example("-" * 500)
@example("1" * 400 + " > price")
@example("price > 1 " + "and price > 1 " * 140)
def test_any_text_gives_a_condition_or_a_positioned_error(text: str) -> None:
    """Nothing a person can type raises anything else."""
    truth = column = None
    try:
        truth = parse_condition(text)
    except ExpressionError as error:
        column = error.column

    if truth is None:
        assert column is not None
        assert 1 <= column <= len(text) + 1
        return
    scope = Scope()
    with np.errstate(all="ignore"):
        both = np.broadcast_to(truth.true(scope), 4) & np.broadcast_to(truth.false(scope), 4)
    assert not both.any()
