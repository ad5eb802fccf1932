"""Which server runs on a cluster, whatever its pid file claims.

A pid file outlives its server, its pid is given to strangers, and a full disk cuts it. So a process counts as a server
of the cluster only if its working folder is the cluster's and its program is Postgres; nobody else is ever signalled.
A zombie has no working folder, so it does not count either.
"""

import os
import signal
from pathlib import Path
from typing import Final, NamedTuple

from tradeul.clock import Clock
from tradeul.errors import EmbeddedFailed

NAME: Final = "postmaster.pid"
LONGEST: Final = 4096
"""A whole one takes about 120 bytes; of a damaged one no more than this is read."""
LARGEST_PID: Final = 4_194_304
"""The kernel's own bound."""
READY: Final = "ready"
POLL_S: Final = 0.01
KILLING_S: Final = 5.0
_PID_LINE: Final = 0
_STATUS_LINE: Final = 7


class PidFile(NamedTuple):
    """What the server says of itself."""

    pid: int
    ready: bool


def pid_file_of(data: Path) -> PidFile | None:
    """The pid file of a cluster; None if there is none or it cannot be understood."""
    try:
        with (data / NAME).open("rb") as file:
            lines = file.read(LONGEST).decode(errors="replace").split("\n")
        pid = int(lines[_PID_LINE])
    except (OSError, ValueError):
        return None
    status = lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else ""
    return PidFile(pid, status == READY) if 0 < pid <= LARGEST_PID else None


def is_server(pid: int, data: Path) -> bool:
    """Whether the process lives and is a Postgres that works in `data`."""
    process = Path("/proc") / str(pid)
    try:
        program = (process / "exe").readlink().name
        # An upgrade may have removed the program under a running server: "postgres (deleted)".
        return program.startswith("postgres") and (process / "cwd").samefile(data)
    except OSError:
        return False


def servers_in(data: Path) -> list[int]:
    """Every process of a server on `data`, its children too, which live on for a moment when it is killed."""
    names = (process.name for process in Path("/proc").iterdir())
    return [int(name) for name in names if name.isdecimal() and is_server(int(name), data)]


def tell(pid: int, data: Path, number: signal.Signals) -> None:
    """Signal a server of `data`; if the pid is somebody else's by now, nobody is signalled."""
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return
    try:
        # Asked after the process was pinned: from here on its pid cannot become another's.
        if is_server(pid, data):
            signal.pidfd_send_signal(process, number)
    except ProcessLookupError:
        return
    finally:
        os.close(process)


def kill_servers(data: Path) -> None:
    """Kill every process of a server on `data`, the parent before the children it would start anew."""
    parent = pid_file_of(data)
    pids = servers_in(data)
    for pid in sorted(pids, key=lambda pid: parent is None or pid != parent.pid):
        tell(pid, data, signal.SIGKILL)


async def end_servers(data: Path, clock: Clock, patience_s: float) -> None:
    """See that no server runs on `data`: one that a killed program left behind is asked first, then killed."""
    if not servers_in(data):
        return
    parent = pid_file_of(data)
    if parent is not None:
        tell(parent.pid, data, signal.SIGINT)
    if await _are_gone(data, clock, patience_s):
        return
    kill_servers(data)
    if not await _are_gone(data, clock, KILLING_S):
        raise EmbeddedFailed(f"a server on {data} cannot be ended: pids {servers_in(data)}")


async def _are_gone(data: Path, clock: Clock, within_s: float) -> bool:
    deadline = clock.monotonic() + within_s
    left = servers_in(data)
    while left:
        if clock.monotonic() >= deadline:
            return False
        await clock.pause(POLL_S)
        # All processes of the machine are gone through only when those that were found have ended.
        left = [pid for pid in left if is_server(pid, data)] or servers_in(data)
    return True
