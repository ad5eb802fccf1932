"""The command `load`: has the running program load something, and shows how it gets on.

On a terminal one line is written over and over; elsewhere a plain line comes every few seconds. Whoever stops looking
stops nothing: the job is the program's.
"""

import asyncio
import shutil
from typing import Any, Final, TextIO

from tradeul.client import ApiClient, ServerLost
from tradeul.clock import Clock
from tradeul.errors import JobFailed, UsageError

LOOK_EVERY_S: Final = 0.5
PLAIN_EVERY_S: Final = 5.0
MOST_DAYS: Final = 400
BAR: Final = 24
HOW_TO_START: Final = "start one with `python -m tradeul`, or say where it is with --url"
_BACK: Final = "\r\x1b[K"

Run = dict[str, Any]


class Display:
    """Where progress is written."""

    def __init__(self, out: TextIO, clock: Clock) -> None:
        self._out = out
        self._clock = clock
        self._rewrites = out.isatty()
        self._due = 0.0

    def show(self, run: Run) -> None:
        if self._rewrites:
            self._write(_BACK + line_of(run)[: shutil.get_terminal_size().columns - 1])
        elif self._clock.monotonic() >= self._due:
            self._due = self._clock.monotonic() + PLAIN_EVERY_S
            self._write(line_of(run) + "\n")

    def end(self, words: str = "") -> None:
        """Leave the line, with the last words in its place."""
        self._write((_BACK if self._rewrites else "") + (f"{words}\n" if words else ""))

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def days_of(text: str | None) -> int | None:
    """What was given as `--days`."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= MOST_DAYS:
        return int(text)
    raise UsageError(f"--days: a whole number from 1 to {MOST_DAYS}")


async def load(url: str, name: str, days: int | None, clock: Clock, out: TextIO, token: str = "") -> None:
    """Load, and look on until it is done; `JobFailed` says why it is not."""
    display = Display(out, clock)
    async with ApiClient(url, token) as client:
        try:
            number = await client.start(name, days)
        except ServerLost as error:
            raise ServerLost(f"{error}: {HOW_TO_START}") from error
        try:
            run = await _ended(client, number, display, clock)
        except asyncio.CancelledError:
            display.end(f"{name} goes on in the program; `load {name}` shows it again")
            raise
        except ServerLost as error:
            display.end()
            raise ServerLost(
                f"{error} any more: what was loaded is kept, and the rest comes at its next start"
            ) from error
    if run["state"] != "done":
        display.end()
        raise JobFailed(f"{name} {run['state']}: {run['error']}")
    display.end(summary_of(run))


async def _ended(client: ApiClient, number: int, display: Display, clock: Clock) -> Run:
    while True:
        run = await client.run(number)
        if run is None:
            raise ServerLost("the program that was asked does not answer")
        if run["finished_at"] is not None:
            return run
        display.show(run)
        await clock.pause(LOOK_EVERY_S)


def line_of(run: Run) -> str:
    """Name, bar, how much of how much, how fast, how long still, and what is being done."""
    if run["state"] == "queued":
        return f"{run['job']}  waits for its turn"
    done, total = run["done"], run["total"]
    parts = [run["job"], bar_of(done, total)]
    if total:
        parts.append(f"{done:,}/{total:,}")
    if run["rate"] is not None:
        parts.append(f"{run['rate']:,.1f}/s")
    if run["eta_s"] is not None:
        parts.append(f"ETA {duration_of(run['eta_s'])}")
    if run["errors"]:
        parts.append(_errors(run["errors"]))
    return "  ".join([*parts, run["note"]]).rstrip()


def bar_of(done: int, total: int) -> str:
    """Empty while the whole is not known."""
    full = min(BAR, BAR * done // total) if total else 0
    return f"[{'#' * full}{'.' * (BAR - full)}]"


def duration_of(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def summary_of(run: Run) -> str:
    """One line about a run that is done; how long it took is the market's time."""
    took = duration_of((run["finished_at"] - run["started_at"]) / 1_000)
    passed_over = f", {_errors(run['errors'])} passed over" if run["errors"] else ""
    return f"{run['job']}: done, {run['rows']:,} rows written in {took}{passed_over}"


def _errors(count: int) -> str:
    return f"{count:,} error{'' if count == 1 else 's'}"
