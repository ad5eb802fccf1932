"""Builders of market values for tests: images, bars, instants."""

import dataclasses
import datetime as dt
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tradeul.domain.events import DailyBars, LiveBar, MarketImage, Nanos, Symbol
from tradeul.domain.folding import Folded
from tradeul.domain.session import NEW_YORK, TradingCalendar
from tradeul.engine.enrichment import Enrichment

NANOS = 1_000_000_000
DAY = dt.date(2026, 11, 18)
"""A plain Wednesday."""
CALENDAR = TradingCalendar(
    {dt.date(2026, 11, 26): "Thanksgiving Day", dt.date(2026, 12, 25): "Christmas Day"}, [dt.date(2026, 11, 27)]
)


_WHOLE = ("updated", "minute_start", "trade_at", "quote_at")
_COLUMNS = tuple(
    name
    for name in (field.name for field in dataclasses.fields(MarketImage))
    if name not in ("symbols", "feed_time", "received_at", "checksum", "delayed", "simulated", "dropped")
)


def at(wall: str, day: dt.date = DAY) -> Nanos:
    """Turn "09:31" or "09:31:05" of a day in New York into an instant."""
    return Nanos(int(dt.datetime.combine(day, dt.time.fromisoformat(wall), NEW_YORK).timestamp()) * NANOS)


def traded(
    symbol: str, price: float, volume: float, when: Nanos, prev_close: float = 10.0, **more: Any
) -> dict[str, Any]:
    """Build a row that last traded at `when`, with a minute bar around the price."""
    row = {
        "symbol": symbol,
        "updated": when,
        "trade_price": price,
        "trade_at": when,
        "minute_start": when - when % (60 * NANOS),
        "minute_high": price,
        "minute_low": price,
        "minute_close": price,
        "minute_volume_today": volume,
        "prev_close": prev_close,
    }
    return row | more


def image(*rows: dict[str, Any], feed_time: Nanos | None = None, **whole: Any) -> MarketImage:
    """Build an image from rows of plain values; what a row does not name is 0, not set."""
    columns: dict[str, Any] = {
        name: np.array([row.get(name, 0) for row in rows], np.int64 if name in _WHOLE else np.float64)
        for name in _COLUMNS
    }
    newest = max([row.get("updated", 0) for row in rows], default=0)
    values: dict[str, Any] = {
        "feed_time": Nanos(newest) if feed_time is None else feed_time,
        "received_at": Nanos(0),
        "checksum": zlib.crc32(repr(rows).encode()),
        "delayed": False,
        "simulated": False,
        "dropped": {},
    }
    return MarketImage(symbols=tuple(Symbol(row["symbol"]) for row in rows), **columns, **(values | whole))


def take(enrichment: Enrichment, taken: MarketImage, now: Nanos) -> None:
    """Bring a board up to an image, as discovery does."""
    enrichment.apply_image(taken, enrichment.read(taken, now), now, now)


def live(enrichment: Enrichment, bars: Sequence[LiveBar]) -> None:
    """Bring a board up to live bars of seconds, as the hot loop does."""
    enrichment.apply_live(Folded(bars))


def bar(symbol: str, end: Nanos, close: float, volume_today: float = 0.0, **more: Any) -> LiveBar:
    """Build a one-second bar whose prices are all the close unless named."""
    values: dict[str, Any] = {
        "start": Nanos(end - NANOS), "open": close, "high": close, "low": close, "volume": 100.0, "vwap_today": 0.0,
        "official_open": 0.0,
    }  # fmt: skip
    return LiveBar(
        symbol=Symbol(symbol),
        end=end,
        close=close,
        volume_today=volume_today,
        **(values | more),
    )


def daily(day: dt.date, *rows: tuple[str, float, float, float, float]) -> DailyBars:
    """Build a session from (symbol, high, low, close, volume) rows."""
    columns = [np.array(column, np.float64) for column in zip(*(row[1:] for row in rows), strict=True)] or [
        np.empty(0)
    ] * 4
    high, low, close, volume = columns
    return DailyBars(
        date=day,
        symbols=tuple(Symbol(row[0]) for row in rows),
        open=close,
        high=high,
        low=low,
        close=close,
        volume=volume,
        vwap=close,
        trades=np.ones(len(close)),
    )
