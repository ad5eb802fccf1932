"""The market's state in the vendor's words: snapshot rows, second bars and daily bars as JSON.

A row is encoded again only if its symbol traded since; all rows of one answer are of one instant. At the open
7,000 rows change between two snapshots, so columns become lists once per slice and each row is one literal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.session import NANOS
from tradeul.domain.slots import SLOT_SECONDS
from tradeul.simulation.chance import mixed
from tradeul.simulation.quotes import quotes_after, spread_of
from tradeul.simulation.shape import PRICES_IN_TURNOVER, UNITS_PER_DOLLAR, Bars, Columns
from tradeul.simulation.tape import Tape, Trades
from tradeul.simulation.trading_day import MINUTE
from tradeul.simulation.universe import Universe

ROWS_PER_SLICE: Final = 150
MS_PER_SECOND: Final = 1000
NANOS_PER_MS: Final = 1_000_000

_FLOAT_EVERY: Final = 7
_SCIENTIFIC_EVERY: Final = 31
_ODD_LOT: Final = 100
_FORM_T, _ODD_LOT_TRADE = 12, 37
_VENUES: Final = (4, 8, 10, 11, 12, 15, 19)
_NAME_BITS: Final = np.uint64(40)
_NOTHING: Final = {"o": 0, "h": 0, "l": 0, "c": 0, "v": 0, "vw": 0}
_NO_MINUTE: Final = {**_NOTHING, "av": 0, "t": 0, "n": 0}

Objects = list[dict[str, Any]]


def counted(numbers: Ints, rows: Ints) -> list[Any]:
    """Write counts the way the vendor does: mostly whole, for some symbols as floats or in powers of ten."""
    counts: list[Any] = numbers.tolist()
    for place in np.flatnonzero(rows % _FLOAT_EVERY == 0).tolist():
        counts[place] = float(counts[place])
    for place in np.flatnonzero((rows % _SCIENTIFIC_EVERY == 0) & (numbers > 0)).tolist():
        number = int(counts[place])
        counts[place] = orjson.Fragment(f"{number:.{len(str(number)) - 1}e}")
    return counts


def dollars(price: Ints) -> list[float]:
    values: list[float] = (price / UNITS_PER_DOLLAR).tolist()
    return values


def rounded(values: Floats) -> list[float]:
    digits: list[float] = np.round(values, 4).tolist()
    return digits


def average_price(turnover: Ints, volume: Ints) -> list[float]:
    return rounded(turnover / np.maximum(volume, 1) / (PRICES_IN_TURNOVER * UNITS_PER_DOLLAR))


def prices_of(bars: Bars) -> tuple[list[float], list[float], list[float], list[float]]:
    return dollars(bars.open), dollars(bars.high), dollars(bars.low), dollars(bars.close)


def trades_in(volume: Ints, trade_size: Floats) -> Ints:
    return np.maximum(np.rint(volume / trade_size), 1).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Image(Columns):
    """The tape's columns for some rows at one instant, copied."""

    rows: Ints
    otc: Bools
    traded_at: Ints
    price: Ints
    last_size: Ints
    volume: Ints
    vwap: Floats
    regular: Bars
    minute: Bars
    minute_start_ms: Ints
    minute_turnover: Ints
    trade_size: Floats
    previous: Bars
    spread: Floats
    in_regular: Bools


def image_of(universe: Universe, tape: Tape, rows: Ints, spread: Floats) -> Image:
    """Copy what is needed of these rows, without waiting."""
    start = tape.day.hours.pre_market_start
    traded_at = tape.traded_at[rows]
    return Image(
        rows=rows,
        otc=universe.traits.otc[rows],
        traded_at=traded_at,
        price=tape.price[rows],
        last_size=tape.trade_size[rows],
        volume=tape.volume[rows],
        vwap=tape.vwap(rows),
        regular=tape.regular.copied(rows),
        minute=tape.minute.copied(rows),
        minute_start_ms=(start + tape.minute_number[rows] * MINUTE * NANOS) // NANOS_PER_MS,
        minute_turnover=tape.turnover_of_minute[rows],
        trade_size=tape.day.plan.manner.trade_size[rows],
        previous=tape.day.plan.previous.take(rows),
        spread=spread,
        in_regular=tape.day.regular((traded_at - start) // NANOS // SLOT_SECONDS),
    )


class SnapshotRows:
    """The rows of one trading date, kept encoded."""

    def __init__(self, universe: Universe, tape: Tape) -> None:
        self.tape = tape
        self._universe = universe
        self._spread = spread_of(universe.traits)
        self._encoded: list[bytes] = [b""] * len(universe.symbols)
        self._encoded_at = np.full(len(universe.symbols), -1)

    def answer(self, wanted: Ints) -> Iterator[bytes]:
        """The whole answer in pieces. It is of the moment of this call, however slowly it is taken."""
        stale = wanted[self.tape.traded_at[wanted] != self._encoded_at[wanted]]
        image = image_of(self._universe, self.tape, stale, self._spread[stale])
        return self._pieces(wanted, image, list(self._encoded))

    def _pieces(self, wanted: Ints, image: Image, encoded: list[bytes]) -> Iterator[bytes]:
        yield b'{"status":"OK","count":%d,"tickers":[' % len(wanted)
        place = 0
        for start in range(0, len(wanted), ROWS_PER_SLICE):
            rows = wanted[start : start + ROWS_PER_SLICE]
            end = int(np.searchsorted(image.rows, rows[-1], side="right"))
            for row, at, content in self._fresh(image.take(slice(place, end))):
                encoded[row] = content
                if at >= self._encoded_at[row]:
                    self._encoded[row], self._encoded_at[row] = content, at
            place = end
            yield (b"," if start else b"") + b",".join([encoded[row] for row in rows.tolist()])
        yield b"]}"

    def _fresh(self, image: Image) -> Iterator[tuple[int, int, bytes]]:
        symbols = [self._universe.symbols[row] for row in image.rows.tolist()]
        return zip(image.rows.tolist(), image.traded_at.tolist(), _rows_of(symbols, image), strict=True)


def _rows_of(symbols: list[Any], image: Image) -> list[bytes]:
    change = np.where((image.previous.close > 0) & (image.price > 0), image.price - image.previous.close, 0)
    percent = 100.0 * change / np.maximum(image.previous.close, 1)
    days = _bars(image.regular, counted(image.volume, image.rows), rounded(image.vwap), image.otc)
    turnover = average_price(image.previous.turnover, image.previous.volume)
    before = _bars(image.previous, counted(image.previous.volume, image.rows), turnover, image.otc)
    changes = (rounded(change / UNITS_PER_DOLLAR), rounded(percent))
    return [
        orjson.dumps(
            {
                "ticker": symbol,
                "todaysChange": absolute,
                "todaysChangePerc": relative,
                "updated": last["lastQuote"]["t"] if last else 0,
                "day": day,
                "min": minute,
                "prevDay": previous,
                **last,
            }
        )
        for symbol, absolute, relative, day, minute, previous, last in zip(
            symbols, *changes, days, _minutes(image), before, _last(image), strict=True
        )
    ]


def _bars(bars: Bars, volumes: list[Any], vwaps: list[float], otc: Bools) -> Objects:
    traded = (bars.volume > 0).tolist()
    columns = zip(traded, *prices_of(bars), volumes, vwaps, strict=True)
    objects = [
        {"o": open_, "h": high, "l": low, "c": close, "v": volume, "vw": vwap} if there else _NOTHING
        for there, open_, high, low, close, volume, vwap in columns
    ]
    return _marked(objects, otc)


def _minutes(image: Image) -> Objects:
    bars, rows = image.minute, image.rows
    vwaps = average_price(image.minute_turnover, bars.volume)
    counts = (
        counted(bars.volume, rows),
        counted(image.volume, rows),
        trades_in(bars.volume, image.trade_size).tolist(),
    )
    columns = zip(*prices_of(bars), vwaps, *counts, image.minute_start_ms.tolist(), strict=True)
    objects = [
        {"o": open_, "h": high, "l": low, "c": close, "v": volume, "vw": vwap, "av": total, "t": start, "n": trades}
        if open_
        else _NO_MINUTE
        for open_, high, low, close, vwap, volume, total, trades, start in columns
    ]
    return _marked(objects, image.otc)


def _marked(objects: Objects, otc: Bools) -> Objects:
    for place in np.flatnonzero(otc).tolist():
        objects[place] = {**objects[place], "otc": True}
    return objects


def _last(image: Image) -> Objects:
    """The last trade and the quote; both are left out before the first trade of the day."""
    quotes = quotes_after(image.price, image.traded_at, image.spread, image.in_regular)
    draw = mixed(image.traded_at.astype(np.uint64))
    columns = (quotes.bid_lots, quotes.ask_lots, quotes.at, image.last_size, draw >> _NAME_BITS)
    prices = (dollars(image.price), dollars(quotes.bid), dollars(quotes.ask))
    numbers = (column.tolist() for column in columns)
    return [
        {
            "lastTrade": {"p": price, "s": size, "t": at, "x": _VENUES[name % len(_VENUES)], "i": str(name), **codes},
            "lastQuote": {"p": bid, "s": bid_lots, "P": ask, "S": ask_lots, "t": quoted},
        }
        if at
        else {}
        for at, codes, price, bid, ask, bid_lots, ask_lots, quoted, size, name in zip(
            image.traded_at.tolist(), _conditions(image), *prices, *numbers, strict=True
        )
    ]


def _conditions(image: Image) -> list[dict[str, list[int]]]:
    kinds: tuple[dict[str, list[int]], ...] = (
        {},
        {"c": [_ODD_LOT_TRADE]},
        {"c": [_FORM_T]},
        {"c": [_FORM_T, _ODD_LOT_TRADE]},
    )
    kind = 2 * ~image.in_regular + (image.last_size < _ODD_LOT)
    return [kinds[each] for each in kind.tolist()]


def second_events(universe: Universe, tape: Tape, trades: Trades) -> Iterator[bytes]:
    """The second that just ended as one event per symbol that traded."""
    rows, bars = trades.rows, trades.bars
    start = (tape.day.hours.pre_market_start + (tape.second - 1) * NANOS) // NANOS_PER_MS
    average = bars.volume / trades_in(bars.volume, tape.day.plan.manner.trade_size[rows])
    prices = zip(*prices_of(bars), average_price(bars.turnover, bars.volume), rounded(tape.vwap(rows)), strict=True)
    counts = (counted(bars.volume, rows), counted(tape.volume[rows], rows), np.rint(average).astype(np.int64).tolist())
    extras = zip(dollars(tape.regular.open[rows]), universe.traits.otc[rows].tolist(), strict=True)
    for row, volume, total, size, (open_, high, low, close, vwap, today), (official, otc) in zip(
        rows.tolist(), *counts, prices, extras, strict=True
    ):
        event = {
            "ev": "A",
            "sym": universe.symbols[row],
            "v": volume,
            "av": total,
            "vw": vwap,
            "o": open_,
            "c": close,
            "h": high,
            "l": low,
            "a": today,
            "z": size,
            "s": start,
            "e": start + MS_PER_SECOND,
        }
        if official:
            event["op"] = official
        if otc:
            event["otc"] = True
        yield orjson.dumps(event)


def daily_rows(universe: Universe, bars: Bars, wanted: Ints, closed_at_ms: int) -> Iterator[bytes]:
    """The wanted rows of a finished day, each as the vendor's daily bar."""
    taken = bars.take(wanted)
    trades = trades_in(taken.volume, universe.traits.trade_size[wanted]).tolist()
    vwaps = average_price(taken.turnover, taken.volume)
    otc = universe.traits.otc[wanted]
    objects = _bars(taken, counted(taken.volume, wanted), vwaps, otc)
    for row, bar, count in zip(wanted.tolist(), objects, trades, strict=True):
        yield orjson.dumps({"T": universe.symbols[row], **bar, "t": closed_at_ms, "n": count})
