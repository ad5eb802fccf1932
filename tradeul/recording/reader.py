"""A recording read back: every body and frame byte for byte, in the order of arrival, and a gap where some are missing.

Holds no more than the block at hand and the few bodies that later ones refer to, whatever the file says. Its only
error is `RecordingDamaged`. Replay and `record status` use it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from tradeul.domain.events import Nanos
from tradeul.recording.blocks import BlockFile
from tradeul.recording.bodies import Chain, body_restored
from tradeul.recording.format import BEGINNINGS, Block, Body, FileHeader, Frame, Gap, Kind, RecordingDamaged, Step
from tradeul.recording.frames import parsed_frames

Item = Body | Frame | Step | Gap

_GAPS: Final[dict[Kind, Literal["dropped", "interrupted"]]] = {
    Kind.DROPPED: "dropped",
    Kind.INTERRUPTED: "interrupted",
}


class Recording:
    """One file, open for reading; it may still be written."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise RecordingDamaged(f"the recording cannot be opened: {error}") from error
        try:
            self.header: FileHeader = self._opened().header
        except RecordingDamaged:
            self.close()
            raise

    def items(self, from_: Nanos | None = None, to: Nanos | None = None) -> Iterator[Item]:
        """What arrived at `from_` or later and before `to`, of what is in the file when the first item is taken."""
        file = self._opened()
        start = file.begin if from_ is None else file.entry_before(from_)
        for item in _without_holes(_decoded(file, start, from_, to), from_):
            first, last = (item.first, item.last) if isinstance(item, Gap) else (item.arrived, item.arrived)
            if (from_ is None or last >= from_) and (to is None or first < to):
                yield item

    def states(self) -> list[Nanos]:
        """When whole states were kept, from which one can begin."""
        return [at for _, at in self._opened().states()]

    def ends(self) -> Nanos:
        """The time of the last thing in it."""
        return self._opened().ends()

    def items_since_state(self, at: Nanos) -> Iterator[Item]:
        """Everything from the whole state on that was kept at this time."""
        file = self._opened()
        start = next(offset for offset, kept_at in file.states() if kept_at == at)
        yield from _without_holes(_decoded(file, start, None, None), None)

    def close(self) -> None:
        """Let go of the file. Closing again changes nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> BlockFile:
        try:
            return BlockFile(self._descriptor)
        except OSError as error:
            raise RecordingDamaged(f"the recording cannot be read: {error}") from error


def _decoded(file: BlockFile, start: int, from_: Nanos | None, to: Nanos | None) -> Iterator[Item | Block | None]:
    """Items in order; in place of what cannot be read its block, or None where not even that is known."""
    chain = Chain()
    for block in file.blocks(start):
        if block is None:
            # Who knows what was there: nothing that came before it may be referred to.
            chain.clear()
            yield None
        elif to is not None and block.first >= to:
            return
        elif not (block.kind is Kind.FRAMES and from_ is not None and block.last < from_):
            try:
                yield from _items_of(file, block, chain)
            except RecordingDamaged:
                yield block


def _items_of(file: BlockFile, block: Block, chain: Chain) -> list[Item]:
    if block.kind in BEGINNINGS:
        chain.clear()
    match block.kind:
        case Kind.KEY | Kind.BODY:
            body = body_restored(file.payload(block), chain)
            chain.keep(body.source, body.base)
            return [Body(body.source, body.content, block.first)]
        case Kind.FRAMES | Kind.STATE:
            return [*parsed_frames(file.payload(block), opens=block.kind is Kind.STATE)]
        case Kind.DROPPED | Kind.INTERRUPTED:
            return [Gap(_GAPS[block.kind], block.first, block.last, block.bodies, block.frames)]
        case Kind.INDEX:
            return []


def _without_holes(decoded: Iterator[Item | Block | None], from_: Nanos | None) -> Iterator[Item]:
    """One gap for all that could not be read between two items; it ends with the next item, where there is one.

    Of one at the end of the file nobody knows how far it reached: it concerns whoever reads from a later time too.
    """
    seen: Nanos | None = None
    hole: Gap | None = None
    for item in decoded:
        if isinstance(item, Block):
            before = hole or Gap("damaged", item.first if seen is None else seen, item.last)
            counts = (before.bodies + item.bodies, before.frames + item.frames)
            hole = Gap("damaged", before.first, max(before.last, item.last), *counts)
        elif item is None:
            hole = hole or Gap("damaged", Nanos(seen or 0), Nanos(seen or 0))
        else:
            first, last = (item.first, item.last) if isinstance(item, Gap) else (item.arrived, item.arrived)
            if hole is not None:
                yield hole._replace(first=hole.first or first, last=max(hole.last, first))
                hole = None
            yield item
            seen = last
    if hole is not None:
        yield hole._replace(last=max(hole.last, from_ or hole.last))
