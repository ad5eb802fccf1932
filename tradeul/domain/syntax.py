"""The text of an expression as an immutable tree: each part knows where in the text it stands.

Knows signs and words, not what they name; `expression` gives the tree its meaning, `explain` retells it. Whatever the
text, there is a tree or an `ExpressionError` at a column, and the tree is no deeper and no larger than the limits.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn, TypeVar

from tradeul.domain.tokens import UNITS, ExpressionError, Token, shown, tokens_of

MAX_DEPTH: Final = 32
"""Parentheses, calls and signs inside one another."""
MAX_NODES: Final = 256
"""Parts of a tree: a name, a number, a sum, a comparison each are one. So many are read in 5 ms at most."""
COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression as written, from `start` on; parentheses around it are not part of it."""

    start: int
    text: str

    @property
    def column(self) -> int:
        return self.start + 1

    @property
    def children(self) -> "tuple[Node, ...]":
        return ()


@dataclass(frozen=True, slots=True)
class Figure(Node):
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Quote(Node):
    """A string."""

    word: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A field, or whatever else has a name."""

    @property
    def name(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True, slots=True)
class Negative(Node):
    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


class Step(NamedTuple):
    """A sign, where it stands, and what follows it."""

    sign: str
    column: int
    operand: Node


@dataclass(frozen=True, slots=True)
class Stepwise(Node):
    """Operands with signs between them, from left to right."""

    first: Node
    steps: tuple[Step, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.first, *(step.operand for step in self.steps))


class Calculation(Stepwise):
    """Additions and subtractions, or multiplications and divisions."""

    __slots__ = ()


class Comparison(Stepwise):
    """Each operand compared with the next."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Between(Node):
    value: Node
    low: Node
    high: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Among(Node):
    value: Node
    options: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.value, *self.options)


@dataclass(frozen=True, slots=True)
class Not(Node):
    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Joined(Node):
    parts: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.parts


class All(Joined):
    """Parts with `and` between them."""

    __slots__ = ()


class Either(Joined):
    """Parts with `or` between them."""

    __slots__ = ()


def walk(node: Node) -> Iterator[Node]:
    """Give a tree's nodes in reading order, each before its children."""
    yield node
    for child in node.children:
        yield from walk(child)


_Made = TypeVar("_Made", bound=Node)
_Inner = TypeVar("_Inner", Node, tuple[Node, ...])


class _Parser:
    """Recursive descent; the methods are in the order of binding, loosest first."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._at = 0
        self._depth = 0
        self._nodes = 0

    def condition(self) -> Node:
        node = self._either()
        self._expect_end("and")
        return node

    def ordering(self) -> list[tuple[Node, bool]]:
        """Parse `expr [asc|desc], ...` into keys, each with whether it descends."""
        keys = []
        while True:
            key = self._sum()
            descending = self._take("desc")
            if not descending:
                self._take("asc")
            keys.append((key, descending))
            if not self._take(","):
                self._expect_end(",")
                return keys

    def _either(self) -> Node:
        begin, parts = self._at, [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return self._made(Either, begin, tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self) -> Node:
        begin, parts = self._at, [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return self._made(All, begin, tuple(parts)) if len(parts) > 1 else parts[0]

    def _not(self) -> Node:
        begin = self._at
        if not self._take("not"):
            return self._comparison()
        return self._made(Not, begin, self._deeper(self._not))

    def _comparison(self) -> Node:
        begin, left = self._at, self._sum()
        if self._now.text == "not" and self._tokens[self._at + 1].text in ("in", "between"):
            self._next()
            return self._made(Not, begin, self._range(begin, left))
        if self._now.text in ("in", "between"):
            return self._range(begin, left)
        return self._stepwise(Comparison, COMPARISONS, begin, left, self._sum)

    def _range(self, begin: int, left: Node) -> Node:
        if self._take("in"):
            if not self._take("("):
                self._fail("`in` needs a list in parentheses")
            return self._made(Among, begin, left, self._listed())
        self._take("between")
        low = self._sum()
        if not self._take("and"):
            self._fail("`between` needs `and` and a second bound")
        return self._made(Between, begin, left, low, self._sum())

    def _sum(self) -> Node:
        begin = self._at
        return self._stepwise(Calculation, ("+", "-"), begin, self._product(), self._product)

    def _product(self) -> Node:
        begin = self._at
        return self._stepwise(Calculation, ("*", "/"), begin, self._negative(), self._negative)

    def _stepwise(
        self,
        kind: type[Stepwise],
        signs: Collection[str],
        begin: int,
        first: Node,
        operand: Callable[[], Node],
    ) -> Node:
        steps = []
        while self._now.kind == "sign" and self._now.text in signs:
            sign = self._next()
            steps.append(Step(sign.text, sign.column, operand()))
        return self._made(kind, begin, first, tuple(steps)) if steps else first

    def _negative(self) -> Node:
        begin = self._at
        if not self._take("-"):
            return self._atom()
        return self._made(Negative, begin, self._deeper(self._negative))

    def _atom(self) -> Node:
        begin, token = self._at, self._next()
        if token.kind == "number":
            return self._made(Figure, begin, token.value)
        if token.kind == "string":
            quote = token.text[0]
            return self._made(Quote, begin, token.text[1:-1].replace(quote * 2, quote))
        if token.kind == "name":
            if not self._take("("):
                return self._made(Name, begin)
            return self._made(Call, begin, token.text, self._deeper(self._listed))
        if token.text == "(":
            return self._deeper(self._parenthesised)
        missing = f"before {shown(token.text)}" if token.text else "at the end"
        raise ExpressionError(f"a value is missing {missing}", token.column)

    def _parenthesised(self) -> Node:
        inner = self._either()
        self._close("and")
        return inner

    def _listed(self) -> tuple[Node, ...]:
        """The rest of a list, up to its closing parenthesis."""
        listed = [self._sum()]
        while self._take(","):
            listed.append(self._sum())
        self._close(",")
        return tuple(listed)

    def _deeper(self, parse: Callable[[], _Inner]) -> _Inner:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels")
        inner = parse()
        self._depth -= 1
        return inner

    def _made(self, kind: Callable[..., _Made], begin: int, *parts: object) -> _Made:
        start, end = self._tokens[begin].start, self._tokens[self._at - 1].end
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ExpressionError(f"more than {MAX_NODES} parts", start + 1)
        return kind(start, self._text[start:end], *parts)

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _take(self, text: str) -> bool:
        if self._now.text == text and self._now.kind in ("sign", "word"):
            self._next()
            return True
        return False

    def _close(self, joint: str) -> None:
        if self._now.kind == "end":
            self._fail("a closing parenthesis is missing")
        if not self._take(")"):
            self._fail(self._unexpected(joint))

    def _expect_end(self, joint: str) -> None:
        if self._now.text == ")":
            self._fail("this parenthesis closes nothing")
        if self._now.kind != "end":
            self._fail(self._unexpected(joint))

    def _unexpected(self, joint: str) -> str:
        """Say that what comes now should not; `joint` is what may have been forgotten before another value."""
        now, last = self._now, self._tokens[self._at - 1]
        complaint = f"{shown(now.text)} was not expected here"
        if now.text == "," and last.kind == "number":
            return f"{complaint}; numbers are written without commas"
        if now.text in UNITS and last.kind == "number":
            return f"{complaint}; a unit stands right behind its number"
        begins = now.kind in ("name", "number", "string") or now.text in ("(", "not")
        return f"{complaint}; is {joint!r} missing before it?" if begins else complaint

    def _fail(self, message: str) -> NoReturn:
        raise ExpressionError(message, self._now.column)


def condition_tree(text: str) -> Node:
    """Parse a whole condition."""
    return _Parser(text).condition()


def order_trees(text: str) -> list[tuple[Node, bool]]:
    """Parse the keys of an order, each with whether it descends."""
    return _Parser(text).ordering()
