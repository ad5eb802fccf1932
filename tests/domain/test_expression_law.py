"""The language beside its meaning in plain Python: one row at a time, null is None, and nothing is a mask.

Texts are made together with what they mean, level by level of the grammar, so that precedence is shown as well.
"""

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from tests.support.boards import write
from tradeul.domain.board import EVERY_ROW, Board
from tradeul.domain.events import Symbol
from tradeul.domain.expression import Meanings, parse_condition
from tradeul.domain.fields import BY_NAME
from tradeul.domain.syntax import order_trees
from tradeul.domain.tokens import quoted

Row = dict[str, Any]
Verdict = bool | None
_T = TypeVar("_T")

NUMBERS: Final = ("price", "rvol", "change_percent")
TIMES: Final = ("last_high_at",)
FLAGS: Final = ("halted", "stale")
CODES: Final = ("rvol_method", "price_source")
TEXTS: Final = ("sector",)
WORDS: Final = ("Tech", 'Men\'s "Wear"', "")
SESSIONS: Final = ("PRE_MARKET", "MARKET_OPEN")
MOST_CHARACTERS: Final = 350
"""So short a text has not too many parts, whatever they are."""
FIGURES: Final = (("0", 0.0), ("1", 1.0), ("2.5", 2.5), (".5", 0.5), ("2k", 2e3), ("1e308", 1e308))

edges = st.sampled_from([None, -1e308, -2.5, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 1e308])
rows = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(NUMBERS, edges),
            **dict.fromkeys(TIMES, st.sampled_from([None, 1, 2, 3])),
            **dict.fromkeys(FLAGS, st.sampled_from([None, False, True])),
            **{name: st.sampled_from([None, *BY_NAME[name].labels]) for name in CODES},
            **dict.fromkeys(TEXTS, st.sampled_from([None, *WORDS])),
        }
    ),
    min_size=1,
    max_size=6,
)


class Number(NamedTuple):
    text: str
    of: Callable[[Row], float | None]


class Condition(NamedTuple):
    text: str
    of: Callable[[Row], Verdict]


def lifted(work: Callable[..., _T | None], *values: Any) -> _T | None:
    """Do what has no null with what may be null."""
    return None if None in values else work(*values)


def calculated(sign: str, a: float, b: float) -> float | None:
    quotient = a / b if b else math.inf
    result = {"+": a + b, "-": a - b, "*": a * b, "/": quotient}[sign]
    return result if math.isfinite(result) else None


def compared(sign: str, a: float, b: float) -> bool:
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[sign]


def both(a: Verdict, b: Verdict) -> Verdict:
    return False if a is False or b is False else None if a is None or b is None else True


def opposite(a: Verdict) -> Verdict:
    return None if a is None else not a


def one_of(a: Verdict, b: Verdict) -> Verdict:
    return opposite(both(opposite(a), opposite(b)))


def field(name: str) -> Number:
    return Number(name, lambda row: row[name])


def joined(first: Number, rest: Sequence[tuple[str, Number]]) -> Number:
    def value(row: Row) -> float | None:
        steps = [(sign, operand.of(row)) for sign, operand in rest]
        return reduce(lambda total, step: lifted(calculated, step[0], total, step[1]), steps, first.of(row))

    return Number(" ".join([first.text, *(f"{sign} {operand.text}" for sign, operand in rest)]), value)


def called(function: str, numbers: Sequence[Number]) -> Number:
    plain: dict[str, Callable[..., float]] = {"abs": abs, "min": min, "max": max}
    numbers = numbers[:1] if function == "abs" else numbers
    work = plain[function] if len(numbers) > 1 or function == "abs" else float
    return Number(
        f"{function}({', '.join(number.text for number in numbers)})",
        lambda row: lifted(work, *[number.of(row) for number in numbers]),
    )


def chained(first: Number, rest: Sequence[tuple[str, Number]]) -> Condition:
    def verdict(row: Row) -> Verdict:
        values = [first.of(row), *(number.of(row) for _, number in rest)]
        links = [lifted(compared, sign, values[i], values[i + 1]) for i, (sign, _) in enumerate(rest)]
        return reduce(both, links)

    return Condition(" ".join([first.text, *(f"{sign} {number.text}" for sign, number in rest)]), verdict)


def between(value: Number, low: Number, high: Number) -> Condition:
    return Condition(
        f"{value.text} between {low.text} and {high.text}",
        lambda row: both(
            lifted(compared, ">=", value.of(row), low.of(row)), lifted(compared, "<=", value.of(row), high.of(row))
        ),
    )


def among(value: Number, options: Sequence[Number]) -> Condition:
    def verdict(row: Row) -> Verdict:
        return reduce(one_of, [lifted(compared, "==", value.of(row), option.of(row)) for option in options])

    return Condition(f"{value.text} in ({', '.join(option.text for option in options)})", verdict)


def worded(name: str, sign: str, words: Sequence[str]) -> Condition:
    """A text with one string or with several; the session is the same in each row."""
    listed = ", ".join(map(quoted, words))
    text = f"{name} {sign} {quoted(words[0])}" if sign in ("==", "!=") else f"{name} {sign} ({listed})"
    meant = words[:1] if sign in ("==", "!=") else words
    negated = sign in ("!=", "not in")
    return Condition(text, lambda row: lifted(lambda word: (word in meant) is not negated, row[name]))


def logic(word: str, combine: Callable[[Verdict, Verdict], Verdict], parts: Sequence[Condition]) -> Condition:
    return Condition(
        f" {word} ".join(part.text for part in parts), lambda row: reduce(combine, [part.of(row) for part in parts])
    )


class Maker:
    """Makes texts by the grammar; each method is one of its levels, and `depth` says how deep it may still nest."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self._draw = draw

    def either(self, depth: int) -> Condition:
        return logic("or", one_of, self._several(lambda: self._all(depth), 2))

    def _all(self, depth: int) -> Condition:
        return logic("and", both, self._several(lambda: self._not(depth), 2))

    def _not(self, depth: int) -> Condition:
        atom = self._atom(depth)
        if self._one("", "not"):
            return Condition(f"not {atom.text}", lambda row: opposite(atom.of(row)))
        return atom

    def _atom(self, depth: int) -> Condition:
        if depth and self._one("", "", "("):
            inner = self.either(depth - 1)
            return Condition(f"({inner.text})", inner.of)
        kind = self._one(self._chained, self._between, self._among, self._worded, self._known, self._flag)
        condition: Condition = kind()
        return condition

    def _chained(self) -> Condition:
        signs = ("<", "<=", ">", ">=", "==", "!=")
        return chained(self.sum(1), self._several(lambda: (self._one(*signs), self.sum(0)), 2))

    def _between(self) -> Condition:
        return between(self.sum(1), self.sum(0), self.sum(0))

    def _among(self) -> Condition:
        return among(self.sum(1), self._several(lambda: self.sum(0), 2))

    def _worded(self) -> Condition:
        name = self._one(*CODES, *TEXTS, "session")
        words = SESSIONS if name == "session" else WORDS if name in TEXTS else BY_NAME[name].labels
        return worded(name, self._one("==", "!=", "in", "not in"), self._several(lambda: self._one(*words), 3))

    def _known(self) -> Condition:
        number = self._one(field(self._one(*FLAGS, *CODES, *TEXTS)), self.sum(1))
        return Condition(f"known({number.text})", lambda row: number.of(row) is not None)

    def _flag(self) -> Condition:
        name = self._one(*FLAGS)
        return Condition(name, lambda row: row[name])

    def sum(self, depth: int) -> Number:
        return joined(self._product(depth), self._maybe(lambda: (self._one("+", "-"), self._product(depth))))

    def _product(self, depth: int) -> Number:
        return joined(self._operand(depth), self._maybe(lambda: (self._one("*", "/"), self._operand(depth))))

    def _operand(self, depth: int) -> Number:
        kind = self._one("field", "figure", "inner", "negative", "call") if depth else self._one("field", "figure")
        if kind == "field":
            return field(self._one(*NUMBERS, *TIMES))
        if kind == "figure":
            text, value = self._one(*FIGURES)
            return Number(text, lambda _row: value)
        if kind == "negative":
            operand = self._operand(depth - 1)
            return Number(f"-{operand.text}", lambda row: lifted(lambda a: -a, operand.of(row)))
        if kind == "call":
            return called(self._one("abs", "min", "max"), self._several(lambda: self.sum(depth - 1), 2))
        inner = self.sum(depth - 1)
        return Number(f"({inner.text})", inner.of)

    def _one(self, *options: Any) -> Any:
        return self._draw(st.sampled_from(options))

    def _several(self, make: Callable[[], _T], most: int) -> list[_T]:
        return [make() for _ in range(self._one(*range(1, most + 1)))]

    def _maybe(self, make: Callable[[], _T]) -> list[_T]:
        return [make() for _ in range(self._one(0, 0, 0, 1, 2))]


@st.composite
def conditions(draw: Callable[..., Any]) -> Condition:
    return Maker(draw).either(depth=2)


@st.composite
def sums(draw: Callable[..., Any]) -> Number:
    return Maker(draw).sum(depth=2)


few_parts = conditions().filter(lambda made: len(made.text) <= MOST_CHARACTERS)


class Scope:
    def __init__(self, rows: Sequence[Row], session: str) -> None:
        self.session = session
        self.board = Board(capacity=len(rows))
        self.board.rows_of([Symbol(f"S{i}") for i in range(len(rows))])
        for name in (*NUMBERS, *TIMES, *FLAGS, *CODES, *TEXTS):
            write(self.board, name, EVERY_ROW, [self._stored(name, row[name]) for row in rows])

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.board[name]

    def among(self, name: str, words: frozenset[str | None]) -> npt.NDArray[Any]:
        return self.board.among(name, words)

    @staticmethod
    def _stored(name: str, value: Any) -> Any:
        if name in CODES and value is not None:
            return BY_NAME[name].labels.index(value)
        null = math.nan if name in NUMBERS else 0 if name in TIMES else None if name in TEXTS else -1
        return null if value is None else value


@given(
    condition=conditions().filter(lambda made: len(made.text) <= MOST_CHARACTERS),
    rows=rows,
    session=st.sampled_from(SESSIONS),
)
def test_a_condition_is_true_false_or_unknown_as_defined(condition: Condition, rows: list[Row], session: str) -> None:
    """In every row, whatever is null in it, and whatever the condition is made of."""
    expected = [condition.of({**row, "session": session}) for row in rows]

    truth, scope = parse_condition(condition.text), Scope(rows, session)
    true = np.broadcast_to(truth.true(scope), len(rows)).tolist()
    false = np.broadcast_to(truth.false(scope), len(rows)).tolist()

    assert [None if yes == no else yes for yes, no in zip(true, false, strict=True)] == expected
    assert not any(yes and no for yes, no in zip(true, false, strict=True))


@given(number=sums(), rows=rows)
def test_a_number_has_the_value_of_plain_arithmetic(number: Number, rows: list[Row]) -> None:
    """Null where an operand is null, where it is divided by zero, and where the result is not finite."""
    expected = [number.of(row) for row in rows]

    tree, _ = order_trees(number.text)[0]
    values = np.broadcast_to(Meanings().number(tree).values(Scope(rows, "MARKET_OPEN")), len(rows)).tolist()

    assert [None if math.isnan(value) else value for value in values] == expected
