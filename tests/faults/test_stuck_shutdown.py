"""The program is asked to end while a thousand viewers take nothing and its database stands still."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import Show
from tests.history.worlds import cluster_in, freeze, place
from tests.support.crowd import crowd
from tests.support.eventually import eventually
from tests.support.keeping_up import PATIENTLY, writes
from tests.support.market import at
from tests.support.program import Life, Setting, alive
from tests.support.server_sockets import held_for
from tests.support.stage import LISTS, starved_s
from tradeul.clock import SystemClock

SPEED = 1.0
SYMBOLS = 1_500
OTHERS = 100
STUCK = 1_000
BUFFER_BYTES = 16_384
"""So that all are stuck at the same time, before the first is cut for it."""
EXIT_S = 10.0
LOOK_S = 0.02


async def ended(life: Life) -> tuple[float, float]:
    """How long it takes to end when asked to, and for how much of that other programs had the processor."""
    clock, process = SystemClock(), life.process
    began, before = clock.monotonic(), starved_s(process.pid)
    starved = 0.0
    process.send_signal(signal.SIGTERM)
    while process.returncode is None:
        with contextlib.suppress(OSError):  # it may be over by now
            starved = starved_s(process.pid) - before
        await clock.pause(LOOK_S)
    return clock.monotonic() - began, starved


@pytest.mark.timeout(600)
async def test_a_shutdown_with_stuck_viewers_and_a_frozen_database(tmp_path: Path, show: Show) -> None:
    """It is over within 10 s, and everybody who reads was told goodbye."""
    with place() as folder:
        setting = Setting(folder, at("09:47"), SPEED, SYMBOLS)
        async with alive(setting) as life, crowd(tmp_path, setting.port, OTHERS, LISTS, 3) as others:
            await eventually(lambda: writes(life), **PATIENTLY)
            await others.all_live()
            async with crowd(tmp_path, setting.port, STUCK, LISTS, 3, buffer=BUFFER_BYTES) as stuck:
                await stuck.all_live()
                stuck.freeze()
                await eventually(lambda: held_for(setting.port).full >= STUCK / 2, within_s=30.0, every_s=0.1)
                frozen = freeze(cluster_in(setting.world))
                full = held_for(setting.port).full
                try:
                    took_s, starved = await ended(life)
                finally:
                    for pid in frozen:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGCONT)
        show(
            f"SIGTERM with {STUCK} viewers who stopped reading, {full} of them full, and a frozen "
            f"database: over after {took_s:.1f} s, {starved:.1f} s of it the processor was others'"
        )
        assert life.process.returncode == 0
        assert took_s - starved <= EXIT_S
        assert others.ends["bye"] == others.ends["1012"] == OTHERS
