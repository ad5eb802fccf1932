"""Bars of a recording for the chart in a replay, up to where the replay stands and not a moment further.

The recording is read once from its beginning, in the background and at half the pace it could be, whatever is played:
somebody who begins in the middle, or leaps, has the morning's bars too. Until all of it up to the replay's own now is
read, an answer says that it is not complete. Nothing is asked of a vendor.
"""

from pathlib import Path
from typing import Final

import numpy as np

from tradeul.clock import Clock
from tradeul.domain.events import MarketImage, Nanos, SymbolBars
from tradeul.domain.minutes import MINUTE_NS
from tradeul.domain.session import TradingCalendar
from tradeul.engine.charts import Chart, Charts, Question
from tradeul.errors import SnapshotRefused, VendorUnavailable
from tradeul.polygon.rest import PolygonRest
from tradeul.recording.format import Body, Gap
from tradeul.replay.minutes import Minutes, Shown
from tradeul.replay.tape import Tape

REST_S: Final = 0.005
"""Between two items at least, however little the last one took."""
ITEMS_AT_ONCE: Final = 64


class RecordedCharts(Charts):
    """Answers from one recording."""

    def __init__(self, file: Path, source: PolygonRest, clock: Clock, calendar: TradingCalendar) -> None:
        super().__init__(source, None, clock, calendar)
        self._file = file
        self._wall = clock
        self.minutes = Minutes()
        self._first: Nanos | None = None
        self._reached = Nanos(0)
        """What came until then is read."""
        self._whole = True

    async def run(self) -> None:
        """Read all of the recording."""
        tape = Tape(self._file)
        try:
            began = self._wall.monotonic()
            for number, item in enumerate(tape.recording.items()):
                if isinstance(item, Gap):
                    self._whole = False
                elif isinstance(item, Body):
                    await self._take(tape, item)
                self._reached = item.last if isinstance(item, Gap) else item.arrived
                if isinstance(item, Body) or number % ITEMS_AT_ONCE == 0:
                    await self._wall.pause(max(REST_S, self._wall.monotonic() - began))
                    began = self._wall.monotonic()
            self._reached = Nanos(2**63 - 1)
        finally:
            tape.close()

    async def chart(self, question: Question) -> Chart:
        """Bars that are over at the replay's now; that of the minute under way is what is shown live."""
        if question.span == "day":
            raise VendorUnavailable("a recording holds no daily bars")
        now = self.now()
        found = self.minutes.bars(question.symbol, now, question.span)
        length = question.span * MINUTE_NS
        within = (found.start + length > question.first) & (found.start <= question.last)
        begun = self._first is not None and self._first <= question.first
        return Chart(_only(found, within), "kept", complete=self._whole and begun and self._reached >= now)

    async def _take(self, tape: Tape, body: Body) -> None:
        try:
            image = await tape.image(body)
        except SnapshotRefused:
            return
        if image is not None:
            self._first = self._first or body.arrived
            self.minutes.take(image.symbols, shown_by(image), body.arrived)


def shown_by(image: MarketImage) -> Shown:
    """What an image says of the minute of each symbol's newest event: its bar, or else the last trade in it."""
    minute = image.updated // MINUTE_NS
    barred = (image.minute_start // MINUTE_NS == minute) & (image.minute_close > 0)
    traded = (image.trade_at // MINUTE_NS == minute) & (image.trade_price > 0)
    price = np.where(barred, image.minute_close, np.where(traded, image.trade_price, np.nan))
    high = np.where(barred & (image.minute_high > 0), image.minute_high, price)
    low = np.where(barred & (image.minute_low > 0), image.minute_low, price)
    volume = np.where(image.minute_volume_today > 0, image.minute_volume_today, image.day_volume)
    return Shown(image.updated, price, high, low, volume)


def _only(bars: SymbolBars, within: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> SymbolBars:
    names = ("start", "open", "high", "low", "close", "volume", "vwap", "trades")
    return SymbolBars(bars.symbol, bars.adjusted, **{name: getattr(bars, name)[within] for name in names})
