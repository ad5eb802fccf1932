"""How deep what a stranger sends is nested, known before anything is made of it: by bodies and the live protocol."""

import re
from typing import Final

MAX_DEPTH: Final = 5
_TEXTS: Final = re.compile(rb'"(?:[^"\\]|\\.)*("|$)', re.DOTALL)
_BRACKETS: Final = re.compile(rb"[^\[\]{}]+")


def depth_of(text: bytes) -> int:
    """How deep objects and arrays stand in one another."""
    deepest = depth = 0
    for bracket in _BRACKETS.sub(b"", _TEXTS.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def is_too_deep(text: bytes) -> bool:
    """Whether it is deeper than anything that we read; nearly all has too few brackets for that."""
    return text.count(b"[") + text.count(b"{") > MAX_DEPTH and depth_of(text) > MAX_DEPTH
