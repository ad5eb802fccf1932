"""A snapshot's bytes to seven lists, as others write it: in NumPy columns, and in a model object per ticker."""

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
from pydantic import BaseModel

from tests.benchmarks.morning import BEGINS
from tests.support.market import NANOS
from tradeul.domain.events import Floats

COLUMNS = (
    *("price", "change", "change_percent", "gap_percent", "change_from_open", "volume_today", "dollar_volume"),
    *("high", "low", "distance_from_high", "range_position", "vwap_distance", "spread_bps", "updated"),
)
MEMORYLESS = ("gappers_up", "gappers_down", "momentum_up", "momentum_down", "winners", "losers", "reversals")
SIZE = 50
Lists = dict[str, list[tuple[str, dict[str, Any]]]]
"""Of each list its symbols in their order, and their values."""


def _columns(rows: list[dict[str, Any]], part: str, key: str) -> Floats:
    return np.array([row.get(part, {}).get(key, 0) for row in rows], np.float64)


def in_numpy(body: bytes) -> Lists:
    rows: list[dict[str, Any]] = orjson.loads(body)["tickers"]
    symbols = np.array([row["ticker"] for row in rows])
    midnight = (BEGINS - BEGINS % (86_400 * NANOS)) // 1_000_000
    trade, trade_at = _columns(rows, "lastTrade", "p"), _columns(rows, "lastTrade", "t") / 1e6
    minute, minute_at = _columns(rows, "min", "c"), _columns(rows, "min", "t")
    day, before = _columns(rows, "day", "c"), _columns(rows, "prevDay", "c")
    conditions = [(trade > 0) & (trade_at >= midnight), (minute > 0) & (minute_at >= midnight), day > 0]
    price = np.select(conditions, [trade, minute, day], np.nan)
    running = _columns(rows, "min", "av")
    volume = np.where((running > 0) & (minute_at >= midnight), running, _columns(rows, "day", "v"))
    found: dict[str, Floats] = {
        "price": price,
        "volume_today": volume,
        "updated": np.array([row["updated"] // 1_000_000 for row in rows], np.float64),
    }
    with np.errstate(all="ignore"):
        _derive(found, before, rows)
    return _numpy_lists(symbols, found)


def _derive(found: dict[str, Floats], before: Floats, rows: list[dict[str, Any]]) -> None:
    price, volume = found["price"], found["volume_today"]
    opened, high, low = (_columns(rows, "day", key) for key in "ohl")
    vwap, bid, ask = _columns(rows, "day", "vw"), _columns(rows, "lastQuote", "p"), _columns(rows, "lastQuote", "P")
    high, low = np.fmax(high, price), np.fmin(np.where(low > 0, low, np.nan), price)
    opened, before = np.where(opened > 0, opened, np.nan), np.where(before > 0, before, np.nan)
    found |= {
        "change": price - before,
        "change_percent": 100 * (price - before) / before,
        "gap_percent": 100 * (np.where(np.isnan(opened), price, opened) - before) / before,
        "change_from_open": 100 * (price - opened) / opened,
        "dollar_volume": volume * np.where(vwap > 0, vwap, price),
        "high": high,
        "low": low,
        "distance_from_high": 100 * (price - high) / high,
        "range_position": 100 * (price - low) / (high - low),
        "vwap_distance": 100 * (price - vwap) / vwap,
        "spread_bps": 10_000 * (ask - bid) / ((ask + bid) / 2),
    }
    for name, values in found.items():
        found[name] = np.round(values, 4)


def _numpy_lists(symbols: Any, found: dict[str, Floats]) -> Lists:
    gap, change, opened = found["gap_percent"], found["change_percent"], found["change_from_open"]
    live = (found["volume_today"] > 0) & (found["price"] >= 1) & (found["price"] <= 500)
    turned = ((gap >= 2) & (opened <= -1)) | ((gap <= -2) & (opened >= 1))
    wanted: dict[str, tuple[Any, Floats]] = {
        "gappers_up": (gap >= 2, -gap),
        "gappers_down": (gap <= -2, gap),
        "momentum_up": ((change >= 3) & ~np.isnan(opened), -opened),
        "momentum_down": ((change <= -3) & ~np.isnan(opened), opened),
        "winners": (change >= 5, -change),
        "losers": (change <= -5, change),
        "reversals": (turned, -np.abs(gap) - np.abs(opened)),
    }
    lists: Lists = {}
    for name, (where, key) in wanted.items():
        places = np.flatnonzero(live & where)
        best = places[np.lexsort((symbols[places], key[places]))[:SIZE]]
        values = {column: [_known(value) for value in found[column][best].tolist()] for column in COLUMNS}
        rows = [dict(zip(COLUMNS, each, strict=True)) for each in zip(*values.values(), strict=True)]
        lists[name] = list(zip(symbols[best].tolist(), rows, strict=True))
    return lists


def _known(value: float) -> float | None:
    return value if value == value and abs(value) != np.inf else None  # noqa: PLR0124  # NaN


class Bar(BaseModel):
    o: float = 0
    h: float = 0
    l: float = 0  # noqa: E741  # the vendor's name
    c: float = 0
    v: float = 0
    vw: float = 0
    av: float = 0
    t: int = 0


class Trade(BaseModel):
    p: float = 0
    t: int = 0


class Quote(BaseModel):
    p: float = 0
    P: float = 0
    t: int = 0


class Ticker(BaseModel):
    ticker: str
    updated: int = 0
    day: Bar = Bar()
    min: Bar = Bar()
    prevDay: Bar = Bar()  # noqa: N815  # the vendor's name
    lastTrade: Trade = Trade()  # noqa: N815
    lastQuote: Quote = Quote()  # noqa: N815


class Known(BaseModel):
    """A ticker with what follows from it."""

    symbol: str
    price: float
    volume_today: float
    change: float | None
    change_percent: float | None
    gap_percent: float | None
    change_from_open: float | None
    dollar_volume: float
    high: float
    low: float
    distance_from_high: float
    range_position: float | None
    vwap_distance: float | None
    spread_bps: float | None
    updated: int


def _percent(value: float, basis: float) -> float | None:
    return round(100 * (value - basis) / basis, 4) if basis > 0 else None


def _understood(ticker: Ticker) -> Known | None:
    midnight = (BEGINS - BEGINS % (86_400 * NANOS)) // 1_000_000
    day, minute, before, quote = ticker.day, ticker.min, ticker.prevDay.c, ticker.lastQuote
    of_today = minute.t >= midnight
    if ticker.lastTrade.p > 0 and ticker.lastTrade.t / 1e6 >= midnight:
        price = ticker.lastTrade.p
    else:
        price = minute.c if minute.c > 0 and of_today else day.c
    volume = minute.av if minute.av > 0 and of_today else day.v
    if price <= 0 or volume <= 0:
        return None
    high, low, middle = max(day.h, price), min(day.l or price, price), (quote.p + quote.P) / 2
    return Known(
        symbol=ticker.ticker,
        price=round(price, 4),
        volume_today=volume,
        change=round(price - before, 4) if before > 0 else None,
        change_percent=_percent(price, before),
        gap_percent=_percent(day.o or price, before),
        change_from_open=_percent(price, day.o),
        dollar_volume=round(volume * (day.vw or price), 4),
        high=high,
        low=low,
        distance_from_high=round(100 * (price - high) / high, 4),
        range_position=round(100 * (price - low) / (high - low), 4) if high > low else None,
        vwap_distance=_percent(price, day.vw),
        spread_bps=round(10_000 * (quote.P - quote.p) / middle, 4) if middle > 0 else None,
        updated=ticker.updated // 1_000_000,
    )


def _is_reversal(ticker: Known) -> bool:
    gap, opened = ticker.gap_percent, ticker.change_from_open
    if gap is None or opened is None:
        return False
    return (gap >= 2 and opened <= -1) or (gap <= -2 and opened >= 1)


def in_models(body: bytes) -> Lists:
    tickers = [Ticker(**row) for row in orjson.loads(body)["tickers"]]
    known = [each for each in map(_understood, tickers) if each is not None]
    live = [each for each in known if 1 <= each.price <= 500]
    both = [each for each in live if each.change_percent is not None]
    wanted: dict[str, tuple[list[Known], Callable[[Any], Any]]] = {
        "gappers_up": ([each for each in both if (each.gap_percent or 0) >= 2], lambda each: -each.gap_percent),
        "gappers_down": ([each for each in both if (each.gap_percent or 0) <= -2], lambda each: each.gap_percent),
        "momentum_up": (
            [each for each in both if (each.change_percent or 0) >= 3 and each.change_from_open is not None],
            lambda each: -each.change_from_open,
        ),
        "momentum_down": (
            [each for each in both if (each.change_percent or 0) <= -3 and each.change_from_open is not None],
            lambda each: each.change_from_open,
        ),
        "winners": ([each for each in both if (each.change_percent or 0) >= 5], lambda each: -each.change_percent),
        "losers": ([each for each in both if (each.change_percent or 0) <= -5], lambda each: each.change_percent),
        "reversals": (
            [each for each in both if _is_reversal(each)],
            lambda each: -abs(each.gap_percent) - abs(each.change_from_open),
        ),
    }
    lists: Lists = {}
    for name, (members, key) in wanted.items():
        members.sort(key=lambda each, key=key: (key(each), each.symbol))  # type: ignore[misc]
        lists[name] = [(each.symbol, each.model_dump()) for each in members[:SIZE]]
    return lists
