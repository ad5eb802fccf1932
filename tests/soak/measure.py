"""What a simulated day leaves behind: memory, descriptors and tasks, as slopes over days.

Memory is what is in use, as the C library counts it. What the process has of the machine is beside it, but shows no
leak of a megabyte: after a day of kills it is tens of megabytes more or less, by where what stays happens to lie.
"""

import asyncio
import ctypes
import gc
import os
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

MEGABYTE: Final = 1_000_000
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
MOST_MB: Final = 1.0
ALLOCATOR: Final = "PYTHONMALLOC"
COUNTED: Final = "malloc"
"""Python's own allocator keeps small objects where the C library does not count them."""


class Held(NamedTuple):
    """What the process holds."""

    memory_mb: float
    resident_mb: float
    descriptors: int
    tasks: int


class _Allocated(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def count_all() -> None:
    """Have the C library allocate everything, so that it counts everything: begins this very command anew with that."""
    if os.environ.get(ALLOCATOR) != COUNTED:
        os.execve(sys.executable, sys.orig_argv, {**os.environ, ALLOCATOR: COUNTED})  # noqa: S606  # itself


def held(known: int = 0) -> Held:
    """Look, after all that is free was given back. So many bytes are `known` to be there, and not as many each day."""
    gc.collect()
    library = ctypes.CDLL(None)
    library.malloc_trim(0)
    library.mallinfo2.restype = _Allocated
    allocated: Any = library.mallinfo2()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    return Held(
        (allocated.uordblks + allocated.hblkhd - known) / MEGABYTE,
        resident / MEGABYTE,
        len(list(Path("/proc/self/fd").iterdir())),
        len(asyncio.all_tasks()),
    )


def slopes(days: list[Held]) -> Held:
    """What each day adds, the first left out, which fills what is filled once: the median, and of counts the most."""
    steps = np.diff(np.array(days[1:], np.float64), axis=0)
    if not len(steps):
        return Held(0.0, 0.0, 0, 0)
    memory, resident = np.median(steps[:, :2], axis=0)
    return Held(float(memory), float(resident), int(steps[:, 2].max()), int(steps[:, 3].max()))


def leaks(days: list[Held]) -> list[str]:
    """What grows that may not."""
    slope = slopes(days)
    found = [f"{slope.memory_mb:.2f} MB a day"] if slope.memory_mb > MOST_MB else []
    found += [f"{slope.descriptors} descriptors a day"] if slope.descriptors > 0 else []
    return found + ([f"{slope.tasks} tasks a day"] if slope.tasks > 0 else [])
