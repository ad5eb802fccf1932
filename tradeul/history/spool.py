"""Where batches wait on the disk while Postgres is away: files that are only appended to, drained oldest first.

Every batch stands behind a mark with its length and checksum, so damage costs the batches it hits and nothing else.
A file goes when all of it was written; a program killed before that writes it twice, which the tables' keys undo.
The files of an earlier life are never appended to. Every method may wait for the disk: the writer calls them in a
thread, one after the other.
"""

import contextlib
import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tradeul.history.batches import UNREADABLE, Batch, packed, unpacked

SPOOL_BYTES: Final = 2 * 1024**3
FILE_BYTES: Final = 4 * 1024**2
"""Read at once when its turn has come."""
MARK: Final = b"\x93TDLspl\x01"
SUFFIX: Final = ".spool"
_HEADER: Final = struct.Struct("<8sIII")
"""Mark, items, length of what follows, and checksum of it and of the items."""
_MODE: Final = 0o600


class Spooled(NamedTuple):
    """A batch from the disk."""

    batch: Batch
    earlier: bool
    """Whether an earlier life of the program left it."""


class _File(NamedTuple):
    path: Path
    size: int
    earlier: bool


class Spool:
    """The folder of one world. At its bound the oldest file goes, and what was in it is counted."""

    def __init__(self, folder: Path, limit: int = SPOOL_BYTES) -> None:
        self._folder = folder
        self._limit = limit
        self._turn = threading.Lock()
        self._files: deque[_File] | None = None
        self._reading: _File | None = None
        self._payloads: deque[bytes] = deque()
        self._descriptor = -1
        self._number = 0
        self.bytes = 0
        self.dropped = 0
        """Items of files that had to go."""
        self.damaged = 0
        """Places at which bytes were that are no batch."""

    def append(self, batch: Batch) -> None:
        """Put a batch at the end. Raises `OSError`, and leaves the file as it was before."""
        payload = packed(batch)
        data = _HEADER.pack(MARK, batch.items, len(payload), zlib.crc32(payload, batch.items)) + payload
        with self._turn:
            files = self._opened()
            if self._descriptor < 0 or files[-1].size + len(data) > FILE_BYTES:
                self._begin(files)
            last = files[-1]
            _write(self._descriptor, data, last.size)
            files[-1] = last._replace(size=last.size + len(data))
            self.bytes += len(data)
            self._bound(files)

    def oldest(self) -> Spooled | None:
        """The batch that has waited longest, the same one until `forget`; None if there is none."""
        with self._turn:
            while True:
                while self._payloads:
                    try:
                        batch = unpacked(self._payloads[0])
                    except UNREADABLE:
                        self._payloads.popleft()
                        self.damaged += 1
                    else:
                        return Spooled(batch, self._reading is not None and self._reading.earlier)
                if not self._next_file(self._opened()):
                    return None

    def forget(self) -> None:
        """The oldest batch is in the database; with the last of a file the file goes."""
        with self._turn:
            if self._payloads:
                self._payloads.popleft()
            if not self._payloads:
                self._finish()

    def close(self) -> None:
        """Let go of the file; what is in it stays for the next life."""
        with self._turn:
            self._end()

    def _opened(self) -> deque[_File]:
        """The files, oldest first, found at the first need."""
        if self._files is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            paths = sorted(path for path in self._folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())
            self._files = deque(_File(path, path.stat().st_size, earlier=True) for path in paths)
            self.bytes = sum(file.size for file in self._files)
            self._number = int(paths[-1].stem) if paths else 0
        return self._files

    def _begin(self, files: deque[_File]) -> None:
        self._end()
        self._number += 1
        path = self._folder / f"{self._number:012d}{SUFFIX}"
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        files.append(_File(path, 0, earlier=False))

    def _end(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _next_file(self, files: deque[_File]) -> bool:
        """Read the next file; the one before, if it is still there, held nothing more that could be read."""
        self._finish()
        if not files:
            return False
        file = files.popleft()
        if not files:
            self._end()
        try:
            found = list(_payloads_in(file.path))
        except OSError:
            # It stays where it is: the next life may be able to read it.
            self.damaged += 1
            self.bytes -= file.size
            return True
        self._reading = file
        self.damaged += found.count(None)
        self._payloads.extend(payload[1] for payload in found if payload)
        return True

    def _finish(self) -> None:
        if self._reading is not None:
            _remove(self._reading.path)
            self.bytes -= self._reading.size
            self._reading = None

    def _bound(self, files: deque[_File]) -> None:
        while self.bytes > self._limit and len(files) > 1:
            oldest = files.popleft()
            with contextlib.suppress(OSError):
                self.dropped += sum(payload[0] for payload in _payloads_in(oldest.path) if payload)
            _remove(oldest.path)
            self.bytes -= oldest.size


def _write(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of it or nothing."""
    written = 0
    try:
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], offset + written)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, offset)
        raise


def _remove(path: Path) -> None:
    # A disk that removes nothing gives the file back at the next start, and its rows are then there already.
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _payloads_in(path: Path) -> Iterator[tuple[int, bytes] | None]:
    """How many items, and the bytes of them, of every whole batch in a file; None for each place of damage."""
    data = path.read_bytes()
    offset = 0
    while offset < len(data):
        found = _payload_at(data, offset)
        if found is None:
            following = data.find(MARK, offset + 1)
            offset = following if following >= 0 else len(data)
        else:
            offset += _HEADER.size + len(found[1])
        yield found


def _payload_at(data: bytes, offset: int) -> tuple[int, bytes] | None:
    if len(data) - offset < _HEADER.size:
        return None
    mark, items, length, checksum = _HEADER.unpack_from(data, offset)
    payload = data[offset + _HEADER.size : offset + _HEADER.size + length]
    whole = mark == MARK and len(payload) == length and zlib.crc32(payload, items) == checksum
    return (items, payload) if whole else None
