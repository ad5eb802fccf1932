"""Play a week in minutes: `python -m tests.soak wide|deep|short [--seed N]`. Prints how far it is, and what it came to.

The same seed gives the same run, whatever the machine does meanwhile; `--twice` plays it in another process of other
hashes beside, and compares what was published.
"""

import argparse
import asyncio
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import structlog

from tests.soak import measure
from tests.soak.soak import Figures, Soak
from tests.soak.timing import AtOnce
from tests.soak.week import PROFILES
from tradeul.clock import SystemClock

HASH = "told"


async def _played(profile: str, seed: int, folder: Path) -> Figures:
    asyncio.get_running_loop().set_default_executor(AtOnce())
    return await Soak(PROFILES[profile], seed, folder, lambda line: print(line, flush=True)).play()


def _beside(profile: str, seed: int) -> "subprocess.Popen[str]":
    """The same in another process meanwhile."""
    command = [sys.executable, "-m", "tests.soak", profile, "--seed", str(seed)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONHASHSEED": "7"}, stdout=subprocess.PIPE, text=True)


def _told_by(other: "subprocess.Popen[str]") -> str:
    """What was published there."""
    lines = other.communicate()[0].splitlines()
    return next((line.split()[-1] for line in lines if line.startswith(HASH)), "nothing")


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("profile", choices=sorted(PROFILES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--twice", action="store_true")
    given = parser.parse_args()
    measure.count_all()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    clock = SystemClock()
    began = clock.monotonic()
    print(f"{given.profile}, seed {given.seed}", flush=True)
    other = _beside(given.profile, given.seed) if given.twice else None
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_played(given.profile, given.seed, Path(folder)))
    for name, value in figures._asdict().items():
        if name not in ("days", HASH):
            print(f"{name:16} {value:,}")
    print(f"{'a day adds':16} {measure.slopes(list(figures.days))}")
    print(f"{'took':16} {clock.monotonic() - began:,.0f} s")
    print(f"{HASH:16} {figures.told}")
    if other is not None and _told_by(other) != figures.told:
        raise SystemExit(f"seed {given.seed} published something else the second time")


if __name__ == "__main__":
    main()
