"""One program per folder: a lock that the kernel itself drops when its holder dies, however it dies.

The file stays when the lock is dropped: removing it would let two programs hold two files of one name.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from tradeul.errors import FolderInUse

NAME: Final = "owner.lock"
LONGEST_PID: Final = 20


class FolderLock:
    """Held or not; the holder's pid is in the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def take(self) -> None:
        """Take it, or say who has it. Taking it again changes nothing."""
        if self.held:
            return
        file = os.open(self._folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(file, 0)
            os.pwrite(file, b"%d\n" % os.getpid(), 0)
        except BlockingIOError:
            holder = os.pread(file, LONGEST_PID, 0).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise FolderInUse(
                f"{self._folder} is in use by another tradeul, pid {holder}:"
                " stop it, or choose another [history] data_dir"
            ) from None
        except OSError:
            os.close(file)
            raise
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
