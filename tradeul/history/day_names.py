"""Files that are named after days, one for each of the last KEPT_DAYS, and grow by whole blocks, one for each slot."""

import contextlib
import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Final

import msgspec

from tradeul.domain.slots import SLOTS_PER_DAY

KEPT_DAYS: Final = 10
MODE: Final = 0o600

_SUFFIX: Final = ".day"


class About(msgspec.Struct, frozen=True):
    """What a block says of itself, so that no file needs a head, and damage costs the blocks it hit."""

    version: int
    world: str
    date: dt.date
    slot: Annotated[int, msgspec.Meta(ge=0, lt=SLOTS_PER_DAY)]
    symbols: tuple[str, ...]


class DayNames:
    """Those of one kind in a folder, which need not be there."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder
        self._prefix = f"{kind}-"
        self._aside = f"{kind}.aside"

    def days(self) -> list[dt.date]:
        """List the days that are kept, oldest first."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                name = path.name
                with contextlib.suppress(ValueError):
                    if name.startswith(self._prefix) and name.endswith(_SUFFIX):
                        found.append(dt.date.fromisoformat(name[len(self._prefix) : -len(_SUFFIX)]))
        return sorted(found)

    def path(self, day: dt.date) -> Path:
        return self._folder / f"{self._prefix}{day.isoformat()}{_SUFFIX}"

    def put_aside(self, day: dt.date) -> None:
        """Rename a day's file, so that a new one may begin; of several the newest stays."""
        self.path(day).replace(self._folder / self._aside)

    def forget_old(self) -> None:
        """Remove the files of days before the last KEPT_DAYS."""
        for old in self.days()[:-KEPT_DAYS]:
            with contextlib.suppress(OSError):
                self.path(old).unlink()


def append_whole(descriptor: int, end: int, data: bytes) -> None:
    """Write behind an end, on the disk when this returns; if not all of it can be, none of it stays."""
    written = 0
    try:
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], end + written)
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, end)
        raise
