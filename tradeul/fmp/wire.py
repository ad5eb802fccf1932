"""The vendor's bodies as domain events. All are bare arrays; an object where one is expected is a refusal.

Sans-I/O and tolerant row by row: `rest` feeds the decoder with bytes as they arrive. Rows of symbols that the market
does not have are left out in silence, as most of the world is; what cannot be used is counted by reason.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, TypeVar

import msgspec

from tradeul.domain.events import FloatShares, Profile, Symbol
from tradeul.errors import VendorRefused, VendorUnavailable
from tradeul.fetching.rows import LONGEST_SYMBOL, RowDecoder, plain_document
from tradeul.fetching.wording import one_line
from tradeul.fmp.symbols import market_symbol

FLOATS_A_STEP: Final = 500
"""About a millisecond, as most are of countries that the market is not in."""
_COMPLAINTS: Final = ("Error Message", "error", "message")

Amount = Annotated[float, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_SYMBOL)]
Row = TypeVar("Row", bound=msgspec.Struct)


class FloatRow(msgspec.Struct, gc=False):
    """One symbol's shares."""

    symbol: Name
    date: str | None = None
    floatShares: Amount | None = None  # noqa: N815  # the vendor's name
    outstandingShares: Amount | None = None  # noqa: N815  # the vendor's name


class CapRow(msgspec.Struct, gc=False):
    """One symbol's market value."""

    symbol: Name
    marketCap: Amount | None = None  # noqa: N815  # the vendor's name


class ProfileRow(msgspec.Struct, gc=False):
    """What is known of one company."""

    symbol: Name
    companyName: str | None = None  # noqa: N815  # the vendor's name
    marketCap: Amount | None = None  # noqa: N815  # the vendor's name
    beta: float | None = None
    sector: str | None = None
    industry: str | None = None
    ipoDate: str | None = None  # noqa: N815  # the vendor's name
    isEtf: bool | None = None  # noqa: N815  # the vendor's name
    isActivelyTrading: bool | None = None  # noqa: N815  # the vendor's name


class ArrayDecoder(RowDecoder[Row]):
    """A bare array, read as if it stood in an object."""

    few_bad_rows = 5

    def __init__(self, row_type: type[Row]) -> None:
        super().__init__("rows", row_type)
        self.rows: list[Row] = []
        self._open = True
        self.feed(b'{"rows":')

    def end(self) -> None:
        """The body is complete."""
        if self._open:
            self._open = False
            self.feed(b"}")
        super().end()

    def finish(self) -> list[Row]:
        """The rows, once the last byte was fed; an object in their place is raised with what it says."""
        wrapped = plain_document(self._complete())
        around = wrapped.get("rows") if isinstance(wrapped, dict) else None
        if isinstance(around, dict):
            raise VendorRefused(f"the second vendor sent no list: {_words_in(around)}".rstrip(": "))
        if not isinstance(around, list):
            raise VendorUnavailable("the second vendor sent no list")
        return self.rows

    def _take(self, rows: list[Row]) -> None:
        self.rows += rows


def complaint_in(body: bytes) -> str:
    """What an answer that is no success says for itself, in one line; empty if it says nothing we can read."""
    document = plain_document(body)
    return _words_in(document) if isinstance(document, dict) else ""


def floats_of(rows: Iterable[FloatRow], dropped: Counter[str]) -> Iterator[tuple[FloatShares, ...]]:
    """The floats by symbol; of a symbol that is there twice the newest. Made in steps: the last one gives the list."""
    newest: dict[Symbol, FloatShares] = {}
    for number, row in enumerate(rows):
        if number % FLOATS_A_STEP == 0:
            yield ()
        symbol = market_symbol(row.symbol)
        if symbol is None:
            continue
        if not row.floatShares:
            dropped["not_set"] += 1
            continue
        shares = FloatShares(symbol, _date(row.date), row.floatShares, row.outstandingShares or None)
        known = newest.get(symbol)
        if known is None or (shares.as_of or dt.date.min) >= (known.as_of or dt.date.min):
            newest[symbol] = shares
    yield tuple(newest[symbol] for symbol in sorted(newest))


def caps_of(rows: Iterable[CapRow]) -> dict[Symbol, float]:
    """The market values that are set."""
    named = ((market_symbol(row.symbol), row.marketCap) for row in rows)
    return {symbol: cap for symbol, cap in named if symbol is not None and cap}


def profile_of(symbol: Symbol, row: ProfileRow) -> Profile:
    """What the vendor knows of one symbol."""
    return Profile(
        symbol=symbol,
        name=_line(row.companyName),
        market_cap=row.marketCap or None,
        shares_outstanding=None,
        sic_code="",
        sic_description="",
        sector=_line(row.sector),
        industry=_line(row.industry),
        list_date=_date(row.ipoDate),
        beta=row.beta or None,
        is_etf=row.isEtf,
        is_actively_trading=row.isActivelyTrading,
    )


def _words_in(document: dict[str, object]) -> str:
    said = next((document[name] for name in _COMPLAINTS if isinstance(document.get(name), str)), "")
    return _line(said)


def _line(text: object) -> str:
    return one_line(text) if isinstance(text, str) else ""


def _date(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
