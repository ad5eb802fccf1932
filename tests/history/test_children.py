"""Short commands: what they print, how they fail, and that they end when nobody waits for them."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.history.worlds import found, number_in
from tests.support.eventually import eventually, running
from tradeul.clock import SystemClock
from tradeul.errors import EmbeddedFailed
from tradeul.history.children import output_of


async def test_what_a_command_prints_is_given() -> None:
    """On both of its outputs, whatever the bytes."""
    assert (
        await output_of(["sh", "-c", "echo one; echo two >&2; printf '\\377'"], None, SystemClock())
        == "one\ntwo\n\ufffd"
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'FATAL:  full'; echo 'initdb: error: code 1'; echo bye; exit 3", "full"),
        ("echo why; exit 1", "why"),
        ("exit 7", "code 7"),
    ],
)
async def test_why_a_command_failed_is_said(script: str, reason: str) -> None:
    """Its first error, which is the cause of the others, else its last line, else its code."""
    with pytest.raises(EmbeddedFailed, match=f"^sh failed: {reason}$"):
        await output_of(["sh", "-c", script], None, SystemClock())


async def test_a_missing_command_is_an_error_of_the_system() -> None:
    """Whoever asked turns it into a line."""
    with pytest.raises(FileNotFoundError):
        await output_of(["/nowhere/initdb"], None, SystemClock())


async def test_a_command_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    """Cancelled in the middle, it leaves no process behind."""
    script = f"echo $$ > {tmp_path}/making; mv {tmp_path}/making {tmp_path}/pid; exec sleep 60"

    async def waiting() -> None:
        await output_of(["sh", "-c", script], None, SystemClock())

    async with running(waiting):
        await eventually(lambda: found(tmp_path, "pid"))
    pid = number_in(tmp_path / "pid")

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_command_gets_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, no file, no input, no terminal."""
    monkeypatch.setenv("POLYGON_API_KEY", "canary")
    read, write = os.pipe()
    os.set_inheritable(read, True)  # noqa: FBT003  the system call's own

    printed = await output_of(["sh", "-c", "env; ls -l /proc/self/fd; cat; umask"], None, SystemClock())
    os.close(read)
    os.close(write)

    assert "canary" not in printed
    assert "pipe:" not in printed
    assert printed.endswith("0077\n")


async def test_the_loop_goes_on_while_a_command_runs(tmp_path: Path) -> None:
    """What the command waits for is done by the loop."""

    async def touch() -> None:
        await eventually(lambda: found(tmp_path, "asked"))
        (tmp_path / "answered").touch()

    command = ["sh", "-c", f"touch {tmp_path}/asked; until test -e {tmp_path}/answered; do :; done; echo done"]
    printed, _ = await asyncio.gather(output_of(command, None, SystemClock()), touch())

    assert printed == "done\n"
