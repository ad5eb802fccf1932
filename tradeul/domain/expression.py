"""The one small language of filters and lists: parsed once, then evaluated over whole columns.

Logic is three-valued. A comparison with null is unknown, `not` keeps it unknown, and unknown does not qualify: every
condition is therefore compiled twice, into where it is certainly true and where it is certainly false. Nothing here
evaluates Python; what the grammar does not name does not exist.
"""

import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from tradeul.domain.fields import BY_NAME, Field, Kind
from tradeul.errors import UsageError

MAX_LENGTH: Final = 2_000
MAX_DEPTH: Final = 32
_NULL_TEXT: Final[Any] = None
UNITS: Final = {"k": 1e3, "M": 1e6, "B": 1e9}

Values = Any
"""A column, or one number that stands for every row."""
Mask = Any
"""A boolean column, or one truth that stands for every row."""


class ExpressionError(UsageError):
    """The text is no expression; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


class Scope(Protocol):
    """Where an expression finds its columns, and what the session is."""

    session: str

    def __getitem__(self, name: str) -> npt.NDArray[Any]: ...


@dataclass(frozen=True, slots=True)
class Number:
    """Something that has a numeric value in every row; NaN is null."""

    values: Callable[[Scope], Values]


@dataclass(frozen=True, slots=True)
class Text:
    """Something that can only be compared with strings: `equals(word)` says where it is that word."""

    equals: Callable[[str], Callable[[Scope], Mask]]
    known: Callable[[Scope], Mask]


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition: where it certainly holds, and where it certainly does not."""

    true: Callable[[Scope], Mask]
    false: Callable[[Scope], Mask]


@dataclass(frozen=True, slots=True)
class Word:
    """A string as written."""

    text: str


Node = Number | Text | Truth | Word

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?P<unit>[kMB](?!\w))?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<string>'[^']*'|\"[^\"]*\")|(?P<sign><=|>=|==|!=|[<>()+\-*/,]))"
)

_COMPARISONS: Final[dict[str, tuple[Callable[..., Mask], Callable[..., Mask]]]] = {
    "<": (np.less, np.greater_equal),
    "<=": (np.less_equal, np.greater),
    ">": (np.greater, np.less_equal),
    ">=": (np.greater_equal, np.less),
    "==": (np.equal, lambda a, b: np.less(a, b) | np.greater(a, b)),
    "!=": (lambda a, b: np.less(a, b) | np.greater(a, b), np.equal),
}


def _quotient(dividend: Values, divisor: Values) -> Values:
    return np.divide(dividend, np.where(np.equal(divisor, 0.0), np.nan, divisor))


_ARITHMETIC: Final[dict[str, Callable[..., Values]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _quotient,
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            stray = len(text) - len(text[at:].lstrip())
            raise ExpressionError(f"{text[stray]!r} is not part of the language", stray + 1)
        kind = "number" if match["number"] else str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    found.append(_Token("end", "the end", len(text.rstrip()) + 1))
    return found


class _Parser:
    """Recursive descent; the methods are in the order of binding, loosest first."""

    def __init__(self, text: str, extra_numbers: Collection[str]) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH + 1)
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._extra = extra_numbers

    def whole_truth(self) -> Truth:
        truth = self._truth(self._or())
        self._expect_end()
        return truth

    def ordering(self) -> list[tuple[Number, bool]]:
        """Parse `expr [asc|desc], ...` into keys, each with whether it descends."""
        keys = []
        while True:
            number = self._number(self._sum())
            descending = self._take("desc")
            if not descending:
                self._take("asc")
            keys.append((number, descending))
            if not self._take(","):
                self._expect_end()
                return keys

    def _or(self) -> Node:
        left = self._and()
        while self._take("or"):
            left = _either(self._truth(left), self._truth(self._and()))
        return left

    def _and(self) -> Node:
        left = self._not()
        while self._take("and"):
            left = _both(self._truth(left), self._truth(self._not()))
        return left

    def _not(self) -> Node:
        if not self._take("not"):
            return self._comparison()
        self._descend()
        inner = self._truth(self._not())
        self._depth -= 1
        return Truth(inner.false, inner.true)

    def _comparison(self) -> Node:
        left = self._sum()
        if self._take("between"):
            low = self._number(self._sum())
            if not self._take("and"):
                self._fail("`between` needs `and` and a second bound")
            high = self._number(self._sum())
            value = self._number(left)
            return _both(_compared(">=", value, low), _compared("<=", value, high))
        if self._take("in"):
            return self._membership(left)
        chain: Truth | None = None
        while self._now.text in _COMPARISONS and self._now.kind == "sign":
            sign = self._next().text
            right = self._sum()
            link = self._compare(sign, left, right)
            chain = link if chain is None else _both(chain, link)
            left = right
        return left if chain is None else chain

    def _membership(self, left: Node) -> Truth:
        if not self._take("("):
            self._fail("`in` needs a list in parentheses")
        options = [self._compare("==", left, self._sum())]
        while self._take(","):
            options.append(self._compare("==", left, self._sum()))
        self._close()
        result = options[0]
        for option in options[1:]:
            result = _either(result, option)
        return result

    def _compare(self, sign: str, left: Node, right: Node) -> Truth:
        if isinstance(left, Word) and isinstance(right, Text):
            left, right = right, left
        if isinstance(left, Text) and isinstance(right, Word):
            if sign not in ("==", "!="):
                self._fail("texts can only be equal or not")
            return _worded(left, right.text, negated=sign == "!=")
        return _compared(sign, self._number(left), self._number(right))

    def _sum(self) -> Node:
        left = self._product()
        while self._now.text in ("+", "-") and self._now.kind == "sign":
            sign = self._next().text
            left = _calculated(sign, self._number(left), self._number(self._product()))
        return left

    def _product(self) -> Node:
        left = self._unary()
        while self._now.text in ("*", "/") and self._now.kind == "sign":
            sign = self._next().text
            left = _calculated(sign, self._number(left), self._number(self._unary()))
        return left

    def _unary(self) -> Node:
        if not self._take("-"):
            return self._atom()
        self._descend()
        inner = self._number(self._unary())
        self._depth -= 1
        return Number(lambda scope: np.negative(inner.values(scope)))

    def _atom(self) -> Node:
        token = self._next()
        if token.kind == "number":
            return _constant(token.text)
        if token.kind == "string":
            return Word(token.text[1:-1])
        if token.text == "(":
            self._descend()
            inner = self._or()
            self._close()
            self._depth -= 1
            return inner
        if token.kind == "name":
            return self._named(token)
        raise ExpressionError(f"a value is missing before {token.text!r}", token.column)

    def _named(self, token: _Token) -> Node:
        name = token.text
        if self._now.text == "(" and name in ("known", "abs", "min", "max"):
            return self._call(name)
        if name == "session":
            return Text(lambda word: lambda scope: np.bool_(scope.session == word), lambda _scope: np.True_)
        if name in self._extra:
            return Number(lambda scope: scope[name])
        if name in BY_NAME:
            return _field(BY_NAME[name])
        known = ["session", "known", "abs", "min", "max", *BY_NAME]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ExpressionError(f"there is no field {name!r}{hint}", token.column)

    def _call(self, name: str) -> Node:
        self._descend()
        self._take("(")
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._close()
        self._depth -= 1
        if name == "known":
            return self._knowledge(arguments)
        numbers = [self._number(argument) for argument in arguments]
        if name == "abs":
            if len(numbers) != 1:
                self._fail("`abs` takes one value")
            only = numbers[0]
            return Number(lambda scope: np.abs(only.values(scope)))
        pick = np.minimum if name == "min" else np.maximum
        first, *rest = numbers
        for number in rest:
            first = _picked(pick, first, number)
        return first

    def _knowledge(self, arguments: list[Node]) -> Truth:
        if len(arguments) != 1 or isinstance(arguments[0], Word):
            self._fail("`known` takes one field or value")
        node = arguments[0]
        if isinstance(node, Text):
            known = node.known
            return Truth(known, lambda scope: np.logical_not(known(scope)))
        if isinstance(node, Truth):
            truth = node
            return Truth(
                lambda scope: truth.true(scope) | truth.false(scope),
                lambda scope: np.logical_not(truth.true(scope) | truth.false(scope)),
            )
        number = self._number(node)
        return Truth(
            lambda scope: np.logical_not(np.isnan(number.values(scope))), lambda scope: np.isnan(number.values(scope))
        )

    def _truth(self, node: Node) -> Truth:
        if not isinstance(node, Truth):
            self._fail("a condition is needed here, such as `price > 5`")
        return node

    def _number(self, node: Node) -> Number:
        if not isinstance(node, Number):
            self._fail("a number is needed here")
        return node

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _take(self, text: str) -> bool:
        if self._now.text == text and self._now.kind in ("sign", "name"):
            self._next()
            return True
        return False

    def _close(self) -> None:
        if not self._take(")"):
            self._fail("a closing parenthesis is missing")

    def _expect_end(self) -> None:
        if self._now.kind != "end":
            self._fail(f"{self._now.text!r} was not expected here")

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels")

    def _fail(self, message: str) -> NoReturn:
        raise ExpressionError(message, self._now.column)


def parse_condition(text: str, extra_numbers: Collection[str] = ()) -> Truth:
    """Parse a whole condition; `extra_numbers` are columns that only built-in lists may name."""
    return _Parser(text, extra_numbers).whole_truth()


def parse_order(text: str, extra_numbers: Collection[str] = ()) -> list[tuple[Number, bool]]:
    """Parse the keys of an order, each with whether it descends."""
    return _Parser(text, extra_numbers).ordering()


def _constant(text: str) -> Number:
    unit = UNITS.get(text[-1])
    value = np.float64(float(text[:-1]) * unit if unit else float(text))
    return Number(lambda _scope: value)


def _field(field: Field) -> Node:
    name = field.name
    if field.kind is Kind.NUMBER:
        return Number(lambda scope: scope[name])
    if field.kind is Kind.TIME:
        return Number(lambda scope: np.where(scope[name] == 0, np.nan, scope[name]))
    if field.kind is Kind.FLAG:
        return Truth(lambda scope: scope[name] == 1, lambda scope: scope[name] == 0)
    if field.kind is Kind.CODE:
        codes = {label: code for code, label in enumerate(field.labels)}
        return Text(
            lambda word: lambda scope: scope[name] == codes.get(word, len(codes)), lambda scope: scope[name] >= 0
        )
    return Text(lambda word: lambda scope: scope[name] == word, lambda scope: np.not_equal(scope[name], _NULL_TEXT))


def _compared(sign: str, left: Number, right: Number) -> Truth:
    true, false = _COMPARISONS[sign]
    a, b = left.values, right.values
    return Truth(lambda scope: true(a(scope), b(scope)), lambda scope: false(a(scope), b(scope)))


def _worded(text: Text, word: str, *, negated: bool) -> Truth:
    equals, known = text.equals(word), text.known

    def different(scope: Scope) -> Mask:
        return known(scope) & np.logical_not(equals(scope))

    return Truth(different, equals) if negated else Truth(equals, different)


def _calculated(sign: str, left: Number, right: Number) -> Number:
    operate = _ARITHMETIC[sign]
    return Number(lambda scope: operate(left.values(scope), right.values(scope)))


def _picked(pick: Callable[..., Values], left: Number, right: Number) -> Number:
    return Number(lambda scope: pick(left.values(scope), right.values(scope)))


def _both(left: Truth, right: Truth) -> Truth:
    return Truth(
        lambda scope: left.true(scope) & right.true(scope), lambda scope: left.false(scope) | right.false(scope)
    )


def _either(left: Truth, right: Truth) -> Truth:
    return Truth(
        lambda scope: left.true(scope) | right.true(scope), lambda scope: left.false(scope) & right.false(scope)
    )
