"""What the one small language of filters and lists means: a tree of `syntax` becomes masks over whole columns.

Logic is three-valued. A comparison with null is unknown, `not` keeps it unknown, and unknown does not qualify: every
condition is therefore compiled twice, into where it is certainly true and where it is certainly false. A calculation
that has no finite result is null. Nothing here evaluates Python; what the grammar does not name does not exist.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import and_, or_
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from tradeul.domain.fields import BY_NAME, Kind
from tradeul.domain.session import Session
from tradeul.domain.syntax import (
    All,
    Among,
    Between,
    Calculation,
    Call,
    Comparison,
    Either,
    Figure,
    Name,
    Negative,
    Node,
    Not,
    Quote,
    Step,
    condition_tree,
    order_trees,
)
from tradeul.domain.tokens import ExpressionError, nearest, shown

__all__ = [
    "ExpressionError",
    "Meaning",
    "Meanings",
    "Number",
    "Scope",
    "Text",
    "Truth",
    "Word",
    "parse_condition",
    "parse_order",
]

SESSION: Final = "session"
FUNCTIONS: Final = ("known", "abs", "min", "max")
_SESSIONS: Final = tuple(session.value for session in Session)
_LABELS: Final = frozenset(_SESSIONS).union(*(field.labels for field in BY_NAME.values()))
_BY_TITLE: Final = {field.title.replace(" ", "_"): field.name for field in BY_NAME.values()}
_NULL_TEXT: Final = frozenset[str | None]({None})

Values = Any
"""A column, or one number that stands for every row."""
Mask = Any
"""A boolean column, or one truth that stands for every row."""


class Scope(Protocol):
    """Where an expression finds its columns, and what the session is."""

    session: str

    def __getitem__(self, name: str) -> npt.NDArray[Any]: ...

    def among(self, name: str, words: frozenset[str | None]) -> Mask:
        """Tell where a text is one of these words; None is one where nothing is known."""


@dataclass(frozen=True, slots=True)
class Number:
    """Something that has a numeric value in every row; NaN is null."""

    tree: Node
    values: Callable[[Scope], Values]


@dataclass(frozen=True, slots=True)
class Text:
    """Something that can only be compared with strings: `among(words)` says where it is one of them."""

    tree: Node
    among: Callable[[Sequence[str]], Callable[[Scope], Mask]]
    known: Callable[[Scope], Mask]
    labels: tuple[str, ...] = ()
    """All the words that it can be; none: it can be any."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition: where it certainly holds, and where it certainly does not."""

    tree: Node
    true: Callable[[Scope], Mask]
    false: Callable[[Scope], Mask]
    of: "tuple[Truth, ...]" = ()
    """What it is put together of by `and`, if it is."""

    @property
    def parts(self) -> "tuple[Truth, ...]":
        """The conditions, each with a text of its own, that must hold for it to hold."""
        return self.of or (self,)


@dataclass(frozen=True, slots=True)
class Word:
    """A string."""

    tree: Quote


Meaning = Number | Text | Truth | Word

_CALLED: Final = {Number: "a number", Text: "a text", Truth: "a condition", Word: "a string"}


def _differ(a: Values, b: Values) -> Mask:
    return np.less(a, b) | np.greater(a, b)


_COMPARED: Final[dict[str, tuple[Callable[..., Mask], Callable[..., Mask]]]] = {
    "<": (np.less, np.greater_equal),
    "<=": (np.less_equal, np.greater),
    ">": (np.greater, np.less_equal),
    ">=": (np.greater_equal, np.less),
    "==": (np.equal, _differ),
    "!=": (_differ, np.equal),
}


_CALCULATED: Final[dict[str, Callable[..., Values]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


class Meanings:
    """Gives trees their meaning; `extra_numbers` are columns that only built-in lists may name."""

    def __init__(self, extra_numbers: Collection[str] = ()) -> None:
        self._extra = extra_numbers

    def of(self, node: Node) -> Meaning:
        return _GIVEN[type(node)](self, node)

    def truth(self, node: Node) -> Truth:
        meaning = self.of(node)
        if not isinstance(meaning, Truth):
            raise ExpressionError("a condition is needed here, such as `price > 5`", node.column)
        return meaning

    def number(self, node: Node) -> Number:
        return _as_number(self.of(node))

    def named(self, node: Name) -> Meaning:
        name = node.name
        if name == SESSION:
            return _session(node)
        if name in self._extra:
            return _number(node)
        if name in BY_NAME:
            return _FIELDS[BY_NAME[name].kind](node)
        raise ExpressionError(_no_such_name(name), node.column)


def _no_such_name(name: str) -> str:
    if name in FUNCTIONS:
        return f"`{name}` needs a value in parentheses: {name}(...)"
    if name in _LABELS:
        return f"there is no field {shown(name)}; a text is written in quotes: '{name}'"
    near = nearest(name, [SESSION, *BY_NAME, *FUNCTIONS], _BY_TITLE)
    return f"there is no field {shown(name)}{near or '; a text is written in quotes'}"


def _negated(meanings: Meanings, node: Not) -> Truth:
    inner = meanings.truth(node.operand)
    return Truth(node, inner.false, inner.true)


def _comparison(meanings: Meanings, node: Comparison) -> Truth:
    operands = [meanings.of(child) for child in node.children]
    pairs = zip(pairwise(operands), node.steps, strict=True)
    links = [_link(node, left, step, right) for (left, right), step in pairs]
    return links[0] if len(links) == 1 else _all(node, links)


def _between(meanings: Meanings, node: Between) -> Truth:
    value, low, high = (meanings.number(child) for child in node.children)
    return _all(node, [_compared(node, ">=", value, low), _compared(node, "<=", value, high)])


def _among(meanings: Meanings, node: Among) -> Truth:
    value = meanings.of(node.value)
    if isinstance(value, Text):
        return _worded(node, value, [_word(value, meanings.of(option)) for option in node.options])
    number = _as_number(value)
    return _either(node, [_compared(node, "==", number, meanings.number(option)) for option in node.options])


def _calculation(meanings: Meanings, node: Calculation) -> Number:
    first = meanings.number(node.first).values
    steps = [(_CALCULATED[step.sign], meanings.number(step.operand).values) for step in node.steps]

    def values(scope: Scope) -> Values:
        # What overflows or is divided by zero stays infinite or becomes null, so that one look at the end is enough.
        with np.errstate(all="ignore"):
            result = first(scope)
            for operate, operand in steps:
                result = operate(result, operand(scope))
        return np.where(np.isfinite(result), result, np.nan)

    return Number(node, values)


def _negative(meanings: Meanings, node: Negative) -> Number:
    operand = meanings.number(node.operand).values
    return Number(node, lambda scope: np.negative(operand(scope)))


def _call(meanings: Meanings, node: Call) -> Meaning:
    name = node.function
    if name not in FUNCTIONS:
        raise ExpressionError(f"there is no function {shown(name)}{nearest(name, FUNCTIONS)}", node.column)
    if name in ("known", "abs") and len(node.arguments) > 1:
        raise ExpressionError(f"`{name}` takes one value", node.arguments[1].column)
    if name == "known":
        known = _knowledge(meanings.of(node.arguments[0]))
        return Truth(node, known, lambda scope: np.logical_not(known(scope)))
    numbers = [meanings.number(argument).values for argument in node.arguments]
    if name == "abs":
        return Number(node, lambda scope: np.abs(numbers[0](scope)))
    pick = np.minimum if name == "min" else np.maximum
    return Number(node, lambda scope: reduce(pick, [values(scope) for values in numbers]))


def _constant(_meanings: Meanings, node: Figure) -> Number:
    value = np.float64(node.value)
    return Number(node, lambda _scope: value)


_GIVEN: Final[dict[type[Node], Callable[..., Meaning]]] = {
    All: lambda meanings, node: _every(node, [meanings.truth(part) for part in node.parts]),
    Either: lambda meanings, node: _either(node, [meanings.truth(part) for part in node.parts]),
    Not: _negated,
    Comparison: _comparison,
    Between: _between,
    Among: _among,
    Calculation: _calculation,
    Negative: _negative,
    Call: _call,
    Name: Meanings.named,
    Figure: _constant,
    Quote: lambda _meanings, node: Word(node),
}


def parse_condition(text: str, extra_numbers: Collection[str] = ()) -> Truth:
    """Parse a whole condition; `extra_numbers` are columns that only built-in lists may name."""
    return Meanings(extra_numbers).truth(condition_tree(text))


def parse_order(text: str, extra_numbers: Collection[str] = ()) -> list[tuple[Number, bool]]:
    """Parse the keys of an order, each with whether it descends."""
    meanings = Meanings(extra_numbers)
    return [(meanings.number(tree), descending) for tree, descending in order_trees(text)]


def _number(node: Name) -> Number:
    name = node.name
    return Number(node, lambda scope: scope[name])


def _time(node: Name) -> Number:
    name = node.name
    return Number(node, lambda scope: np.where(scope[name] == 0, np.nan, scope[name]))


def _flag(node: Name) -> Truth:
    name = node.name
    return Truth(node, lambda scope: scope[name] == 1, lambda scope: scope[name] == 0)


def _session(node: Name) -> Text:
    return Text(
        node, lambda words: lambda scope: np.bool_(scope.session in words), lambda _scope: np.True_, labels=_SESSIONS
    )


def _code(node: Name) -> Text:
    name, labels = node.name, BY_NAME[node.name].labels

    def among(words: Sequence[str]) -> Callable[[Scope], Mask]:
        codes = [labels.index(word) for word in words]
        return lambda scope: reduce(or_, [scope[name] == code for code in codes])

    return Text(node, among, lambda scope: scope[name] >= 0, labels)


def _text(node: Name) -> Text:
    name = node.name

    def among(words: Sequence[str]) -> Callable[[Scope], Mask]:
        listed = frozenset[str | None](words)
        return lambda scope: scope.among(name, listed)

    return Text(node, among, lambda scope: np.logical_not(scope.among(name, _NULL_TEXT)))


_FIELDS: Final[dict[Kind, Callable[[Name], Meaning]]] = {
    Kind.NUMBER: _number,
    Kind.TIME: _time,
    Kind.FLAG: _flag,
    Kind.CODE: _code,
    Kind.TEXT: _text,
}


def _knowledge(meaning: Meaning) -> Callable[[Scope], Mask]:
    """Say where something is known."""
    if isinstance(meaning, Number):
        values = meaning.values
        return lambda scope: np.logical_not(np.isnan(values(scope)))
    if isinstance(meaning, Text):
        return meaning.known
    if isinstance(meaning, Truth):
        true, false = meaning.true, meaning.false
        return lambda scope: true(scope) | false(scope)
    raise ExpressionError("`known` takes a field or a value, and this is a string", meaning.tree.column)


def _link(node: Node, left: Meaning, step: Step, right: Meaning) -> Truth:
    """Compare two neighbours: two numbers, or a text and a string on either side."""
    if isinstance(left, Word) and isinstance(right, Text):
        left, right = right, left
    if not isinstance(left, Text):
        return _compared(node, step.sign, _as_number(left), _as_number(right))
    if step.sign not in ("==", "!="):
        raise ExpressionError("texts can only be equal or not", step.column)
    return _worded(node, left, [_word(left, right)], negated=step.sign == "!=")


def _word(text: Text, meaning: Meaning) -> str:
    """The string that a text is compared with, if it can be that at all."""
    if not isinstance(meaning, Word):
        raise _unfit("a string", meaning)
    word = meaning.tree.word
    if text.labels and word not in text.labels:
        can_be = nearest(word, text.labels) or f"; it is one of {', '.join(text.labels)}"
        raise ExpressionError(f"{text.tree.text!r} is never {shown(word)}{can_be}", meaning.tree.column)
    return word


def _as_number(meaning: Meaning) -> Number:
    if not isinstance(meaning, Number):
        raise _unfit("a number", meaning)
    return meaning


def _unfit(needed: str, meaning: Meaning) -> ExpressionError:
    return ExpressionError(f"{needed} is needed here, and this is {_CALLED[type(meaning)]}", meaning.tree.column)


def _compared(node: Node, sign: str, left: Number, right: Number) -> Truth:
    true, false = _COMPARED[sign]
    a, b = left.values, right.values
    return Truth(node, lambda scope: true(a(scope), b(scope)), lambda scope: false(a(scope), b(scope)))


def _worded(node: Node, text: Text, words: Sequence[str], *, negated: bool = False) -> Truth:
    equals, known = text.among(words), text.known

    def different(scope: Scope) -> Mask:
        return known(scope) & np.logical_not(equals(scope))

    return Truth(node, different, equals) if negated else Truth(node, equals, different)


def _all(node: Node, parts: Sequence[Truth]) -> Truth:
    return Truth(
        node,
        lambda scope: reduce(and_, [part.true(scope) for part in parts]),
        lambda scope: reduce(or_, [part.false(scope) for part in parts]),
    )


def _every(node: Node, parts: Sequence[Truth]) -> Truth:
    whole = _all(node, parts)
    return Truth(node, whole.true, whole.false, tuple(parts))


def _either(node: Node, parts: Sequence[Truth]) -> Truth:
    return Truth(
        node,
        lambda scope: reduce(or_, [part.true(scope) for part in parts]),
        lambda scope: reduce(and_, [part.false(scope) for part in parts]),
    )
