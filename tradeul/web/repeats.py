"""Answers that stand as they are for whoever sends the same request, byte for byte, a moment later.

Programs that follow a list by asking send the same bytes again and again, and get the same until the list changes. A
route marks such an answer (`STANDS`); `quick` keeps what was sent, and sends it again without reading the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiohttp import web

from tradeul.clock import Clock


@dataclass(frozen=True, slots=True)
class Standing:
    """Says of an answer for how long it is the right one."""

    stands: Callable[[], bool]


STANDS: Final = web.ResponseKey("stands", Standing)
"""Not there where an answer is right only once."""

KEPT_S: Final = 1.0
"""The date in an answer, which counts seconds, is then old."""
MOST_KEPT: Final = 64
LONGEST_REQUEST: Final = 2_048
LONGEST_ANSWER: Final = 256 * 1024


class Kept(NamedTuple):
    answer: bytes
    status: int
    until: float
    standing: Standing


class Repeats:
    """A bounded number of requests with their answers; the oldest makes room."""

    def __init__(self, clock: Clock) -> None:
        self.now = clock.monotonic
        self._kept: dict[bytes, Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def answer_to(self, request: bytes) -> Kept | None:
        found = self._kept.get(request)
        if found is None:
            return None
        if self.now() < found.until and found.standing.stands():
            return found
        del self._kept[request]
        return None

    def keep(self, request: bytes, answer: bytes, status: int, standing: Standing) -> None:
        if len(request) > LONGEST_REQUEST or len(answer) > LONGEST_ANSWER:
            return
        self._kept.pop(request, None)
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[request] = Kept(answer, status, self.now() + KEPT_S, standing)
