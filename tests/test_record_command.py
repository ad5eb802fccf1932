"""The command `record` as a person types it, at a whole program, and the file that comes of it; the words alone."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import free_port
from tests.support.recorded import snapshots
from tests.support.web import served
from tests.support.whole import whole
from tradeul.app import App
from tradeul.record_command import lines_of
from tradeul.web.routes.recording import NOTHING, RecordingRoutes

pytestmark = pytest.mark.slow(15)

ROOT = Path(__file__).resolve().parents[1]
FILE = "/state/sim-1/recordings/sim-1-2026-11-18.trec"
AMOUNTS = "since the program started: 1 snapshot and 1,200 frames, 6,400,000 bytes in, 900,000 out"
SOME = {"file": FILE, "bodies": 1, "frames": 1_200, "bytes_in": 6_400_000, "bytes_out": 900_000}


async def typed(*words: str) -> tuple[int | None, str, str]:
    """Exit code, and what is said where."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradeul", *words, stdout=pipe, stderr=pipe, env=environ
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def record(app: App, wish: str) -> str:
    assert app.server is not None
    code, out, err = await typed("record", wish, "--url", f"http://127.0.0.1:{app.server.port}")
    assert (code, err) == (0, "")
    return out


@pytest.mark.parametrize(
    ("state", "lines"),
    [
        ({}, ["not recording"]),
        ({"enabled": True}, ["recording; no file could be begun yet"]),
        (
            {**SOME, "enabled": True, "writing": True, "failures": 1},
            [
                f"recording into {FILE}",
                f"{AMOUNTS}, 0 dropped, 1 failure of the disk",
            ],
        ),
        (
            {**SOME, "dropped": 7},
            [
                f"not recording; the last file is {FILE}",
                f"{AMOUNTS}, 7 dropped",
            ],
        ),
    ],
)
def test_it_says_how_it_stands(state: dict[str, Any], lines: list[str]) -> None:
    """Whether, into which file, and how much; nothing of amounts where there was never a file."""
    assert lines_of({**NOTHING._asdict(), **state}) == lines


def test_a_file_that_is_not_whole_yet_is_said_to_be() -> None:
    """A disk may be slow."""
    state = {**NOTHING._asdict(), **SOME, "writing": True}

    assert lines_of(state)[0] == f"not recording; what waits is still written into {FILE}"


async def test_it_is_turned_on_and_off_and_what_was_recorded_is_verified(tmp_path: Path) -> None:
    """Off to begin with, on, off, and on again into the same file; its replay publishes what was published."""
    file = tmp_path / "sim-7" / "recordings" / "sim-7-2026-11-18.trec"
    async with whole(tmp_path, "09:31", 200, speed=20.0, history={"dsn": "off"}) as app:
        await snapshots(app, 1)
        before = await record(app, "status")
        begun = await record(app, "on")
        await snapshots(app, 3)
        again = await record(app, "on")
        ended = await record(app, "off")
        size = file.stat().st_size
        await snapshots(app, 2)
        assert file.stat().st_size == size
        await record(app, "on")
        await snapshots(app, 3)
        await record(app, "off")
        last = await record(app, "status")

        code, out, err = await typed("replay", str(file), "--verify")

    assert before == "not recording\n"
    assert begun.startswith(f"recording into {file}\nsince the program started: ")
    assert again.startswith(f"recording into {file}\n")
    assert ended.startswith(f"not recording; the last file is {file}\n")
    assert int(last.split(" snapshot")[0].split()[-1]) > int(ended.split(" snapshot")[0].split()[-1]) > 0
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "verified: every published state is what it was"
    assert [each.name for each in file.parent.iterdir()] == [file.name]


async def test_where_it_cannot_be_one_line_says_why() -> None:
    """Where a recording is played: exit code 2; where no program runs: 1."""
    async with served(more=[RecordingRoutes(None)]) as world:
        refused = await typed("record", "on", "--url", world.url)
        status = await typed("record", "status", "--url", world.url)
        off = await typed("record", "off", "--url", world.url)
    alone = await typed("record", "on", "--url", f"http://127.0.0.1:{free_port()}")

    words = "a recording is played here: nothing new comes that could be recorded"
    assert refused == (2, "", f"tradeul: {words}\n")
    assert status == off == (0, "not recording\n", "")
    assert (alone[0], alone[1]) == (1, "")
    assert alone[2].startswith("tradeul: no tradeul answers at ")
    assert alone[2].count("\n") == 1


async def test_only_on_off_and_status_are_understood() -> None:
    """Anything else is bad usage."""
    code, out, err = await typed("record", "maybe")

    assert (code, out) == (2, "")
    assert "invalid choice: 'maybe'" in err
