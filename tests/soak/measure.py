"""What a simulated day leaves behind: memory, descriptors and tasks, as slopes over days."""

import asyncio
import ctypes
import gc
import os
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

MEGABYTE: Final = 1_000_000
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
MOST_MB: Final = 1.0


class Held(NamedTuple):
    """What the process holds."""

    memory_mb: float
    descriptors: int
    tasks: int


def held() -> Held:
    """Look, after all that is free was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    return Held(resident / MEGABYTE, len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks()))


def slopes(days: list[Held]) -> Held:
    """What each day adds, the first left out, which fills what is filled once: the median, and of counts the most."""
    steps = np.diff(np.array(days[1:], np.float64), axis=0)
    if not len(steps):
        return Held(0.0, 0, 0)
    return Held(float(np.median(steps[:, 0])), int(steps[:, 1].max()), int(steps[:, 2].max()))


def leaks(days: list[Held]) -> list[str]:
    """What grows that may not."""
    slope = slopes(days)
    found = [f"{slope.memory_mb:.2f} MB a day"] if slope.memory_mb > MOST_MB else []
    found += [f"{slope.descriptors} descriptors a day"] if slope.descriptors > 0 else []
    return found + ([f"{slope.tasks} tasks a day"] if slope.tasks > 0 else [])
