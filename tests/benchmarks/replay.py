"""How fast a recording of 12,000 symbols is played: an hour from 09:25 on, and the day it adds up to.

Minutes of four moments of the simulated day are recorded with live bars, ten times as fast as the market, and played
as fast as it goes; each must publish what was published live. Between two moments the cost of a market second is
taken to change evenly. Whole states are weighed too, and how long the loop is held while one is taken.
"""

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from tests.benchmarks.figure import Figure
from tests.support.market import NANOS, at
from tradeul.app import App
from tradeul.clock import PacedClock
from tradeul.engine.whole_state import Engine, captured, pieces_of
from tradeul.replay.player import Range
from tradeul.replay.rig import Rig
from tradeul.replay.tape import Tape
from tradeul.settings import Settings

SYMBOLS: Final = 12_000
SPEED: Final = 10.0
RECORDED_S: Final = 120
INTERVAL_S: Final = 5
MOMENTS: Final = ("08:00", "09:29", "12:00", "17:00")
OPEN: Final = "09:29"
DAY: Final = ("04:00", "20:00")
TIMES: Final = 3


@dataclass
class Moment:
    """What was measured of one: seconds per market second, and of a whole state its bytes and the longest hold."""

    costs: list[float]
    state_mb: float
    hold_ms: float


async def run() -> list[Figure]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    found = {}
    for wall in MOMENTS:
        with tempfile.TemporaryDirectory() as folder:
            found[wall] = await _measured(wall, Path(folder))
        print(f"  {wall}  {min(found[wall].costs):.4f} s a market second")
    opening = found[OPEN]
    return [
        Figure("replay, an hour from 09:25, as at the open", "s", [cost * 3_600 for cost in opening.costs]),
        Figure("replay, a day from 04:00 to 20:00", "min", [_day_of(found) / 60]),
        Figure("a whole state of the engine", "MB", [each.state_mb for each in found.values()]),
        Figure("longest hold of the loop for one", "ms", [each.hold_ms for each in found.values()]),
    ]


async def _measured(wall: str, folder: Path) -> Moment:
    await _record(wall, folder)
    (file,) = (folder / "sim-1" / "recordings").iterdir()
    played = [await _played(file) for _ in range(TIMES)]
    hold_ms, size = _weighed(played[-1][1].rerun.engine)
    return Moment([cost for cost, _ in played], size / 1e6, hold_ms)


async def _record(wall: str, folder: Path) -> None:
    settings = Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": SYMBOLS},
        history={"dsn": "off", "data_dir": str(folder)},
        record={"enabled": True},
    )
    app = App(settings, PacedClock(at(wall), SPEED))
    await app.start()
    while app.clock.now() < at(wall) + RECORDED_S * NANOS or not app.vitals.snapshots_accepted:
        await app.clock.pause(0.5)
    app.supervisor.request_stop("enough")
    await app.supervisor.run_until_stopped()


def _weighed(engine: Engine) -> tuple[float, int]:
    """Take a whole state as the journal does: the longest hold of the loop in ms, and its bytes."""
    began = time.perf_counter()
    head, columns = captured(engine)
    longest, size = time.perf_counter() - began, len(head)
    for column in columns:
        pieces = pieces_of(column)
        while True:
            began = time.perf_counter()
            piece = next(pieces, None)
            longest = max(longest, time.perf_counter() - began)
            if piece is None:
                break
            size += len(piece)
    return longest * 1_000, size


async def _played(file: Path) -> tuple[float, Rig]:
    tape = Tape(file)
    rig = Rig(tape, Range())
    began = time.perf_counter()
    await rig.player.play()
    seconds = time.perf_counter() - began
    tape.close()
    assert rig.rerun.difference is None, rig.rerun.difference
    assert rig.player.played.running == rig.rerun.running
    await asyncio.sleep(0)
    # By snapshots, as a machine that is too slow to record has fewer of them in the same time.
    return seconds / (rig.player.played.snapshots * INTERVAL_S), rig


def _day_of(found: dict[str, Moment]) -> float:
    walls = (DAY[0], *MOMENTS, DAY[1])
    costs = [min(found[wall].costs) for wall in MOMENTS]
    values = [costs[0], *costs, costs[-1]]
    seconds = [at(wall) / NANOS for wall in walls]
    return sum(
        (end - start) * (first + last) / 2
        for start, end, first, last in zip(seconds, seconds[1:], values, values[1:], strict=False)
    )
