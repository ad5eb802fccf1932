"""What the server prints: a file that never grows beyond a bound, and the last error in it.

The file is handed to the server open, so its user need not be able to write beside the cluster.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from tradeul.history.children import errors_in

LARGEST_BYTES: Final = 1024 * 1024
"""Of the current file; the one before it takes as much again."""
TAIL_BYTES: Final = 16 * 1024


class ServerLog:
    """`postgres.log` of a world, and `postgres.log.1` before it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "postgres.log"
        self._older = folder / "postgres.log.1"
        self._mark = 0

    def opened(self) -> int:
        """A descriptor to print to, which the caller closes; `last_error` looks only at what comes from now on."""
        self.bound()
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._mark = os.fstat(file).st_size
        return file

    def bound(self) -> None:
        """Put the file aside if it is too large. Whoever prints to it goes on at the start of an empty one."""
        if not self._path.exists() or self._path.stat().st_size < LARGEST_BYTES:
            return
        try:
            shutil.copyfile(self._path, self._older)
        except OSError:
            # The disk is full: giving room back matters more than old lines.
            self._older.unlink(missing_ok=True)
        os.truncate(self._path, 0)

    def last_error(self) -> str:
        """The last error printed since the file was opened."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(min(self._mark, size), size - TAIL_BYTES))
                errors = errors_in(file.read().decode(errors="replace"))
        except OSError:
            return ""
        return errors[-1] if errors else ""
