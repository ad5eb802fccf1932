"""What history said last, in three files, so that a start need wait neither for the vendor nor for the database.

Each file is one sealed block, replaced whole; one that is damaged or of another world is as if it were not there.
Every method waits for the disk: `engine/warmup` calls them in a thread.
"""

import datetime as dt
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
from tradeul.domain.volume_profile import CURVES, Shape
from tradeul.history.replacing import replace_file
from tradeul.history.sealed import LARGEST, blocks, said_in, sealed, split

VERSION: Final = 1
AVERAGES_FILE: Final = "averages"
BASELINE_FILE: Final = "baseline"
CURVES_FILE: Final = "curves"

_COLUMNS: Final = ("volume_10d", "volume_30d", "price_30d", "atr")


class _About(msgspec.Struct, frozen=True):
    """What a file says of itself."""

    version: int
    world: str
    as_of: dt.date
    symbols: tuple[str, ...] = ()
    bounds: tuple[float, float] = (0.0, 0.0)
    """Of the curves: what parts them."""


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

    def shape(self) -> Shape | None:
        """Read the curves that were kept last."""
        found = self._read(CURVES_FILE, ["<f8"] * CURVES, SLOTS_PER_DAY)
        if found is None:
            return None
        about, lines = found
        shares = np.array(lines)
        sound = np.isfinite(shares).all() and (np.diff(shares, axis=1) >= 0).all() and (shares[:, 0] >= 0).all()
        return Shape(about.as_of, about.bounds, shares) if sound else None

    def keep_averages(self, as_of: dt.date, averages: Averages) -> None:
        """Keep these instead."""
        about = _About(VERSION, self._world, as_of, averages.symbols)
        self._replace(AVERAGES_FILE, about, [getattr(averages, name) for name in _COLUMNS])

    def keep_baseline(self, baseline: Baseline) -> None:
        """Keep these instead."""
        about = _About(VERSION, self._world, baseline.as_of, baseline.symbols)
        self._replace(BASELINE_FILE, about, [baseline.sessions, *baseline.ends])

    def keep_shape(self, shape: Shape) -> None:
        """Keep these instead."""
        self._replace(CURVES_FILE, _About(VERSION, self._world, shape.as_of, bounds=shape.bounds), list(shape.shares))

    def _read(
        self, name: str, kinds: Sequence[str], length: int | None = None
    ) -> tuple[_About, list[npt.NDArray[Any]]] | None:
        """Read columns of these kinds: as long as they are symbols, or as told."""
        try:
            data = (self._folder / name).read_bytes()[:LARGEST]
        except FileNotFoundError:
            return None
        for content, _ in blocks(data):
            said = said_in(content, _About)
            if said is None or (said[0].version, said[0].world) != (VERSION, self._world):
                continue
            about = said[0]
            columns = split(said[1], [(kind, len(about.symbols) if length is None else length) for kind in kinds])
            if columns is not None and len(set(about.symbols)) == len(about.symbols):
                return about, columns
        return None

    def _replace(self, name: str, about: _About, columns: Sequence[npt.NDArray[Any]]) -> None:
        replace_file(self._folder / name, [sealed(about, columns)])
