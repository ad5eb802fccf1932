"""The checkpoint of the day, which is written every five seconds, beside writing as many bytes and nothing else.

12,000 symbols with the columns that the program keeps. What is saved must come back the same. The floor is a `pwrite`
of bytes that are ready, and an `fsync`, into a file that is there, in turn with ours on the same disk.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.benchmarks.boards import NOW, scanned_board
from tests.benchmarks.figure import Figure, ratio
from tests.support.market import DAY
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.enrichment import KEPT
from tradeul.engine.ports import DayState
from tradeul.history.checkpoint import FILES, Checkpoints

SYMBOLS = 12_000
ROUNDS = 60


async def run() -> list[Figure]:
    """Measure in turn."""
    state = _state()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Checkpoints(folder, "bench")
        for _ in FILES:
            store.save(state)
        _check(state, Checkpoints(folder, "bench").load(NOW))
        data = (folder / FILES[0]).read_bytes()
        bare = folder / "bare"
        bare.write_bytes(data)
        own, floor = list[float](), list[float]()
        for _ in range(ROUNDS):
            own.append(_timed(lambda: store.save(state)))
            floor.append(_timed(lambda: _written(bare, data)))
    return [
        Figure("checkpoint of 12,000 symbols on the disk", "ms", own, ratio(own, floor)),
        Figure("checkpoint, one of a hundred takes longer", "ms", [float(np.percentile(own, 99))]),
        Figure("floor: writing as many bytes, and fsync", "ms", floor),
        Figure("size of a checkpoint", "KB", [len(data) / 1_000]),
    ]


def _state() -> DayState:
    board, draw = scanned_board(SYMBOLS), np.random.default_rng(5)
    columns = {name: board[name].copy() for name in KEPT}
    inside = {scan.name: draw.random(SYMBOLS) < 0.01 for scan in BUILT_IN if scan.keep}
    return DayState(DAY, NOW, NOW, 78, tuple(board.symbols), columns, inside)


def _check(kept: DayState, found: DayState | None) -> None:
    assert found is not None
    assert found.symbols == kept.symbols
    for name, values in kept.columns.items():
        assert np.array_equal(found.columns[name], values, equal_nan=values.dtype.kind == "f"), name


def _written(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, data, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000
