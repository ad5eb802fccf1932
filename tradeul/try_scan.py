"""The command `scan`: tries a condition once on the running program's market, and prints what it finds as a table."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, Final, TextIO
from zoneinfo import ZoneInfo

from tradeul.client import ApiClient, ServerLost
from tradeul.definitions import LARGEST_LIST
from tradeul.domain.fields import BY_NAME, Kind
from tradeul.errors import UsageError
from tradeul.load import HOW_TO_START
from tradeul.terminal import table as laid_out

DEFAULT_SIZE: Final = 25
COLUMNS: Final = ("price", "change_percent", "gap_percent", "volume_today", "rvol", "float_shares", "score")
MOST_COLUMNS: Final = 12
UNKNOWN: Final = "-"
WIDEST_TEXT: Final = 28
LARGEST_RATIO: Final = 999
NEW_YORK: Final = ZoneInfo("America/New_York")
_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")


def size_of(text: str | None) -> int:
    """What was given as `--size`."""
    if text is None:
        return DEFAULT_SIZE
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= LARGEST_LIST:
        return int(text)
    raise UsageError(f"--size: a whole number from 1 to {LARGEST_LIST}")


async def try_scan(url: str, where: str, order: str, size: int, out: TextIO, token: str = "") -> None:
    """Try it; what cannot be read is a `UsageError` that says where."""
    columns = columns_for(f"{order} {where}")
    async with ApiClient(url, token) as client:
        try:
            found = await client.preview(where, order, columns, size)
        except ServerLost as error:
            raise ServerLost(f"{error}: {HOW_TO_START}") from error
    out.write("".join(f"{line}\n" for line in [*table(found["rows"], columns), _summary(found)]))


def columns_for(text: str) -> tuple[str, ...]:
    """Choose the columns: what the condition speaks of first, then the usual ones."""
    named = [word for word in _WORD.findall(text) if word in BY_NAME and word not in ("symbol", "name")]
    return (*list(dict.fromkeys([*named, *COLUMNS]))[:MOST_COLUMNS], "name")


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> list[str]:
    """Lay rows out in columns, numbers to the right, each column as wide as it must be."""
    cells_of = [
        ["", "symbol", *columns],
        *[[str(row["rank"]), row["symbol"], *[shown(name, row[name]) for name in columns]] for row in rows],
    ]
    words = [place for place, name in enumerate(columns, 2) if BY_NAME[name].kind in (Kind.TEXT, Kind.CODE)]
    return laid_out(cells_of, [1, *words])


def shown(name: str, value: Any) -> str:
    """A value as a terminal shows it."""
    field = BY_NAME[name]
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.kind is Kind.TIME:
        return f"{dt.datetime.fromtimestamp(value / 1_000, NEW_YORK):%H:%M:%S}"
    if isinstance(value, str):
        # A name comes from outside, and a terminal obeys some characters.
        plain = "".join(letter if letter.isprintable() else "?" for letter in value)
        return plain if len(plain) <= WIDEST_TEXT else plain[: WIDEST_TEXT - 1] + "…"
    return _number(field.format, field.precision, value)


def _number(form: str, precision: int, value: float) -> str:
    if form == "ratio" and value > LARGEST_RATIO:
        return f">{LARGEST_RATIO}"
    if form == "percent":
        return f"{value:+.2f}"
    if form == "price":
        return f"{value:,.2f}" if value >= 1 else f"{value:.4f}"
    return f"{value:,.0f}" if not precision else f"{value:,.2f}"


def _summary(found: dict[str, Any]) -> str:
    when = dt.datetime.fromtimestamp(found["timestamp"] / 1_000, NEW_YORK)
    shown = len(found["rows"])
    first = f", the first {shown} are shown" if found["count"] > shown else ""
    return f"{found['count']} qualify{first}; as of {when:%Y-%m-%d %H:%M:%S} New York, in {found['ms']} ms"
