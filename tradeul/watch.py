"""The command `watch`: a list of the running program, live in the terminal.

On a terminal the list is drawn in its place, over and over, as wide and as high as there is room; elsewhere each row
that comes, changes or goes is a line.
"""

import contextlib
import datetime as dt
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TextIO

from tradeul.client import Followed, Row, ServerLost, follow
from tradeul.clock import Clock
from tradeul.domain.fields import BY_NAME
from tradeul.load import HOW_TO_START
from tradeul.try_scan import COLUMNS, NEW_YORK, shown, table

FEWEST_LINES: Final = 3
_UP: Final = "\x1b[{}A\r"
_TO_THE_END_OF_LINE: Final = "\x1b[K\n"
_TO_THE_END: Final = "\x1b[J"
_FAINT: Final = "\x1b[2m{}\x1b[22m"


async def watch(url: str, name: str, clock: Clock, out: TextIO, token: str = "") -> None:
    """Show it until it is interrupted; a list that is none is a `UsageError`."""
    display: Display = Screen(out) if out.isatty() else Lines(out)
    try:
        async with contextlib.aclosing(follow(url, name, token=token, clock=clock)) as states:
            async for state in states:
                display.show(state)
    except ServerLost as error:
        raise ServerLost(f"{error}: {HOW_TO_START}") from error


class Display(Protocol):
    """Where a list is shown."""

    def show(self, state: Followed) -> None:
        """Show it as it is now."""


class Screen:
    """The list in its place on a terminal; faint while it is not live."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._drawn = 0

    def show(self, state: Followed) -> None:
        width, height = shutil.get_terminal_size()
        lines = picture(state, width, height - 1)
        lines = lines if state.live else [lines[0], *map(_FAINT.format, lines[1:])]
        up = _UP.format(self._drawn) if self._drawn else ""
        self._out.write(up + "".join(line + _TO_THE_END_OF_LINE for line in lines) + _TO_THE_END)
        self._out.flush()
        self._drawn = len(lines)


class Lines:
    """A line for each row that came, changed in what is shown of it, or went."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._before: Followed | None = None

    def show(self, state: Followed) -> None:
        self._out.write("".join(f"{line}\n" for line in changes(self._before, state)))
        self._out.flush()
        self._before = state


def picture(state: Followed, width: int, height: int) -> list[str]:
    """What a terminal of this size shows: how the list stands, then its first rows and columns."""
    height = max(height, FEWEST_LINES)
    rows = state.rows[: height - 2]
    columns = columns_of(rows)
    lines = table(rows, columns)
    while columns and max(map(len, lines)) > width:
        columns = columns[:-1]
        lines = table(rows, columns)
    hidden = len(state.rows) - len(rows)
    more = f", {hidden} more below" if hidden else ""
    standing = "live" if state.live else f"NOT LIVE: {state.reason}"
    count = f"{len(state.rows)} row{'' if len(state.rows) == 1 else 's'}"
    head = f"{state.list}  {time_of(state)} New York  {count}{more}  {standing}"
    return [line[:width] for line in (head, *lines)]


def columns_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """What to show of a list, the most telling first: the rest has room only on a wide terminal."""
    there = [name for name in (rows[0] if rows else ()) if name in BY_NAME and name != "symbol"]
    usual = [name for name in (*COLUMNS, "name") if name in there]
    return (*usual, *[name for name in there if name not in usual])


def changes(before: Followed | None, after: Followed) -> Iterator[str]:
    """Say what is different, and when not even that is known."""
    when = time_of(after)
    if before is not None and (before.live, before.reason) != (after.live, after.reason):
        yield f"{when}  {after.list} is live" if after.live else f"{when}  {after.list} is not live: {after.reason}"
    old = _by_symbol(before.rows if before else ())
    new = _by_symbol(after.rows)
    for symbol in old:
        if symbol not in new:
            yield f"{when}  out  {symbol}"
    for symbol, row in new.items():
        was = old.get(symbol)
        if was is None:
            yield f"{when}  in   {_told(row, was)}"
        elif was is not row and (said := _told(row, was)) != _told(was, row):
            yield f"{when}  now  {said}"


def _told(row: Row, other: Row | None) -> str:
    """A row's rank and name, and the columns in which it differs from another, or all that is usual."""
    names = [name for name in columns_of([row])[: len(COLUMNS)] if other is None or row[name] != other.get(name)]
    parts = [f"{row['rank']}", str(row["symbol"]), *[f"{name} {shown(name, row[name])}" for name in names]]
    return "  ".join(parts)


def time_of(state: Followed) -> str:
    """The market's time of what is shown."""
    return f"{dt.datetime.fromtimestamp(state.timestamp / 1_000, NEW_YORK):%H:%M:%S}" if state.timestamp else "--:--:--"


def _by_symbol(rows: Sequence[Row]) -> Mapping[str, Any]:
    return {row["symbol"]: row for row in rows}
