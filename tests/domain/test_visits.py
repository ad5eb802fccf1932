"""The law of visits, against every symbol's presence worked out on its own from the whole story."""

import itertools
from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import NANOS, at
from tradeul.domain.events import ListEvent, Nanos, Symbol
from tradeul.domain.visits import NEW_TO_THE_LIST, THE_DAY_TURNED, ListVisits

NOON = at("12:00")

State = tuple[int, list[Symbol]]
"""Seconds since the one before, and who stands in the list now."""
SYMBOLS = [Symbol(letter) for letter in "ABCDE"]
stories = st.lists(st.tuples(st.sampled_from([0, 1, 4, 5, 6, 10, 11]), st.lists(st.sampled_from(SYMBOLS), unique=True)))


def price_of(symbol: str, step: int) -> float | None:
    return None if symbol == "E" else float(ord(symbol) + step)


def timed(story: Sequence[State]) -> list[tuple[Nanos, list[Symbol]]]:
    moments = itertools.accumulate(seconds for seconds, _ in story)
    return [(Nanos(NOON + moment * NANOS), symbols) for moment, (_, symbols) in zip(moments, story, strict=True)]


def told(story: Sequence[State], last_of_all: str = "") -> list[ListEvent]:
    """What is told of a story; `last_of_all` ends it for everyone."""
    visits, events = ListVisits("alpha"), []
    for step, (moment, symbols) in enumerate(timed(story)):
        prices = [price_of(symbol, step) for symbol in symbols]
        events += visits.step(moment, symbols, prices, lambda symbol: f"{symbol} fell")
    if story and last_of_all:
        events += visits.end(timed(story)[-1][0], last_of_all)
    return events


def expected(story: Sequence[State], symbol: Symbol) -> Iterator[ListEvent]:
    """Cut the symbol's presence into visits at every absence of more than 10 s, and describe each visit."""
    here = [
        (moment, symbols.index(symbol) + 1, price_of(symbol, step), step)
        for step, (moment, symbols) in enumerate(timed(story))
        if symbol in symbols
    ]
    moments = [moment for moment, _ in timed(story)]
    visits: list[list[tuple[Nanos, int, float | None, int]]] = []
    for seen in here:
        # Out since the state after the last one that held it, however long that one had stood.
        if visits and seen[0] - moments[visits[-1][-1][3] + 1] <= 10 * NANOS:
            visits[-1].append(seen)
        else:
            visits.append([seen])
    for visit in visits:
        first, last, peak = visit[0], visit[-1], min(visit, key=lambda seen: seen[1])
        yield ListEvent(first[0], "alpha", symbol, "entered", first[1], first[2], NEW_TO_THE_LIST)
        gone = moments[last[3] + 1] if last[3] + 1 < len(moments) else None
        if gone is not None and moments[-1] - gone > 10 * NANOS:
            yield ListEvent(peak[0], "alpha", symbol, "peak", peak[1], peak[2], "")
            yield ListEvent(gone, "alpha", symbol, "left", last[1], last[2], f"{symbol} fell")


@given(stories)
def test_each_symbols_visits_are_told(story: list[State]) -> None:
    """Entries, exits and peaks are those of the symbol's presence cut at absences of more than 10 s."""
    events = told(story)

    for symbol in SYMBOLS:
        assert [event for event in events if event.symbol == symbol] == list(expected(story, symbol))


@given(stories)
def test_folding_the_events_gives_back_who_is_in_the_list(story: list[State]) -> None:
    """At every moment they are the members, and others only for 10 s after they left."""
    visits, inside, left_at = ListVisits("alpha"), set[Symbol](), dict[Symbol, Nanos]()
    before: list[Symbol] = []

    for moment, symbols in timed(story):
        for event in visits.step(moment, symbols, [1.0] * len(symbols), lambda _symbol: ""):
            if event.event == "entered":
                assert event.symbol not in inside
                inside.add(event.symbol)
            elif event.event == "left":
                inside.remove(event.symbol)
        left_at |= dict.fromkeys(set(before) - set(symbols), moment)
        before = symbols

        assert inside >= set(symbols)
        assert all(moment - left_at[symbol] <= 10 * NANOS for symbol in inside - set(symbols))


@given(stories)
def test_the_end_of_the_day_ends_every_visit(story: list[State]) -> None:
    """Then entries, peaks and exits are equally many of every symbol, and nobody is left behind."""
    events = told(story, THE_DAY_TURNED)

    for symbol in SYMBOLS:
        kinds = [event.event for event in events if event.symbol == symbol]
        assert kinds == ["entered", "peak", "left"] * (len(kinds) // 3)


@given(st.lists(st.permutations(SYMBOLS), min_size=1))
def test_moving_in_rank_is_no_event(orders: list[list[Symbol]]) -> None:
    """Who stays is told of once, whatever the order."""
    events = told([(1, order) for order in orders])

    assert [event.symbol for event in events] == orders[0]


@given(stories)
def test_a_peak_is_the_smallest_rank_of_its_visit(story: list[State]) -> None:
    """Never below where the visit began or ended, and never outside its time."""
    entered: dict[Symbol, ListEvent] = {}
    peaks: dict[Symbol, ListEvent] = {}

    for event in told(story, THE_DAY_TURNED):
        if event.event == "entered":
            entered[event.symbol] = event
        elif event.event == "peak":
            peaks[event.symbol] = event
        else:
            first, peak = entered[event.symbol], peaks.pop(event.symbol)
            assert peak.rank <= min(first.rank, event.rank)
            assert first.at <= peak.at <= event.at


def test_who_had_left_keeps_its_own_time_and_reason_when_the_day_turns() -> None:
    """Nothing waits any longer, and an exit is not blamed on the clock."""
    a, b = SYMBOLS[:2]

    events = told([(0, [a, b]), (3, [b])], THE_DAY_TURNED)

    assert [(event.symbol, event.at - NOON, event.rank, event.reason) for event in events if event.event == "left"] == [
        (a, 3 * NANOS, 1, "A fell"),
        (b, 3 * NANOS, 1, THE_DAY_TURNED),
    ]


def test_the_next_day_begins_with_nobody() -> None:
    """Who comes back after the turn enters anew, and of the others nothing more is told."""
    visits, (a, b) = ListVisits("alpha"), SYMBOLS[:2]
    visits.step(NOON, [a, b], [5.0, 4.0], lambda _symbol: "outranked")
    visits.end(Nanos(NOON + NANOS), THE_DAY_TURNED)

    morning = visits.step(Nanos(NOON + 2 * NANOS), [b], [4.0], lambda _symbol: "outranked")

    assert morning == [ListEvent(Nanos(NOON + 2 * NANOS), "alpha", b, "entered", 1, 4.0, NEW_TO_THE_LIST)]
    assert visits.settle(Nanos(NOON + 60 * NANOS)) == []


def test_an_exit_is_settled_although_the_list_stands_still() -> None:
    """Once ten seconds have passed it is told, once, with what was true when it happened."""
    visits, a = ListVisits("alpha"), SYMBOLS[0]
    visits.step(NOON, [a], [5.0], lambda _symbol: "outranked")
    visits.step(Nanos(NOON + NANOS), [], [], lambda _symbol: "outranked")

    early = visits.settle(Nanos(NOON + 11 * NANOS))
    due = visits.settle(Nanos(NOON + 11 * NANOS + 1))
    again = visits.settle(Nanos(NOON + 60 * NANOS))

    assert (early, again) == ([], [])
    assert due == [
        ListEvent(NOON, "alpha", a, "peak", 1, 5.0, ""),
        ListEvent(Nanos(NOON + NANOS), "alpha", a, "left", 1, 5.0, "outranked"),
    ]
