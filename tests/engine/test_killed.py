"""Killed at any moment and restored is the same as never killed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.day import Process
from tests.support.market import CALENDAR, DAY, NANOS, at, bar, image, live, take, traded
from tradeul.domain.events import Nanos
from tradeul.domain.slot_book import SlotBook, Source
from tradeul.engine.enrichment import KEPT

SYMBOLS = ("A", "B", "c")
START = at("09:33:40")

step = st.tuples(
    st.sampled_from(["image", "image", "bars"]),
    st.integers(1, 25),
    st.tuples(*[st.tuples(st.integers(-40, 40), st.integers(0, 500)) for _ in SYMBOLS]),
)
Step = tuple[str, int, tuple[tuple[int, int], ...]]


class Tape:
    """A market that is what it is, whoever looks: images and bars of one truth."""

    def __init__(self) -> None:
        self.now = START
        self.price = dict.fromkeys(SYMBOLS, 10.0)
        self.high = dict.fromkeys(SYMBOLS, 10.0)
        self.low = dict.fromkeys(SYMBOLS, 10.0)
        self.volume = dict.fromkeys(SYMBOLS, 1_000.0)
        self.steps = 0

    def told(self, kind: str, seconds: int, moves: tuple[tuple[int, int], ...]) -> tuple[str, Nanos, Any]:
        self.now = Nanos(self.now + seconds * NANOS)
        self.steps += 1
        for symbol, (cents, shares) in zip(SYMBOLS, moves, strict=True):
            price = self.price[symbol] = round(max(1.0, self.price[symbol] + cents / 100), 4)
            self.high[symbol], self.low[symbol] = max(self.high[symbol], price), min(self.low[symbol], price)
            self.volume[symbol] += shares
        # The third symbol is listed late in the day.
        listed = SYMBOLS if self.steps > 4 else SYMBOLS[:2]
        if kind == "bars":
            return kind, self.now, [bar(name, self.now, self.price[name], self.volume[name]) for name in listed]
        rows = [
            traded(
                name, self.price[name], self.volume[name], self.now, day_open=10.0,
                day_high=self.high[name], day_low=self.low[name],
            )
            for name in listed
        ]  # fmt: skip
        return kind, self.now, image(*rows)


def run(process: Process, told: Sequence[tuple[str, Nanos, Any]]) -> None:
    for kind, when, what in told:
        if kind == "image":
            take(process.enrichment, what, when)
        elif process.enrichment.moment() is not None:
            live(process.enrichment, what)
        moment = process.enrichment.moment()
        if moment is not None:
            process.scanner.rank(process.enrichment.as_of, moment.session)


def heir(process: Process) -> Process:
    """The process that finds what this one left behind, all of it written."""
    book, state = process.enrichment.book, process.enrichment.state(process.scanner.inside())
    assert book is not None
    reread = SlotBook(book.date)
    for record in book.records:
        reread.take(record)
    after = Process()
    after.pipeline.resume(reread, state)
    return after


def columns(process: Process, names: Sequence[str]) -> dict[str, Any]:
    order = np.argsort(process.board.symbols)
    return {name: [repr(value) for value in process.board[name][order].tolist()] for name in names}


def closed_slots(process: Process) -> dict[str, dict[int, tuple[float, int]]]:
    assert process.enrichment.book is not None
    table = process.enrichment.book.table()
    result: dict[str, dict[int, tuple[float, int]]] = {}
    for row, slot in enumerate(table.slots):
        for place, symbol in enumerate(table.symbols):
            if table.sources[row, place]:
                value = float(table.volumes[row, place]), int(table.sources[row, place])
                result.setdefault(symbol, {})[slot] = value
    return result


@given(st.lists(step, min_size=1, max_size=12), st.lists(step, max_size=12))
def test_killed_between_two_moments_is_as_never_killed(before: list[Step], after: list[Step]) -> None:
    """Every column kept, the counters, who is inside and the slots: all equal from the next snapshot on."""
    tape = Tape()
    first = [tape.told("image", *START_QUIET), *(tape.told(*each) for each in before)]
    then = [tape.told("image", *each[1:]) if number == 0 else tape.told(*each) for number, each in enumerate(after)]
    unbroken, killed = Process(), Process()
    run(unbroken, first)
    run(killed, first)

    restored = heir(killed)
    same = (*KEPT, "new_highs_15m", "new_lows_15m")
    assert columns(restored, same) == columns(unbroken, same)
    run(unbroken, then)
    run(restored, then)

    assert columns(restored, same) == columns(unbroken, same)
    assert closed_slots(restored) == closed_slots(unbroken)
    for name, mask in unbroken.scanner.inside().items():
        assert restored.scanner.inside()[name].tolist() == mask.tolist()


START_QUIET: tuple[int, tuple[tuple[int, int], ...]] = (1, ((0, 0),) * 3)


@given(st.lists(step, max_size=10), st.lists(step, max_size=15), st.lists(step, max_size=6))
def test_what_was_missed_while_down_is_carried_and_made_up_for(
    before: list[Step], missed: list[Step], after: list[Step]
) -> None:
    """One snapshot later all is as in an unbroken run; only slots that ended meanwhile are lower bounds, and say so."""
    tape = Tape()
    first = [tape.told("image", *START_QUIET), *(tape.told(*each) for each in before)]
    killed_at = tape.now
    lost = [tape.told(*each) for each in missed]
    then = [tape.told("image", *START_QUIET), *(tape.told(*each) for each in after)]
    unbroken, killed = Process(), Process()
    run(unbroken, [*first, *lost, *then])
    run(killed, first)

    restored = heir(killed)
    run(restored, then)

    same = ("price", "price_at", "high", "low", "volume_today", "open", "updated")
    assert columns(restored, same) == columns(unbroken, same)
    mine, theirs = closed_slots(restored), closed_slots(unbroken)
    back_at = then[0][1]
    for symbol, slots in mine.items():
        for slot, (volume, source) in slots.items():
            ended = CALENDAR.hours(DAY).pre_market_start + (slot + 1) * 300 * NANOS
            if killed_at < ended <= back_at:
                assert volume <= theirs[symbol][slot][0]
                assert source == Source.CARRIED or ended - killed_at <= 15 * NANOS
            else:
                assert (volume, source) == theirs[symbol][slot]


def test_after_a_long_gap_a_higher_high_is_learned_and_no_event() -> None:
    """Down for minutes, nobody knows when it was made; down for seconds, it is as new as any."""
    counted = {}
    for down_s in (5, 300):
        killed = Process()
        run(killed, [("image", START, image(traded("A", 10.0, 100, START)))])
        restored = heir(killed)
        back = Nanos(START + down_s * NANOS)
        run(restored, [("image", back, image(traded("A", 10.5, 200, back)))])
        counted[down_s] = (restored.show("high"), restored.show("new_highs_15m"))

    assert counted == {5: (10.5, 1.0), 300: (10.5, 0)}
