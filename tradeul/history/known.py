"""What history said last, in two files, so that a start need wait neither for the vendor nor for the database.

Each file is one sealed block, replaced whole; one that is damaged or of another world is as if it were not there.
Every method waits for the disk: `engine/warmup` calls them in a thread.
"""

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from tradeul.domain.averages import Averages
from tradeul.domain.events import Symbol
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.domain.usual import Baseline
from tradeul.history.sealed import LARGEST, blocks, said_in, sealed, split

VERSION: Final = 1
AVERAGES_FILE: Final = "averages"
BASELINE_FILE: Final = "baseline"

_MODE: Final = 0o600
_COLUMNS: Final = ("volume_10d", "volume_30d", "price_30d", "atr")


class _About(msgspec.Struct, frozen=True):
    """What a file says of itself."""

    version: int
    world: str
    as_of: dt.date
    symbols: tuple[str, ...]


class KnownFiles:
    """A `KnownStore` in a folder."""

    def __init__(self, folder: Path, world: str) -> None:
        self._folder = folder
        self._world = world

    def averages(self) -> tuple[dt.date, Averages] | None:
        """Read the averages that were kept last, and of which trading date they are."""
        found = self._read(AVERAGES_FILE, ["<f8"] * len(_COLUMNS))
        if found is None:
            return None
        about, columns = found
        return about.as_of, Averages(tuple(map(Symbol, about.symbols)), *columns)

    def baseline(self) -> Baseline | None:
        """Read the baselines that were kept last."""
        found = self._read(BASELINE_FILE, ["<i8"] + ["<f8"] * SLOTS_PER_DAY)
        if found is None:
            return None
        about, (sessions, *ends) = found
        if not all(np.isfinite(line).all() for line in ends) or (sessions < 0).any():
            return None
        return Baseline(about.as_of, tuple(map(Symbol, about.symbols)), np.array(ends), sessions)

    def keep_averages(self, as_of: dt.date, averages: Averages) -> None:
        """Keep these instead."""
        self._replace(AVERAGES_FILE, as_of, averages.symbols, [getattr(averages, name) for name in _COLUMNS])

    def keep_baseline(self, baseline: Baseline) -> None:
        """Keep these instead."""
        self._replace(BASELINE_FILE, baseline.as_of, baseline.symbols, [baseline.sessions, *baseline.ends])

    def _read(self, name: str, kinds: Sequence[str]) -> tuple[_About, list[npt.NDArray[Any]]] | None:
        try:
            data = (self._folder / name).read_bytes()[:LARGEST]
        except FileNotFoundError:
            return None
        for content, _ in blocks(data):
            said = said_in(content, _About)
            if said is None or (said[0].version, said[0].world) != (VERSION, self._world):
                continue
            about, columns = said[0], split(said[1], [(kind, len(said[0].symbols)) for kind in kinds])
            if columns is not None and len(set(about.symbols)) == len(about.symbols):
                return about, columns
        return None

    def _replace(
        self, name: str, as_of: dt.date, symbols: Sequence[Symbol], columns: Sequence[npt.NDArray[Any]]
    ) -> None:
        data = sealed(_About(VERSION, self._world, as_of, tuple(symbols)), columns)
        new = self._folder / f"{name}.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        with open(descriptor, "wb") as file:  # noqa: PTH123  # it is open already
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / name)
