"""Short stacks for asyncio's debug mode, which has every timer, task and future note who made it.

Noted as Python does it, whole and with a look at each file's date, they took a quarter of what a test of the whole
program took; hardly more is read of them than the first lines. tests/conftest.py calls this before any loop is made.
"""

import asyncio.constants
import asyncio.format_helpers
import sys
import traceback
from traceback import FrameSummary, StackSummary
from types import FrameType
from typing import Final

DEPTH: Final = 3


def shorten() -> None:
    """Have the stacks of debug mode be three lines."""
    asyncio.constants.DEBUG_STACK_DEPTH = DEPTH  # type: ignore[misc]  # named as a constant, read at each call
    asyncio.format_helpers.extract_stack = _short  # type: ignore[assignment]  # of a fixed depth, and no lines read
    # What is made in C holds on to this very function, and calls it without arguments.
    traceback.extract_stack.__code__ = _stack.__code__


def _short(frame: FrameType | None = None) -> StackSummary:
    return traceback.extract_stack(frame or sys._getframe(1), DEPTH)  # noqa: SLF001  # whoever made it


def _stack(f: FrameType | None = None, limit: int | None = None) -> StackSummary:
    """Runs as `traceback.extract_stack`, among the names of that module; whoever names a frame is given all of it."""
    if f is None:
        f, limit = sys._getframe(1), limit or 3  # noqa: SLF001
    found = StackSummary()
    while f is not None and (limit is None or len(found) < limit):
        found.append(FrameSummary(f.f_code.co_filename, f.f_lineno, f.f_code.co_name, lookup_line=False))
        f = f.f_back
    found.reverse()
    return found
