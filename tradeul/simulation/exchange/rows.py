"""The market's state in the vendor's words: snapshot rows, second bars and daily bars as JSON.

A row is encoded again only if its symbol traded since; all rows of one answer are of one instant. At the open
7,000 rows change between two snapshots, so columns become lists once per slice and each row is one literal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import orjson

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.session import NANOS
from tradeul.domain.slots import SLOT_SECONDS
from tradeul.simulation.chance import mixed
from tradeul.simulation.exchange.answers import ROWS_PER_SLICE
from tradeul.simulation.plans import Plan
from tradeul.simulation.quotes import quotes_after, spread_of
from tradeul.simulation.shape import PRICES_IN_TURNOVER, UNITS_PER_DOLLAR, Bars, Columns
from tradeul.simulation.symbol_bars import Candles
from tradeul.simulation.tape import Tape
from tradeul.simulation.trading_day import MINUTE
from tradeul.simulation.universe import Universe

MS_PER_SECOND: Final = 1000
NANOS_PER_MS: Final = 1_000_000

_ROWS_AT_ONCE: Final = 4 * ROWS_PER_SLICE
"""Short rows encoded between two turns of the loop: half a millisecond."""
_FLOAT_EVERY: Final = 7
_SCIENTIFIC_EVERY: Final = 31
ODD_LOT: Final = 100
_FORM_T, _ODD_LOT_TRADE = 12, 37
CONDITIONS: Final[tuple[list[int], ...]] = ([], [_ODD_LOT_TRADE], [_FORM_T], [_FORM_T, _ODD_LOT_TRADE])
"""Codes of a trade by its kind: 1 for fewer than 100 shares, and 2 outside the regular session."""
VENUES: Final = (4, 8, 10, 11, 12, 15, 19)
NAME_BITS: Final = np.uint64(40)
_NOTHING: Final = {"o": 0, "h": 0, "l": 0, "c": 0, "v": 0, "vw": 0}
_NO_MINUTE: Final = {**_NOTHING, "av": 0, "t": 0, "n": 0}

Objects = list[dict[str, Any]]
_encoder: Final = msgspec.json.Encoder()


def counted(numbers: Ints, rows: Ints) -> list[Any]:
    """Write counts the way the vendor does: mostly whole, for some symbols as floats or in powers of ten."""
    counts: list[Any] = numbers.tolist()
    for place in np.flatnonzero(rows % _FLOAT_EVERY == 0).tolist():
        counts[place] = float(counts[place])
    for place in np.flatnonzero((rows % _SCIENTIFIC_EVERY == 0) & (numbers > 0)).tolist():
        counts[place] = orjson.Fragment(_scientific(int(counts[place])))
    return counts


def _scientific(number: int) -> str:
    return f"{number:.{len(str(number)) - 1}e}"


def exactly(numbers: Ints) -> list[str]:
    """The decimal twins of counts: they have the fraction of a share that the counts leave out."""
    return [f"{number}.{number % 10}" for number in numbers.tolist()]


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


def trades_in(volume: Ints | Floats, trade_size: Floats) -> Ints:
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

    def __init__(self, universe: Universe, tape: Tape, plan: Plan) -> None:
        self.tape = tape
        self._universe = universe
        self._plan = plan
        self._spread = spread_of(universe.traits)
        self._encoded: list[bytes] = [b""] * len(universe.symbols)
        self._encoded_at = np.full(len(universe.symbols), -1)

    def answer(self, wanted: Ints) -> Iterator[bytes]:
        """The rows in turn. They are of the moment of this call, however slowly they are taken."""
        stale = wanted[self.tape.traded_at[wanted] != self._encoded_at[wanted]]
        image = image_of(self._universe, self.tape, stale, self._spread[stale])
        return self._rows_of(wanted, image, list(self._encoded))

    def _rows_of(self, wanted: Ints, image: Image, encoded: list[bytes]) -> Iterator[bytes]:
        place = 0
        for start in range(0, len(wanted), ROWS_PER_SLICE):
            rows = wanted[start : start + ROWS_PER_SLICE]
            end = int(np.searchsorted(image.rows, rows[-1], side="right"))
            for row, at, content in self._fresh(image.take(slice(place, end))):
                encoded[row] = content
                if at >= self._encoded_at[row]:
                    self._encoded[row], self._encoded_at[row] = content, at
            place = end
            yield from [encoded[row] for row in rows.tolist()]

    def _fresh(self, image: Image) -> Iterator[tuple[int, int, bytes]]:
        symbols = [self._universe.symbols[row] for row in image.rows.tolist()]
        return zip(image.rows.tolist(), image.traded_at.tolist(), _encoded(symbols, image, self._plan), strict=True)


def _encoded(symbols: list[Any], image: Image, plan: Plan) -> list[bytes]:
    change = np.where((image.previous.close > 0) & (image.price > 0), image.price - image.previous.close, 0)
    percent = 100.0 * change / np.maximum(image.previous.close, 1)
    days = _bars(image.regular, counted(image.volume, image.rows), rounded(image.vwap), image.otc)
    for day, exact in zip(days, exactly(image.volume), strict=True):
        if day is not _NOTHING:
            day["dv"] = exact
    turnover = average_price(image.previous.turnover, image.previous.volume)
    before = _bars(image.previous, counted(image.previous.volume, image.rows), turnover, image.otc)
    changes = (rounded(change / UNITS_PER_DOLLAR), rounded(percent))
    return [
        orjson.dumps(
            {
                "ticker": symbol,
                "todaysChange": absolute,
                "todaysChangePerc": relative,
                "updated": 0,
                "day": day,
                "min": minute,
                "prevDay": previous,
                **last,
            }
        )
        for symbol, absolute, relative, day, minute, previous, last in zip(
            symbols, *changes, days, _minutes(image), before, _last(image, plan), strict=True
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
    exact = (exactly(bars.volume), exactly(image.volume))
    columns = zip(
        zip(*prices_of(bars), strict=True), vwaps, *counts, *exact, image.minute_start_ms.tolist(), strict=True
    )
    objects = [
        {"o": first, "h": high, "l": low, "c": close, "v": v, "vw": vw, "av": av, "t": t, "n": n, "dv": dv, "dav": dav}
        if first
        else _NO_MINUTE
        for (first, high, low, close), vw, v, av, n, dv, dav, t in columns
    ]
    return _marked(objects, image.otc)


def _marked(objects: Objects, otc: Bools) -> Objects:
    for place in np.flatnonzero(otc).tolist():
        objects[place] = {**objects[place], "otc": True}
    return objects


def _last(image: Image, plan: Plan) -> Objects:
    """The last trade and the quote, as far as the plan shows them; nothing before the first trade of the day."""
    quotes = quotes_after(image.price, image.traded_at, image.spread, image.in_regular)
    trades = _last_trades(image)
    sides = (dollars(quotes.bid), quotes.bid_lots.tolist(), dollars(quotes.ask), quotes.ask_lots.tolist())
    objects: Objects = []
    for at, trade, bid, bid_lots, ask, ask_lots, quoted in zip(
        image.traded_at.tolist(), trades, *sides, quotes.at.tolist(), strict=True
    ):
        last: dict[str, Any] = {"updated": quoted if plan.quotes else at} if at else {}
        if at and plan.trades:
            last["lastTrade"] = trade
        if at and plan.quotes:
            last["lastQuote"] = {"p": bid, "s": bid_lots, "P": ask, "S": ask_lots, "t": quoted}
        objects.append(last)
    return objects


def _last_trades(image: Image) -> Objects:
    names = (mixed(image.traded_at.astype(np.uint64)) >> NAME_BITS).tolist()
    sizes = zip(image.last_size.tolist(), exactly(image.last_size), strict=True)
    return [
        {"p": price, "s": size, "ds": exact, "t": at, "x": VENUES[name % len(VENUES)], "i": str(name), **codes}
        for at, codes, price, name, (size, exact) in zip(
            image.traded_at.tolist(), _conditions(image), dollars(image.price), names, sizes, strict=True
        )
    ]


def _conditions(image: Image) -> list[dict[str, list[int]]]:
    kinds = [{"c": codes} if codes else {} for codes in CONDITIONS]
    kind = 2 * ~image.in_regular + (image.last_size < ODD_LOT)
    return [kinds[each] for each in kind.tolist()]


def daily_rows(universe: Universe, rows: Ints, bars: Bars, closed_at_ms: int) -> Iterator[bytes]:
    """The bars of these rows on a finished day, each as the vendor's daily bar, many at a time."""
    for part in _slices(len(rows)):
        yield _joined(_daily(universe, rows[part], bars.take(part), closed_at_ms))


def _daily(universe: Universe, rows: Ints, bars: Bars, closed_at_ms: int) -> Objects:
    trades = trades_in(bars.volume, universe.traits.trade_size[rows]).tolist()
    vwaps = average_price(bars.turnover, bars.volume)
    objects = _bars(bars, counted(bars.volume, rows), vwaps, universe.traits.otc[rows])
    return [
        {"T": universe.symbols[row], **bar, "t": closed_at_ms, "n": count}
        for row, bar, count in zip(rows.tolist(), objects, trades, strict=True)
    ]


class _CandleRow(msgspec.Struct, gc=False):
    """A bar of one symbol. Not a dict: a thousand of them would have the garbage collector look at everything."""

    v: Any
    vw: float
    o: float
    c: float
    h: float
    l: float  # noqa: E741  # the vendor's name
    t: int
    n: int


class _CounterCandleRow(_CandleRow, gc=False):
    """One that was traded over the counter."""

    otc: bool = True


def candle_rows(universe: Universe, row: int, candles: Candles) -> Iterator[bytes]:
    """The bars of one symbol, each with the start of its window, many at a time."""
    kind = _CounterCandleRow if universe.traits.otc[row] else _CandleRow
    trade_size = universe.traits.trade_size[row : row + 1]
    for each in _slices(len(candles.start)):
        part = candles.take(each)
        vwaps = rounded(part.turnover / part.volume / (PRICES_IN_TURNOVER * UNITS_PER_DOLLAR))
        prices = (dollars(price) for price in (part.open, part.close, part.high, part.low))
        counts = ((part.start // NANOS_PER_MS).tolist(), trades_in(part.volume, trade_size).tolist())
        yield _encoder.encode([*map(kind, _volumes(part.volume, row), vwaps, *prices, *counts)])[1:-1]


def _slices(count: int) -> Iterator[slice]:
    for start in range(0, count, _ROWS_AT_ONCE):
        yield slice(start, start + _ROWS_AT_ONCE)


def _joined(objects: Objects) -> bytes:
    """The rows of a list without its brackets: encoded one by one they take five times as long."""
    return orjson.dumps(objects)[1:-1]


def _volumes(volume: Floats, row: int) -> list[Any]:
    """Whole where no split made fractions of any in its slice."""
    counts: list[Any] = []
    for start in range(0, len(volume), ROWS_PER_SLICE):
        part = volume[start : start + ROWS_PER_SLICE]
        whole = np.rint(part)
        if (whole != part).any():
            counts += rounded(part)
        elif row % _SCIENTIFIC_EVERY == 0:
            counts += [msgspec.Raw(_scientific(number)) for number in whole.astype(np.int64).tolist()]
        else:
            counts += (whole if row % _FLOAT_EVERY == 0 else whole.astype(np.int64)).tolist()
    return counts
