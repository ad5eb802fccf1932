"""What a request asks for in its address, read by name into values.

Moments are asked for as integer milliseconds or as ISO 8601 with an offset. A parameter that is empty counts as not
given; one that cannot be read is a 400 that names it and says what it should have been. The routes call it.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from tradeul.domain.events import Nanos, Symbol
from tradeul.web.answers import bad_parameter

LONGEST_SYMBOL: Final = 32
MS_NS: Final = 1_000_000
LATEST_MS: Final = (2**63 - 1) // MS_NS - 1
"""The last millisecond whose every nanosecond fits 64 bits: in the year 2262."""
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MOMENT: Final = "integer milliseconds since 1970, or ISO 8601 with an offset, such as 2026-11-18T09:30:00-05:00"
UNESCAPED_PLUS: Final = re.compile(r" (?=\d\d:?\d\d$)")
"""In an address a plus sign that was not escaped arrives as a space; before an offset it can only have been that."""

Asked = Mapping[str, Any]
"""A request's parameters as values, by name; None where one is not given."""
Reader = Callable[[str], object]
"""Reads one parameter; a `ValueError` says what it should have been."""


def asked_of(request: web.Request, readers: Mapping[str, Reader], required: str = "") -> Asked | web.Response:
    """Read the parameters that have a reader, or refuse the first that cannot be read."""
    values: dict[str, Any] = {}
    for name, reader in readers.items():
        text = request.query.get(name, "")
        try:
            values[name] = reader(text) if text or name == required else None
        except ValueError as complaint:
            return bad_parameter(name, str(complaint))
    if values.get("from") is not None and values.get("to") is not None and values["from"] > values["to"]:
        return bad_parameter("from", "a moment that is not after `to`")
    return values


def whole_number(largest: int) -> Callable[[str], int]:
    """Give a reader of whole numbers from 1 to the largest."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest:
            return int(text)
        raise ValueError(f"a whole number from 1 to {largest}")

    return read


def moment_ms(text: str) -> int:
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(LATEST_MS))
    moment = int(text) if plain else _iso_ms(text)
    if not 0 <= moment <= LATEST_MS:
        raise ValueError(MOMENT)
    return moment


def _iso_ms(text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(UNESCAPED_PLUS.sub("+", text))
    except ValueError:
        raise ValueError(MOMENT) from None
    # The library reads over a NUL in the middle.
    if moment.tzinfo is None or not text.isprintable():
        raise ValueError(MOMENT)
    return (moment - EPOCH) // dt.timedelta(milliseconds=1)


def end_of(moment_ms: int) -> Nanos:
    """Find the last instant that is told as this millisecond, so that what was told can be asked for."""
    return Nanos((moment_ms + 1) * MS_NS - 1)


def symbol_in(text: str) -> Symbol:
    if len(text) <= LONGEST_SYMBOL and is_plain(text):
        return Symbol(text)
    raise ValueError(f"a ticker symbol of at most {LONGEST_SYMBOL} characters")


def is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
