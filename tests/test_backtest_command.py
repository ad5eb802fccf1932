"""The command `backtest`: what it prints, the page it writes, and what it says where there is nothing."""

import asyncio
import io
import os
import re
import signal
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.program import free_port
from tests.support.trials import DONE, FAILED, HALF, ScriptedTrials, some_result
from tests.support.web import served
from tradeul.backtest_command import lines_of, wish_of
from tradeul.backtest_report import cells_of, report_of
from tradeul.engine.scan_book import ScanBook
from tradeul.errors import UsageError
from tradeul.web.routes.backtests import BacktestRoutes

ROOT = Path(__file__).resolve().parents[1]
DAYS = ("--from", "2026-11-17", "--to", "2026-11-18")


async def started(*arguments: str) -> asyncio.subprocess.Process:
    """The command, as a person types it."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    pipe = asyncio.subprocess.PIPE
    words = (sys.executable, "-m", "tradeul", "backtest", *arguments)
    return await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe, env=environ)


async def typed(trials: ScriptedTrials, *arguments: str) -> tuple[int | None, str, str]:
    """What it comes to beside a server."""
    async with served(more=[BacktestRoutes(trials, ScanBook())]) as world:
        process = await started(*arguments, "--url", world.url)
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def test_the_result_is_a_table_and_what_it_stands_on() -> None:
    """Every horizon with n and interval, the parts of the day, what is missing and unknown, in words."""
    lines = lines_of(some_result("change_percent >= 5 or spread_bps < 0"))
    text = "\n".join(lines)

    assert lines[0] == "<Tried>: change_percent >= 5 or spread_bps < 0"
    assert lines[2:4] == [
        "1 days played, 1 missing",
        "3 entries, 2 filled; 1 stood in it at a day's first image",
    ]
    assert re.search(r"^close +2 +1 +\+4\.545 +- ", text, re.MULTILINE)
    assert re.search(r"^10:00-11:30 +2 +1 ", text, re.MULTILINE)
    assert "unknown: spread_bps on 1 days: not told by bars of five minutes" in lines
    assert "missing: 2026-11-17: it is not kept: `load prices` loads days" in lines
    assert "no outcome: 1 x 15m: did not trade at the next image" in lines


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "xlink:href")]
        if tag not in ("meta", "line", "circle", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "circle", "rect"):
            assert self.open.pop() == tag
        elif tag == "rect":
            return


def test_the_report_is_a_page_without_a_script_or_a_request() -> None:
    """Well formed, with tables and plots; nothing of a stranger's is markup, and there is no curve of an account."""
    text = report_of(some_result())
    tags = Tags()
    tags.feed(text)

    assert tags.open == []
    assert {"table", "svg", "figcaption", "rect", "circle"} <= tags.names
    assert "script" not in tags.names
    assert tags.links == []
    assert "url(" not in text
    assert "&lt;Tried&gt;" in text
    assert "<Tried>" not in text
    assert "did not trade at the next image" in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("x", "", None, "2026-11-31", "2026-12-01"), "--from: a day such as 2026-11-18"),
        (("x", "", None, "2026-11-01", "20261102"), "--to: a day such as 2026-11-18"),
        (("x", "", None, "2026-11-03", "2026-11-02"), "--from: the first day is after the last"),
        (("x", "", "0", "2026-11-02", "2026-11-03"), "--size: a whole number from 1 to 200"),
    ],
)
def test_options_that_cannot_be_read(given: tuple[Any, ...], words: str) -> None:
    """One line names the option."""
    with pytest.raises(UsageError, match=words):
        wish_of(*given)


async def test_it_shows_progress_and_then_the_result(tmp_path: Path) -> None:
    """And writes the page where it is told to; exit code 0."""
    trials, page = ScriptedTrials({}, HALF, DONE), tmp_path / "report.html"

    code, out, err = await typed(trials, "winners", *DAYS, "--report", str(page))

    assert (code, err) == (0, "")
    assert "backtest  [" in out
    assert "3 entries, 2 filled" in out
    assert out.splitlines()[-1] == f"report: {page}"
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("rvolx > 2", *DAYS), 2, "tradeul: what: column 1: there is no field 'rvolx'; did you mean 'rvol'?\n"),
        (("winers", *DAYS), 2, "tradeul: what: there is no list 'winers'; did you mean 'winners'?\n"),
        (("winners", "--from", "soon", "--to", "later"), 2, "tradeul: --from: a day such as 2026-11-18\n"),
        (("winners", *DAYS, "--report", "/nowhere/at/all.html"), 2, "tradeul: --report: /nowhere/at/all.html"),
    ],
)
async def test_what_a_user_can_cause_is_one_line(arguments: tuple[str, ...], code: int, words: str) -> None:
    """Without a traceback, exit code 2."""
    found, out, err = await typed(ScriptedTrials(DONE), *arguments)

    assert (found, out) == (code, "")
    assert err.startswith(words)
    assert err.count("\n") == 1


async def test_one_that_failed_says_why() -> None:
    """Exit code 1."""
    code, _, err = await typed(ScriptedTrials(HALF, FAILED), "winners", *DAYS)

    assert (code, err) == (1, "tradeul: the backtest failed: Postgres does not answer\n")


async def test_an_interrupt_gives_it_up() -> None:
    """In the program too, as nobody else wants the result."""
    trials = ScriptedTrials(HALF)
    async with served(more=[BacktestRoutes(trials, ScanBook())]) as world:
        process = await started("winners", *DAYS, "--url", world.url)
        await eventually(lambda: trials.wishes)
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

    assert trials.cancelled == [1]
    assert out.decode().endswith("the backtest was given up\n")
    assert err == b""


async def test_where_no_program_runs_one_line_says_so() -> None:
    """And how to start one."""
    url = f"http://127.0.0.1:{free_port()}"
    process = await started("winners", *DAYS, "--url", url)
    out, err = await process.communicate()

    assert (process.returncode, out) == (1, b"")
    assert b"start one with" in err
    assert err.count(b"\n") == 1


def test_the_report_of_nothing_is_a_page_too() -> None:
    """Where nobody entered there is nothing to plot, and it says so."""
    text = report_of(some_result("change_percent >= 500"))

    assert "There is nothing to be plotted." in text
    assert io.StringIO(text).readline() == "<!doctype html>\n"


def test_each_figure_stands_in_its_own_column() -> None:
    """In the order of the columns; what is not known is shown as that, and what is missing is counted."""
    known: dict[str, Any] = {
        "n": 1_200,
        "days": 20,
        "mean": 0.5,
        "low": -0.1,
        "high": 1.1,
        "median": 0.25,
        "winners": 54.6,
    }
    known |= {"worst": -3.0, "best": 4.0, "missing": {"halted": 2, "no bar": 3}}
    nothing = dict.fromkeys(known) | {"n": 0, "days": 0, "missing": {}}

    assert cells_of(known, "-") == [
        *("1,200", "20", "+0.500", "-0.100 to +1.100", "+0.250", "55 %", "-3.000", "+4.000", "5"),
    ]
    assert cells_of(nothing, "-") == ["0", "0", "-", "-", "-", "-", "-", "-", "0"]
