"""What lists should have shown against what they did: laws over any day, held against a recomputation by hand."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.events import ListEvent, Nanos, Symbol
from tradeul.domain.scan_recall import Line, Outcome, RecallBook, Visit, visits_of

NAME = "winners"
SIZE = 2
STEP = 10
"""From one image to the next, in the nanoseconds of these small days."""
NAMES = "ABCDE"
REASON = "the reason"


class Day(NamedTuple):
    """Images: the moment, who met the definition in order, and who was dropped by which filter; and the visits."""

    images: list[tuple[int, list[str], dict[str, list[str]]]]
    visits: list[Visit]


def visit(symbol: str, first: int, last: int) -> Visit:
    return Visit(Symbol(symbol), Nanos(first), Nanos(last))


@st.composite
def days(draw: st.DrawFn) -> Day:
    """A day of a few images; in each some symbols meet the definition, and some others are dropped by a filter."""
    images = []
    for number in range(draw(st.integers(1, 6))):
        order = draw(st.permutations(NAMES))
        met, dropped = sorted(draw(st.tuples(st.integers(0, 5), st.integers(0, 5))))
        images.append(((number + 1) * STEP, list(order[:met]), {"price_range": list(order[met:dropped])}))
    visits = draw(
        st.lists(
            st.builds(lambda s, a, b: visit(s, min(a, b), max(a, b)), st.sampled_from(NAMES), *[st.integers(0, 80)] * 2)
        )
    )
    return Day(images, visits)


def played(day: Day, *, orders: int = 1) -> Outcome:
    """What the book makes of it; the same images may be told more than once, as several sources do."""
    book = RecallBook()
    book.add(NAME, SIZE, day.visits)
    mine = book.lists[NAME]
    for _ in range(orders):
        for at, ordered, dropped in day.images:
            every = {reason: book.places(map(Symbol, symbols)) for reason, symbols in dropped.items()}
            places = book.places(map(Symbol, ordered))
            book.grow()
            mine.see(Nanos(at), STEP, places)
            for reason, which in every.items():
                mine.drop(Nanos(at), reason, which)
    return book.outcomes(lambda _name, _symbol, _at: REASON)[NAME]


def verdicts(outcome: Outcome) -> dict[str, str]:
    return {line.symbol: line.verdict for line in outcome.lines}


def line_of(outcome: Outcome, symbol: str) -> Line:
    return next(line for line in outcome.lines if line.symbol == symbol)


def stood_near(at: int, visits: Sequence[tuple[int, int]]) -> bool:
    """Whether somebody stood in the list about then."""
    return any(first - STEP <= at <= last + STEP for first, last in visits)


def by_hand(day: Day) -> dict[str, str]:
    """The same verdicts, one symbol at a time, by looking through the day for each question anew."""
    found = {}
    for symbol in NAMES:
        mine = sorted((visit.first, visit.last) for visit in day.visits if visit.symbol == symbol)
        met = any(symbol in ordered for _, ordered, _ in day.images)
        due = [at for at, ordered, _ in day.images if symbol in ordered[:SIZE]]
        if due:
            timely = any(first <= due[0] + STEP for first, last in mine if last >= due[0] - STEP)
            later = any(first > due[0] + STEP for first, _ in mine)
            earlier = any(last < due[0] - STEP for _, last in mine)
            found[symbol] = "in_time" if timely else "late" if later else "in_time" if earlier else "missed"
        elif met:
            found[symbol] = "in_time" if mine else "below_cut"
        elif any(stood_near(at, mine) for at, _, _ in day.images):
            found[symbol] = "extra"
        elif any(symbol in symbols for _, _, dropped in day.images for symbols in dropped.values()):
            found[symbol] = "filtered"
    return found


@given(days())
def test_verdicts_are_those_that_are_found_by_hand(day: Day) -> None:
    """However a day goes, and whoever stands where when."""
    assert verdicts(played(day)) == by_hand(day)


@given(days())
def test_who_is_shown_at_every_image_is_never_missed_nor_late(day: Day) -> None:
    """Visits that begin and end at the very images at which somebody belonged in the list."""
    shown = [visit(symbol, at, at) for at, ordered, _ in day.images for symbol in ordered[:SIZE]]

    outcome = played(day._replace(visits=shown))

    assert {"missed", "late"}.isdisjoint(verdicts(outcome).values())
    assert outcome.recall_pct in (None, 100.0)
    assert all(line.images_shown == line.images_due for line in outcome.lines)


@given(days())
def test_every_symbol_is_counted_once(day: Day) -> None:
    """The counts are of those who met the definition, and of those who were shown."""
    outcome = played(day)
    counts = outcome.counts

    met = {symbol for _, ordered, _ in day.images for symbol in ordered}
    assert outcome.met == len(met) == sum(counts.get(each, 0) for each in ("in_time", "late", "missed", "below_cut"))
    looked = {each.symbol for each in day.visits if any(stood_near(at, [each[1:]]) for at, _, _ in day.images)}
    assert looked <= {line.symbol for line in outcome.lines if line.shown_at is not None}
    assert sum(counts.values()) == len(outcome.lines)
    assert sum(outcome.filtered_by.values()) == counts.get("filtered", 0)


@given(days())
def test_a_second_source_of_the_same_day_changes_no_verdict(day: Day) -> None:
    """It is only seen twice as often."""
    once, twice = played(day), played(day, orders=2)

    assert verdicts(once) == verdicts(twice)
    assert [2 * line.images_due for line in once.lines] == [line.images_due for line in twice.lines]


def test_a_planted_day_comes_out_as_it_was_planted() -> None:
    """One of each kind, with rank, moment and seconds."""
    second = 10**9
    book = RecallBook()
    symbols = ["IN", "LATE", "GONE", "CUT", "DEAR", "EXTRA"]
    shown = [
        visit("IN", 5 * second, 90 * second),
        visit("LATE", 75 * second, 80 * second),
        visit("EXTRA", 19 * second, 20 * second),
    ]
    book.add(NAME, 3, shown)
    places = dict(zip(symbols, book.places(map(Symbol, symbols)).tolist(), strict=True))
    book.grow()
    mine = book.lists[NAME]
    for at in (10, 20, 30):
        mine.see(Nanos(at * second), 5 * second, np.array([places[each] for each in ("IN", "LATE", "GONE", "CUT")]))
        for place in mine.drop(Nanos(at * second), "price_range", np.array([places["DEAR"]])):
            mine.said[place] = "price_range: price <= 500 (612)"
    mine.said[places["EXTRA"]] = "change_percent >= 5 (4.9)"
    outcome = book.outcomes(lambda name, symbol, at: f"{name} {symbol} {at // second}")[NAME]

    assert line_of(outcome, "IN") == ("IN", "in_time", "", 10 * second, 5 * second, None, 1, 3, 3)
    assert line_of(outcome, "LATE") == ("LATE", "late", "winners LATE 10", 10 * second, 75 * second, 65.0, 2, 3, 0)
    assert line_of(outcome, "GONE") == ("GONE", "missed", "winners GONE 10", 10 * second, None, None, 3, 3, 0)
    assert line_of(outcome, "CUT")[1:3] == ("below_cut", "below the cut: best rank 4 of 3")
    assert line_of(outcome, "DEAR")[1:3] == ("filtered", "dropped by filter price_range: price <= 500 (612)")
    assert line_of(outcome, "EXTRA")[1:3] == ("extra", "change_percent >= 5 (4.9)")
    assert (outcome.met, outcome.shown, outcome.late_s, outcome.filtered_by) == (4, 3, [65.0], {"price_range": 1})
    assert (outcome.recall_pct, outcome.in_time_pct) == (66.7, 33.3)


def moves(*told: tuple[int, str, str]) -> list[ListEvent]:
    return [ListEvent(Nanos(at), NAME, Symbol(symbol), what, 1, None, "") for at, symbol, what in told]  # type: ignore[arg-type]


def test_entries_and_exits_fold_into_visits() -> None:
    """What has no beginning, or no end, is cut at the day's."""
    told = moves((5, "A", "entered"), (6, "B", "left"), (8, "A", "left"), (9, "A", "entered"))

    folded = visits_of(told, Nanos(1), Nanos(20))

    assert folded == {NAME: [visit("B", 1, 6), visit("A", 5, 8), visit("A", 9, 20)]}


def test_of_each_verdict_so_many_are_told_and_all_are_counted() -> None:
    """A filter that keeps the whole market out makes no page of ten thousand rows."""
    book = RecallBook()
    book.add(NAME, 1, ())
    places = book.places(Symbol(f"S{number}") for number in range(2_000))
    book.grow()
    book.lists[NAME].see(Nanos(1), 1, places)
    outcome = book.outcomes(lambda *_: REASON)[NAME]

    told: dict[str, int] = defaultdict(int)
    for line in outcome.lines:
        told[line.verdict] += 1
    assert outcome.counts == {"missed": 1, "below_cut": 1_999}
    assert told == {"missed": 1, "below_cut": 500}
