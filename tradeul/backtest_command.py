"""The command `backtest`: has the running program try a list or a condition on days that are over, and prints tables.

Progress is shown as `load` shows it. Whoever stops it stops the backtest. `--report` writes the same as a page.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from tradeul.backtest_report import cells_of, report_of
from tradeul.client import ApiClient, ServerLost
from tradeul.clock import Clock
from tradeul.definitions import LARGEST_LIST
from tradeul.errors import JobFailed, UsageError
from tradeul.load import HOW_TO_START, line_of
from tradeul.progress import Display
from tradeul.terminal import day_in, table

LOOK_EVERY_S: Final = 0.3
UNKNOWN: Final = "-"
COLUMNS: Final = ("", "n", "days", "mean %", "95 % interval", "median %", "winners", "MAE %", "MFE %", "missing")
PART_HORIZON: Final = "15m"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    what: str
    order: str
    size: int | None
    first: dt.date
    last: dt.date


def wish_of(what: str, order: str, size: str | None, first: str, last: str) -> Wish:
    """Read the options; raises `UsageError`."""
    begin, end = day_in("--from", first), day_in("--to", last)
    if begin > end:
        raise UsageError("--from: the first day is after the last")
    return Wish(what, order, _size(size), begin, end)


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= LARGEST_LIST:
        return int(text)
    raise UsageError(f"--size: a whole number from 1 to {LARGEST_LIST}")


async def backtest(url: str, wish: Wish, report: Path | None, clock: Clock, out: TextIO, token: str = "") -> None:
    """Try it, look on until it is done, and print what was found."""
    display = Display(out, clock)
    body: dict[str, Any] = {"what": wish.what, "from": str(wish.first), "to": str(wish.last)}
    body |= ({"order": wish.order} if wish.order else {}) | ({} if wish.size is None else {"size": wish.size})
    if report is not None:
        _check_writable(report)
    async with ApiClient(url, token) as client:
        try:
            number = await client.try_past(body)
        except ServerLost as error:
            raise ServerLost(f"{error}: {HOW_TO_START}") from error
        told = await _ended(client, number, display, clock)
    display.end()
    if told["state"] != "done":
        raise JobFailed(f"the backtest {told['state']}: {told['error']}")
    result = told["result"]
    out.write("".join(f"{line}\n" for line in [*lines_of(result), "", f"in {told['took_s']:.1f} s"]))
    if report is not None:
        _write(report, report_of(result))
        out.write(f"report: {report}\n")


def _check_writable(report: Path) -> None:
    """Say now and not a minute later that it cannot be written."""
    if report.is_dir() or not report.resolve().parent.is_dir():
        raise UsageError(f"--report: {report} cannot be written: there is no such folder, or it is one")


def _write(report: Path, text: str) -> None:
    try:
        report.write_text(text)
    except OSError as error:
        raise JobFailed(f"{report} could not be written: {error.strerror}") from error


async def _ended(client: ApiClient, number: int, display: Display, clock: Clock) -> Mapping[str, Any]:
    try:
        while True:
            told = await client.trial(number)
            if told["state"] not in ("queued", "running"):
                return told
            display.show(partial(line_of, _as_run(told)))
            await clock.pause(LOOK_EVERY_S)
    except asyncio.CancelledError:
        display.end("the backtest was given up")
        await client.cancel_trial(number)
        raise


def _as_run(told: Mapping[str, Any]) -> dict[str, Any]:
    """In the words of what a job's progress is shown with."""
    done, total, took_s = told["done"], told["total"], told["took_s"]
    rate = done / took_s if took_s and done else None
    return {
        "job": "backtest",
        "state": told["state"],
        "done": done,
        "total": total,
        "rate": rate,
        "eta_s": None if not rate else (total - done) / rate,
        "errors": 0,
        "note": told["note"],
    }


def lines_of(result: Mapping[str, Any]) -> list[str]:
    """The result as lines of a terminal."""
    scan = result["scan"]
    days, missing = result["days"], result["missing_days"]
    entries = f"{result['entries']:,} entries, {result['filled']:,} filled"
    lines = [
        f"{scan['title']}: {scan['where']}",
        f"ordered by {scan['order']}, {scan['size']} rows, {result['from']} to {result['to']}",
        f"{len(days)} days played, {len(missing)} missing",
        f"{entries}; {result['standing']:,} stood in it at a day's first image",
        "",
        *table([COLUMNS, *([figures["horizon"], *cells_of(figures, UNKNOWN)] for figures in result["horizons"])]),
        "",
        f"by time of day, {PART_HORIZON} from the fill:",
        *table([COLUMNS, *([part["name"], *cells_of(_of(part, PART_HORIZON), UNKNOWN)] for part in result["parts"])]),
        "",
    ]
    lines += [f"unknown: {each['field']} on {each['days']} days: {each['why']}" for each in result["unknown"]]
    lines += [f"recorded: {each['date']}: {each['span']}" for each in days if each["source"] == "recorded"]
    lines += [f"missing: {each['date']}: {each['why']}" for each in missing]
    lines += [f"no outcome: {count:,} x {horizon}: {why}" for horizon, why, count in _missing(result)]
    return [*lines, *result["notes"], result["resolution"], result["fill"], result["interval"]]


def _of(part: Mapping[str, Any], horizon: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(each for each in part["horizons"] if each["horizon"] == horizon)
    return found


def _missing(result: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    return [
        (figures["horizon"], why, count) for figures in result["horizons"] for why, count in figures["missing"].items()
    ]
