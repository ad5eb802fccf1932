"""The checkpoint: the day's state in two files that are overwritten in turn, so that one is whole at any moment.

The newer whole one counts. What was cut or damaged is as if it were not there; what is of another world or later than
the market clock is renamed out of the way. Every method may wait for the disk: `engine/today` calls them in a thread.
"""

import datetime as dt
import os
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
import structlog

from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.ports import DayState
from tradeul.history.sealed import LARGEST, blocks, said_in, sealed, split

VERSION: Final = 1
FILES: Final = ("checkpoint-a", "checkpoint-b")
ASIDE: Final = "checkpoint.aside"
"""The newest of the files that were put aside."""

_MODE: Final = 0o600
_BITS: Final = 8

log = structlog.get_logger(__name__)


class _About(msgspec.Struct, frozen=True):
    """What a checkpoint says of itself."""

    version: int
    serial: int
    world: str
    date: dt.date
    as_of: int
    image_at: int
    slot: int
    symbols: tuple[str, ...]
    columns: dict[str, Literal["<f8", "<i8", "|i1"]]
    inside: dict[str, int]
    """Lists by name, with how many symbols there were when who is inside was last asked."""


class _Found(NamedTuple):
    path: Path
    about: _About
    state: DayState | None


class Checkpoints:
    """A `StateStore` in a folder."""

    def __init__(self, folder: Path, world: str) -> None:
        self._folder = folder
        self._world = world
        self._serial: int | None = None
        self._turn = 0
        self.set_aside = 0

    def load(self, latest: Nanos) -> DayState | None:
        """Read the newest whole state that is of this world and not later than `latest`."""
        found = self._look()
        for each in found:
            if self._misplaced(each, latest):
                each.path.replace(self._folder / ASIDE)
                self.set_aside += 1
        fitting = [each for each in found if not self._misplaced(each, latest)]
        return fitting[-1].state if fitting else None

    def save(self, state: DayState) -> None:
        """Overwrite the older file; it is on the disk when this returns."""
        if self._serial is None:
            self._look()
        serial = (self._serial or 0) + 1
        data = self._sealed(state, serial)
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / FILES[self._turn], os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], written)
            os.ftruncate(descriptor, len(data))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._serial = serial
        self._turn = 1 - self._turn

    def _look(self) -> list[_Found]:
        """Read both files, the newer last, and learn which one is to be overwritten next."""
        found, broken = [], []
        for name in FILES:
            path = self._folder / name
            try:
                with path.open("rb") as file:
                    data = file.read(LARGEST)
            except FileNotFoundError:
                continue
            about, state = _parsed(data)
            if about is None or (about.version == VERSION and state is None):
                broken.append(name)
            else:
                found.append(_Found(path, about, state))
        found.sort(key=lambda each: each.about.serial)
        if broken:
            log.warning("checkpoint_damaged", files=broken, whole=len(found))
        self._serial = found[-1].about.serial if found else 0
        self._turn = 1 - FILES.index(found[-1].path.name) if found else 0
        return found

    def _misplaced(self, found: _Found, latest: Nanos) -> bool:
        about = found.about
        return (about.version, about.world) != (VERSION, self._world) or about.as_of > latest

    def _sealed(self, state: DayState, serial: int) -> bytes:
        columns = {name: values.astype(values.dtype.newbyteorder("<")) for name, values in state.columns.items()}
        about = _About(
            VERSION,
            serial,
            self._world,
            state.date,
            state.as_of,
            state.image_at,
            state.slot,
            state.symbols,
            {name: values.dtype.str for name, values in columns.items()},  # type: ignore[misc]  # checked when read
            {name: len(mask) for name, mask in state.inside.items()},
        )
        return sealed(about, [*columns.values(), *map(np.packbits, state.inside.values())])


def _parsed(data: bytes) -> tuple[_About | None, DayState | None]:
    """Read a file as far as it can be understood."""
    for content, _ in blocks(data):
        found = said_in(content, _About)
        if found is not None:
            return found[0], _state(*found)
    return None, None


def _state(about: _About, data: bytes) -> DayState | None:
    length = len(about.symbols)
    lists = list(about.inside.items())
    if len(set(about.symbols)) != length or any(not 0 <= size <= length for _, size in lists):
        return None
    kinds: list[tuple[str, int]] = [(kind, length) for kind in about.columns.values()]
    kinds += [("|u1", -(-size // _BITS)) for _, size in lists]
    split_columns = split(data, kinds)
    if split_columns is None:
        return None
    columns: dict[str, Any] = dict(zip(about.columns, split_columns, strict=False))
    masks = split_columns[len(columns) :]
    inside = {
        name: np.unpackbits(bits, count=size).astype(np.bool_) for (name, size), bits in zip(lists, masks, strict=True)
    }
    symbols = tuple(map(Symbol, about.symbols))
    return DayState(about.date, Nanos(about.as_of), Nanos(about.image_at), about.slot, symbols, columns, inside)
