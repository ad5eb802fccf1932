"""Backtests as they are asked for: what a person wants tried on which days, and the port of whoever carries it out."""

import datetime as dt
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from tradeul.definitions import LARGEST_LIST, NAME_PATTERN, ScanDefinition
from tradeul.domain.fields import BY_NAME as FIELDS
from tradeul.domain.scans import Scan
from tradeul.engine.refusals import Refused
from tradeul.engine.scan_book import ScanBook, scan_of

TRIED: Final = "backtest"
"""What a condition is called while it is tried."""
MOST_DAYS: Final = 400
"""Of the calendar, in one backtest."""

_NAME: Final = re.compile(NAME_PATTERN)


@dataclass(frozen=True, slots=True)
class Wish:
    """A list, and the first and the last day that it is tried on."""

    scan: Scan
    first: dt.date
    last: dt.date


class Trials(Protocol):
    """Carries backtests out, one after the other. Nobody who is live waits for any of it."""

    @property
    def today(self) -> dt.date:
        """The first date that is not over."""

    async def submit(self, wish: Wish) -> int:
        """Ask for one and give its number. Raises `UsageError` where it cannot be, or too many wait already."""

    def told(self, number: int) -> Mapping[str, object] | None:
        """Tell how one stands in JSON-ready words, with its result once it is done; None if there is none."""

    def all(self) -> list[Mapping[str, object]]:
        """Tell of the last ones, the newest first, without their results."""

    def cancel(self, number: int) -> bool:
        """End one that waits or goes on, and forget one that is over; whether there was one."""


def scan_wanted(book: ScanBook, what: str, order: str, size: int | None) -> Scan:
    """Find the list of that name, or make one of a condition; raises `Refused` with the place where it cannot be read.

    A condition is tried without a limit of its own: the list is as large as one may be.
    """
    given = ScanDefinition(order=order or None, size=size)
    if what in book:
        entry = book.entry(what)
        changed = {key: value for key, value in (("order", given.order), ("size", given.size)) if value is not None}
        return scan_of(what, entry.definition.model_copy(update=changed))
    if _NAME.fullmatch(what) and what not in FIELDS:
        near = difflib.get_close_matches(what, book.names(), n=1)
        raise Refused("what", f"there is no list {what!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    try:
        return scan_of(TRIED, ScanDefinition(where=what, order=order or None, size=size or LARGEST_LIST))
    except Refused as error:
        raise Refused("what" if error.key == "where" else error.key, _plain(error), error.column) from None


def check_days(first: dt.date, last: dt.date, today: dt.date) -> None:
    """Refuse days that cannot be tried."""
    if first > last:
        raise Refused("from", "the first day is after the last")
    if (last - first).days >= MOST_DAYS:
        raise Refused("from", f"at most {MOST_DAYS} days at a time")
    if first >= today:
        raise Refused("from", f"no day from then on is over; the market's date is {today}")


def _plain(error: Refused) -> str:
    return str(error).removeprefix(f"{error.key}: ")
