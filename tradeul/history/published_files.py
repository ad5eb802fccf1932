"""Files of what was published: a day's relative volumes of one world, one block per slot, appended and fsynced.

Beside the day files, and like them: a block says of which world and date it is and names its symbols, and damage costs
the blocks it hit. Of the last KEPT_DAYS, which is how many nights the audit may be late. Every method may wait for the
disk; `engine/published` calls them in a thread, one at a time, and the audit reads days that are over.
"""

import datetime as dt
import os
from pathlib import Path
from typing import Final

import numpy as np

from tradeul.domain.events import Symbol
from tradeul.domain.fields import RVOL_METHODS
from tradeul.domain.published import PublishedSlot
from tradeul.domain.slot_book import Source
from tradeul.history.day_names import MODE, About, DayNames, append_whole
from tradeul.history.dayfile import LARGEST_FILE
from tradeul.history.replacing import sync_folder
from tradeul.history.sealed import blocks, said_in, sealed, split

VERSION: Final = 1
KIND: Final = "published"
_NOTHING: Final = -1


class PublishedFiles:
    """A `PublishedStore` in a folder, which is there."""

    def __init__(self, folder: Path, world: str) -> None:
        self._folder = folder
        self._names = DayNames(folder, KIND)
        self._world = world

    def days(self) -> list[dt.date]:
        """List the days that are kept, oldest first."""
        return self._names.days()

    def slots(self, day: dt.date) -> list[PublishedSlot]:
        """Read every whole block of a day that is of this world."""
        try:
            with self._names.path(day).open("rb") as file:
                data = file.read(LARGEST_FILE)
        except FileNotFoundError:
            return []
        ours = (VERSION, self._world, day)
        found: list[PublishedSlot] = []
        for content, _ in blocks(data):
            said = said_in(content, About)
            if said is None or (said[0].version, said[0].world, said[0].date) != ours:
                continue
            slot = _slot_of(said[0], said[1], found[-1].symbols if found else ())
            if slot is not None:
                found.append(slot)
        return found

    def append(self, day: dt.date, slot: PublishedSlot) -> None:
        """Keep one more slot of a day, on the disk when this returns; if not all of it can be, none of it stays."""
        path = self._names.path(day)
        begins = not path.exists()
        about = About(VERSION, self._world, day, slot.slot, slot.symbols)
        data = sealed(about, (slot.rvol.astype("<f4"), slot.methods.astype("|i1"), slot.sources.astype("|i1")))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            append_whole(descriptor, os.fstat(descriptor).st_size, data)
        finally:
            os.close(descriptor)
        if begins:
            sync_folder(self._folder)
            self._names.forget_old()

    def put_aside(self, day: dt.date) -> None:
        """Rename a day's file, so that a new one may begin; of several the newest stays."""
        self._names.put_aside(day)


def _slot_of(about: About, data: bytes, before: tuple[Symbol, ...]) -> PublishedSlot | None:
    """A block's slot; None for one that cannot be understood."""
    columns = split(data, [("<f4", len(about.symbols)), ("|i1", len(about.symbols)), ("|i1", len(about.symbols))])
    if columns is None or len(set(about.symbols)) != len(about.symbols):
        return None
    rvol, methods, sources = columns
    understood = not np.isinf(rvol).any() and np.isin(sources, list(Source)).all()
    if not understood or not np.isin(methods, range(_NOTHING, len(RVOL_METHODS))).all():
        return None
    # Hardly ever others: most blocks have the symbols of the one before, and one tuple serves them all.
    symbols = before if about.symbols == before else tuple(map(Symbol, about.symbols))
    return PublishedSlot(about.slot, symbols, rvol, methods, sources)
