"""Day files: the closed slots of each trading date of one world, one record per slot, appended and fsynced.

A record says of which world and date it is and names its symbols, so that a file needs no header, and damage costs the
records it hit and no other. A file is continued after its last whole record. Files of the last KEPT_DAYS stay: they are
also what waits for Postgres. Every method may wait for the disk; `engine/today` calls them in a thread, one at a time.
"""

import datetime as dt
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from tradeul.domain.events import Symbol
from tradeul.domain.slot_book import SlotRecord, Source
from tradeul.history.day_names import MODE, About, DayNames, append_whole
from tradeul.history.replacing import sync_folder
from tradeul.history.sealed import blocks, said_in, sealed, split

VERSION: Final = 1
LARGEST_FILE: Final = 256 * 1024 * 1024
"""More is not read: 192 slots of a hundred thousand symbols take less."""

MARK_BYTES: Final = 16
"""The head of the first record, with its checksum."""

KIND: Final = "slots"


class DayFiles:
    """A `SlotStore` in a folder."""

    def __init__(self, folder: Path, world: str) -> None:
        self._folder = folder
        self._names = DayNames(folder, KIND)
        self._world = world
        self._descriptor = -1
        self._day: dt.date | None = None
        self._end = 0
        self.set_aside = 0

    def days(self) -> list[dt.date]:
        """List the days that are kept, oldest first."""
        return self._names.days()

    def records(self, day: dt.date) -> list[SlotRecord]:
        """Read every whole record of a day; none of a file that belongs to another world, which is put aside."""
        try:
            with self._names.path(day).open("rb") as file:
                data = file.read(LARGEST_FILE)
        except FileNotFoundError:
            return []
        found = list(_records(data))
        if self._foreign((about for about, _, _ in found), day):
            self.put_aside(day)
            return []
        return [record for _, record, _ in found if record is not None]

    def records_from(self, day: dt.date, begin: int) -> tuple[list[tuple[SlotRecord, int]], int]:
        """Read what was appended behind `begin`, each with where it ends, and how long the file is. Changes nothing."""
        try:
            with self._names.path(day).open("rb") as file:
                file.seek(begin)
                data = file.read(LARGEST_FILE)
        except FileNotFoundError:
            return [], 0
        ours = (VERSION, self._world, day)
        found = [
            (record, begin + end)
            for about, record, end in _records(data)
            if record is not None and (about.version, about.world, about.date) == ours
        ]
        return found, begin + len(data)

    def mark(self, day: dt.date) -> tuple[bytes, int]:
        """What tells a day's file from another one of the same day, and how long it is; nothing if there is none."""
        try:
            with self._names.path(day).open("rb") as file:
                return file.read(MARK_BYTES), os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            return b"", 0

    def append(self, day: dt.date, record: SlotRecord) -> None:
        """Keep one more record, on the disk when this returns; if not all of it can be, none of it stays."""
        if day != self._day:
            self.close()
            self._open(day)
        about = About(VERSION, self._world, day, record.slot, record.symbols)
        data = sealed(about, (record.volumes.astype("<f8"), record.sources.astype("|i1")))
        append_whole(self._descriptor, self._end, data)
        self._end += len(data)

    def put_aside(self, day: dt.date) -> None:
        """Rename a day's file, so that a new one may begin; of several the newest stays."""
        if day == self._day:
            self.close()
        self._names.put_aside(day)
        self.set_aside += 1

    def close(self) -> None:
        """Let go of the open file. Closing again changes nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._day = -1, None

    def _foreign(self, abouts: Iterable[About], day: dt.date) -> bool:
        expected = (VERSION, self._world, day)
        return any((about.version, about.world, about.date) != expected for about in abouts)

    def _open(self, day: dt.date) -> None:
        """Open a day's file behind its last whole record. A second program is refused by a lock."""
        self._folder.mkdir(parents=True, exist_ok=True)
        begins = not self._names.path(day).exists()
        descriptor = os.open(self._names.path(day), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = os.pread(descriptor, LARGEST_FILE, 0)
            foreign = self._foreign((about for about, _, _ in _records(data)), day)
            if not foreign:
                self._end = max((end for _, end in blocks(data)), default=0)
                os.ftruncate(descriptor, self._end)
        except OSError:
            os.close(descriptor)
            raise
        if foreign:
            os.close(descriptor)
            self.put_aside(day)
            self._open(day)
            return
        self._descriptor, self._day = descriptor, day
        if begins:
            sync_folder(self._folder)
            self._names.forget_old()


def _records(data: bytes) -> Iterator[tuple[About, SlotRecord | None, int]]:
    """Read the records in order, with where each ends; None for one that cannot be understood."""
    symbols: tuple[Symbol, ...] = ()
    for content, end in blocks(data):
        found = said_in(content, About)
        if found is None:
            continue
        about, columns = found
        if about.symbols != symbols:
            if len(set(about.symbols)) != len(about.symbols):
                yield about, None, end
                continue
            # Hardly ever: most records have the symbols of the one before.
            symbols = tuple(map(Symbol, about.symbols))
        yield about, _record(about.slot, symbols, columns), end


def _record(slot: int, symbols: tuple[Symbol, ...], data: bytes) -> SlotRecord | None:
    columns = split(data, [("<f8", len(symbols)), ("|i1", len(symbols))])
    if columns is None:
        return None
    volumes, sources = columns
    # Infinity is nobody's volume, and a source must be one of ours.
    if np.isinf(volumes).any() or not np.isin(sources, list(Source)).all():
        return None
    return SlotRecord(slot, symbols, volumes, sources)
