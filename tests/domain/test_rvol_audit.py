"""The audit of relative volumes, beside a recomputation in plain Python, and with errors that were put in."""

import datetime as dt
import itertools
import math
import random
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.auditing import minutes_of, published_slot
from tests.support.market import CALENDAR, DAY
from tradeul.domain.events import Nanos, Split, Symbol
from tradeul.domain.published import PublishedSlot, day_of
from tradeul.domain.rvol_audit import Comparison, RvolAudit, UsualDay, spread_of, volumes_at_ends
from tradeul.domain.slot_book import Source
from tradeul.domain.splits import SplitBook

HALF_DAY = dt.date(2026, 11, 27)
SESSIONS = sorted(CALENDAR.last_sessions(DAY, 4))
SLOTS = 192
DEAL = [100.0 * (slot + 1) for slot in range(SLOTS)]
"""Cumulative: a hundred shares in every slot."""
AT = Nanos(1)


def a_hundred_a_slot(times: float = 1.0) -> dict[int, float]:
    """In its third minute."""
    return {5 * slot + 2: 100.0 * times for slot in range(SLOTS)}


def usual_of(*symbols: str) -> UsualDay:
    usual = UsualDay(list(map(Symbol, symbols)), {}, SplitBook((), DAY))
    for day in SESSIONS:
        usual.add(day, list(map(Symbol, symbols)), np.array([DEAL] * len(symbols)))
    return usual


def audited(
    published: list[PublishedSlot], minutes: dict[str, dict[int, float]], *, failed: str = "", day: dt.date = DAY
) -> RvolAudit:
    """The audit of a day on which these minutes traded, where a hundred shares a slot are usual."""
    noted = day_of(day, published, list(map(Symbol, minutes)))
    usual, hours = usual_of(*noted.symbols), CALENDAR.hours(day)
    comparison = Comparison(noted, usual.at_ends(early_close=hours.early_close), usual.sessions >= 3, hours)
    for row in comparison.asked(frozenset(map(Symbol, minutes))):
        symbol = noted.symbols[row]
        if symbol == failed:
            comparison.fail(row)
        else:
            comparison.take(row, volumes_at_ends(minutes_of(symbol, minutes.get(symbol, {}), day), hours))
    return comparison.audit(AT)


def right(*symbols: str, times: float = 1.0) -> list[PublishedSlot]:
    """A day published without a mistake."""
    return [published_slot(slot, dict.fromkeys(symbols, times)) for slot in range(SLOTS)]


@pytest.mark.parametrize("day", [DAY, HALF_DAY])
@given(st.dictionaries(st.integers(-30, 990), st.integers(0, 10_000), max_size=40))
def test_volumes_are_the_minutes_up_to_each_end(day: dt.date, traded: dict[int, int]) -> None:
    """A minute counts from the end of the slot that it is in; what is outside of the day counts never."""
    slots = 156 if day == HALF_DAY else SLOTS
    found = volumes_at_ends(minutes_of("A", traded, day), CALENDAR.hours(day))

    assert found.tolist() == [
        sum(shares for minute, shares in traded.items() if 0 <= minute < 5 * (slot + 1)) for slot in range(slots)
    ]


@given(st.integers(0, 9_999), st.sampled_from([None, *SESSIONS]), st.integers(0, 4), st.booleans())
def test_the_usual_day_is_the_mean_of_a_symbols_own_sessions(
    seed: int, listed: dt.date | None, silent: int, early: bool
) -> None:
    """In the shares of the day, from its first trade on; on a day that closes early the end comes sooner."""
    draw = random.Random(seed)  # noqa: S311  # repeatable days, no secret
    traded = [[draw.choice((0, 0, 100, 733)) * (number >= silent) for _ in range(SLOTS)] for number in range(4)]
    ends = [[float(total) for total in itertools.accumulate(shares)] for shares in traded]
    splits = SplitBook([Split(Symbol("A"), SESSIONS[2], 1.0, 4.0)], DAY)
    usual = UsualDay([Symbol("B"), Symbol("A")], {} if listed is None else {Symbol("A"): listed}, splits)
    for day, volumes in zip(SESSIONS, ends, strict=True):
        usual.add(day, [Symbol("A"), None, Symbol("C")], np.array([volumes, volumes, volumes]))
    found = usual.at_ends(early_close=early)[1].tolist()

    own: list[list[float]] = []
    for day, volumes in zip(SESSIONS, ends, strict=True):
        if own or volumes[-1] > 0 or (listed is not None and listed <= day):
            own.append([volume * (4.0 if day < SESSIONS[2] else 1.0) for volume in volumes])

    def mean_by(slot: int) -> float:
        return sum(each[slot] for each in own) / len(own) if own else math.nan

    for slot in range(156 if early else SLOTS):
        sooner = early and slot >= 108
        wanted = mean_by(107) + mean_by(slot + 36) - mean_by(143) if sooner else mean_by(slot)
        assert found[slot] == pytest.approx(wanted, rel=1e-9, abs=1e-6, nan_ok=True)
    assert usual.sessions.tolist() == [0, len(own)]


@given(st.lists(st.floats(-500, 500, allow_subnormal=False), min_size=1, max_size=60))
def test_a_spread_is_what_the_library_makes_of_it(errors: list[float]) -> None:
    """Without the sign but for the bias; within one percent is right."""
    sizes = sorted(map(abs, errors))
    found = spread_of(np.array(errors))

    def share(part: float) -> float:
        return statistics.quantiles([*sizes, *sizes[:1]] if len(sizes) == 1 else sizes, n=100, method="inclusive")[
            round(100 * part) - 1
        ]

    assert found.n == len(errors)
    assert found.median == pytest.approx(statistics.median(sizes), abs=1e-3)
    assert found.p90 == pytest.approx(share(0.9), abs=1e-3)
    assert found.p99 == pytest.approx(share(0.99), abs=1e-3)
    assert found.max == pytest.approx(sizes[-1], abs=1e-3)
    assert found.within == pytest.approx(100 * sum(size <= 1 for size in sizes) / len(sizes), abs=1e-3)
    assert found.bias == pytest.approx(statistics.fmean(errors), abs=1e-3)


def test_a_day_that_was_published_right_has_no_error() -> None:
    """Every slot is compared, and nobody is furthest off."""
    audit = audited(right("A", "B"), {"A": a_hundred_a_slot(), "B": a_hundred_a_slot()})

    assert audit.errors == (2 * SLOTS, 0, 0, 0, 0, 100, 0)
    assert audit.coverage == (2 * SLOTS, 0, 0, 0, 0, 0)
    assert [(each.method, each.source, each.errors.n) for each in audit.methods] == [("exact", "live", 2 * SLOTS)]
    assert [each.slot for each in audit.slots] == list(range(SLOTS))
    assert (audit.silent_slots, audit.worst, audit.failed) == ((), (), 0)


@pytest.mark.parametrize(("slot", "method", "source"), [(0, "curve", Source.LIVE), (66, "exact", Source.CARRIED)])
def test_an_error_is_found_where_it_was_put(slot: int, method: str, source: Source) -> None:
    """In its slot and under its method and source alone; the worst list shows both numbers."""
    published = [*right("A", "B"), published_slot(slot, {"A": 1.0, "B": 1.25}, method, source)]
    audit = audited(published, {"A": a_hundred_a_slot(), "B": a_hundred_a_slot()})

    wrong = [each for each in audit.slots if each.errors.max]
    assert [(each.slot, each.method, each.errors) for each in wrong] == [
        (slot, method, (2, 12.5, 22.5, 24.75, 25, 50, 12.5))
    ]
    told = {(each.method, each.source): each.errors.max for each in audit.methods}
    assert told == {("exact", "live"): 0, (method, source.name.lower()): 25}
    assert audit.worst == (("B", slot, method, source.name.lower(), 1.25, 1, 25, 0),)


def test_the_furthest_off_come_first_whatever_their_sign() -> None:
    """Ties by symbol."""
    published = [*right("A", "B", "C", "D"), published_slot(9, {"A": 1.5, "B": 0.5, "C": 0.1, "D": 1.0})]
    audit = audited(published, dict.fromkeys("ABCD", a_hundred_a_slot()))

    assert [(each.symbol, each.error) for each in audit.worst] == [("C", -90), ("A", 50), ("B", -50)]


def test_what_cannot_be_compared_is_counted_by_why() -> None:
    """Each symbol and slot once: quiet, unpublished, unknown, without sessions, without minutes."""
    one = {2: 100.0}
    published = [published_slot(0, {"QUIET": 0, "NONE": math.nan, "GHOST": 2.0}, "none")]
    published[0].methods[:] = [0, 2, 0]
    audit = audited(published, {"NONE": one, "NEW": one}, day=HALF_DAY)

    assert audit.coverage == (0, 1, 155 + 156, 1, 0, 1)
    assert audit.silent_slots == tuple(range(1, 156))
    assert audit.errors == (0, *[None] * 6)
    assert (audit.methods, audit.slots, audit.worst) == ((), (), ())


def test_of_too_few_sessions_nothing_is_worked_out() -> None:
    """A value of the general curve stands alone then, and is said to."""
    noted = day_of(DAY, [published_slot(0, {"IPO": 3.0}, "curve")])
    hours = CALENDAR.hours(DAY)
    comparison = Comparison(noted, np.full((1, SLOTS), np.nan), np.zeros(1, np.bool_), hours)
    comparison.take(0, volumes_at_ends(minutes_of("IPO", {2: 100.0}), hours))

    assert comparison.audit(AT).coverage == (0, 0, SLOTS - 1, 0, 1, 0)


def test_of_a_symbol_that_failed_nothing_is_said() -> None:
    """But that it did."""
    audit = audited(right("A", "B", times=2.0), {"A": a_hundred_a_slot(2), "B": a_hundred_a_slot()}, failed="B")

    assert (audit.failed, audit.coverage.compared, audit.errors.max) == (1, SLOTS, 0)
    assert sum(audit.coverage) == SLOTS


def test_next_to_nothing_is_no_large_error() -> None:
    """Four decimals of a hundredth of the usual: the last of them is one percent."""
    audit = audited([published_slot(191, {"A": 0.0003})], {"A": {900: 4.0}})

    assert audit.slots[0].errors.max == pytest.approx(1.0, abs=0.01)


def test_the_later_of_two_tellings_of_a_slot_counts() -> None:
    """Symbols that came since have room, and so have those of which nothing was published."""
    day = day_of(
        DAY, [published_slot(3, {"A": 1.0}), published_slot(3, {"A": 2.0, "B": 5.0}), published_slot(4, {"B": 6.0})],
        [Symbol("C"), Symbol("A")],
    )  # fmt: skip

    assert day.symbols == ("A", "B", "C")
    assert day.rvol[:, 3:5].tolist() == [
        [2, pytest.approx(math.nan, nan_ok=True)],
        [5, 6],
        [pytest.approx(math.nan, nan_ok=True)] * 2,
    ]
    assert day.methods[:, 3:5].tolist() == [[0, -1], [0, 0], [-1, -1]]
