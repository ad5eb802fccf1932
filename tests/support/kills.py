"""The program killed again and again in the middle of a session, and what its day's file must tell afterwards."""

import datetime as dt
import random
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.history.worlds import place
from tests.support.eventually import eventually
from tests.support.market import NANOS, at
from tests.support.program import Setting, alive, passed
from tests.support.simulated import worked
from tradeul.clock import SystemClock
from tradeul.domain.events import Nanos
from tradeul.domain.slot_book import SlotBook, SlotTable, Source, slot_end
from tradeul.history.dayfile import DayFiles
from tradeul.simulation.market import Market
from tradeul.simulation.tape import Tape
from tradeul.world import calendar_of

BEGINS = at("09:41")
DAY = dt.date(2026, 11, 18)
SLOT_S = 300
LIVES_S = (0.3, 3.3)
"""Wall seconds from the first ranking to the kill."""
SEEN_BEFORE_END_S = 15
"""What was seen of a slot is of its last seconds."""
WRITTEN_WITHIN_S = 2
"""Wall seconds in which a slot that ended is in the file."""


class Tale(NamedTuple):
    """What came of it all."""

    table: SlotTable
    began: Nanos
    """When the lists of the first life stood."""
    written_until: Nanos
    """What ended by then must be in the file."""
    ranked_after_s: list[float]


async def tale_of(kills: int, speed: float) -> Tale:
    """Live and die so often at random moments, and once more to a natural end."""
    draw = random.Random(9)  # noqa: S311  # repeatable moments, no secret
    with place() as folder:
        setting = Setting(folder, BEGINS, speed)
        clock, ranked, began = setting.clock, list[float](), Nanos(0)
        for _ in range(kills):
            async with alive(setting) as life:
                began = began or clock.now()
                ranked.append(life.ranked_after_s)
                await passed(clock, draw.uniform(*LIVES_S) * speed)
        async with alive(setting) as life:
            ranked.append(life.ranked_after_s)
            await passed(clock, SLOT_S + SLOT_S / 10)
            # A machine that does much else falls behind such a clock, and sees few slots end.
            await eventually(lambda: seen_in(setting.world / "today", began) > setting.symbols // 2, every_s=0.2)
            written_until = Nanos(0)

            def is_up_to_date() -> bool:
                nonlocal written_until
                written_until = Nanos(int(clock.now() - WRITTEN_WITHIN_S * speed * NANOS))
                return reaches(book_in(setting.world / "today"), written_until)

            await eventually(is_up_to_date, every_s=0.2)
            assert await life.end() == 0
        return Tale(book_in(setting.world / "today"), began, written_until, ranked)


def reaches(table: SlotTable, until: Nanos) -> bool:
    """Whether every slot that ended by then is in a table."""
    return slot_end(calendar_of(SystemClock()).hours(DAY), table.slots[-1] + 1) > until


def book_in(folder: Path) -> SlotTable:
    """The day as its file tells it."""
    book = SlotBook(DAY)
    for record in DayFiles(folder, "sim-1").records(DAY):
        book.take(record)
    return book.table()


def seen_in(folder: Path, since: Nanos) -> int:
    """How many volumes were seen as their slots ended, since a moment."""
    table, hours = book_in(folder), calendar_of(SystemClock()).hours(DAY)
    ended = [slot_end(hours, slot) >= since for slot in table.slots]
    return int((table.sources[ended] == Source.LIVE).sum())


def check_nothing_lost(table: SlotTable, began: Nanos, written_until: Nanos, symbols: int) -> None:
    """Every slot that ended since `began` is there, no volume is more than was traded by its end, and one that was seen
    is no less than what was traded by its last seconds.
    """
    market = Market(1, symbols, calendar_of(SystemClock()))
    tape = Tape(worked(market.day(DAY)))
    hours = market.calendar.hours(DAY)
    assert table.slots == tuple(range(table.slots[0], table.slots[-1] + 1))
    assert slot_end(hours, table.slots[0]) <= began + SLOT_S * NANOS
    assert reaches(table, written_until)
    seen = 0
    for number, slot in enumerate(table.slots):
        end = slot_end(hours, slot)
        if end < began:
            continue
        least, most = volumes_at(market, tape, Nanos(end - SEEN_BEFORE_END_S * NANOS)), volumes_at(market, tape, end)
        for symbol, volume, source in zip(
            map(str, table.symbols), table.volumes[number], table.sources[number], strict=True
        ):
            if np.isnan(volume):
                continue
            assert volume <= most[symbol]
            if source == Source.LIVE:
                assert volume >= least[symbol]
                seen += 1
    assert seen > symbols // 2


def volumes_at(market: Market, tape: Tape, instant: Nanos) -> dict[str, int]:
    """What had truly traded by then, by symbol; the tape goes forwards only."""
    worked(tape.place(tape.day.second_at(instant)))
    return dict(zip(map(str, market.universe.symbols), tape.volume.tolist(), strict=True))
