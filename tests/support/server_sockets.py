"""What the kernel holds for a server: its connections by the port it listens on, and what waits in them unsent."""

import os
from pathlib import Path
from typing import NamedTuple

TIME_WAIT, LISTEN = "06", "0A"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TCP = Path("/proc/net/tcp")


class Held(NamedTuple):
    """Of one server."""

    connections: int
    """All that are not over; who waits for late packets of one that is, holds nothing of it."""
    full: int
    """In which something waits that the other side has not taken."""
    unsent_bytes: int


def held_for(port: int) -> Held:
    """Look once."""
    local = f":{port:04X}"
    waiting = [
        int(fields[4].split(":")[0], 16)
        for fields in map(str.split, TCP.read_text().splitlines()[1:])
        if fields[1].endswith(local) and fields[3] not in (TIME_WAIT, LISTEN)
    ]
    return Held(len(waiting), sum(map(bool, waiting)), sum(waiting))


def descriptors_of(pid: int) -> int:
    """How many a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident_bytes(pid: int) -> int:
    """How much memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
