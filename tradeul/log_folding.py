"""Keeps a storm of log lines from filling the disk: of what repeats, the first ones are written, the rest counted.

Each kind of line has so many a minute, and all together so many bytes an hour. What was not written is told by the
next line of its kind, and by `due`, which is asked once a second. `logs` owns one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tradeul.clock import Clock

WINDOW_S: Final = 60.0
MOST_OF_A_KIND: Final = 30
MOST_KINDS: Final = 500
BURST_BYTES: Final = 1_000_000
BYTES_PER_S: Final = 2_400.0
"""Together some 9.6 MB in the worst hour."""


@dataclass(slots=True)
class _Kind:
    since: float
    written: int = 0
    folded: int = 0


class Folding:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kinds: dict[str, _Kind] = {}
        self._room = float(BURST_BYTES)
        self._filled_at = clock.monotonic()

    def admits(self, kind: str) -> int | None:
        """Whether a line of this kind may be written, and how many like it were not before; None: it may not."""
        known = self._kinds.get(kind)
        if known is None or self._over(known):
            if len(self._kinds) >= MOST_KINDS and known is None:
                self._kinds.pop(next(iter(self._kinds)))
            self._kinds[kind] = _Kind(self._clock.monotonic(), 1)
            return 0 if known is None else known.folded
        if known.written < MOST_OF_A_KIND:
            known.written += 1
            return 0
        known.folded += 1
        return None

    def has_room(self, size: int) -> bool:
        """Whether there is room for so many bytes; if so, they are taken."""
        now = self._clock.monotonic()
        self._room = min(BURST_BYTES, self._room + (now - self._filled_at) * BYTES_PER_S)
        self._filled_at = now
        if size > self._room:
            return False
        self._room -= size
        return True

    def due(self) -> Iterator[tuple[str, int]]:
        """Which kinds are over, and how many lines of each were not written."""
        for kind, known in list(self._kinds.items()):
            if self._over(known):
                del self._kinds[kind]
                if known.folded:
                    yield kind, known.folded

    def _over(self, kind: _Kind) -> bool:
        return self._clock.monotonic() - kind.since >= WINDOW_S
