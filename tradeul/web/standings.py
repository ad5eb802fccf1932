"""Where viewers stand: what each was sent of its lists, and what leads on from there.

Viewers who were sent the same share one standing, and most keep up: there are about as many as there are sets of lists
that somebody follows. What leads on is therefore put together once for all of them, and a viewer is written to without
looking at its lists. The hub owns one `Standings`; viewers hold a `Standing` each.
"""

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from tradeul.web.frames import ListFrames

BLOCK_BYTES: Final = 32_768
"""About so much is handed to a socket at once: what it does not take is decided when there is newer state to send."""

RECENT: Final = 256

Sequences = Mapping[str, int | None]
"""Of each list the sequence that was sent last; None: a snapshot is due."""


class Step(NamedTuple):
    """Frames to be written in one go, and where whoever was written them stands then."""

    block: bytes
    then: "Standing"
    last: bool
    """Nothing is due any more from there."""


class Standing:
    """Immutable, but for the step that leads on from here, which is remembered until some list turns."""

    __slots__ = ("__weakref__", "sequences", "step", "turn")

    def __init__(self, sequences: Sequences) -> None:
        self.sequences = MappingProxyType(sequences)
        self.step: Step | None = None
        self.turn = -1
        """When `step` was found; it holds until the next turn."""


class Standings:
    """All that are in use. Equal ones are the same object."""

    def __init__(self, lists: Mapping[str, ListFrames]) -> None:
        self._lists = lists
        self._turn = 0
        self._recent: deque[Standing] = deque(maxlen=RECENT)
        """Kept although nobody may stand there any more: many come to the same places one after another."""
        self._in_use: WeakValueDictionary[tuple[tuple[str, int | None], ...], Standing] = WeakValueDictionary()

    def turned(self) -> None:
        """Some list turned to another state, or is no more: the ways on are others now."""
        self._turn += 1

    def of(self, sequences: Sequences) -> Standing:
        key = tuple(sequences.items())
        standing = self._in_use.get(key)
        if standing is None:
            standing = self._in_use[key] = Standing(dict(key))
            self._recent.append(standing)
        return standing

    def step(self, standing: Standing) -> Step | None:
        """Give what leads on from a standing; None where nothing is due."""
        if standing.turn != self._turn:
            standing.step = self._step(standing.sequences)
            standing.turn = self._turn
        return standing.step

    def _step(self, sequences: Sequences) -> Step | None:
        frames, size, then = list[bytes](), 0, dict(sequences)
        due = [name for name, sequence in sequences.items() if sequence != self._lists[name].sequence]
        if not due:
            return None
        for name in due:
            newest = self._lists[name]
            frames.append(newest.since(sequences[name]))
            then[name] = newest.sequence
            size += len(frames[-1])
            if size > BLOCK_BYTES:
                break
        return Step(b"".join(frames), self.of(then), last=len(frames) == len(due))
