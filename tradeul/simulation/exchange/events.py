"""What happened in the second that just ended in the words of the vendor's stream, each event encoded once for all.

Events come in batches of one topic, encoded as they are taken, so that the loop can breathe between. The last trade,
the quote and the minute of a symbol are those that its snapshot row shows at the same second.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.session import NANOS
from tradeul.domain.slots import SLOT_SECONDS
from tradeul.simulation.bands import bands_around
from tradeul.simulation.chance import mixed
from tradeul.simulation.exchange.rows import (
    CONDITIONS,
    MS_PER_SECOND,
    NAME_BITS,
    NANOS_PER_MS,
    ODD_LOT,
    VENUES,
    average_price,
    counted,
    dollars,
    exactly,
    prices_of,
    rounded,
    trades_in,
)
from tradeul.simulation.halts import Halt
from tradeul.simulation.prints import Prints, prints_of
from tradeul.simulation.quotes import quotes_after
from tradeul.simulation.tape import Tape, Trades
from tradeul.simulation.trading_day import MINUTE
from tradeul.simulation.universe import NASDAQ, NOWHERE, NYSE, Universe

SECOND_BARS, MINUTE_BARS, TRADES, QUOTES, LIMITS = "A", "AM", "T", "Q", "LULD"
EVENTS_PER_BATCH: Final = 300
_BARS_PER_SLICE: Final = 900
_PRINTED_BARS_PER_SLICE: Final = 150
"""Columns are worked out for so many bars at a time."""

HALTED, RESUMED, BAND, SAME_BAND = 17, 18, 21, 22
_BANDS: Final = (BAND, SAME_BAND)
_CONDITIONS: Final = tuple(f',"c":{codes}'.replace(" ", "") if codes else "" for codes in CONDITIONS)
_VENUES: Final = np.array(VENUES)
_REPORTED: Final = "4"
_FACILITY: Final = 202
"""What takes place at no exchange is reported to a facility."""
_NYSE_TAPE, _OTHER_TAPE, _NASDAQ_TAPE = ',"z":1', ',"z":2', ',"z":3'
_TAPES: Final = {NASDAQ: _NASDAQ_TAPE, NYSE: _NYSE_TAPE, NOWHERE: ""}
_OTC: Final = ',"otc":true'
_UNSET: Final = "0.0"

_NUMBERS_PER_SECOND: Final = 1000
_NUMBERS_PER_PRINT: Final = 16
_QUOTE_NUMBER: Final = 900
_LIMIT_NUMBER: Final = 998
"""Sequence numbers grow per symbol and leave gaps: trades come first in their second, limits last."""


class Batch(NamedTuple):
    """Some events of one topic, and the row of each."""

    topic: str
    rows: Ints
    events: list[bytes]


class _Span(NamedTuple):
    topic: str
    start_ms: int
    end_ms: int


def second_bars(universe: Universe, tape: Tape, trades: Trades) -> Iterator[Batch]:
    """One bar per symbol that traded in the second."""
    start_ms = (tape.day.hours.pre_market_start + (tape.second - 1) * NANOS) // NANOS_PER_MS
    span = _Span(SECOND_BARS, start_ms, start_ms + MS_PER_SECOND)
    for part in _parts(trades, _BARS_PER_SLICE):
        yield from _batches(SECOND_BARS, part.rows, _bars(universe, tape, part, part.bars.turnover, span))


def minute_bars(universe: Universe, tape: Tape, wanted: Bools) -> Iterator[Batch]:
    """When a minute ended with the second: one bar per wanted symbol that traded in it."""
    number, rest = divmod(tape.second, MINUTE)
    if rest:
        return
    rows = np.flatnonzero(wanted & (tape.minute_number == number - 1))
    start_ms = (tape.day.hours.pre_market_start + (number - 1) * MINUTE * NANOS) // NANOS_PER_MS
    span = _Span(MINUTE_BARS, start_ms, start_ms + MINUTE * MS_PER_SECOND)
    for part in _parts(Trades(rows, tape.minute.copied(rows)), _BARS_PER_SLICE):
        turnover = tape.turnover_of_minute[part.rows]
        yield from _batches(MINUTE_BARS, part.rows, _bars(universe, tape, part, turnover, span))


def trade_prints(universe: Universe, tape: Tape, trades: Trades) -> Iterator[Batch]:
    """Every trade of the second, symbol by symbol."""
    for part in _parts(trades, _PRINTED_BARS_PER_SLICE):
        prints = prints_of(tape.day, part.rows, tape.second - 1, part.bars)
        yield from _batches(TRADES, prints.rows, _prints(universe, tape, prints))


def last_quotes(universe: Universe, tape: Tape, trades: Trades, spread: Floats) -> Iterator[Batch]:
    """The quote of each symbol that traded as it stands after its last trade."""
    for part in _parts(trades, _BARS_PER_SLICE):
        yield from _batches(QUOTES, part.rows, _quotes(universe, tape, part.rows, spread[part.rows]))


def limits(
    universe: Universe, tape: Tape, rows: Ints, width: Floats, halts: Sequence[Halt], nanos_per_unit: int
) -> Iterator[Batch]:
    """Halts that began with the second or end with it, then the bands of these rows; while halted there is none."""
    second = tape.second - 1
    halted = [halt.row for halt in halts if halt.start <= second < halt.end]
    rows = rows[~np.isin(rows, halted)]
    told = [(halt.row, HALTED) for halt in halts if halt.start == second]
    told += [(halt.row, RESUMED) for halt in halts if halt.end == tape.second]
    bands = bands_around(universe.traits, width, tape, np.array([row for row, _ in told] + rows.tolist(), np.int64))
    codes = [code for _, code in told] + np.where(bands.moved, BAND, SAME_BAND)[len(told) :].tolist()
    numbers = [second * _NUMBERS_PER_SECOND + _LIMIT_NUMBER + (code in _BANDS) for code in codes]
    columns = (bands.rows, dollars(bands.upper), dollars(bands.lower), codes, bands.at // nanos_per_unit, numbers)
    return _batches(LIMITS, bands.rows, (_limit(universe, *each) for each in zip(*columns, strict=True)))


def _limit(universe: Universe, row: int, upper: float, lower: float, code: int, at: int, number: int) -> bytes:
    event = {"ev": LIMITS, "T": universe.symbols[row], "h": upper, "l": lower, "i": [code], "t": int(at), "q": number}
    tape = _tape_of(int(universe.traits.exchange[row]))
    return orjson.dumps(event)[:-1] + tape.encode() + b"}"


def _batches(topic: str, rows: Ints, events: Iterator[bytes]) -> Iterator[Batch]:
    for start in range(0, len(rows), EVENTS_PER_BATCH):
        part = rows[start : start + EVENTS_PER_BATCH]
        yield Batch(topic, part, list(itertools.islice(events, len(part))))


def _parts(trades: Trades, bars: int) -> Iterator[Trades]:
    """Slices of so many bars: what is worked out between two yields."""
    for start in range(0, len(trades.rows), bars):
        yield trades.take(slice(start, start + bars))


def _bars(universe: Universe, tape: Tape, trades: Trades, turnover: Ints, span: _Span) -> Iterator[bytes]:
    rows, bars = trades.rows, trades.bars
    average = bars.volume / trades_in(bars.volume, tape.day.plan.manner.trade_size[rows])
    columns = (
        _symbols(universe, rows),
        counted(bars.volume, rows),
        exactly(bars.volume),
        counted(tape.volume[rows], rows),
        exactly(tape.volume[rows]),
        average_price(turnover, bars.volume),
        *prices_of(bars),
        rounded(tape.vwap(rows)),
        np.rint(average).astype(np.int64).tolist(),
        dollars(tape.regular.open[rows]),
    )
    head, tail = f'{{"ev":"{span.topic}","sym":', f',"s":{span.start_ms},"e":{span.end_ms}'
    for otc, symbol, v, dv, av, dav, vw, first, high, low, last, today, size, official in zip(
        universe.traits.otc[rows].tolist(), *map(_texts, columns), strict=True
    ):
        optional = "" if official == _UNSET else f',"op":{official}'
        yield (
            f'{head}{symbol},"v":{v},"dv":{dv},"av":{av},"dav":{dav},"vw":{vw},"o":{first},"h":{high},"l":{low}'
            f',"c":{last},"a":{today},"z":{size}{tail}{optional}{_OTC if otc else ""}}}'
        ).encode()


def _prints(universe: Universe, tape: Tape, prints: Prints) -> Iterator[bytes]:
    draws = mixed(prints.at.astype(np.uint64))
    number = (tape.second - 1) * _NUMBERS_PER_SECOND + prints.number * _NUMBERS_PER_PRINT
    number += (draws % np.uint64(_NUMBERS_PER_PRINT)).astype(np.int64)
    names = (draws >> NAME_BITS).astype(np.int64)
    extended = not tape.day.regular(np.array((tape.second - 1) // SLOT_SECONDS))
    columns = (
        _symbols(universe, prints.rows),
        _VENUES[names % len(_VENUES)].tolist(),
        names.tolist(),
        dollars(prints.price),
        prints.size.tolist(),
        exactly(prints.size),
        (prints.at // NANOS_PER_MS).tolist(),
        number.tolist(),
    )
    kinds = (2 * extended + (prints.size < ODD_LOT)).tolist()
    exchanges = universe.traits.exchange[prints.rows].tolist()
    for kind, exchange, symbol, venue, name, price, size, exact, at_ms, sequence in zip(
        kinds, exchanges, *map(_texts, columns), strict=True
    ):
        facility = f',"trfi":{_FACILITY},"trft":{at_ms}' if venue == _REPORTED else ""
        yield (
            f'{{"ev":"T","sym":{symbol},"x":{venue},"i":"{name}","p":{price},"s":{size},"ds":{exact}'
            f',"t":{at_ms},"q":{sequence}{_CONDITIONS[kind]}{_tape_of(exchange)}{facility}}}'
        ).encode()


def _quotes(universe: Universe, tape: Tape, rows: Ints, spread: Floats) -> Iterator[bytes]:
    traded_at = tape.traded_at[rows]
    regular = np.full(len(rows), tape.day.regular(np.array((tape.second - 1) // SLOT_SECONDS)))
    quotes = quotes_after(tape.price[rows], traded_at, spread, regular)
    draws = (mixed(traded_at.astype(np.uint64)) >> NAME_BITS).astype(np.int64)
    number = (tape.second - 1) * _NUMBERS_PER_SECOND + _QUOTE_NUMBER + draws % (_LIMIT_NUMBER - _QUOTE_NUMBER)
    venues = _VENUES[1:]
    columns = (
        _symbols(universe, rows),
        venues[draws % len(venues)].tolist(),
        dollars(quotes.bid),
        quotes.bid_lots.tolist(),
        venues[draws // len(venues) % len(venues)].tolist(),
        dollars(quotes.ask),
        quotes.ask_lots.tolist(),
        (quotes.at // NANOS_PER_MS).tolist(),
        number.tolist(),
    )
    exchanges = universe.traits.exchange[rows].tolist()
    for exchange, symbol, bid_venue, bid, bid_lots, ask_venue, ask, ask_lots, at_ms, sequence in zip(
        exchanges, *map(_texts, columns), strict=True
    ):
        yield (
            f'{{"ev":"Q","sym":{symbol},"bx":{bid_venue},"bp":{bid},"bs":{bid_lots},"ax":{ask_venue},"ap":{ask}'
            f',"as":{ask_lots},"c":0,"t":{at_ms},"q":{sequence}{_tape_of(exchange)}}}'
        ).encode()


def _symbols(universe: Universe, rows: Ints) -> list[str]:
    return [universe.symbols[row] for row in rows.tolist()]


def _texts(column: list[Any]) -> list[str]:
    """Each value of a column as JSON. Encoding columns instead of events halves what the open costs."""
    return orjson.dumps(column)[1:-1].decode().split(",") if column else []


def _tape_of(exchange: int) -> str:
    """The consolidated tape that the symbol's exchange reports to; over the counter there is none."""
    return _TAPES.get(exchange, _OTHER_TAPE)
