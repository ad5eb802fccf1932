"""Alerts: edges against every row's own story, and what holds a rule back."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import DAY, NANOS, at
from tradeul.domain.alerts import COOLING, ONCE, QUIET, Edges, Manners, Room, Rung, quiet_of
from tradeul.domain.events import Nanos, Symbol

TEN = at("10:00")
TURN = at("03:30")
A, B = Symbol("A"), Symbol("B")


@dataclass(frozen=True)
class Glance:
    """A look at some rows of a board: what holds in each, None where it is unknown."""

    truths: tuple[bool | None, ...]
    rows: tuple[int, ...]
    strict: bool


@st.composite
def stories(draw: st.DrawFn) -> list[Glance]:
    """Looks at a board that grows; the first one is at every row."""
    story, length = [], draw(st.integers(0, 4))
    for number in range(draw(st.integers(0, 8))):
        length += draw(st.sampled_from([0, 0, 1, 2]))
        truths = draw(st.lists(st.sampled_from([True, False, None]), min_size=length, max_size=length))
        every = list(range(length))
        rows = every if number == 0 else draw(st.lists(st.sampled_from(every), unique=True) if every else st.just([]))
        story.append(Glance(tuple(truths), tuple(rows), draw(st.booleans())))
    return story


def rung_for(story: list[Glance]) -> list[set[int]]:
    """For each look the rows that rose."""
    edges, told = Edges(), []
    for glance in story:
        rows = np.array(glance.rows, np.int64)
        true = np.array([glance.truths[row] is True for row in glance.rows], np.bool_)
        false = np.array([glance.truths[row] is False for row in glance.rows], np.bool_)
        rose = edges.rising(len(glance.truths), rows, true, false if glance.strict else None)
        told.append(set(rows[rose].tolist()))
    return told


def expected(story: list[Glance]) -> list[set[int]]:
    """The same row by row: true now, and at the last look at it not true; after a strict look, certainly false."""
    return [{row for row in glance.rows if _rises(story[: number + 1], row)} for number, glance in enumerate(story)]


def _rises(story: list[Glance], row: int) -> bool:
    *before, now = story
    if now.truths[row] is not True or not before:
        return False
    seen = [glance for glance in before if row in glance.rows]
    if not seen:
        return True
    then = seen[-1].truths[row]
    return then is False or (then is None and not seen[-1].strict)


@given(stories())
def test_an_edge_is_where_a_row_turned_true_since_it_was_last_seen(story: list[Glance]) -> None:
    """Whatever rows are looked at in between, and however the board grows; none at the first look."""
    assert rung_for(story) == expected(story)


def test_a_whole_board_may_be_looked_at_without_naming_rows() -> None:
    """A slice, which costs no copy."""
    edges = Edges()
    edges.rising(3, slice(None), np.array([True, False, False]))

    rose = edges.rising(3, slice(None), np.array([True, True, False]))

    assert rose.tolist() == [False, True, False]
    assert edges.begun


SPANS = st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda span: span[0] != span[1])


def written(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@given(SPANS, st.integers(0, 1439))
def test_quiet_hours_are_the_minutes_from_begin_to_end(span: tuple[int, int], minute: int) -> None:
    """Counted minute by minute around the clock, beyond midnight where they end before they begin."""
    begin, end = span
    silent = {(begin + passed) % 1440 for passed in range((end - begin) % 1440)}

    quiet = quiet_of(f"{written(begin)}-{written(end)}")

    assert quiet.holds(dt.time(minute // 60, minute % 60)) == (minute in silent)


def later(second: float) -> Nanos:
    return Nanos(TEN + round(second * NANOS))


def why(rung: Rung, manners: Manners, second: float, symbol: Symbol = A, rule: str = "r") -> str:
    return rung.why_not(rule, manners, symbol, later(second), TURN)


def test_a_rule_cools_down_for_each_symbol() -> None:
    """It rings again for the symbol once the seconds have passed, and at once for another, and other rules do."""
    rung, manners = Rung(), Manners(cooldown_s=60)
    rung.note("r", A, TEN)

    assert [why(rung, manners, second) for second in (0, 59.999, 60)] == [COOLING, COOLING, ""]
    assert why(rung, manners, 1, B) == ""
    assert why(rung, manners, 1, rule="s") == ""


def test_once_a_day_is_once_a_trading_date() -> None:
    """Not again before the date turns, and then again."""
    rung, manners = Rung(), Manners(once_per_day=True)
    rung.note("r", A, TURN)
    tomorrow = at("04:00", DAY + dt.timedelta(days=1))

    assert why(rung, manners, 30_000) == ONCE
    assert rung.why_not("r", manners, A, tomorrow, at("03:30", DAY + dt.timedelta(days=1))) == ""


@pytest.mark.parametrize(("second", "said"), [(-1, ""), (0, QUIET), (59, QUIET), (60, "")])
def test_a_rule_is_silent_in_its_quiet_hours(second: float, said: str) -> None:
    """On New York's wall, from the first minute on and no more at the last; that is said before all else."""
    rung = Rung()
    rung.note("r", A, later(second))
    manners = Manners(0, quiet=(quiet_of("02:00-03:00"), quiet_of("10:00-10:01")))

    assert why(rung, manners, second) == said


STEPS = st.lists(st.tuples(st.sampled_from([0, 1, 29, 30, 31, 40_000]), st.sampled_from([A, B])), max_size=12)


@given(STEPS, st.sampled_from([0, 30, 60]), st.booleans())
def test_what_rings_is_what_a_diary_would_let_ring(
    steps: list[tuple[int, Symbol]], cooldown_s: int, once_per_day: bool
) -> None:
    """With every ringing written down and looked up, over days and a restart in the middle."""
    rung, manners, diary, now = Rung(), Manners(cooldown_s, once_per_day), list[tuple[Nanos, Symbol]](), TEN
    for number, (seconds, symbol) in enumerate(steps):
        now = Nanos(now + seconds * NANOS)
        days = (now - TURN) // (86_400 * NANOS)
        turned = Nanos(TURN + days * 86_400 * NANOS)
        mine = [rang for rang, whose in diary if whose == symbol]
        cooling = any(now - rang < cooldown_s * NANOS for rang in mine)
        allowed = not cooling and not (once_per_day and any(rang >= turned for rang in mine))
        assert (rung.why_not("r", manners, symbol, now, turned) == "") == allowed
        if allowed:
            rung.note("r", symbol, now)
            diary.append((now, symbol))
        if number % 3 == 2:
            remembered, rung = rung.all(), Rung()
            rung.resume(remembered, now)


def test_memory_is_let_go_of() -> None:
    """By age, and what never happened in this market is not taken up."""
    rung = Rung()
    rung.resume([("r", A, later(0)), ("r", B, later(5)), ("s", A, later(4)), ("s", B, later(11))], later(10))
    rung.forget_before(later(5))

    assert rung.all() == [("r", B, later(5))]


def test_room_is_a_burst_and_then_so_much_a_second() -> None:
    """It fills up to the burst and no further."""
    room = Room(burst=3, per_second=2)
    for _ in range(3):
        room.take()

    assert [room.left(0.0), room.left(0.4), room.left(0.5), room.left(60.0)] == [0, 0, 1, 3]
