"""The command `load`: has the running program load something, and shows how it gets on.

Whoever stops looking stops nothing: the job is the program's.
"""

import asyncio
from functools import partial
from typing import Any, Final, TextIO

from tradeul.client import ApiClient, ServerLost
from tradeul.clock import Clock
from tradeul.errors import JobFailed, UsageError
from tradeul.progress import Display, bar_of, duration_of

LOOK_EVERY_S: Final = 0.5
MOST_DAYS: Final = 400
HOW_TO_START: Final = "start one with `python -m tradeul`, or say where it is with --url"

Run = dict[str, Any]


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
        display.show(partial(line_of, run))
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


def summary_of(run: Run) -> str:
    """One line about a run that is done; how long it took is the market's time."""
    took = duration_of((run["finished_at"] - run["started_at"]) / 1_000)
    passed_over = f", {_errors(run['errors'])} passed over" if run["errors"] else ""
    return f"{run['job']}: done, {run['rows']:,} rows written in {took}{passed_over}"


def _errors(count: int) -> str:
    return f"{count:,} error{'' if count == 1 else 's'}"
