"""The command that loads: what it shows, how it ends, and what it says when it cannot."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.eventually import eventually, running
from tests.support.jobs import RUN, ScriptedJobs
from tests.support.program import free_port
from tests.support.vendor import UnhurriedClock, Vendor, answers
from tests.support.web import Served, served
from tradeul.client import ServerLost
from tradeul.errors import JobFailed, UsageError
from tradeul.load import days_of, line_of, load, summary_of
from tradeul.progress import bar_of, duration_of
from tradeul.web.routes.jobs import JobRoutes

ROOT = Path(__file__).parent.parent
HALF = {"done": 6_000, "total": 12_000, "rate": 79.96, "eta_s": 75.0, "note": "profiles"}
DONE = {"state": "done", "finished_at": 92_000, "done": 12_000, "total": 12_000, "rows": 11_950, "errors": 2}
FAILED = {"state": "failed", "finished_at": 2_000, "error": "the vendor answered 503: busy"}


class Terminal(io.StringIO):
    """Something that is written to and looked at."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


async def loaded(world: Served, out: Terminal, days: int | None = None, name: str = "slots") -> None:
    await load(world.url, name, days, UnhurriedClock(), out)


async def test_a_plain_line_now_and_then_and_one_at_the_end() -> None:
    """Where nobody sees a terminal, every few seconds; the job was asked for with its depth."""
    jobs, out = ScriptedJobs({"state": "queued"}, *[HALF] * 21, DONE), Terminal(terminal=False)
    async with served(more=[JobRoutes(jobs)]) as world:
        await loaded(world, out, 30)

    lines = out.getvalue().splitlines()
    assert jobs.asked == [("slots", 30)]
    assert lines[0] == "slots  waits for its turn"
    assert set(lines[1:-1]) == {
        "slots  [############............]  6,000/12,000  80.0/s  ETA 1:15  profiles",
    }
    assert 1 <= len(lines) - 2 <= 3
    assert lines[-1] == "slots: done, 11,950 rows written in 1:31, 2 errors passed over"


async def test_on_a_terminal_one_line_is_written_over() -> None:
    """No line is ended before the last one, and none is longer than the terminal is wide."""
    long = HALF | {"note": "x" * 500}
    out = Terminal(terminal=True)
    async with served(more=[JobRoutes(ScriptedJobs({"state": "queued"}, HALF, long, DONE))]) as world:
        await loaded(world, out)

    shown = out.getvalue().split("\r\x1b[K")
    assert out.getvalue().count("\n") == 1
    assert shown[1] == "slots  waits for its turn"
    assert shown[2].startswith("slots  [############....")
    assert max(map(len, shown)) < 200
    assert shown[-1].startswith("slots: done, ")


async def test_a_failed_run_says_why() -> None:
    """In one line, that of the vendor or the database."""
    async with served(more=[JobRoutes(ScriptedJobs(FAILED))]) as world:
        with pytest.raises(JobFailed) as failed:
            await loaded(world, Terminal(terminal=True))

    assert str(failed.value) == "slots failed: the vendor answered 503: busy"


async def test_an_unknown_job_is_bad_usage() -> None:
    """And those there are, are named."""
    async with served(more=[JobRoutes(ScriptedJobs({}))]) as world:
        with pytest.raises(UsageError, match="there is no job slotz: there are slots"):
            await loaded(world, Terminal(terminal=False), name="slotz")


async def test_without_a_program_it_says_how_to_start_one() -> None:
    """Nobody listens there, or a program that is not ours does."""
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerLost, match=f"no tradeul answers at {url}: start one with `python -m tradeul`"):
        await load(url, "slots", None, UnhurriedClock(), Terminal(terminal=False))


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"error":"no"}', '{"runs":7}', ""])
@pytest.mark.parametrize("status", [200, 404, 500])
async def test_another_program_is_taken_for_none_of_ours(body: str, status: int) -> None:
    """Whatever it answers, the command ends in one line."""
    async with Vendor(answers(web.Response(text=body, status=status))) as other:
        with pytest.raises(ServerLost, match="is no tradeul: start one"):
            await load(other.url, "slots", None, UnhurriedClock(), Terminal(terminal=False))


async def test_a_program_without_a_database_says_so() -> None:
    """In its own words."""
    async with served(more=[JobRoutes(None)]) as world:
        with pytest.raises(JobFailed, match=r"^nothing is loaded: `history.dsn` is off$"):
            await loaded(world, Terminal(terminal=False))


async def test_a_program_that_goes_is_seen() -> None:
    """What was loaded is kept, which is said."""
    async with served(more=[JobRoutes(ScriptedJobs(HALF))]) as world:

        async def watch() -> None:
            with pytest.raises(ServerLost, match="what was loaded is kept"):
                await loaded(world, out)
            ended.set()
            await asyncio.Event().wait()

        out, ended = Terminal(terminal=True), asyncio.Event()
        async with running(watch):
            await eventually(lambda: "6,000" in out.getvalue())
            await world.server.close()
            await ended.wait()


async def test_whoever_stops_looking_stops_nothing() -> None:
    """That the job goes on is said."""
    async with served(more=[JobRoutes(ScriptedJobs(HALF))]) as world:
        out = Terminal(terminal=True)
        async with running(lambda: loaded(world, out)):
            await eventually(lambda: "6,000" in out.getvalue())

    assert out.getvalue().endswith("slots goes on in the program; `load slots` shows it again\n")


@pytest.mark.parametrize("text", ["0", "401", "-1", "5.0", "", "1e2", "4000", "99999999999999"])
def test_days_are_a_number_of_sessions(text: str) -> None:
    """Anything else is refused before anybody is asked."""
    assert (days_of("1"), days_of("400"), days_of(None)) == (1, 400, None)
    with pytest.raises(UsageError, match="--days: a whole number from 1 to 400"):
        days_of(text)


@pytest.mark.parametrize("url", ["nowhere", "", "http://", "127.0.0.1:8000"])
async def test_an_address_that_is_none_is_bad_usage(url: str) -> None:
    """One that could be is shown."""
    with pytest.raises(UsageError, match=r"is no address: http://127\.0\.0\.1:8000 is one"):
        await load(url, "slots", None, UnhurriedClock(), Terminal(terminal=False))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, f"slots  [{'.' * 24}]"),
        ({"note": "asking"}, f"slots  [{'.' * 24}]  asking"),
        ({"done": 1, "total": 3, "errors": 1}, f"slots  [{'#' * 8}{'.' * 16}]  1/3  1 error"),
        ({"done": 3, "total": 3, "rate": 0.0}, f"slots  [{'#' * 24}]  3/3  0.0/s"),
    ],
)
def test_a_line_says_what_is_known(state: dict[str, Any], expected: str) -> None:
    """And leaves out what is not."""
    assert line_of(RUN | state) == expected


def test_figures_are_readable() -> None:
    """Durations in minutes and seconds, hours where there are any; a bar never overflows."""
    assert [duration_of(seconds) for seconds in (0, 59.6, 61, 3_600, 90_061)] == [
        "0:00", "1:00", "1:01", "1:00:00", "25:01:01",
    ]  # fmt: skip
    assert bar_of(5, 3) == f"[{'#' * 24}]"
    assert summary_of(RUN | DONE | {"errors": 0}) == "slots: done, 11,950 rows written in 1:31"


async def command(*arguments: str) -> asyncio.subprocess.Process:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradeul", "load", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environ,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("states", "arguments", "code", "said", "complained"),
    [
        ([HALF, DONE], ["slots"], 0, "slots: done, ", ""),
        ([FAILED], ["slots"], 1, "", "tradeul: slots failed: the vendor answered 503: busy\n"),
        ([HALF], ["slotz"], 2, "", "tradeul: there is no job slotz: there are slots\n"),
        ([HALF], ["slots", "--days", "0"], 2, "", "tradeul: --days: a whole number from 1 to 400\n"),
    ],
)
async def test_exit_codes(
    states: list[dict[str, Any]], arguments: list[str], code: int, said: str, complained: str
) -> None:
    """0 done, 1 failed, 2 bad usage; one line, and no traceback."""
    async with served(more=[JobRoutes(ScriptedJobs(*states))]) as world:
        process = await command(*arguments, "--url", world.url)
        out, err = await process.communicate()

    assert process.returncode == code
    assert out.decode().splitlines()[-1:] == [] if not said else out.decode().splitlines()[-1].startswith(said)
    assert err.decode() == complained


async def test_an_interrupt_ends_the_looking() -> None:
    """Without a traceback, and with a word about the job."""
    async with served(more=[JobRoutes(ScriptedJobs(HALF))]) as world:
        process = await command("slots", "--url", world.url)
        assert process.stdout is not None
        first = await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

    assert b"6,000/12,000" in first
    assert out.decode().endswith("slots goes on in the program; `load slots` shows it again\n")
    assert err == b""
