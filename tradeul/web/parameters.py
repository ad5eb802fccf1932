"""What a request may ask for in its address: how each parameter is read, and how it is described to strangers.

Moments are asked for as integer milliseconds or as ISO 8601 with an offset. A parameter that is empty counts as not
given; one that cannot be read is a 400 that names it and says what it should have been. `api` reads them for the
routes.
"""

import contextlib
import datetime as dt
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradeul.domain.events import Nanos, Symbol

LONGEST_SYMBOL: Final = 32
LONGEST_NUMBER: Final = 32
MS_NS: Final = 1_000_000
LATEST_MS: Final = (2**63 - 1) // MS_NS - 1
"""The last millisecond whose every nanosecond fits 64 bits: in the year 2262."""
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MOMENT: Final = "integer milliseconds since 1970, or ISO 8601 with an offset, such as 2026-11-18T09:30:00-05:00"
UNESCAPED_PLUS: Final = re.compile(r" (?=\d\d:?\d\d$)")
"""In an address a plus sign that was not escaped arrives as a space; before an offset it can only have been that."""

JsonSchema = Mapping[str, Any]
Reader = Callable[[str], object]
"""Reads one parameter; a `ValueError` says what it should have been."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One parameter of an address, behind the question mark or a part of the path. What `schema` allows, `read` reads.

    A part of the path is read by its route, as what cannot be is not there.
    """

    name: str
    meaning: str
    read: Reader
    schema: JsonSchema
    example: object
    default: object = None
    """What counts where it is not given."""
    required: bool = False
    in_path: bool = False


def whole_number(name: str, meaning: str, largest: int, default: int | None = None) -> Parameter:
    """Describe whole numbers from 1 to the largest."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest:
            return int(text)
        raise ValueError(f"a whole number from 1 to {largest}")

    schema = {"type": "integer", "minimum": 1, "maximum": largest}
    return Parameter(name, meaning, read, schema, min(10, largest), default)


def percentage(name: str, meaning: str, default: float) -> Parameter:
    """Describe a finite number of percent, 0 or more."""
    return Parameter(name, meaning, _percent, {"type": "number", "minimum": 0}, default, default)


def moment(name: str, meaning: str, *, required: bool = False) -> Parameter:
    """Describe an instant."""
    number = {"type": "integer", "format": "unix-time-ms", "minimum": 0, "maximum": LATEST_MS}
    text = {"type": "string", "format": "date-time"}
    example = "2026-11-18T09:30:00-05:00"
    return Parameter(name, meaning, moment_ms, {"anyOf": [number, text]}, example, required=required)


def day(name: str, meaning: str) -> Parameter:
    """Describe a date."""

    def read(text: str) -> dt.date:
        with contextlib.suppress(ValueError):
            date = dt.date.fromisoformat(text)
            if text == str(date):
                return date
        raise ValueError("a day such as 2026-11-18")

    return Parameter(name, meaning, read, {"type": "string", "format": "date"}, "2026-11-18")


def symbol(meaning: str) -> Parameter:
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_SYMBOL, "pattern": "^[!-~]+$"}
    return Parameter("symbol", meaning, symbol_in, schema, "AAPL")


def choice(name: str, meaning: str, words: Collection[str], default: str) -> Parameter:
    """Describe one of a few words."""

    def read(text: str) -> str:
        if text in words:
            return text
        raise ValueError(f"one of {', '.join(words)}")

    return Parameter(name, meaning, read, {"type": "string", "enum": list(words)}, default, default)


def plain_text(name: str, meaning: str, longest: int, wanted: str) -> Parameter:
    """Describe printable ASCII without spaces; `wanted` is what to say of anything else."""

    def read(text: str) -> str:
        if len(text) <= longest and is_plain(text):
            return text
        raise ValueError(wanted)

    schema = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[!-~]+$"}
    return Parameter(name, meaning, read, schema, None)


def any_text(name: str, meaning: str, example: str) -> Parameter:
    """Describe a text that the route looks up."""
    return Parameter(name, meaning, str, {"type": "string", "minLength": 1}, example)


def named(name: str, meaning: str, pattern: str, wanted: str) -> Parameter:
    """Describe a name of the user's making."""
    whole = re.compile(pattern)

    def read(text: str) -> str:
        if whole.fullmatch(text):
            return text
        raise ValueError(wanted)

    return Parameter(name, meaning, read, {"type": "string", "pattern": f"^{pattern}$"}, "runners")


def part(name: str, meaning: str, example: str) -> Parameter:
    """Describe a part of a path."""
    return Parameter(name, meaning, str, {"type": "string", "minLength": 1}, example, required=True, in_path=True)


LIST_PART: Final = part("list", "The name of a list; `/api/v1/scanner/categories` has all of them.", "gappers_up")
SYMBOL_PART: Final = part("symbol", "A ticker symbol as the exchange writes it: `BRK.B` and `brk.b` are two.", "AAPL")


def moment_ms(text: str) -> int:
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(LATEST_MS))
    instant = int(text) if plain else _iso_ms(text)
    if not 0 <= instant <= LATEST_MS:
        raise ValueError(MOMENT)
    return instant


def _iso_ms(text: str) -> int:
    try:
        instant = dt.datetime.fromisoformat(UNESCAPED_PLUS.sub("+", text))
    except ValueError:
        raise ValueError(MOMENT) from None
    # The library reads over a NUL in the middle.
    if instant.tzinfo is None or not text.isprintable():
        raise ValueError(MOMENT)
    return (instant - EPOCH) // dt.timedelta(milliseconds=1)


def end_of(moment_ms: int) -> Nanos:
    """Find the last instant that is told as this millisecond, so that what was told can be asked for."""
    return Nanos((moment_ms + 1) * MS_NS - 1)


def symbol_in(text: str) -> Symbol:
    if len(text) <= LONGEST_SYMBOL and is_plain(text):
        return Symbol(text)
    raise ValueError(f"a ticker symbol of at most {LONGEST_SYMBOL} characters")


def is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _percent(text: str) -> float:
    """Read a percentage; Python's own words for numbers, such as `1_000` and `nan`, are none here."""
    try:
        number = float(text) if len(text) <= LONGEST_NUMBER and text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if math.isfinite(number) and number >= 0 and text == text.strip():
        return abs(number)
    raise ValueError("a finite number of percent, 0 or more")
