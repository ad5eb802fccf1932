"""The file a recording is appended to. Every method may wait for the disk, so `recorder` calls them in a thread.

A file that exists is continued after its last whole block. An append that fails leaves the file as it was before.
One process writes a file: a second one is refused by a lock.
"""

import contextlib
import fcntl
import itertools
import os
from pathlib import Path
from typing import Final, Self

from tradeul.domain.events import Nanos
from tradeul.recording.blocks import BlockFile, Entry
from tradeul.recording.format import (
    BEGINNINGS,
    FILE_HEADER_BYTES,
    MAGIC,
    SUFFIX,
    VERSION,
    Draft,
    FileHeader,
    Kind,
    RecordingDamaged,
    file_header_size,
    index_parts,
    packed_block,
    packed_file_header,
    packed_footer,
)

_MODE: Final = 0o600


class RecordingFile:
    """One file, open for appending."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self.path = path
        self._end = 0
        self._keys: list[Entry] = []
        self._last = Nanos(0)

    @classmethod
    def open(cls, folder: Path, header: FileHeader) -> Self:
        """Begin the file of a date or continue it; one that is there but cannot be continued is left alone."""
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{header.market}-{header.date.isoformat()}"
        for number in itertools.count(1):
            path = folder / (f"{stem}{SUFFIX}" if number == 1 else f"{stem}-{number}{SUFFIX}")
            file = cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE), path)
            try:
                fcntl.flock(file._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file._begin(header)
                return file
            except RecordingDamaged:
                file.close()
            except OSError:
                file.close()
                raise
        raise AssertionError("there is always another name")

    def append(self, draft: Draft) -> int:
        """Write a block and return how many bytes that took."""
        data = packed_block(draft, self._end)
        self._write(data)
        if draft.kind in BEGINNINGS:
            self._keys.append((self._end, draft.first))
        self._end += len(data)
        self._last = draft.last
        return len(data)

    def finish(self) -> int:
        """Write the index and close; return how many bytes that took."""
        index = packed_block(Draft(Kind.INDEX, Nanos(0), self._last, parts=index_parts(self._keys)), self._end)
        data = index + packed_footer(self._end)
        self._write(data)
        self.close()
        return len(data)

    def close(self) -> None:
        """Let go of the file as it is. Closing again changes nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _begin(self, header: FileHeader) -> None:
        if self._unbegun():
            os.ftruncate(self._descriptor, 0)
            data = packed_file_header(header)
            self._write(data)
            self._end = len(data)
            return
        blocks = BlockFile(self._descriptor)
        if blocks.header.version != VERSION:
            raise RecordingDamaged("an older version's recording is not continued")
        self._end, self._keys = blocks.begin, blocks.index or []
        if blocks.index is not None:
            self._end = blocks.end
            os.ftruncate(self._descriptor, self._end)
            return
        for block in blocks.blocks(blocks.begin):
            if block is not None and block.kind is not Kind.INDEX:
                self._end, self._last = block.end, block.last
                if block.kind in BEGINNINGS:
                    self._keys.append((block.offset, block.first))
        os.ftruncate(self._descriptor, self._end)
        self.append(Draft(Kind.INTERRUPTED, self._last or header.started, header.started))

    def _unbegun(self) -> bool:
        """Nothing is there, or a file header that was cut."""
        beginning = os.pread(self._descriptor, FILE_HEADER_BYTES, 0)
        if len(beginning) < FILE_HEADER_BYTES:
            return MAGIC.startswith(beginning[: len(MAGIC)])
        return os.fstat(self._descriptor).st_size < file_header_size(beginning)

    def _write(self, data: bytes) -> None:
        """Write at the end; if not all of it can be, none of it stays."""
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._descriptor, data[written:], self._end + written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise
