"""The trading floor: keeps the tape at the clock's second, hands each second's trades on, works ahead.

Several may ask for the tape at once; a lock makes them wait for one another, so every second is played once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Final, TypeVar

import structlog

from tradeul.clock import Clock
from tradeul.simulation.market import Market
from tradeul.simulation.tape import Tape, Trades
from tradeul.simulation.trading_day import MINUTE

MOST_SECONDS_CAUGHT_UP: Final = 30
"""Further behind than this, the floor jumps, and the seconds between are sent to nobody."""
_SPARE_SECONDS: Final = 10
"""The coming minute is ready so long before it begins."""

log = structlog.get_logger(__name__)

Publish = Callable[[Tape, Trades], Awaitable[None]]
Result = TypeVar("Result")


async def in_slices(work: Generator[None, None, Result]) -> Result:
    """Do work that yields every few milliseconds, letting others run between."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
        await asyncio.sleep(0)


class Floor:
    """Owns the tape of the clock's trading date."""

    def __init__(self, market: Market, clock: Clock, publish: Publish) -> None:
        self._market = market
        self._clock = clock
        self._publish = publish
        self._tape: Tape | None = None
        self._turn = asyncio.Lock()

    async def tape_now(self) -> Tape:
        """Bring the tape to the last whole second; what the caller reads before it waits again is of that second."""
        async with self._turn:
            tape = await self._tape_of_today()
            second = tape.day.second_at(self._clock.now())
            if second - tape.second > MOST_SECONDS_CAUGHT_UP:
                await self._jump(tape, second)
            while tape.second < second:
                if not tape.ready():
                    await in_slices(tape.make_ready())
                await self._publish(tape, tape.play())
            return tape

    async def work_ahead(self) -> None:
        """Do this second's part of preparing the coming minute."""
        async with self._turn:
            tape = self._tape
            if tape is None or not tape.ready():
                return
            seconds_left = max(MINUTE - tape.second % MINUTE - _SPARE_SECONDS, 1)
            work = tape.prepare_ahead()
            for _ in range(1 + tape.slices_ahead() // seconds_left):
                if next(work, self) is self:
                    return
                await asyncio.sleep(0)

    async def _tape_of_today(self) -> Tape:
        date = self._market.calendar.trading_date(self._clock.now())
        if self._tape is None or self._tape.day.hours.date != date:
            tape = Tape(await in_slices(self._market.day(date)))
            await in_slices(tape.place(tape.day.second_at(self._clock.now())))
            self._tape = tape
            log.info("simulated_day_opened", market=self._market.name, date=date.isoformat(), second=tape.second)
        return self._tape

    async def _jump(self, tape: Tape, second: int) -> None:
        log.warning("simulated_seconds_skipped", seconds=second - tape.second)
        await in_slices(tape.place(second))
