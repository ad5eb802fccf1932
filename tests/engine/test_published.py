"""What is noted at a slot's end: what the board showed then, and nothing of slots that passed unseen."""

import datetime as dt

import numpy as np
import pytest

from tests.support.eventually import eventually, running
from tests.support.market import CALENDAR, DAY, at, image, take, traded
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Symbol
from tradeul.domain.fields import RVOL_METHODS
from tradeul.domain.published import NOT_NOTED, PublishedSlot
from tradeul.domain.slot_book import Source
from tradeul.domain.usual import Baseline
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.published import RETRY_S, WAITING, Published

SLOTS = 192


class HandStore:
    """A store that a test holds in its hand; it refuses while it is `full`."""

    def __init__(self, *kept: tuple[dt.date, int]) -> None:
        self.full = False
        self.kept = [(day, PublishedSlot(slot, (), *[np.zeros(0)] * 3)) for day, slot in kept]  # type: ignore[arg-type]
        self.aside: list[dt.date] = []

    def days(self) -> list[dt.date]:
        return sorted({day for day, _ in self.kept} - set(self.aside))

    def slots(self, day: dt.date) -> list[PublishedSlot]:
        return [slot for of, slot in self.kept if of == day]

    def append(self, day: dt.date, slot: PublishedSlot) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.kept.append((day, slot))

    def put_aside(self, day: dt.date) -> None:
        self.aside.append(day)


class Rig:
    """A board of which a hundred shares a slot are usual, and who notes what it shows."""

    def __init__(self, wall: str = "09:30", store: HandStore | None = None) -> None:
        self.clock = ManualClock(at(wall))
        self.store = store or HandStore()
        self.board = Board(capacity=4)
        self.enrichment = Enrichment(self.board, CALENDAR)
        self.published = Published(self.board, self.store, self.clock, CALENDAR)
        self.enrichment.slot_closed = self.published.note

    def show(self, wall: str, **volumes: float) -> None:
        """An image of these volumes so far."""
        when = at(wall)
        take(self.enrichment, image(*(traded(symbol, 10.0, shares, when) for symbol, shares in volumes.items())), when)

    def usual(self, *symbols: str) -> None:
        ends = np.arange(1.0, SLOTS + 1)[:, None] * np.full(len(symbols), 100.0)
        baseline = Baseline(DAY, tuple(map(Symbol, symbols)), ends, np.full(len(symbols), 5))
        self.enrichment.apply_baseline(baseline, 0)

    def notes(self) -> list[tuple[dt.date, int]]:
        return [(day, slot.slot) for day, slot in self.store.kept]


async def test_what_the_board_showed_at_the_end_is_noted() -> None:
    """The last values before it, their methods, and the sources of the volumes; not what came a moment later."""
    rig = Rig()
    async with running(rig.published.run):
        rig.show("09:34:50", A=100.0, B=50.0)
        rig.usual("A")
        rig.show("09:34:58", A=13_400.0, B=60.0)
        shown = rig.board["rvol"].tolist()
        rig.show("09:35:03", A=99_999.0, B=99_999.0, C=5.0)
        await rig.clock.advance(1.0)
        await eventually(lambda: rig.store.kept)

    ((day, slot),) = rig.store.kept
    # Who comes with the image that ends the slot has a row by then, and showed nothing before.
    assert (day, slot.slot, slot.symbols) == (DAY, 66, ("A", "B", "C"))
    assert slot.rvol[0] == pytest.approx(shown[0]) == pytest.approx(2.0, rel=0.01)
    assert np.isnan(slot.rvol[1:]).all()
    assert slot.methods.tolist() == [RVOL_METHODS.index("exact"), RVOL_METHODS.index("none"), NOT_NOTED]
    assert slot.sources.tolist() == [Source.LIVE, Source.LIVE, Source.UNKNOWN]


async def test_a_feed_that_fell_silent_leaves_what_was_shown() -> None:
    """Each slot that closes meanwhile has the old value, as a lower bound."""
    rig = Rig()
    rig.show("09:31", A=100.0)
    rig.usual("A")
    rig.show("09:31:05", A=13_400.0)
    rig.enrichment.close_slots(at("09:40:03"), at("09:31:05"))
    await rig.published.close()

    assert rig.notes() == [(DAY, 66), (DAY, 67)]
    assert {slot.sources[0] for _, slot in rig.store.kept} == {Source.CARRIED}
    assert len({float(slot.rvol[0]) for _, slot in rig.store.kept}) == 1


async def test_slots_that_passed_unseen_are_not_noted() -> None:
    """Of a start in the middle of the day, and of the first image after a pause."""
    rig = Rig()
    rig.show("09:31", A=100.0)
    await rig.published.close()

    assert rig.notes() == []


async def test_a_disk_that_refuses_is_tried_again() -> None:
    """In order, once there is room; two hours may wait, the oldest are given up and counted."""
    rig = Rig("04:00")
    rig.store.full = True
    rig.show("04:01", A=100.0)
    async with running(rig.published.run):
        rig.enrichment.close_slots(at("06:15:03"), at("04:01"))
        await rig.clock.advance(1.0)
        await eventually(lambda: rig.published.failures == 1)
        rig.store.full = False
        for _ in range(round(RETRY_S) + 1):
            await rig.clock.advance(1.0)
        await eventually(lambda: len(rig.store.kept) == WAITING)

    assert rig.published.lost == 27 - WAITING
    assert rig.notes() == [(DAY, slot) for slot in range(27 - WAITING, 27)]


async def test_what_is_later_than_the_clock_is_put_aside() -> None:
    """Of later days, and of today where a slot has not ended yet; the rest stays."""
    yesterday, tomorrow = CALENDAR.previous(DAY), CALENDAR.following(DAY)
    before = HandStore((yesterday, 191), (DAY, 65), (tomorrow, 0))
    async with running(Rig("09:30", before).published.run):
        await eventually(lambda: before.aside)
    after = HandStore((yesterday, 191), (DAY, 65), (DAY, 66))
    async with running(Rig("09:34:59", after).published.run):
        await eventually(lambda: after.aside)

    assert (before.aside, after.aside) == ([tomorrow], [DAY])
