"""Names of the past: a company is found under each of its symbols, and under nobody else's."""

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, daily
from tradeul.domain.events import Listing, Nanos, Split, Symbol
from tradeul.domain.names import NameBook, SymbolChange, changes_of

A, B, C, D = map(Symbol, "ABCD")
FIRST = DAY - dt.timedelta(days=40)
SINCE = DAY - dt.timedelta(days=90)
SYMBOLS = st.sampled_from([A, B, C, D])
DAYS = st.integers(0, 40).map(lambda days: FIRST + dt.timedelta(days=days))
CHANGES = st.lists(st.builds(SymbolChange, SYMBOLS, SYMBOLS, DAYS).filter(lambda change: change.old != change.new))


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


class Company(NamedTuple):
    """What it was called on each day."""

    names: list[Symbol]


class Past(NamedTuple):
    companies: list[Company]
    changes: list[SymbolChange]


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    """Three companies and four symbols: on some mornings one or several change theirs for one that is free by then."""
    called = [A, B, C]
    companies, changes = [Company([name]) for name in called], []
    for number in range(1, draw(st.integers(2, 12))):
        after = draw(st.permutations([A, B, C, D]))[:3] if draw(st.booleans()) else called
        changes += [SymbolChange(old, new, day(number)) for old, new in zip(called, after, strict=True) if old != new]
        called = list(after)
        for company, name in zip(companies, called, strict=True):
            company.names.append(name)
    return Past(companies, draw(st.permutations(changes)))


@given(pasts())
def test_every_company_is_found_under_each_of_its_names(past: Past) -> None:
    """Forwards and backwards, through chains, names that are taken again, given back and swapped on one morning."""
    book = NameBook(past.changes)

    for company in past.companies:
        today = company.names[-1]
        for number, name in enumerate(company.names):
            assert book.now(name, day(number)) == today
            assert book.then(today, day(number)) == name


@given(CHANGES, SYMBOLS, DAYS)
def test_who_is_found_is_found_back(changes: list[SymbolChange], symbol: Symbol, when: dt.date) -> None:
    """Whatever is told, also what cannot be: two symbols of a day are never one of today."""
    book = NameBook(changes)
    today, then = book.now(symbol, when), book.then(symbol, when)

    assert today is None or book.then(today, when) == symbol
    assert then is None or book.now(then, when) == symbol
    found = [name for name in map(book.now, [A, B, C, D], [when] * 4) if name is not None]
    assert len(found) == len(set(found))


@given(CHANGES, DAYS, DAYS)
def test_what_happens_later_is_not_known_yet(changes: list[SymbolChange], as_of: dt.date, when: dt.date) -> None:
    """A book as of a date is the book of the changes until then; from its date on a name is its own."""
    book, plain = NameBook(changes, as_of), NameBook([change for change in changes if change.date <= as_of])

    for symbol in (A, B, C, D):
        assert book.now(symbol, when) == plain.now(symbol, when)
        assert book.now(symbol, max(as_of, when)) == symbol


@given(CHANGES, DAYS)
def test_a_day_at_a_glance_is_the_day_symbol_by_symbol(changes: list[SymbolChange], when: dt.date) -> None:
    """Only those that are others today are named."""
    book = NameBook(changes)

    assert book.on(when) == {
        symbol: book.now(symbol, when) for symbol in (A, B, C, D) if book.now(symbol, when) != symbol
    }
    for symbol in (A, B, C, D):
        called = book.then(symbol, when)
        assert book.names(symbol, [when]) == ({} if called is None else {called: [when]})


def test_a_name_that_another_company_took_is_followed_before_that_only() -> None:
    """A became B, and D is called A today; what B was before it was taken is nobody's of today."""
    book = NameBook([SymbolChange(A, B, day(10)), SymbolChange(D, A, day(20))])

    assert [book.now(A, day(number)) for number in (9, 15, 20)] == [B, None, A]
    assert [book.then(A, day(number)) for number in (9, 15, 20)] == [D, D, A]
    assert book.now(B, day(9)) is None
    assert book.names(B, [day(9), day(10)]) == {A: [day(9)], B: [day(10)]}


def test_a_session_is_given_out_under_todays_names() -> None:
    """The old name's bar is the new name's, and the bar of who had the new name before is left out."""
    book = NameBook([SymbolChange(A, B, DAY)])
    bars = daily(
        CALENDAR.previous(DAY), ("A", 4.0, 2.0, 3.0, 100.0), ("B", 8.0, 6.0, 7.0, 5.0), ("C", 2.0, 1.0, 1.5, 9)
    )

    found = book.bars(bars)

    assert found.symbols == (B, C)
    assert found.volume.tolist() == [100.0, 9.0]
    assert (found.high.tolist(), found.close.tolist(), found.date) == ([4.0, 2.0], [3.0, 1.5], bars.date)
    assert np.array_equal(book.bars(daily(DAY, ("B", 8.0, 6.0, 7.0, 5.0))).volume, [5.0])


def test_a_split_is_told_under_todays_name() -> None:
    """One of the morning of the change may be told of the old name, of the new one, or of both."""
    book = NameBook([SymbolChange(A, B, day(10))])

    def split(symbol: Symbol, number: int) -> Split:
        return Split(symbol, day(number), old=10, new=1)

    assert book.splits([split(A, 5)]) == (split(B, 5),)
    assert book.splits([split(A, 10), split(B, 10), split(C, 10)]) == (split(B, 10), split(C, 10))
    assert book.splits([split(B, 5), split(A, 12)]) == (split(A, 12),)


def listing(symbol: str, figi: str = "F1", last_traded: dt.date | None = None) -> Listing:
    plain: dict[str, Any] = {"name": "", "exchange": "", "type": "CS", "updated": Nanos(0)}
    return Listing(symbol=Symbol(symbol), active=last_traded is None, figi=figi, last_traded=last_traded, **plain)


def found(listed: list[Listing], delisted: list[Listing]) -> list[SymbolChange]:
    return changes_of(listed, delisted, SINCE, CALENDAR.following)


def test_who_ended_and_goes_on_under_another_symbol_changed_it() -> None:
    """From the session after its last on, by its own identifier; in a chain step by step; long ago is forgotten."""
    friday, later = dt.date(2026, 10, 9), dt.date(2026, 11, 4)
    delisted = [listing("B", last_traded=later), listing("A", last_traded=friday), listing("Z", "F2", friday)]
    listed = [listing("C"), listing("BRK.B", "F3"), listing("N", "F4")]

    assert found(listed, delisted) == [
        SymbolChange(A, B, dt.date(2026, 10, 12)),
        SymbolChange(B, C, dt.date(2026, 11, 5)),
    ]
    assert found(listed, [listing("OLD", "F4", SINCE)]) == [
        SymbolChange(Symbol("OLD"), Symbol("N"), CALENDAR.following(SINCE))
    ]
    assert found(listed, [listing("OLD", "F4", SINCE - dt.timedelta(days=1))]) == []


def test_nobody_is_followed_where_the_lists_leave_it_open() -> None:
    """Without an identifier or a date, with two that go on, or two that ended at once, or one that did not end."""
    ended = CALENDAR.previous(DAY)

    assert found([listing("B", "")], [listing("A", "", ended)]) == []
    assert found([listing("B")], [listing("A")]) == []
    assert found([listing("B"), listing("C")], [listing("A", last_traded=ended)]) == []
    assert found([listing("C")], [listing("A", last_traded=ended), listing("B", last_traded=ended)]) == []
    assert found([listing("A")], [listing("A", last_traded=ended)]) == []
    assert found([listing("A", "F2"), listing("B")], [listing("A", last_traded=ended)]) == [SymbolChange(A, B, DAY)]
