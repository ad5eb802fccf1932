"""The whole program as a process of its own: its share of a core, its memory, and how soon it is back.

12,000 symbols, a snapshot every five seconds, 300 symbols and more followed live with 300 bars a second, averages of 30
sessions, no database; the vendor and the viewers are other processes. First with 100 viewers of three lists each, then
with 1,000. Then it is ended and started again, and time counts from the command to the first lists that a market stands
behind. Importing alone is beside that: it is the least a start takes. Last comes a life that follows no symbol live,
for what snapshots alone cost with 1,000 viewers.
"""

import asyncio
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.figure import Figure
from tests.benchmarks.vendor import Vendor, vendor
from tests.support.crowd import crowd
from tests.support.eventually import eventually
from tests.support.program import ROOT, Life, born, free_port
from tests.support.stage import LISTS
from tradeul import logs

SYMBOLS = 12_000
BARS_A_SECOND = 300
HOT = 300
SESSIONS = 30
VIEWERS = (100, 1_000)
LISTS_EACH = 3
START = "2026-11-18T10:30:00-05:00"
SETTLING_S = 8.0
SNAPSHOTS = 4
SNAPSHOT_S = 5.0
WARMING_S = 120.0
STARTS = 5
IMPORTS = "import tradeul.cli, tradeul.app"
MOST_SHARE, MOST_MB = {100: 10.0}, {100: 400.0}
"""What is asked of it with so many viewers."""
MOST_SHARE_OF_SNAPSHOTS = 1.5
HALTS_ALONE = "LULD"


@dataclass(frozen=True)
class Place:
    """Where it lives, as `tests.support.program` starts it."""

    folder: Path
    market: Vendor
    port: int = field(default_factory=free_port)
    channels: str = "A,LULD"

    def environment(self) -> Mapping[str, str]:
        settings = {
            "SERVER__PORT": self.port,
            "HISTORY__DATA_DIR": self.folder,
            "HISTORY__DSN": "off",
            "MARKET__SOURCE": "polygon",
            "POLYGON__API_KEY": "bench",
            "POLYGON__REST_URL": self.market.rest_url,
            "POLYGON__WS_URL": self.market.ws_url,
            "CLOCK__START": START,
            "CLOCK__ANCHOR": self.market.anchor,
            "HOT__CHANNELS": self.channels,
            "LOG__LEVEL": "error",
        }
        own = {f"TRADEUL_{name}": str(value) for name, value in settings.items()}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **own}


async def run() -> list[Figure]:
    """One process with more and more viewers, then several lives in a row."""
    logs.configure("error", "console")
    figures, starts, memory = list[Figure](), list[float](), dict[int, float]()
    with tempfile.TemporaryDirectory() as name:
        async with vendor(Path(name), START, SYMBOLS, BARS_A_SECOND) as market:
            place = Place(Path(name), market)
            life = await born(place)
            cold_s = life.ranked_after_s
            try:
                await eventually(lambda: _is_warm(life), within_s=WARMING_S, every_s=0.5)
                for viewers in VIEWERS:
                    share, memory[viewers] = await _with_viewers(place, life, viewers)
                    figures += [
                        Figure(
                            f"CPU of the program, {viewers:,} viewers",
                            "% of a core",
                            share,
                            at_most=MOST_SHARE.get(viewers),
                        ),
                        Figure(
                            f"memory of it, {viewers:,} viewers", "MB", [memory[viewers]], at_most=MOST_MB.get(viewers)
                        ),
                    ]
                for _ in range(STARTS):
                    await life.end()
                    life = await born(place)
                    starts.append(life.ranked_after_s)
                await life.end()
                still = dataclasses.replace(place, channels=HALTS_ALONE)
                life = await born(still)
                await eventually(lambda: _has_history(life), within_s=WARMING_S, every_s=0.5)
                of_snapshots, _ = await _with_viewers(still, life, VIEWERS[-1])
                await life.end()
            finally:
                await life.kill()
    few, many = VIEWERS
    return [
        *figures,
        Figure(
            f"CPU of snapshots alone, {many:,} viewers",
            "% of a core",
            of_snapshots,
            at_most=MOST_SHARE_OF_SNAPSHOTS,
        ),
        Figure("memory for each viewer", "KB", [1_000 * (memory[many] - memory[few]) / (many - few)], at_most=15.0),
        Figure("first start to lists of a market", "s", [cold_s]),
        Figure("warm start to lists of a market", "s", starts, at_most=1.5),
        Figure("of which importing", "s", [_import_s() for _ in range(STARTS)]),
    ]


async def _is_warm(life: Life) -> bool:
    """Whether what history says is there, and enough is followed."""
    stats = await life.asked("/reconciler/metrics")
    return stats["confirmed"] >= HOT and await _has_history(life)


async def _has_history(life: Life) -> bool:
    told = await life.health()
    return bool(told["history"]["sessions_loaded"] >= SESSIONS)


async def _with_viewers(place: Place, life: Life, viewers: int) -> tuple[list[float], float]:
    """Percent of a core from snapshot to snapshot, and megabytes at the end."""
    async with crowd(place.folder, place.port, viewers, LISTS, LISTS_EACH) as people:
        await people.all_live()
        await asyncio.sleep(SETTLING_S)
        shares = []
        for _ in range(SNAPSHOTS):
            at, spent = time.monotonic(), _cpu_s(life.process.pid)
            await asyncio.sleep(SNAPSHOT_S)
            shares.append(100 * (_cpu_s(life.process.pid) - spent) / (time.monotonic() - at))
        return shares, _memory_mb(life.process.pid)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    line = next(each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1_000


def _import_s() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, cwd=ROOT)
    return time.perf_counter() - began
