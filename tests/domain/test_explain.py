"""Why a condition holds for a row or does not."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.test_expression_law import SESSIONS, Condition, Row, Scope, Verdict, both, few_parts, one_of, opposite
from tests.domain.test_expression_law import rows as boards
from tradeul.domain.board_scope import CLOCK_NUMBERS, BoardScope
from tradeul.domain.events import Nanos
from tradeul.domain.explain import EVENT_TIMES, LONGEST_REASON, Plan, Predicate, plan_of
from tradeul.domain.expression import parse_condition
from tradeul.domain.fields import CATALOGUE
from tradeul.domain.session import Session

MS = 1_000_000
NOW = Nanos(1_000_000 * MS)
PLAIN: Row = {
    "price": 5.0, "rvol": 1.9731, "change_percent": None, "last_high_at": None, "halted": False, "stale": None,
    "rvol_method": "curve", "price_source": None, "sector": "Tech",
}  # fmt: skip
SAYS: dict[str, Verdict] = {"pass": True, "fail": False, "unknown": None}


def one_row(row: Row) -> BoardScope:
    scope = Scope([row], "MARKET_OPEN")
    scope.board["price_at"][:] = NOW - 1_500 * MS
    scope.board["volume_at"][:] = NOW - 70_000 * MS
    scope.board["updated"][:] = NOW // MS + 5
    return BoardScope(scope.board, Session.MARKET_OPEN, NOW)


def plan(text: str) -> Plan:
    return plan_of(parse_condition(text, CLOCK_NUMBERS).tree, CLOCK_NUMBERS)


def explained(text: str) -> Predicate:
    return plan(text).explained(one_row(PLAIN), NOW)


@pytest.mark.parametrize(
    ("text", "kind", "verdict", "value", "threshold"),
    [
        ("rvol >= 2", "comparison", "fail", 1.9731, 2.0),
        ("2 <= rvol", "comparison", "fail", 1.9731, 2.0),
        ("price > rvol", "comparison", "pass", 5.0, 1.9731),
        ("rvol * 2 > 3", "comparison", "pass", 3.9462, 3.0),
        ("1 / 3 < 2", "comparison", "pass", 0.333333, 2.0),
        ("change_percent > 1", "comparison", "unknown", None, 1.0),
        ("price between 1 and 4", "between", "fail", 5.0, [1.0, 4.0]),
        ("price in (1, rvol, 5)", "in", "pass", 5.0, [1.0, 1.9731, 5.0]),
        ("rvol_method == 'exact'", "comparison", "fail", "curve", "exact"),
        ("'Tech' == sector", "comparison", "pass", "Tech", "Tech"),
        ("session in ('MARKET_OPEN', 'CLOSED')", "in", "pass", "MARKET_OPEN", ["MARKET_OPEN", "CLOSED"]),
        ("known(change_percent)", "known", "fail", None, None),
        ("known(halted)", "known", "pass", False, None),
        ("halted", "flag", "fail", False, None),
        ("stale", "flag", "unknown", None, None),
        ("not rvol >= 2", "not", "pass", 1.9731, 2.0),
        ("not stale", "not", "unknown", None, None),
        ("halted or stale", "or", "unknown", None, None),
    ],
)
def test_a_predicate_says_what_is_held_against_what(
    text: str, kind: str, verdict: str, value: object, threshold: object
) -> None:
    """The value has a field in it, wherever it stands; the threshold is the rest."""
    found = explained(text)

    assert (found.kind, found.text, found.verdict, found.value, found.threshold) == (
        kind,
        text,
        verdict,
        value,
        threshold,
    )


def test_a_chain_is_each_of_its_comparisons() -> None:
    """So that the one that fails can be told."""
    found = explained("1 < rvol < price < 4")

    assert (found.kind, found.verdict) == ("and", "fail")
    assert [(part.text, part.verdict) for part in found.parts] == [
        ("1 < rvol", "pass"), ("rvol < price", "pass"), ("price < 4", "fail"),
    ]  # fmt: skip


def test_fields_have_their_source_and_age() -> None:
    """Of an event of the day, to the moment of the lists; what is not of the day has none, nor has what has no time."""
    found = explained("price * rvol > seconds_since_high and sector == 'Tech' and session == 'CLOSED' and halted")
    price, text, session, flag = found.parts

    assert [(each.name, each.value, each.source, each.age_ms) for each in price.inputs] == [
        ("price", 5.0, "feed", 1_500), ("rvol", 1.9731, "computed", 70_000),
        ("seconds_since_high", 1_000.0, "clock", 1_500),
    ]  # fmt: skip
    assert [(each.source, each.age_ms) for each in text.inputs] == [("reference", None)]
    assert [(each.source, each.age_ms) for each in session.inputs] == [("clock", None)]
    assert [each.age_ms for each in flag.inputs] == [0]
    assert found.inputs == ()


def test_every_field_of_the_day_has_an_age() -> None:
    """Whoever adds a field says by which time it is known, unless it is of other days."""
    of_other_days = {
        "symbol",
        "no_reference",
        *(name for name in (field.name for field in CATALOGUE) if "prev_" in name),
    }
    of_today = {field.name for field in CATALOGUE if field.source in ("feed", "computed")} - of_other_days

    assert set(EVENT_TIMES) == of_today | set(CLOCK_NUMBERS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rvol >= 2", "rvol >= 2 (1.9731)"),
        ("price > 1 and 1 < rvol < 1.5", "rvol < 1.5 (1.9731)"),
        ("price > 1 and (halted or price > 9)", "halted (False)"),
        ("not (price > 1 and rvol > 1)", "not (price > 1 and rvol > 1)"),
        ("not price > 1", "not price > 1 (5)"),
        ("change_percent > 1", "change_percent > 1 (unknown)"),
        ("session == 'CLOSED'", "session == 'CLOSED' (MARKET_OPEN)"),
    ],
)
def test_a_reason_is_the_first_that_fails_with_its_value(text: str, said: str) -> None:
    """In reading order; of what may be one or the other, the first."""
    row = one_row(PLAIN)
    failing = plan(text).failing(row)

    assert failing is not None
    assert failing.said(row) == said
    assert (first := explained(text).first_failure) is not None
    assert first.text == failing.text


def test_a_reason_is_short() -> None:
    """However long the condition is; the value is there all the same."""
    row = one_row(PLAIN)

    said = plan("price in (" + ", ".join(map(str, range(10, 60))) + ")").said(row)

    assert len(said) == LONGEST_REASON
    assert said.endswith("... (5)")


def held(found: Predicate) -> Verdict:
    """What the verdicts of the parts come to."""
    parts = [held(part) for part in found.parts]
    joined: Verdict = SAYS[found.verdict]
    if found.kind in ("and", "or"):
        joined = parts[0]
        for part in parts[1:]:
            joined = both(joined, part) if found.kind == "and" else one_of(joined, part)
    if found.kind == "not":
        joined = opposite(parts[0])
    assert SAYS[found.verdict] == joined
    return joined


@given(condition=few_parts, board=boards, session=st.sampled_from(SESSIONS))
def test_verdicts_are_those_of_the_condition(condition: Condition, board: Sequence[Any], session: str) -> None:
    """Of the whole and of each part, in every row; and there is a first failure unless it passes."""
    tree = parse_condition(condition.text).tree
    for row in board:
        scope = Scope([row], session)
        found, failing = plan_of(tree).explained(scope, NOW), plan_of(tree).failing(scope)

        assert held(found) == condition.of({**row, "session": session})
        first = found.first_failure
        assert (first is None) == (failing is None) == (found.verdict == "pass")
        if first is not None and failing is not None:
            assert (first.text, first.verdict) == (failing.text, failing.verdict(scope))
