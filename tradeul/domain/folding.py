"""What a fast feed's events come to where the engine is slower: of each kind at most one for a symbol.

Folding loses the steps between and nothing that counts: volume and extremes are kept, and the newest price, quote and
word of a halt, in whatever order they came. `engine/intake` folds, `engine/live_rows` applies what was folded.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tradeul.domain.events import LiveBar, LiveQuote, LiveTrade, Nanos, PriceBand, Symbol


class TradeFold(NamedTuple):
    """Trades of one symbol within one minute. Where no price counts, `at` and the prices are 0."""

    symbol: Symbol
    start: Nanos
    """When the first of them was."""
    end: Nanos
    """When the last of them was."""
    trades: int
    at: Nanos
    """When the newest was whose price counts."""
    price: float
    high: float
    low: float


class Folded(NamedTuple):
    """What was folded: of each kind at most one for a symbol, but for a band beside the word of a halt."""

    seconds: Sequence[LiveBar] = ()
    minutes: Sequence[LiveBar] = ()
    trades: Sequence[TradeFold] = ()
    quotes: Sequence[LiveQuote] = ()
    bands: Sequence[PriceBand] = ()

    def count(self) -> int:  # type: ignore[override]  # of a tuple nobody wants to know how often a value is in it
        """How many of all kinds."""
        return sum(map(len, self))

    def until(self, latest: Nanos) -> "Folded":
        """Leave out what is of later, which cannot be true."""
        return Folded(
            [bar for bar in self.seconds if bar.end <= latest],
            [bar for bar in self.minutes if bar.end <= latest],
            [trades for trades in self.trades if trades.end <= latest],
            [quote for quote in self.quotes if quote.at <= latest],
            [band for band in self.bands if band.at <= latest],
        )

    def pieces(self, size: int) -> Iterator["Folded"]:
        """The same in pieces, each of at most so many of a kind."""
        for first in range(0, max(map(len, self)), size):
            piece = slice(first, first + size)
            seconds, minutes, trades, quotes, bands = self
            yield Folded(seconds[piece], minutes[piece], trades[piece], quotes[piece], bands[piece])


def folded_bars(first: LiveBar, second: LiveBar) -> LiveBar:
    """Join two bars of one symbol, in whatever order they came, into what the board needs of both."""
    older, newer = (first, second) if second.end >= first.end else (second, first)
    replaced = older.start == newer.start
    return LiveBar(
        newer.symbol,
        older.start,
        newer.end,
        older.open,
        max(older.high, newer.high),
        min(older.low, newer.low),
        newer.close,
        newer.volume if replaced else older.volume + newer.volume,
        max(older.volume_today, newer.volume_today),
        newer.vwap_today or older.vwap_today,
        newer.official_open or older.official_open,
        newer.vwap,
        newer.trades if replaced else older.trades + newer.trades,
    )


def fold_of(trade: LiveTrade, *, regular: bool) -> TradeFold:
    """Begin with one trade; `regular` says whether it took place in the regular session."""
    counts = trade.price_counts == "always" or (trade.price_counts == "extended" and not regular)
    at, price = (trade.at, trade.price) if counts else (Nanos(0), 0.0)
    return TradeFold(trade.symbol, trade.at, trade.at, 1, at, price, price, price)


def folded_trades(first: TradeFold, second: TradeFold) -> TradeFold:
    """Join trades of one symbol and minute; of two at the same instant the later one to come is the newer."""
    older, newer = (first, second) if second.at >= first.at else (second, first)
    return TradeFold(
        symbol=first.symbol,
        start=min(first.start, second.start),
        end=max(first.end, second.end),
        trades=first.trades + second.trades,
        at=newer.at,
        price=newer.price,
        high=max(older.high, newer.high),
        low=min(older.low, newer.low) if older.at else newer.low,
    )


def newer_quote(first: LiveQuote, second: LiveQuote) -> LiveQuote:
    """The newer of two quotes; of one instant the later one to come."""
    return second if second.at >= first.at else first


def newer_band(first: PriceBand, second: PriceBand) -> PriceBand:
    """The newer of two bands, or of two words of halts."""
    return second if second.at >= first.at else first
