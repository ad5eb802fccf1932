"""The slot book: what was traded by the end of each slot, and how well that is known."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, at
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.slot_book import SlotBook, SlotRecord, Source, slot_end, slots_ended

NAN = float("nan")
SYMBOLS = tuple(map(Symbol, "ABCD"))

Value = tuple[float, Source]


def record(slot: int, values: list[Value], symbols: tuple[Symbol, ...] = SYMBOLS) -> SlotRecord:
    volumes, sources = zip(*values, strict=True)
    return SlotRecord(slot, symbols[: len(values)], np.array(volumes), np.array(sources, np.int8))


def shown(book: SlotBook, symbol: str) -> dict[int, Value]:
    """What the book's table says of one symbol."""
    table = book.table()
    place = table.symbols.index(Symbol(symbol))
    return {
        slot: (float(table.volumes[row, place]), Source(table.sources[row, place]))
        for row, slot in enumerate(table.slots)
        if table.sources[row, place] != Source.UNKNOWN
    }


def close(book: SlotBook, slot: int, volumes: list[float], live: list[bool]) -> None:
    book.close(slot, list(SYMBOLS[: len(volumes)]), np.array(volumes), np.array(live))


def test_what_was_seen_is_live_and_what_was_not_is_carried() -> None:
    """A value from just before the end is live; an older one, or none, is the last known, and nothing is invented."""
    book = SlotBook(DAY)
    close(book, 3, [100.0, 50.0, NAN], [True, False, False])
    close(book, 4, [NAN, 60.0, NAN], [True, True, True])

    assert shown(book, "A") == {3: (100.0, Source.LIVE), 4: (100.0, Source.CARRIED)}
    assert shown(book, "B") == {3: (50.0, Source.CARRIED), 4: (60.0, Source.LIVE)}
    assert shown(book, "C") == {}


def test_a_slot_of_which_nothing_is_known_closes_without_a_record() -> None:
    """Begun in the middle of a day, the slots before it are not there; the next one is the right one."""
    book = SlotBook(DAY)
    for slot in range(70):
        close(book, slot, [], [])

    assert (book.records, book.next_slot) == ([], 70)


def test_a_symbol_that_comes_later_has_no_earlier_slots() -> None:
    """The book grows with the board, and what was closed before stays as it was."""
    book = SlotBook(DAY)
    close(book, 0, [1.0], [True])
    close(book, 1, [2.0, 0.5], [True, True])

    assert shown(book, "B") == {1: (0.5, Source.LIVE)}
    assert [len(kept.symbols) for kept in book.records] == [1, 2]


def test_the_vendors_bars_fill_what_was_carried_and_nothing_else() -> None:
    """A backfilled value replaces a lower bound, lifts the bounds after it, and never what was seen live."""
    book = SlotBook(DAY)
    for slot, live in ((0, True), (1, False), (2, False), (3, True)):
        close(book, slot, [100.0 if slot < 3 else 190.0], [live])

    book.take(record(1, [(150.0, Source.BACKFILLED)]))
    book.take(record(3, [(999.0, Source.BACKFILLED)]))

    assert shown(book, "A") == {
        0: (100.0, Source.LIVE),
        1: (150.0, Source.BACKFILLED),
        2: (150.0, Source.CARRIED),
        3: (190.0, Source.LIVE),
    }


def test_records_in_another_order_of_symbols_are_told_apart() -> None:
    """A record names its symbols; where they stood in it is its own affair."""
    book = SlotBook(DAY)
    book.take(record(0, [(1.0, Source.LIVE), (2.0, Source.LIVE)]))
    book.take(record(1, [(30.0, Source.LIVE), (20.0, Source.LIVE)], (Symbol("c"), Symbol("B"))))

    assert book.symbols == ("A", "B", "c")
    assert shown(book, "B") == {0: (2.0, Source.LIVE), 1: (20.0, Source.LIVE)}
    assert shown(book, "A") == {0: (1.0, Source.LIVE)}


volume = st.one_of(st.just(NAN), st.integers(0, 50).map(float), st.floats(0, 50))
closing = st.lists(st.tuples(volume, st.booleans()), min_size=4, max_size=4)


@given(st.lists(closing, max_size=12))
def test_closing_agrees_with_a_naive_book(day: list[list[tuple[float, bool]]]) -> None:
    """Symbol by symbol: the largest value so far, live only if it was seen."""
    book = SlotBook(DAY)
    for slot, values in enumerate(day):
        close(book, slot, [value for value, _ in values], [live for _, live in values])

    for place, symbol in enumerate(SYMBOLS if any(known.symbols for known in book.records) else ()):
        expected: dict[int, Value] = {}
        largest = -1.0
        for slot, values in enumerate(day):
            value, live = values[place]
            seen = value == value  # noqa: PLR0124  # NaN is not itself
            largest = max(largest, value) if seen else largest
            if largest >= 0:
                expected[slot] = (largest, Source.LIVE if live and seen else Source.CARRIED)
        assert shown(book, symbol) == expected


value = st.one_of(
    st.just((NAN, Source.UNKNOWN)),
    st.tuples(st.integers(0, 30).map(float), st.sampled_from([Source.CARRIED, Source.BACKFILLED, Source.LIVE])),
)
some_record = st.tuples(st.integers(0, 5), st.lists(value, min_size=1, max_size=4))


@given(st.lists(some_record, min_size=1, max_size=15))
def test_of_two_sources_the_better_wins_and_no_volume_falls(records: list[tuple[int, list[Value]]]) -> None:
    """Whatever comes in which order: the first of the best source stays, and neighbours bound what is not live."""
    book = SlotBook(DAY)
    best: dict[str, dict[int, Value]] = {symbol: {} for symbol in SYMBOLS}
    for slot, values in records:
        book.take(record(slot, values))
        for symbol, (number, source) in zip(SYMBOLS, values, strict=False):
            if source > best[symbol].get(slot, (NAN, Source.UNKNOWN))[1]:
                best[symbol][slot] = (number, source)

    for symbol in book.symbols:
        naive: dict[int, Value] = {}
        steady = 0.0
        for slot, (number, source) in sorted(best[symbol].items()):
            later_live = [n for s, (n, kind) in best[symbol].items() if s >= slot and kind is Source.LIVE]
            steady = max(steady, min([number, *later_live]))
            naive[slot] = (steady, source)
        assert shown(book, symbol) == naive


@pytest.mark.parametrize(
    ("day", "wall", "ended"),
    [
        (DAY, "03:59", 0),
        (DAY, "04:04:59", 0),
        (DAY, "04:05", 1),
        (DAY, "09:30", 66),
        (DAY, "20:00", 192),
        (DAY, "23:59", 192),
        (dt.date(2026, 11, 27), "17:00", 156),
        (dt.date(2026, 11, 27), "19:00", 156),
        (dt.date(2026, 3, 9), "09:30", 66),
        (dt.date(2026, 11, 2), "09:30", 66),
    ],
)
def test_slots_end_on_new_yorks_wall(day: dt.date, wall: str, ended: int) -> None:
    """A full day has 192 of them, an early close fewer, and the days after a change of the clocks as many as any."""
    hours = CALENDAR.hours(day)

    assert slots_ended(hours, at(wall, day)) == ended
    if ended:
        assert slot_end(hours, ended - 1) <= at(wall, day)
    assert slots_ended(hours, Nanos(slot_end(hours, 5) - 1)) == 5
