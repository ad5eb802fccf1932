"""The command `recall`, as a person types it: its tables, and one clear line where there is nothing."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.support.program import free_port
from tests.support.recalls import ScriptedRecalls, recall
from tests.support.web import served
from tradeul.web.routes.scan_recall import ScanRecallRoutes

ROOT = Path(__file__).resolve().parents[2]


async def typed(url: str, *arguments: str) -> tuple[int | None, str, str]:
    """What it comes to."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    pipe = asyncio.subprocess.PIPE
    words = (sys.executable, "-m", "tradeul", "recall", *arguments, "--url", url)
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe, env=environ)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def beside(recalls: ScriptedRecalls, *arguments: str) -> tuple[int | None, str, str]:
    async with served(more=[ScanRecallRoutes(recalls)]) as world:
        return await typed(world.url, *arguments)


async def test_a_day_is_a_line_for_each_list() -> None:
    """With what it was held against, and when no list was made."""
    code, out, err = await beside(ScriptedRecalls(recall()))
    lines = out.splitlines()

    assert (code, err) == (0, "")
    assert lines[:3] == [
        "scan recall of 2026-11-18",
        "the full day: 11,940 symbols by slots, 04:00:00 to 20:00:00, 191 images",
        "no list was made: the program was down from 10:00:00 to 10:05:00",
    ]
    assert re.search(r"^list +met +shown +in time +late +missed +below cut +extra +filtered +recall", out, re.MULTILINE)
    assert re.search(r"^winners +5 +4 +2 +1 +1 +1 +1 +1 +75\.0 % +1:05 +1:05$", out, re.MULTILINE)
    assert re.search(r"^losers( +0){8} +-", out, re.MULTILINE)
    assert lines[-1] == "winners: by slots"


async def test_a_list_is_told_symbol_by_symbol_with_the_reason_of_each() -> None:
    """What was missed first."""
    code, out, err = await beside(ScriptedRecalls(recall()), "--day", "2026-11-18", "--list", "winners")

    assert (code, err) == (0, "")
    assert out.index("missed: belonged") < out.index("LATE") < out.index("extra: shown") < out.index("in time (")
    assert re.search(r"^=GONE +12:00:00 +- +- +3 +0/2 +value unknown then: avg_volume_30d$", out, re.MULTILINE)
    assert re.search(r"^LATE +12:00:00 +12:01:05 +1:05 +1 +0/2 +the program was down$", out, re.MULTILINE)
    assert re.search(r"^CUT +12:00:00 +- +- +37 +- +below the cut: best rank 37 of 3$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("recalls", "arguments", "code", "words"),
    [
        (ScriptedRecalls(), (), 0, "no day was worked out yet: it comes every night"),
        (ScriptedRecalls(), ("--day", "2026-11-18"), 2, "tradeul: there is no scan recall of that day: `load scan_rec"),
        (ScriptedRecalls(recall()), ("--list", "winers"), 2, "tradeul: there is no such list"),
        (ScriptedRecalls(recall()), ("--day", "soon"), 2, "tradeul: --day: a day such as 2026-11-18"),
        (ScriptedRecalls(away=True), (), 1, "tradeul: Postgres does not answer"),
    ],
)
async def test_where_there_is_nothing_one_line_says_so(
    recalls: ScriptedRecalls, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Without a traceback."""
    found, out, err = await beside(recalls, *arguments)

    assert (found, (out + err).count("\n")) == (code, 1)
    assert (out + err).startswith(words)


async def test_where_no_program_runs_one_line_says_so() -> None:
    """And how to start one."""
    url = f"http://127.0.0.1:{free_port()}"

    code, out, err = await typed(url)

    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "start one with" in err
