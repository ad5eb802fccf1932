"""The vendor's reference data as domain events: listings, profiles, floats, splits, and the exchange's closures.

Sans-I/O and tolerant row by row: what cannot be used is counted by reason in `dropped`, what is missing is left
empty. `rest` asks for the pages and hands their rows over. Long lists are made in steps of about two milliseconds: the
last one gives the list, the others nothing.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tradeul.domain.events import Closure, FloatShares, Listing, Nanos, Profile, Split, Symbol
from tradeul.errors import VendorUnavailable
from tradeul.fetching.rows import plain_document, symbolic
from tradeul.fetching.wording import one_line
from tradeul.polygon.wire import EPOCH, Amount, Name

LARGEST_AMOUNT: Final = 1e18
LEADING_EXCHANGE: Final = "NYSE"
ETF: Final = "ETF"
LISTINGS_A_STEP: Final = 100
FLOATS_A_STEP: Final = 500


class ListingRow(msgspec.Struct, gc=False):
    """One line of the list of tickers."""

    ticker: Name
    name: str | None = None
    primary_exchange: str | None = None
    type: str | None = None
    active: bool | None = None
    last_updated_utc: str | None = None
    composite_figi: str | None = None
    delisted_utc: str | None = None
    """The last date on which it traded, as the vendor words it."""


class FloatRow(msgspec.Struct, gc=False):
    """One symbol's free float, in shares."""

    ticker: Name
    free_float: Amount = 0.0
    effective_date: str | None = None


class SplitRow(msgspec.Struct, gc=False):
    """One split."""

    ticker: Name
    execution_date: str | None = None
    split_from: Amount = 0.0
    split_to: Amount = 0.0


def listings_of(rows: Iterable[ListingRow], dropped: Counter[str], *, active: bool) -> Iterator[tuple[Listing, ...]]:
    """The list by symbol; of a symbol that is there twice the line that was updated last."""
    newest: dict[Symbol, Listing] = {}
    for number, row in enumerate(rows):
        if number % LISTINGS_A_STEP == 0:
            yield ()
        if not symbolic(row.ticker):
            dropped["no_symbol"] += 1
            continue
        listing = Listing(
            symbol=row.ticker,
            name=_line(row.name),
            exchange=_line(row.primary_exchange),
            type=_line(row.type),
            active=active if row.active is None else row.active,
            updated=_instant(row.last_updated_utc) or Nanos(0),
            figi=_line(row.composite_figi),
            last_traded=_date(row.delisted_utc),
        )
        known = newest.get(listing.symbol)
        dropped["duplicate"] += known is not None
        if known is None or listing.updated >= known.updated:
            newest[listing.symbol] = listing
    yield tuple(newest[symbol] for symbol in sorted(newest))


def floats_of(rows: Iterable[FloatRow], dropped: Counter[str]) -> Iterator[tuple[FloatShares, ...]]:
    """The floats by symbol; of a symbol that is there twice the newest."""
    newest: dict[Symbol, FloatShares] = {}
    for number, row in enumerate(rows):
        if number % FLOATS_A_STEP == 0:
            yield ()
        if not row.free_float or not symbolic(row.ticker):
            dropped["not_set" if symbolic(row.ticker) else "no_symbol"] += 1
            continue
        shares = FloatShares(row.ticker, _date(row.effective_date), row.free_float, None)
        known = newest.get(shares.symbol)
        dropped["duplicate"] += known is not None
        if known is None or (shares.as_of or dt.date.min) >= (known.as_of or dt.date.min):
            newest[shares.symbol] = shares
    yield tuple(newest[symbol] for symbol in sorted(newest))


def splits_of(rows: Iterable[SplitRow], dropped: Counter[str]) -> tuple[Split, ...]:
    """The splits by date and symbol; a symbol splits once a day, and of two the later one counts."""
    known: dict[tuple[dt.date, Symbol], Split] = {}
    for row in rows:
        date = _date(row.execution_date)
        if date is None or not row.split_from or not row.split_to or not symbolic(row.ticker):
            dropped["not_set" if symbolic(row.ticker) else "no_symbol"] += 1
            continue
        dropped["duplicate"] += (date, row.ticker) in known
        known[date, row.ticker] = Split(row.ticker, date, old=row.split_from, new=row.split_to)
    return tuple(known[key] for key in sorted(known))


def profile_of(symbol: Symbol, body: bytes) -> Profile:
    """What the vendor knows of one symbol; whatever of it cannot be read is not known."""
    document = plain_document(body)
    known = document.get("results") if isinstance(document, dict) else None
    if not isinstance(known, dict):
        raise VendorUnavailable(f"what the vendor knows of {symbol} cannot be read")
    kind, active = _line(known.get("type")), known.get("active")
    return Profile(
        symbol=symbol,
        name=_line(known.get("name")),
        market_cap=_amount(known.get("market_cap")),
        shares_outstanding=_amount(known.get("share_class_shares_outstanding"))
        or _amount(known.get("weighted_shares_outstanding")),
        sic_code=_line(known.get("sic_code")),
        sic_description=_line(known.get("sic_description")),
        sector="",
        industry="",
        list_date=_date(known.get("list_date")),
        beta=None,
        is_etf=kind == ETF if kind else None,
        is_actively_trading=active if isinstance(active, bool) else None,
    )


def closures_of(body: bytes, dropped: Counter[str]) -> tuple[Closure, ...]:
    """The coming days that the leading exchange is closed or closes early, by date."""
    rows = plain_document(body)
    if not isinstance(rows, list):
        raise VendorUnavailable("the vendor's list of closures cannot be read")
    known: dict[dt.date, Closure] = {}
    for row in rows:
        if not isinstance(row, dict):
            dropped["wrong_type"] += 1
        elif row.get("exchange") == LEADING_EXCHANGE:
            closure = _closure(row)
            if closure is None:
                dropped["not_set"] += 1
            else:
                known[closure.date] = closure
    return tuple(known[date] for date in sorted(known))


def _closure(row: dict[str, Any]) -> Closure | None:
    date, closes = _date(row.get("date")), _instant(row.get("close"))
    match row.get("status"):
        case "closed" if date is not None:
            return Closure(date, _line(row.get("name")), None)
        case "early-close" if date is not None and closes is not None:
            return Closure(date, _line(row.get("name")), closes)
        case _:
            return None


def _line(text: object) -> str:
    return one_line(text) if isinstance(text, str) else ""


def _amount(value: object) -> float | None:
    """A number that says something: as everywhere, 0 is not set."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LARGEST_AMOUNT:
        return None
    return float(value)


def _date(text: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None


def _instant(text: object) -> Nanos | None:
    try:
        moment = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return Nanos((moment - EPOCH) // dt.timedelta(microseconds=1) * 1000)
