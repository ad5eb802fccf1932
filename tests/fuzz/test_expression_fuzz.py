"""Whatever a person or a program types as a condition or an order: it is read, or refused at a column, and soon.

`make fuzz` reads 100,000 texts, everyday runs 2,500. What is read is also evaluated, over a board with every null.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from time import thread_time  # noqa: TID251  # what reading costs, not what time it is
from typing import Final

import numpy as np
import pytest

from tradeul.domain.board import Board
from tradeul.domain.board_scope import CLOCK_NUMBERS, BoardScope
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.expression import ExpressionError, parse_condition, parse_order
from tradeul.domain.fields import BY_NAME
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.session import Session
from tradeul.domain.tokens import MAX_LENGTH

LONGEST_S: Final = 1.0
"""Of the processor; a text takes hundredths of it, on any machine, but for one that is gone through again and again."""
TRIES: Final = 3
"""A text counts as slow if it is each time: the first may have collected another's garbage."""
LONGEST_MESSAGE: Final = 250

VALID: Final = [
    *(scan.where for scan in BUILT_IN),
    "not (known(price) and price_source != 'prev' and known(volume_today) and volume_today > 0)",
    "1 < price <= 20 and sector in ('Technology', 'Health Care') or halted",
    "max(abs(gap_percent), 3, min(rvol, 2)) between -1.5 and 2.5M / dollar_volume",
    "session == 'MARKET_OPEN' and not symbol not in ('A', \"B\", 'O''K') and -price + 2 * 3 > - - 1e-3",
]
WORDS: Final = (
    *BY_NAME, *CLOCK_NUMBERS, "session", "known", "abs", "min", "max", "and", "or", "not", "in", "between", "asc",
    "desc", "(", ")", ",", "+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "1", "0", "2.5", "5k", "1M", "3B",
    ".5", "1e3", "'exact'", "'MARKET_OPEN'", "'A'", '"B"', "''",
)  # fmt: skip
HOSTILE: Final = (
    "__class__", "__import__('os')", "price.__class__.__mro__", "lambda: 1", "price[0]", "9**9**9", "2 ^ 999999999",
    "eval('1')", "1e999", "9" * 400, "0x1f", "1_000", "'" + "A" * 300, '"', "''''", "=", "&&", "=>", "AND", "${x}",
    "%s", "\x00", "\n", "\t", "\u00a0", "\u200b", "\u202e", "\ud800", "\U0001f680", "\u0663", "\uff11", "\uff50rice",
    "“a”", "≥", "\u22121", "--", "/*", "#", ";", "\\", "\\'", "price" * 80, "e" * 700, "_" * 700, "(" * 700,
    "not " * 400, "-" * 700, "known(" * 200, "+1" * 700, " and halted" * 180, ",'A'" * 400, "'" * 701, "1<" * 600,
    "min(" * 300, "=" * 500,
)  # fmt: skip


@pytest.mark.timeout(1800)
def test_no_text_is_more_than_refused(mutations: int) -> None:
    """An answer or an error at a column of the text, never anything else and never late; a part of them are read."""
    outcomes, slow = fuzz(mutations, seed=0)

    assert slow == []
    assert outcomes["read"] > mutations / 50
    assert outcomes["refused"] > mutations / 2


def fuzz(count: int, seed: int) -> tuple[Counter[str], list[tuple[float, str]]]:
    """Read `count` texts; count how they ended, and name those that took too long."""
    draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
    board = _Scope()
    outcomes: Counter[str] = Counter()
    slow = []
    for number in range(count):
        text = MAKERS[number % len(MAKERS)](draw)
        outcomes[_outcome(text, board)] += 1
        seconds = min(_seconds(text, board) for _ in range(TRIES)) if _seconds(text, board) > LONGEST_S else 0.0
        if seconds > LONGEST_S:
            slow.append((seconds, text))
    return outcomes, slow


class _Scope(BoardScope):
    """Four rows: all known and plain, all zero, all null, and numbers that overflow."""

    def __init__(self) -> None:
        board = Board(capacity=4)
        board.rows_of([Symbol(name) for name in ("A", "B", "BRK.B", "ZZ")])
        for name in BY_NAME:
            column = board[name]
            if column.dtype == np.float64:
                column[:] = [7.5, 0.0, np.nan, 1e308]
            elif column.dtype != object:
                column[:] = [1, 0, -1 if column.dtype == np.int8 else 0, 1]
        super().__init__(board, Session.MARKET_OPEN, Nanos(0))


def _outcome(text: str, board: _Scope) -> str:
    try:
        _use_condition(text, board)
    except ExpressionError as error:
        _check(error, text)
    else:
        return "read"
    try:
        _use_order(text, board)
    except ExpressionError as error:
        _check(error, text)
        return "refused"
    return "ordered"


def _use_condition(text: str, board: _Scope) -> None:
    truth = parse_condition(text, CLOCK_NUMBERS)
    true, false = truth.true(board), truth.false(board)
    assert not (np.broadcast_to(true, 4) & np.broadcast_to(false, 4)).any()


def _use_order(text: str, board: _Scope) -> None:
    for number, _ in parse_order(text, CLOCK_NUMBERS):
        assert not np.isinf(np.broadcast_to(number.values(board), 4)).any()


def _check(error: ExpressionError, text: str) -> None:
    """At a column of the text or right after it, in words that fit a line and can be sent."""
    assert 1 <= error.column <= min(len(text), MAX_LENGTH) + 1
    assert len(str(error).encode()) < LONGEST_MESSAGE
    assert "\n" not in str(error)


def _seconds(text: str, board: _Scope) -> float:
    before = thread_time()
    _outcome(text, board)
    return thread_time() - before


def _noise(draw: random.Random) -> str:
    data = draw.randbytes(draw.choice((1, 5, 60, 2_200)))
    return data.decode(draw.choice(("latin-1", "utf-8", "utf-16-le")), draw.choice(("replace", "ignore")))


def _soup(draw: random.Random) -> str:
    return draw.choice((" ", " ", "")).join(draw.choices(WORDS, k=draw.randrange(1, draw.choice((6, 40, 400)))))


def _hostile(draw: random.Random) -> str:
    return "".join(draw.choice((*HOSTILE, *WORDS)) + draw.choice(("", " ")) for _ in range(draw.randrange(1, 8)))


def _mutated(draw: random.Random) -> str:
    """A condition with a few characters turned, cut, doubled, replaced by a word, or cut and spliced with another."""
    text = draw.choice(VALID)
    for _ in range(draw.randrange(1, 4)):
        start = draw.randrange(len(text) + 1)
        end = min(len(text), start + draw.choice((0, 1, 1, 2, 8)))
        other = draw.choice(VALID)
        piece = draw.choice((chr(draw.randrange(32, 127)), "", text[start:end] * 2, draw.choice(WORDS), other[start:]))
        text = text[:start] + piece + text[end:]
    return text


def _reworded(draw: random.Random) -> str:
    """A condition with a few words taken for others."""
    words = draw.choice(VALID).split(" ")
    for _ in range(draw.randrange(1, 4)):
        words[draw.randrange(len(words))] = draw.choice(WORDS)
    return " ".join(words)


def _nested(draw: random.Random) -> str:
    """A condition wrapped again and again, deeper than allowed in half of the cases."""
    text = draw.choice(VALID)
    for _ in range(draw.randrange(draw.choice((4, 70)))):
        text = draw.choice(("({})", "not {}", "not({})", "({}) and halted", "price > 1 or ({})")).format(text)
    return text


MAKERS: Final[Sequence[Callable[[random.Random], str]]] = (_noise, _soup, _hostile, _mutated, _reworded, _nested)
