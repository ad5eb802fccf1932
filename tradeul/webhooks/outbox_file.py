"""The outbox on the disk: a file of lines that is only appended to, and now and then written anew without what is done.

A line that is cut or damaged costs what it says and nothing else, so a program killed at any moment finds every
letter again. Every method waits for the disk: the outbox calls them in a thread, one after the other.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

FILE: Final = "outbox.jsonl"
_MODE: Final = 0o600


class Letter(msgspec.Struct, frozen=True):
    """One alert for the address of its rule."""

    id: int
    rule: str
    body: str
    queued_at: int
    """On the machine's clock, in nanoseconds: since then it is tried."""
    why: str = ""
    """Why it was given up; empty: it waits."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a letter."""

    did: Literal["kept", "done"]
    id: int = 0
    letter: Letter | None = None


class OutboxFile:
    """The file in a folder, which is there."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def load(self) -> tuple[dict[int, Letter], int]:
        """Read the letters that are not done, by id, and how many lines could not be read."""
        letters: dict[int, Letter] = {}
        damaged = 0
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return {}, 0
        for content in lines:
            try:
                line = msgspec.json.decode(content, type=Line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                damaged += 1
                continue
            if line.letter is not None:
                letters[line.letter.id] = line.letter
            else:
                letters.pop(line.id, None)
        return dict(sorted(letters.items())), damaged

    def append(self, lines: Sequence[Line]) -> None:
        """Add lines; they are safe on the disk when this returns. Raises `OSError`, and then none was added."""
        with _opened(self._path, os.O_APPEND) as descriptor:
            size = os.fstat(descriptor).st_size
            try:
                # Behind half a line of a program that was killed, a new one must begin.
                _write(descriptor, b"\n" * (size > 0) + _encoded(lines))
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise

    def rewrite(self, letters: Iterable[Letter]) -> None:
        """Write the file anew with these letters alone."""
        new = self._path.with_suffix(".new")
        with _opened(new, os.O_TRUNC) as descriptor:
            _write(descriptor, _encoded([Line("kept", letter=letter) for letter in letters]))
        new.replace(self._path)


@contextlib.contextmanager
def _opened(path: Path, how: int) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, _MODE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _encoded(lines: Iterable[Line]) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _write(descriptor: int, data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written:])
    os.fsync(descriptor)
