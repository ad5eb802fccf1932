"""The vendor's WebSocket frames: what comes in as bars and status messages, what goes out as text.

Sans-I/O and tolerant element by element: one that is unknown or bad is counted and costs only itself.
`conversation` speaks with it, `stream` hands it the bytes.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, NamedTuple

import msgspec

from tradeul.domain.events import Nanos, SecondBar, Symbol
from tradeul.polygon.rows import LONGEST_SYMBOL, plain_number, without_nulls
from tradeul.polygon.slicing import UNREADABLE
from tradeul.polygon.wire import NANOS_PER_MILLI, Amount, InMillis

SECOND_MS = 1000

CHANNEL = "A."


class StatusMessage(NamedTuple):
    """What the vendor says about the connection or a subscription."""

    status: str
    message: str


class Frame(NamedTuple):
    """One frame's content in the order it was sent, and how many elements were of no use."""

    bars: list[SecondBar]
    statuses: list[StatusMessage]
    ignored: int
    """Elements of a kind that nobody asked for."""
    bad: int
    """Elements, or the whole frame, that cannot be what they say they are."""


class _Element(msgspec.Struct, gc=False):
    """Both kinds that matter at once: which fields are set depends on `ev`."""

    ev: str = ""
    sym: Annotated[str, msgspec.Meta(max_length=LONGEST_SYMBOL)] = ""
    v: Amount = 0.0
    av: Amount = 0.0
    op: Amount = 0.0
    o: Amount = 0.0
    c: Amount = 0.0
    h: Amount = 0.0
    l: Amount = 0.0  # noqa: E741  # the vendor's name
    a: Amount = 0.0
    s: InMillis = 0
    e: InMillis = 0
    status: str = ""
    message: str = ""


_decode_elements = msgspec.json.Decoder(list[_Element]).decode


def decode_frame(raw: bytes | str) -> Frame:
    """One frame, whatever is in it."""
    ignored = bad = 0
    try:
        elements: Sequence[_Element] = _decode_elements(raw)
    except UNREADABLE:
        elements, ignored, bad = _readable(raw)
    bars: list[SecondBar] = []
    statuses: list[StatusMessage] = []
    for element in elements:
        if element.ev == "A":
            if _sound(element):
                bars.append(_bar(element))
            else:
                bad += 1
        elif element.ev == "status":
            statuses.append(StatusMessage(element.status, element.message))
        else:
            ignored += 1
    return Frame(bars, statuses, ignored, bad)


def encode_auth(api_key: str) -> str:
    """The message that authenticates the connection."""
    return _command("auth", api_key)


def encode_subscribe(symbols: Iterable[Symbol]) -> str:
    """The message that asks for second bars of `symbols`."""
    return _command("subscribe", ",".join(CHANNEL + symbol for symbol in symbols))


def encode_unsubscribe(symbols: Iterable[Symbol]) -> str:
    """The message that asks for no more second bars of `symbols`."""
    return _command("unsubscribe", ",".join(CHANNEL + symbol for symbol in symbols))


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
        if isinstance(value, dict) and value.get("ev") not in {"A", "status"}:
            ignored += 1
            continue
        try:
            elements.append(msgspec.convert(value, _Element))
        except msgspec.ValidationError:
            bad += 1
    return elements, ignored, bad


def _sound(bar: _Element) -> bool:
    """All prices are there and in order: what is missing or 0 was not traded."""
    named = bar.sym.isascii() and bar.sym.isprintable() and bar.sym != ""
    return named and bar.s > 0 and 0 < bar.l <= min(bar.o, bar.c) and max(bar.o, bar.c) <= bar.h


def _bar(bar: _Element) -> SecondBar:
    end = bar.e if bar.e > bar.s else bar.s + SECOND_MS
    return SecondBar(
        symbol=Symbol(bar.sym),
        start=Nanos(bar.s * NANOS_PER_MILLI),
        end=Nanos(end * NANOS_PER_MILLI),
        open=bar.o,
        high=bar.h,
        low=bar.l,
        close=bar.c,
        volume=bar.v,
        volume_today=bar.av,
        vwap_today=bar.a,
        official_open=bar.op,
    )
