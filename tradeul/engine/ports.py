"""What the engine needs from the edges, as protocols. The edges implement them without importing one another."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tradeul.domain.events import DailyBars, MarketImage, MarketStatus, Nanos, SecondBar, Symbol
from tradeul.domain.session import Moment, TradingCalendar

Deliver = Callable[[Sequence[SecondBar]], None]
"""Takes live bars without waiting."""


class MarketSource(Protocol):
    """The whole market on request. Every method raises `VendorError` kinds only."""

    async def snapshot(self) -> MarketImage:
        """Fetch one image of the market now."""

    async def daily_bars(self, day: dt.date) -> DailyBars:
        """Fetch every symbol's finished bar of `day`, adjusted for splits; no symbols on a day without trading."""

    async def market_status(self) -> MarketStatus:
        """Fetch what the vendor says the market is doing."""


class LiveFeed(Protocol):
    """Second-by-second bars of the wanted symbols."""

    def want(self, symbols: frozenset[Symbol]) -> None:
        """Replace the set of symbols to be followed; takes effect without waiting."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """How fresh the market on the board is. `since` is market time; `age_ms` is of the last accepted snapshot."""

    state: Literal["live", "stale", "partial", "closed", "starting"]
    since: Nanos
    reason: str
    age_ms: int | None


class View(Protocol):
    """What the server tells viewers and programs beyond the lists; every answer is ready at once."""

    calendar: TradingCalendar

    def market(self) -> Literal["live", "delayed", "simulated", "replay"]:
        """Name the market that is shown."""

    def moment(self) -> Moment:
        """Place the present in the market's time."""

    def feed(self) -> FeedState:
        """Say how fresh the board is."""

    def health(self) -> dict[str, object]:
        """Say what is well and what is not, in words."""

    def scanner_status(self) -> dict[str, object]:
        """Show the funnel from the market to the lists, with ages and times."""
