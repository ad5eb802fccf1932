"""The vendor's WebSocket frames: what comes in as live events and status messages, what goes out as text.

Sans-I/O and tolerant element by element: one that is unknown or bad is counted and costs only itself.
`conversation` speaks with it, `stream` hands it the bytes.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple, NewType

import msgspec

from tradeul.domain.events import LiveBar, LiveEvents, LiveQuote, LiveTrade, Nanos, PriceBand, Symbol
from tradeul.fetching.rows import LONGEST_SYMBOL, plain_number, without_nulls
from tradeul.fetching.slicing import UNREADABLE
from tradeul.polygon.wire import NANOS_PER_MILLI, Amount, InMillis, InNanos

Channel = NewType("Channel", str)
"""What can be subscribed: a topic and a symbol such as `A.BRK.B`, or a topic of the whole market such as `LULD.*`."""

SECONDS: Final = "A"
MINUTES: Final = "AM"
TRADES: Final = "T"
QUOTES: Final = "Q"
BANDS: Final = "LULD"

_MINUTE_MS: Final = 60_000
_SECOND_MS: Final = 1000
_NANOS_PER_MICRO: Final = 1000

_COUNTED: Final = frozenset({0, 1, 3, 4, 8, 9, 11, 14, 23, 25, 27, 28, 30, 34, 36, 41})
"""Conditions with which a trade makes the tape's last price, and its high or low: regular sales, prints of opens and
closes, sweeps and the like. With any other of them, or one that is unknown, it is volume alone: odd lots (37), average,
contingent and derivative prices, what is sold late or out of sequence."""
_EXTENDED: Final = 12
"""Form T: a trade of the extended hours, whose bars count it, while those of the regular session do not."""

_HALT: Final = 17
_REOPENING: Final = 18

# The documents say milliseconds, older ones microseconds, and the wire has nanoseconds: the size tells.
_SURELY_NANOS: Final = 10**17
_SURELY_MICROS: Final = 10**14
_SURELY_MILLIS: Final = 10**11
_LATEST: Final = 2**63 - 1

_Name = Annotated[str, msgspec.Meta(max_length=LONGEST_SYMBOL)]


class StatusMessage(NamedTuple):
    """What the vendor says about the connection or a subscription."""

    status: str
    message: str


class Frame(NamedTuple):
    """One frame's content in the order it was sent, and how many elements were of no use."""

    events: LiveEvents
    statuses: list[StatusMessage]
    ignored: int
    """Elements of a kind that nobody asked for."""
    bad: int
    """Elements, or the whole frame, that cannot be what they say they are."""


class _Bar(msgspec.Struct, gc=False, tag_field="ev"):
    sym: _Name = ""
    v: Amount = 0.0
    av: Amount = 0.0
    op: Amount = 0.0
    o: Amount = 0.0
    c: Amount = 0.0
    h: Amount = 0.0
    l: Amount = 0.0  # noqa: E741  # the vendor's name
    vw: Amount = 0.0
    a: Amount = 0.0
    z: Any = 0
    """The average size of a trade. It has been seen to be other than a number, which must not cost the bar."""
    s: InMillis = 0
    e: InMillis = 0


class _Second(_Bar, gc=False, tag=SECONDS):
    pass


class _Minute(_Bar, gc=False, tag=MINUTES):
    pass


class _Trade(msgspec.Struct, gc=False, tag_field="ev", tag=TRADES):
    sym: _Name = ""
    p: Amount = 0.0
    s: Amount = 0.0
    t: InMillis = 0
    x: float = 0.0
    c: list[int] = []


class _Quote(msgspec.Struct, gc=False, tag_field="ev", tag=QUOTES):
    sym: _Name = ""
    bp: Amount = 0.0
    bs: Amount = 0.0
    ap: Amount = 0.0
    as_: Amount = msgspec.field(name="as", default=0.0)
    t: InMillis = 0


class _Band(msgspec.Struct, gc=False, tag_field="ev", tag=BANDS):
    T: _Name = ""
    h: Amount = 0.0
    l: Amount = 0.0  # noqa: E741  # the vendor's name
    i: list[int] = []
    t: InNanos = 0


class _Status(msgspec.Struct, gc=False, tag_field="ev", tag="status"):
    status: str = ""
    message: str = ""


class _FairValue(msgspec.Struct, gc=False, tag_field="ev", tag="FMV"):
    """Not used, but named here: an unknown kind would cost its frame the fast way."""


class _Imbalance(msgspec.Struct, gc=False, tag_field="ev", tag="NOI"):
    """Likewise."""


_Element = _Second | _Minute | _Trade | _Quote | _Band | _Status | _FairValue | _Imbalance
_KINDS: Final = {SECONDS, MINUTES, TRADES, QUOTES, BANDS, "status", "FMV", "NOI"}
_decode_elements = msgspec.json.Decoder(list[_Element]).decode


def decode_frame(raw: bytes | str) -> Frame:
    """One frame, whatever is in it."""
    ignored = bad = 0
    try:
        elements: Sequence[_Element] = _decode_elements(raw)
    except UNREADABLE:
        elements, ignored, bad = _readable(raw)
    frame = Frame(LiveEvents([], [], [], [], []), [], 0, 0)
    seconds = frame.events.seconds
    for element in elements:
        # By far the most are these; everything else may take the longer way.
        if type(element) is _Second:
            bar = _bar(element, _SECOND_MS)
            if bar is not None:
                seconds.append(bar)
            else:
                bad += 1
        elif isinstance(element, _FairValue | _Imbalance):
            ignored += 1
        elif not _taken(element, frame):
            bad += 1
    return frame._replace(ignored=ignored, bad=bad)


def encode_auth(api_key: str) -> str:
    """The message that authenticates the connection."""
    return _command("auth", api_key)


def encode_subscribe(channels: Iterable[Channel]) -> str:
    """The message that asks for `channels`."""
    return _command("subscribe", ",".join(channels))


def encode_unsubscribe(channels: Iterable[Channel]) -> str:
    """The message that asks for `channels` no more."""
    return _command("unsubscribe", ",".join(channels))


def channel_of(topic: str, symbol: str) -> Channel:
    """The channel on which a topic's events of a symbol come, or of all symbols: `*`."""
    return Channel(f"{topic}.{symbol}")


def _command(action: str, params: str) -> str:
    return msgspec.json.encode({"action": action, "params": params}).decode()


def _readable(raw: bytes | str) -> tuple[list[_Element], int, int]:
    """The elements of a frame that could not be read as one, the number of ignored and of bad ones."""
    try:
        values = json.loads(raw, parse_float=plain_number, parse_constant=plain_number, object_pairs_hook=without_nulls)
    except (ValueError, RecursionError):
        return [], 0, 1
    elements: list[_Element] = []
    ignored = bad = 0
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, dict) and not _known(value.get("ev")):
            ignored += 1
            continue
        try:
            elements.append(msgspec.convert(value, _Element))
        except UNREADABLE:
            bad += 1
    return elements, ignored, bad


def _known(kind: object) -> bool:
    return isinstance(kind, str) and kind in _KINDS


def _taken(element: _Element, frame: Frame) -> bool:
    """Whether the element could be used; where it belongs is then known from its kind."""
    match element:
        case _Bar() if (bar := _bar(element, _MINUTE_MS)) is not None:
            frame.events.minutes.append(bar)
        case _Trade() if _named(element.sym) and element.t > 0 and element.p > 0:
            frame.events.trades.append(_trade(element))
        case _Quote() if _named(element.sym) and element.t > 0 and (element.bp > 0 or element.ap > 0):
            frame.events.quotes.append(_quote(element))
        case _Band() if _named(element.T) and _instant(element.t) > 0:
            frame.events.bands.append(_band(element))
        case _Status():
            frame.statuses.append(StatusMessage(element.status, element.message))
        case _:
            return False
    return True


def _named(symbol: str) -> bool:
    return symbol.isascii() and symbol.isprintable() and symbol != ""


def _bar(bar: _Bar, length_ms: int) -> LiveBar | None:
    """The bar if all its prices are there and in order: what is missing or 0 was not traded.

    Called 12,000x/s where the whole market is followed, so that names and calls are saved: 2 microseconds.
    """
    symbol, start, high, low, opened, closed = bar.sym, bar.s, bar.h, bar.l, bar.o, bar.c
    if not (0 < low <= opened <= high and low <= closed <= high and start > 0 and _named(symbol)):
        return None
    end, volume, size = bar.e, bar.v, bar.z
    if end <= start:
        end = start + length_ms
    # How many trades it was made of follows from their average size, which is rounded.
    told = isinstance(size, int | float) and size >= 1 and volume > 0
    trades = max(1.0, float(round(volume / size))) if told else 0.0
    today, vwap_today, official_open, vwap = bar.av, bar.a, bar.op, bar.vw
    start, end = start * NANOS_PER_MILLI, end * NANOS_PER_MILLI
    return _made(
        (symbol, start, end, opened, high, low, closed, volume, today, vwap_today, official_open, vwap, trades)
    )


_made = LiveBar._make


def _counts(conditions: list[int]) -> Literal["always", "extended", "never"]:
    """Whether the price of a trade with these conditions counts."""
    others = set(conditions) - _COUNTED
    if not others:
        return "always"
    return "extended" if others == {_EXTENDED} else "never"


def _trade(trade: _Trade) -> LiveTrade:
    at = Nanos(trade.t * NANOS_PER_MILLI)
    return LiveTrade(Symbol(trade.sym), at, trade.p, trade.s, int(trade.x), tuple(trade.c), _counts(trade.c))


def _quote(quote: _Quote) -> LiveQuote:
    at = Nanos(quote.t * NANOS_PER_MILLI)
    return LiveQuote(Symbol(quote.sym), at, quote.bp, quote.ap, quote.bs, quote.as_)


def _band(band: _Band) -> PriceBand:
    says: Literal["band", "halted", "resumed"] = "band"
    for code in band.i:
        if code in {_HALT, _REOPENING}:
            says = "halted" if code == _HALT else "resumed"
    return PriceBand(Symbol(band.T), _instant(band.t), band.l, band.h, says)


def _instant(time: int) -> Nanos:
    """A time whose unit only its size tells; 0 if it is none."""
    if time > _SURELY_NANOS:
        return Nanos(time)
    nanos = time * (_NANOS_PER_MICRO if time > _SURELY_MICROS else NANOS_PER_MILLI)
    return Nanos(nanos if time > _SURELY_MILLIS and nanos <= _LATEST else 0)
