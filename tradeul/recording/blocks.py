"""A recording as blocks at their offsets: walks them, steps over damage, and finds where to begin.

Never believes a length: no more is read than the file has and a block may be long. `reader` takes items from it,
`file` looks for the place to go on writing.
"""

import os
from collections.abc import Collection, Iterator
from typing import Final

from tradeul.domain.events import Nanos
from tradeul.recording.format import (
    BEGINNINGS,
    BLOCK_BYTES,
    FILE_HEADER_BYTES,
    FOOTER_BYTES,
    MARK,
    Block,
    FileHeader,
    Kind,
    RecordingDamaged,
    file_header_size,
    parsed_block,
    parsed_file_header,
    parsed_footer,
    parsed_index,
    payload_of,
)

SEARCHED_BYTES: Final = 1024 * 1024
"""Looked through at a time for the next block after damage."""

Entry = tuple[int, Nanos]
"""Offset and time of a key block."""


class BlockFile:
    """Reads an open file that somebody may still append to; what comes later is not seen."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self.begin = file_header_size(self._read(0, FILE_HEADER_BYTES))
        self.header: FileHeader = parsed_file_header(self._read(0, self.begin))
        self.index, self.end = self._index()

    def blocks(self, start: int) -> Iterator[Block | None]:
        """Every block from `start` on; None where bytes are that are none."""
        offset = start
        while offset < self.end:
            block = self._block(offset)
            yield block
            offset = self._next_block(offset + 1) if block is None else block.end

    def payload(self, block: Block) -> bytes:
        """Read and inflate what a block holds."""
        return payload_of(block, self._read(block.offset + BLOCK_BYTES, block.packed))

    def entry_before(self, time: Nanos) -> int:
        """Where to begin so that everything from `time` on can be read."""
        entries = self.find_keys() if self.index is None else self.index
        return max((offset for offset, at in entries if at <= time), default=self.begin)

    def ends(self) -> Nanos:
        """The time of the last item; it stands with the index, or the blocks after the last key tell."""
        index = self._block(self.end) if self.index is not None else None
        if index is not None and index.last:
            return index.last
        offset = max((offset for offset, _ in self.find_keys()), default=self.begin)
        return max((block.last for block in self.blocks(offset) if block is not None), default=Nanos(0))

    def find_keys(self, kinds: Collection[Kind] = BEGINNINGS) -> list[Entry]:
        """Walk the file for its blocks of these kinds."""
        blocks = self.blocks(self.begin)
        return [(block.offset, block.first) for block in blocks if block is not None and block.kind in kinds]

    def states(self) -> list[Entry]:
        """Where whole states begin."""
        if self.index is None:
            return self.find_keys({Kind.STATE})
        found = ((entry, self._block(entry[0])) for entry in self.index)
        return [entry for entry, block in found if block is not None and block.kind is Kind.STATE]

    def _index(self) -> tuple[list[Entry] | None, int]:
        """The index and where it stands; without one, none and the end of the file."""
        offset = parsed_footer(self._read(max(self.size - FOOTER_BYTES, 0), FOOTER_BYTES))
        block = self._block(offset) if offset is not None and offset < self.size else None
        if block is None or block.kind is not Kind.INDEX or block.end != self.size - FOOTER_BYTES:
            return None, self.size
        try:
            return parsed_index(self.payload(block)), block.offset
        except RecordingDamaged:
            return None, self.size

    def _block(self, offset: int) -> Block | None:
        return self._within(parsed_block(self._read(offset, BLOCK_BYTES), offset))

    def _within(self, block: Block | None) -> Block | None:
        """A block that is all there."""
        return block if block is not None and block.end <= self.size else None

    def _next_block(self, offset: int) -> int:
        """Where the next block begins, or the end."""
        while offset < self.end and len(data := self._read(offset, SEARCHED_BYTES)) >= BLOCK_BYTES:
            last = len(data) - BLOCK_BYTES
            found = data.find(MARK)
            while 0 <= found <= last:
                if self._within(parsed_block(data[found : found + BLOCK_BYTES], offset + found)):
                    return offset + found
                found = data.find(MARK, found + 1)
            offset += last + 1
        return self.end

    def _read(self, offset: int, count: int) -> bytes:
        """The bytes there, fewer where the file ends."""
        data = bytearray()
        try:
            while len(data) < count and (some := os.pread(self._descriptor, count - len(data), offset + len(data))):
                data += some
        except OSError as error:
            raise RecordingDamaged(f"the recording cannot be read: {error}") from error
        return bytes(data)
