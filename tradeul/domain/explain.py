"""Why a condition holds for one row or does not: its tree retold with values, thresholds and verdicts.

Verdicts come from the very masks that lists are made of, over one row, so that an explanation cannot disagree with
them. A condition is taken apart once; after that a reason costs some ten microseconds, as every exit from a list has
one. `engine/why` calls it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np

from tradeul.domain.board import python_values
from tradeul.domain.events import Nanos
from tradeul.domain.expression import SESSION, Meaning, Meanings, Number, Scope, Truth
from tradeul.domain.fields import BY_NAME
from tradeul.domain.syntax import (
    All,
    Among,
    Between,
    Call,
    Comparison,
    Either,
    Name,
    Node,
    Not,
    Quote,
    walk,
)

Verdict = Literal["pass", "fail", "unknown"]

DECIMALS: Final = 6
"""Of what is calculated; a field is rounded already."""
LONGEST_REASON: Final = 120
MS_NS: Final = 1_000_000

_BY_PRICE: Final = (
    "price", "price_source", "change", "change_percent", "gap_percent", "change_from_open", "postmarket_change", "high",
    "low", "premarket_high", "premarket_low", "distance_from_high", "distance_from_low", "range_position",
    "new_highs_15m", "new_lows_15m", "last_high_at", "last_low_at", "change_1m", "change_5m", "vwap_distance",
    "atr_percent", "seconds_since_high", "seconds_since_low",
)  # fmt: skip
_BY_VOLUME: Final = (
    "volume_today", "dollar_volume", "premarket_volume", "volume_1m", "volume_5m", "trades_1m", "rvol", "rvol_guarded",
    "rvol_slot", "rvol_method", "rvol_sessions", "vol_vs_adv", "float_rotation",
)  # fmt: skip
_BY_ROW: Final = ("updated", "open", "bid", "ask", "spread_bps", "halted", "halted_at", "suspect", "stale", "score")
EVENT_TIMES: Final = (
    dict.fromkeys(_BY_PRICE, "price_at")
    | dict.fromkeys(_BY_VOLUME, "volume_at")
    | dict.fromkeys(_BY_ROW, "updated")
    | {"vwap": "vwap_at"}
)
"""Which time says how old a field is; what is not in here is of another day, or of no time."""


class Input(NamedTuple):
    """A field behind a predicate; its age is from its event to the moment of the lists."""

    name: str
    value: object
    source: str
    age_ms: int | None


@dataclass(frozen=True, slots=True)
class Predicate:
    """A part of a condition as it is for one row. Parts of `and`, `or` and `not` have values of their own."""

    kind: str
    text: str
    verdict: Verdict
    value: object = None
    threshold: object = None
    inputs: tuple[Input, ...] = ()
    parts: "tuple[Predicate, ...]" = ()
    name: str | None = None

    @property
    def first_failure(self) -> "Predicate | None":
        """The first part in reading order that keeps the row out; None if nothing does."""
        if self.verdict == "pass":
            return None
        if self.kind not in (AND, OR):
            return self
        return next(found for part in self.parts if (found := part.first_failure))


AND: Final = "and"
OR: Final = "or"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A part of a condition taken apart: what is compared with what. The same for every row."""

    kind: str
    text: str
    truth: Truth
    parts: "tuple[Plan, ...]" = ()
    value: Meaning | None = None
    thresholds: tuple[Meaning, ...] = ()

    def verdict(self, row: Scope) -> Verdict:
        return _verdict(self.truth, row)

    def explained(self, row: Scope, as_of: Nanos) -> Predicate:
        """Retell it for a scope of one row."""
        thresholds = [value_of(each, row) for each in self.thresholds]
        return Predicate(
            self.kind,
            self.text,
            self.verdict(row),
            None if self.value is None else value_of(self.value, row),
            thresholds if len(thresholds) > 1 or self.kind == "in" else next(iter(thresholds), None),
            () if self.parts else tuple(_inputs(self.truth.tree, row, as_of)),
            tuple(part.explained(row, as_of) for part in self.parts),
        )

    def failing(self, row: Scope, *, only_false: bool = False) -> "Plan | None":
        """Find the first part in reading order that keeps the row out; None if nothing does.

        With `only_false`, what is unknown keeps nobody out.
        """
        if self.kind not in (AND, OR):
            verdict = self.verdict(row)
            return None if verdict == "pass" or (only_false and verdict == "unknown") else self
        each = (part.failing(row, only_false=only_false) for part in self.parts)
        if self.kind == AND:
            return next((found for found in each if found), None)
        first, *others = each
        return first if all(others) else None

    def said(self, row: Scope) -> str:
        """Say it in one line with its value, as in `gap_percent >= 2 (1.9731)`."""
        value = None if self.value is None else value_of(self.value, row)
        ending = "" if self.value is None else f" ({_in_words(value)})"
        room = LONGEST_REASON - len(ending)
        return (self.text if len(self.text) <= room else self.text[: room - 3] + "...") + ending


@lru_cache(maxsize=1_024)
def plan_of(tree: Node, extra_numbers: tuple[str, ...] = ()) -> Plan:
    """Take a condition apart; it was read before, and so has a meaning."""
    return _plan(Meanings(extra_numbers), tree)


def value_of(meaning: Meaning, row: Scope) -> object:
    """Give what a part is in a row, as JSON can say it: null if unknown."""
    tree = meaning.tree
    if isinstance(tree, Quote):
        return tree.word
    if isinstance(tree, Name):
        return _named(tree.name, row)
    if isinstance(meaning, Truth):
        return _TRUTHS[_verdict(meaning, row)]
    return _rounded(np.asarray(meaning.values(row)).item()) if isinstance(meaning, Number) else None


_TRUTHS: Final[dict[Verdict, bool | None]] = {"pass": True, "fail": False, "unknown": None}


def _in_words(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "unknown" if value is None else str(value)


def _named(name: str, row: Scope) -> object:
    if name == SESSION:
        return row.session
    if name in BY_NAME:
        return python_values(BY_NAME[name], row[name])[0]
    return _rounded(row[name].item())


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DECIMALS) + 0.0


def _verdict(truth: Truth, row: Scope) -> Verdict:
    if np.asarray(truth.true(row)).item():
        return "pass"
    return "fail" if np.asarray(truth.false(row)).item() else "unknown"


def _inputs(tree: Node, row: Scope, as_of: Nanos) -> Iterator[Input]:
    for name in dict.fromkeys(node.name for node in walk(tree) if isinstance(node, Name)):
        source = BY_NAME[name].source if name in BY_NAME else "clock"
        yield Input(name, _named(name, row), source, _age_ms(name, row, as_of))


def _age_ms(name: str, row: Scope, as_of: Nanos) -> int | None:
    clock = EVENT_TIMES.get(name)
    if clock is None:
        return None
    at = int(row[clock].item()) * (MS_NS if clock == "updated" else 1)
    return max(0, (as_of - at) // MS_NS) if at else None


def _plan(meanings: Meanings, node: Node) -> Plan:
    truth = meanings.truth(node)
    if isinstance(node, All | Either):
        kind = AND if isinstance(node, All) else OR
        return Plan(kind, node.text, truth, tuple(_plan(meanings, part) for part in node.parts))
    if isinstance(node, Not):
        inner = _plan(meanings, node.operand)
        return Plan("not", node.text, truth, (inner,), inner.value, inner.thresholds)
    if isinstance(node, Comparison) and len(node.steps) > 1:
        return Plan(AND, node.text, truth, tuple(_plan(meanings, link) for link in _links(node)))
    kind, operands = _leaf(node)
    # What has a field in it is the value, wherever it stands; what it is held against is the threshold.
    subject = next((each for each in operands if _has_name(each)), operands[0])
    rest = tuple(meanings.of(each) for each in operands if each is not subject)
    return Plan(kind, node.text, truth, (), meanings.of(subject), rest)


def _leaf(node: Node) -> tuple[str, tuple[Node, ...]]:
    if isinstance(node, Call):
        return node.function, node.arguments
    if isinstance(node, Name):
        return "flag", (node,)
    kinds: dict[type[Node], str] = {Comparison: "comparison", Between: "between", Among: "in"}
    return kinds[type(node)], node.children


def _links(node: Comparison) -> Iterator[Comparison]:
    """The comparisons of a chain, each on its own."""
    for (left, right), step in zip(pairwise(node.children), node.steps, strict=True):
        yield Comparison(left.start, f"{left.text} {step.sign} {right.text}", left, (step,))


def _has_name(node: Node) -> bool:
    return any(isinstance(each, Name) for each in walk(node))
