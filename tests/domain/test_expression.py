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

    def among(self, name: str, words: frozenset[str | None]) -> npt.NDArray[Any]:
        return self.board.among(name, words)


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
        ("session in ('CLOSED', 'MARKET_OPEN') and price > 5", [2]),
        ("price not in (1, 20)", [1]),
        ("price not between 1 and 5", [2]),
        ("'trade' == price_source", [0]),
        ("not price_source in ('trade', 'minute')", [2]),
        ("symbol in ('AAA', 'DDD')", [0, 3]),
        ("symbol != 'AAA'", [1, 2, 3]),
        ("not known(name)", [0, 1, 2, 3]),
        ("name in ('A', 'B') or not name in ('A', 'B')", []),
        ("known((price > 1 and rvol > 1))", [0, 1, 2, 3]),
        ("known(price / change_percent)", [0, 2]),
        ("min(price, rvol, 3) == 2", [1]),
        ("known(min(price, rvol))", [1, 2]),
        ("1 < price < 10 < 20", [1]),
        ("price >= .5e1", [1, 2]),
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
        ("price", 1, "condition"),
        ("price + 'x' > 5", 9, "number"),
        ("price between 1", 16, "between"),
        ("price @ 5", 7, "not part of the language"),
        ("__import__('os')", 1, "no function"),
        ("symbol < 'A'", 8, "equal or not"),
        ("not " * 40 + "price > 1", 133, "deeper"),
        ("", 1, "a value is missing"),
        ("price > prize", 9, "did you mean 'price'"),
        ("Price > 5", 1, "did you mean 'price'"),
        ("gap > 5", 1, "did you mean 'gap_percent'"),
        ("rvol > 2 and knwon(price)", 14, "did you mean 'known'"),
        ("abs > 2", 1, r"abs\(...\)"),
        ("price > 5 and session == 'MARKET_OPN'", 26, "did you mean 'MARKET_OPEN'"),
        ("rvol_method == 'exakt'", 16, "did you mean 'exact'"),
        ("rvol_method in ('exact', 'curv')", 26, "did you mean 'curve'"),
        ("session == 'x'", 12, "one of PRE_MARKET, MARKET_OPEN, POST_MARKET, CLOSED"),
        ("session == MARKET_OPEN", 12, "quotes: 'MARKET_OPEN'"),
        ("sector == Technology", 11, "quotes"),
        ("volume_today > 5m", 17, "did you mean 'M'"),
        ("volume_today > 5K", 17, "did you mean 'k'"),
        ("volume_today > 5x", 17, "k, M and B"),
        ("volume_today > 5 M", 18, "right behind"),
        ("volume_today > 5,000", 17, "without commas"),
        ("price = 5", 7, "did you mean '=='"),
        ("price => 5", 7, "did you mean '>='"),
        ("price =< 5", 7, "did you mean '<='"),
        ("price <> 5", 7, "did you mean '!='"),
        ("halted && stale", 8, "did you mean 'and'"),
        ("halted || stale", 8, "did you mean 'or'"),
        ("!halted", 1, "did you mean 'not'"),
        ("halted AND stale", 8, "did you mean 'and'"),
        ("Not halted", 1, "did you mean 'not'"),
        ("symbol == “A”", 11, "did you mean '\"'"),
        ("symbol == ‘A’", 11, 'did you mean "\'"'),  # noqa: RUF001
        ("symbol == 'A", 11, "no end"),
        ("price > 5%", 10, "percents"),
        ("price > $5", 9, "amounts"),
        ("price ** 2 > 5", 7, "no powers"),
        ("price ^ 2 > 5", 7, "no powers"),
        ("price > 1e999", 9, "too large"),
        ("price > ٣", 9, "not part of the language"),
        ("price.real > 1", 6, "not part of the language"),
        ("symbol == 'A' and name == '\ud800'", 28, "half of a character"),
        ("not price", 5, "condition"),
        ("price > 1 and rvol", 15, "condition"),
        ("price + halted > 1", 9, "number is needed here, and this is a condition"),
        ("halted == 1", 1, "number is needed here, and this is a condition"),
        ("(price > 1) < 5", 2, "number is needed here, and this is a condition"),
        ("symbol == 5", 11, "string is needed here, and this is a number"),
        ("symbol == name", 11, "string is needed here, and this is a text"),
        ("symbol in ('A', 5)", 17, "string"),
        ("price in (1, 'A')", 14, "number"),
        ("price between 'a' and 5", 15, "number"),
        ("'A' == 'A'", 1, "number"),
        ("abs(price, 1) > 5", 12, "one value"),
        ("known('A')", 7, "field"),
        ("price in 5", 10, "list"),
        ("min(price 2) > 1", 11, "',' missing"),
        ("price > 5)", 10, "closes nothing"),
        ("p" * 300 + " > 5", 1, "ppp[.]{3}'"),
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


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("price desk", 7, "not expected"),
        ("symbol", 1, "number"),
        ("price > 5", 7, "not expected"),
        ("price DESC", 7, "did you mean 'desc'"),
        ("price,", 7, "a value is missing"),
    ],
)
def test_an_order_that_is_none_is_refused(text: str, column: int, hint: str) -> None:
    """It is made of numbers."""
    with pytest.raises(ExpressionError, match=hint) as caught:
        parse_order(text)

    assert caught.value.column == column


@pytest.mark.parametrize(
    "text", ["price * 1e308 * 1e308", "price * 1e308 * 10 - price * 1e308 * 10", "1 / (price / 0)"]
)
def test_what_has_no_finite_value_is_null(text: str) -> None:
    """Neither a division by zero nor an overflow, nor what is calculated from one; and nobody is warned of it."""
    [(number, _)] = parse_order(text)

    assert np.isnan(number.values(Scope())).all()


def test_a_condition_has_its_tree() -> None:
    """So have all its parts, as written: an explanation needs them."""
    truth = parse_condition("price > 1 and (halted or rvol > 2)")

    assert [node.text for node in truth.tree.children] == ["price > 1", "halted or rvol > 2"]
    assert parse_order("price, -rvol desc")[1][0].tree.text == "-rvol"


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
