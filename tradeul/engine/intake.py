"""Takes live events from the feed without waiting, and holds them until the hot loop comes for them.

Bounded by itself: events of one symbol fold together (`domain/folding`), so a feed that is faster than the engine loses
no newest value, volume or extreme, only the steps between, which are counted. The newest minute of a symbol is kept
apart from those before it, as slots end with a minute, and what is of before the open from what is not: a dozen entries
a symbol at most. Notes, too, how late what comes is by its own time.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Generic, Protocol, TypeVar

from tradeul.clock import Clock
from tradeul.domain.events import LiveBar, LiveEvents, LiveQuote, LiveTrade, Nanos, PriceBand, Symbol
from tradeul.domain.folding import (
    Folded,
    TradeFold,
    fold_of,
    folded_bars,
    folded_trades,
    newer_band,
    newer_quote,
)
from tradeul.domain.lags import Lags
from tradeul.domain.minutes import MINUTE_NS, minute_of
from tradeul.domain.session import Session, TradingCalendar, moment_at
from tradeul.engine.vitals import Vitals

KINDS: Final = LiveEvents._fields


class _OfSymbol(Protocol):
    @property
    def symbol(self) -> Symbol: ...


class _InMinute(_OfSymbol, Protocol):
    @property
    def start(self) -> Nanos: ...


Event = TypeVar("Event", bound=_OfSymbol)
Span = TypeVar("Span", bound=_InMinute)


class _Pending(Generic[Event]):
    """At most one per symbol."""

    def __init__(self, fold: Callable[[Event, Event], Event]) -> None:
        self._fold = fold
        self._held: dict[Symbol, Event] = {}

    def put(self, events: Iterable[Event]) -> int:
        """Take these; how many were folded."""
        held, folded = self._held, 0
        for event in events:
            waiting = held.get(event.symbol)
            if waiting is None:
                held[event.symbol] = event
            else:
                held[event.symbol] = self._fold(waiting, event)
                folded += 1
        return folded

    def take(self) -> list[Event]:
        events = list(self._held.values())
        self._held.clear()
        return events


class _ByMinute(Generic[Span]):
    """At most three per symbol: of its newest minute, of those before it, and of before the open."""

    def __init__(self, fold: Callable[[Span, Span], Span], early: Callable[[Nanos], bool]) -> None:
        self._fold = fold
        self._early = early
        self._newest: dict[Symbol, Span] = {}
        self._before_open, self._older = _Pending(fold), _Pending(fold)

    def put(self, spans: Iterable[Span]) -> int:
        """Take these; how many were folded. In `hot.mode = "all"` called with 12,000 bars a second."""
        newest, folded = self._newest, 0
        for span in spans:
            waiting = newest.get(span.symbol)
            if waiting is None:
                newest[span.symbol] = span
                continue
            ahead = span.start // MINUTE_NS - waiting.start // MINUTE_NS
            if not ahead:
                newest[span.symbol] = self._fold(waiting, span)
                folded += 1
            elif ahead < 0:
                folded += self._put_older(span)
            else:
                folded += self._put_older(waiting)
                newest[span.symbol] = span
        return folded

    def take(self) -> tuple[list[Span], list[Span], list[Span]]:
        """Hand over all: of before the open, of older minutes, of the newest."""
        newest = list(self._newest.values())
        self._newest.clear()
        return self._before_open.take(), self._older.take(), newest

    def _put_older(self, span: Span) -> int:
        return (self._before_open if self._early(span.start) else self._older).put((span,))


class Intake:
    """Everything that comes from the feed goes through one of these."""

    def __init__(self, clock: Clock, calendar: TradingCalendar, vitals: Vitals) -> None:
        self._clock = clock
        self._calendar = calendar
        self._vitals = vitals
        self._seconds = _ByMinute[LiveBar](folded_bars, self._is_early)
        self._minutes = _ByMinute[LiveBar](folded_bars, self._is_early)
        self._trades = _ByMinute[TradeFold](folded_trades, self._is_early)
        self._quotes = _Pending[LiveQuote](newer_quote)
        # Apart, so that no band hides a word of a halt.
        self._words, self._bands = _Pending[PriceBand](newer_band), _Pending[PriceBand](newer_band)
        self._arrived = asyncio.Event()
        self._minute = Nanos(-1)
        self._session = Session.CLOSED
        self.lags = Lags()
        """How late events are by their own time, and not for the delay that the feed is known to have."""
        self.received_of: Counter[str] = Counter()
        """By kind."""
        self.folded_of: Counter[str] = Counter()
        """Those that were joined with one that waited, by kind."""

    @property
    def received(self) -> int:
        return self.received_of.total()

    @property
    def folded(self) -> int:
        return self.folded_of.total()

    def deliver(self, events: LiveEvents) -> None:
        """Take some events; never waits."""
        if not any(events):
            return
        self._count(self.received_of, [len(kind) for kind in events])
        words = [band for band in events.bands if band.says != "band"]
        bands = [band for band in events.bands if band.says == "band"]
        folded = (
            self._seconds.put(events.seconds),
            self._minutes.put(events.minutes),
            self._trades.put(map(self._fold_of, events.trades)),
            self._quotes.put(events.quotes),
            self._words.put(words) + self._bands.put(bands),
        )
        self._count(self.folded_of, folded)
        now = self._clock.now()
        self.lags.note(now - self._vitals.behind_ns - events.newest(), now)
        self._arrived.set()

    async def arrival(self) -> None:
        """Wait until something is pending."""
        await self._arrived.wait()

    def take(self) -> list[Folded]:
        """Hand over what is pending: what is of before the open first, then of older minutes, then the newest."""
        early, older, newest = map(Folded, self._seconds.take(), self._minutes.take(), self._trades.take())
        newest = newest._replace(quotes=self._quotes.take(), bands=self._words.take() + self._bands.take())
        self._arrived.clear()
        return [folded for folded in (early, older, newest) if any(folded)]

    def report(self) -> Mapping[str, object]:
        """For health. How late the feed is, is of the last minute; None if nothing came in it."""
        lag = self.lags.last_minute(self._clock.now())
        return {
            "received": {kind: self.received_of[kind] for kind in KINDS},
            "folded": {kind: self.folded_of[kind] for kind in KINDS},
            "from_the_future": self._vitals.events_from_the_future,
            "lag_ms": None if lag is None else lag._asdict(),
        }

    def _count(self, counters: Counter[str], numbers: Iterable[int]) -> None:
        for kind, number in zip(KINDS, numbers, strict=True):
            counters[kind] += number

    def _fold_of(self, trade: LiveTrade) -> TradeFold:
        return fold_of(trade, regular=self._session_at(trade.at) is Session.MARKET_OPEN)

    def _is_early(self, at: Nanos) -> bool:
        return self._session_at(at) is Session.PRE_MARKET

    def _session_at(self, at: Nanos) -> Session:
        """The session of an instant, which hardly ever is another than the last one's."""
        minute = minute_of(at)
        if minute != self._minute:
            self._minute, self._session = minute, moment_at(self._calendar, minute).session
        return self._session
