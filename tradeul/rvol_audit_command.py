"""The command `audit`: what the night's audit found of a day's relative volumes, as a table."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final, TextIO

from tradeul.client import ApiClient, ServerLost
from tradeul.load import HOW_TO_START
from tradeul.terminal import day_in, table
from tradeul.try_scan import NEW_YORK, UNKNOWN

HOURS: Final = (("pre-market", 0, 66), ("regular", 66, 144), ("post-market", 144, 192))
"""The slots of a day's sessions, as columns of a table want them: an early close only has fewer of the last."""
WORST_SLOTS: Final = 5
WORST_SYMBOLS: Final = 10
HEAD: Final = ("values", "median", "p90", "p99", "max", "within 1%", "bias")

Row = dict[str, Any]


async def audit(url: str, day: str | None, out: TextIO, token: str = "") -> None:
    """Show it, of a day or the newest; a day that was not audited is a `UsageError` that says which were."""
    wanted = None if day is None else day_in("--day", day)
    async with ApiClient(url, token) as client:
        try:
            found = await client.rvol_audit(wanted)
        except ServerLost as error:
            raise ServerLost(f"{error}: {HOW_TO_START}") from error
    out.write("".join(f"{line}\n" for line in lines_of(found)))


def lines_of(found: Row) -> Iterator[str]:
    """All of it, the whole first."""
    at = dt.datetime.fromtimestamp(found["audited_at"] / 1_000, NEW_YORK)
    yield f"relative volumes of {found['date']} against its minutes, audited {at:%Y-%m-%d %H:%M} New York"
    yield from _coverage(found)
    yield ""
    whole = [("all", found["errors"])]
    methods = [(f"{each['method']}, {each['source']}", each) for each in found["methods"]]
    yield from _spreads("errors in percent", [*whole, *methods])
    slots = sorted(found["slots"], key=lambda each: (-each["p99"], each["slot"]))[:WORST_SLOTS]
    if slots:
        yield ""
        yield from _spreads(
            "slots with the largest p99", [(f"{each['time']} {each['method']}", each) for each in slots]
        )
        yield ""
        yield from _worst(found["worst"][:WORST_SYMBOLS])


def _coverage(found: Row) -> Iterator[str]:
    counts = found["coverage"]
    yield (
        f"{found['symbols']:,} symbols: {counts['compared']:,} values compared, {counts['quiet']:,} quiet,"
        f" {counts['unpublished']:,} traded and not published, {counts['unrated']:,} published as unknown,"
        f" {counts['unproven']:,} without enough sessions, {counts['without_bars']:,} without minutes"
    )
    if found["failed"]:
        yield f"the minutes of {found['failed']:,} symbols could not be had"
    silent = set(found["silent_slots"])
    told = [f"{len(silent.intersection(range(first, end)))} {name}" for name, first, end in HOURS]
    if silent:
        yield f"nothing was noted at the end of {len(silent)} slots: {', '.join(told)}"


def _spreads(title: str, named: Sequence[tuple[str, Row]]) -> Iterator[str]:
    cells = [(title, *HEAD), *((name, *_figures(each)) for name, each in named)]
    yield from _laid_out(cells)


def _figures(spread: Row) -> tuple[str, ...]:
    figures = [_percent(spread[name]) for name in ("median", "p90", "p99", "max", "within")]
    return (f"{spread['n']:,}", *figures, UNKNOWN if spread["bias"] is None else f"{spread['bias']:+.2f}")


def _worst(rows: Sequence[Row]) -> Iterator[str]:
    head = ("furthest off", "at", "method", "source", "published", "should be", "error", "its median")
    cells = [
        (
            *("".join(letter if letter.isprintable() else "?" for letter in row["symbol"]), row["time"]),
            *(row["method"], row["source"], f"{row['published']:,.4f}", f"{row['recomputed']:,.4f}"),
            *(f"{row['error']:+,.2f}", _percent(row["median"])),
        )
        for row in rows
    ]
    yield from _laid_out([head, *cells])


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.2f}"


def _laid_out(cells: Sequence[Sequence[str]]) -> list[str]:
    """Names, words and times to the left, numbers to the right."""
    columns = enumerate(zip(*cells, strict=True))
    return table(cells, [place for place, column in columns if place == 0 or _says_words(column[1:])])


def _says_words(texts: Sequence[str]) -> bool:
    return any(letter.isalpha() or letter == ":" for text in texts for letter in text)
