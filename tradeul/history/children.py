"""Processes of ours that cannot outlive us, and short commands that are awaited without holding the loop.

The kernel itself tells a child when the thread that started it has ended, so kill -9 of the program leaves nothing
running. A child gets none of our environment, which may hold a vendor's key, and none of our files.
"""

import ctypes
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tradeul.clock import Clock
from tradeul.errors import EmbeddedFailed
from tradeul.history.ownership import Account

POLL_S: Final = 0.005
"""A restart takes 30 ms in all: looking more rarely would be felt, and a look costs some microseconds."""
COMMAND_PATIENCE_S: Final = 120.0
REAPING_S: Final = 1.0
PR_SET_PDEATHSIG: Final = 1
ORPHANED_EXIT_CODE: Final = 1
ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""In `C` the server's messages are in English, which is what we look for errors in."""

_ERROR_LINE: Final = re.compile(r"\b(FATAL|PANIC|ERROR|error):\s*(.+)")
# Loaded here because a child between fork and exec may not load anything.
_libc: Final = ctypes.CDLL(None, use_errno=True)

Process = subprocess.Popen[bytes]


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it has ended; for a child of ours to call itself."""
    parent = os.getppid()
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(ORPHANED_EXIT_CODE)


def launched(command: Sequence[str], account: Account | None, output: int, last_word: signal.Signals) -> Process:
    """Start `command` as `account`, or as ourselves; when our thread ends the kernel sends it `last_word`."""
    parent = os.getpid()

    def tie_to_parent() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(last_word))
        if os.getppid() != parent:
            # We were killed before the line above: nobody will tell it any more.
            os._exit(ORPHANED_EXIT_CODE)

    # A change of user clears the parent-death signal, so it is set after that, which only preexec_fn is; and uvloop's
    # own way to start processes knows no `user`.
    return subprocess.Popen(  # noqa: S603  no shell, and every word of it is ours or the operator's
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=ENVIRONMENT,
        cwd="/",
        umask=0o077,
        start_new_session=True,
        preexec_fn=tie_to_parent,  # noqa: PLW1509  two system calls, of a library that is already loaded
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


async def has_ended(process: Process, clock: Clock, within_s: float) -> bool:
    """Wait for the end of a process, but not for ever."""
    deadline = clock.monotonic() + within_s
    while process.poll() is None:
        if clock.monotonic() >= deadline:
            return False
        await clock.pause(POLL_S)
    return True


def kill(process: Process) -> None:
    """End a process for sure and see it off."""
    process.kill()
    try:
        process.wait(REAPING_S)
    except subprocess.TimeoutExpired:
        # It hangs in the kernel, on a dead disk: its end comes when the disk does.
        return


async def output_of(command: Sequence[str], account: Account | None, clock: Clock) -> str:
    """What a short command printed; the reason in one line if it fails. It does not outlive whoever waits for it."""
    with tempfile.TemporaryFile() as output:
        process = launched(command, account, output.fileno(), signal.SIGKILL)
        try:
            ended = await has_ended(process, clock, COMMAND_PATIENCE_S)
        finally:
            if process.poll() is None:
                kill(process)
        output.seek(0)
        printed = output.read().decode(errors="replace")
    name = Path(command[0]).name
    if not ended:
        raise EmbeddedFailed(f"{name} did not end within {COMMAND_PATIENCE_S:.0f} s")
    if process.returncode != 0:
        # The first one is the cause, a full disk for instance; the others come of cleaning up after it.
        reason = next(iter(errors_in(printed)), f"code {process.returncode}")
        raise EmbeddedFailed(f"{name} failed: {reason}")
    return printed


def errors_in(text: str) -> list[str]:
    """What a program complained of, in its order; without a complaint, its last line."""
    found = [match[2].strip() for match in _ERROR_LINE.finditer(text)]
    return found or [line.strip() for line in text.split("\n") if line.strip()][-1:]
