"""What a vendor's rows can have wrong with them, put into some rows of every snapshot, the same ones in every run."""

import random
from collections.abc import Callable, Collection
from typing import Any

import orjson

from tests.golden.world import Rows

Row = dict[str, Any]
DAY_NS = 86_400 * 10**9
SHARE_OF_ROWS = 0.01
SHARE_OF_SPLITS = 0.4
"""Of the rows of symbols that split these days, as before that."""


def _odd_lot(row: Row) -> None:
    """A last trade outside its minute's range, as odd lots are."""
    if "lastTrade" in row:
        row["lastTrade"]["p"] = round(row["lastTrade"]["p"] * 1.09, 4)


def _far_off(row: Row) -> None:
    """A last trade far from everything, in a minute without a bar."""
    if "lastTrade" in row:
        row["lastTrade"]["p"] = round(row["lastTrade"]["p"] * 1.4, 4)
        row["min"]["t"] -= 120_000


def _less_volume(row: Row) -> None:
    row["min"]["av"] = row["min"]["av"] * 0.5
    row["day"]["v"] = row["day"]["v"] * 0.5


def _no_trade(row: Row) -> None:
    row.pop("lastTrade", None)


def _no_quote(row: Row) -> None:
    row["lastQuote"] = None


def _crossed(row: Row) -> None:
    quote = row.get("lastQuote") or {}
    quote["p"], quote["P"] = quote.get("P", 0), quote.get("p", 0)
    row["lastQuote"] = quote


def _no_minute(row: Row) -> None:
    row["min"] = dict.fromkeys(row["min"], 0)


def _nothing_but_the_day(row: Row) -> None:
    _no_trade(row)
    _no_minute(row)


def _of_yesterday(row: Row) -> None:
    """A row that was not cleared overnight."""
    row["updated"] = max(row["updated"] - DAY_NS, 0)
    row["min"]["t"] = max(row["min"]["t"] - DAY_NS // 10**6, 0)
    if "lastTrade" in row:
        row["lastTrade"]["t"] -= DAY_NS


def _in_old_shares(row: Row) -> None:
    """The previous day as before a one-for-ten split, which some rows had."""
    for name in ("o", "h", "l", "c"):
        row["prevDay"][name] = round(row["prevDay"][name] / 10, 4)
    row["prevDay"]["v"] = row["prevDay"]["v"] * 10


def _new_on_the_market(row: Row) -> None:
    row["prevDay"] = dict.fromkeys(row["prevDay"], 0)


def _without_an_average(row: Row) -> None:
    row["day"]["vw"] = None


KINDS: tuple[Callable[[Row], None], ...] = (
    *(_odd_lot, _far_off, _less_volume, _no_trade, _no_quote, _crossed, _no_minute, _nothing_but_the_day),
    *(_of_yesterday, _in_old_shares, _new_on_the_market, _without_an_average),
)


class Troublemaker:
    """Spoils rows; the next snapshot mostly has them right again, and sometimes an older one comes once more."""

    def __init__(self, split: Collection[str]) -> None:
        self._draw = random.Random(1)  # noqa: S311  # repeatable on purpose
        self._split = split
        self._before: Rows = []

    def spoilt(self, rows: Rows) -> Rows:
        """All but a few, which are missing from the second snapshot on."""
        changed = list(rows)
        gone = set(self._draw.sample(range(len(rows)), int(SHARE_OF_ROWS * len(rows)))) if self._before else set()
        for place in self._draw.sample(range(len(rows)), max(1, int(SHARE_OF_ROWS * len(rows)))):
            symbol, content = rows[place]
            kind = self._draw.choice((None, *KINDS))
            if kind is not None:
                row = orjson.loads(content)
                kind(row)
                changed[place] = (symbol, orjson.dumps(row))
            elif self._before:
                changed[place] = self._before[place]
        for place, (symbol, content) in enumerate(rows):
            if symbol in self._split and self._draw.random() < SHARE_OF_SPLITS:
                row = orjson.loads(content)
                _in_old_shares(row)
                changed[place] = (symbol, orjson.dumps(row))
        self._before = rows
        return [row for place, row in enumerate(changed) if place not in gone]
