"""The job `slots`: volumes by slot of the last sessions, from the vendor's five-minute bars, symbol by symbol.

Only what is missing or known as a lower bound is asked for, so a run after a kill goes on where the last one ended.
Symbols in play come first; after each piece their baselines go to the board, so relative volume turns exact symbol by
symbol. Slots of today that were missed are filled on the way. A session that is still on its way from its day file is
left to a later run. At the end the averages are kept.
"""

import datetime as dt
from collections.abc import Callable
from typing import ClassVar, Final

from tradeul.clock import Clock
from tradeul.domain.averages import LONG_SESSIONS
from tradeul.domain.session import ONE_DAY, TradingCalendar
from tradeul.domain.splits import SplitBook
from tradeul.history import slot_store
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.sessions import coming_date, finished_sessions
from tradeul.history.jobs.slot_fill import Fill, Filling

HALF_PAST_ONE: Final = dt.time(1, 30)
HALF_PAST_FOUR: Final = dt.time(4, 30)
KEEPING_S: Final = 30.0
SPLITS_BACK: Final = 2 * LONG_SESSIONS * ONE_DAY
DAYS_AT_ONCE: Final = 60
"""As many as fit into the bits of a number."""


class SlotsJob:
    """Fills `slot_days` and today's holes. `pending` tells whether a session is still on its way from its file."""

    name = "slots"
    due: dt.time | None = HALF_PAST_ONE

    prices: ClassVar[bool] = False
    """Whether who lacks only the prices is asked for."""

    def __init__(
        self, filling: Filling, pending: Callable[[dt.date], bool], clock: Clock, calendar: TradingCalendar
    ) -> None:
        self._filling = filling
        self._pending = pending
        self._clock = clock
        self._calendar = calendar

    async def run(self, progress: Progress, days: int | None) -> None:
        """Fill what is missing of the last `days` sessions, and average those that make a usual day."""
        filling, as_of = self._filling, coming_date(self._clock, self._calendar)
        splits = SplitBook(await filling.sessions.splits(as_of - SPLITS_BACK), as_of)
        found = finished_sessions(self._clock, self._calendar, days or LONG_SESSIONS)
        sessions = [day for day in found if not self._pending(day)]
        for first in range(0, max(1, len(sessions)), DAYS_AT_ONCE):
            fill = Fill(filling, self._calendar, progress, as_of, splits, prices=self.prices)
            await fill.run(sessions[first : first + DAYS_AT_ONCE])
        await self._average(progress, as_of, splits)

    async def _average(self, progress: Progress, as_of: dt.date, splits: SplitBook) -> None:
        filling = self._filling
        progress.note = "averaging"
        averages = await filling.volumes.baseline(as_of, splits)
        async with filling.lender.lent(KEEPING_S) as connection:
            await slot_store.keep_averages(connection, averages)


class PricesJob(SlotsJob):
    """The job `prices`: the same questions for whoever lacks the prices by slot, which a day seen live has none of.

    Backtests play these days again. A question a symbol every night: so it comes last, and nothing live waits for it.
    """

    name = "prices"
    due: dt.time | None = HALF_PAST_FOUR
    prices = True
