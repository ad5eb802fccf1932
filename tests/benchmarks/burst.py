"""The open at its worst: 3,000 live events a second for the followed symbols, on top of snapshots every five seconds.

How late the reader and the loop are meanwhile, how old what is shown is at most, and whether anything was lost: after
the last event the board must hold, of every symbol, at least the largest volume and the widest range that was sent.
It lasts ten seconds, or as many as TRADEUL_BENCH_BURST_S says.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from tests.benchmarks.figure import Figure
from tests.benchmarks.hot_path import HOT, STARTING_S, SYMBOLS, first_shows, handed_ms, settings_of
from tests.benchmarks.vendor import Sent, vendor
from tests.benchmarks.witness import Mark, Witness, followed, lag_ms, percentile
from tests.support.crowd import crowd
from tests.support.eventually import eventually
from tradeul import logs
from tradeul.app import App
from tradeul.domain.events import Symbol
from tradeul.domain.scans import BUILT_IN

EVENTS_A_SECOND = 3_000
VIEWERS = 10
LONGER = "TRADEUL_BENCH_BURST_S"
WARMING_S = 10.0
DRAINING_S = 1.0
START = "2026-11-18T09:29:45-05:00"
ROUNDING = 1e-4
"""A price is kept to a ten-thousandth, a volume to a share."""


async def run() -> list[Figure]:
    """Measure one burst."""
    return await measured("burst", EVENTS_A_SECOND, "lists")


async def measured(what: str, events_a_second: int, mode: Literal["lists", "all"]) -> list[Figure]:
    """Measure the program while so many events come, of symbols in lists or of all."""
    logs.configure("error", "console")
    lasting_s = float(os.environ.get(LONGER, "10"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with vendor(folder, START, SYMBOLS, events_a_second) as market:
            app = App(settings_of(folder, market, START, mode))
            await app.start()
            assert app.server is not None
            await eventually(lambda: followed(app) >= HOT, within_s=STARTING_S, every_s=0.05)
            lists = [scan.name for scan in BUILT_IN]
            async with crowd(folder, app.server.port, VIEWERS, lists, len(lists)) as people:
                await people.all_live()
                await asyncio.sleep(WARMING_S)
                before, witness = app.intake.folded, Witness(app)
                spent_s = time.process_time()
                await witness.probe(lasting_s)
                spent_s = time.process_time() - spent_s
                folded, heard = app.intake.folded - before, dict(witness.heard)
                await asyncio.sleep(DRAINING_S)
                shortfall = _Shortfall(app)
            app.supervisor.request_stop("measured")
            await app.supervisor.run_until_stopped()
    ages = handed_ms(first_shows(witness, market.sent), witness)
    rate, lost = len(heard) / lasting_s, shortfall.symbols(market.sent, heard)
    return [
        Figure(f"{what}: events heard a second", "events", [rate]),
        Figure(f"{what}: of which folded with others", "events", [folded / lasting_s]),
        Figure(f"{what}: CPU of the program, of one core", "%", [100 * spent_s / lasting_s]),
        Figure(f"{what}: lag of the reader, p99", "ms", [percentile(lag_ms(market.sent, heard), 99)]),
        Figure(f"{what}: lateness of the loop, p99", "ms", [percentile(witness.late_ms, 99)]),
        Figure(f"{what}: age of what is shown, p99", "ms", [percentile(ages, 99)]),
        Figure(f"{what}: oldest event shown", "ms", [float(ages.max())]),
        Figure(f"{what}: symbols of which something was lost", "symbols", [float(len(lost))]),
    ]


class _Shortfall:
    """What the board shows of every symbol, to be held against what was sent of it."""

    def __init__(self, app: App) -> None:
        self._row_of = dict(app.board.row_of)
        self._volume, self._high, self._low = (app.board[name].copy() for name in ("volume_today", "high", "low"))

    def symbols(self, sent: Iterable[Sent], heard: Mapping[Mark, int]) -> set[str]:
        """Those of which a bar was sent and heard that is not in what is shown."""
        return {each.symbol for each in sent if (each.symbol, each.end_ms) in heard and self._lacks(each)}

    def _lacks(self, sent: Sent) -> bool:
        row = self._row_of[Symbol(sent.symbol)]
        return bool(
            self._volume[row] < np.floor(sent.volume_today)
            or self._high[row] < sent.high - ROUNDING
            or self._low[row] > sent.low + ROUNDING
        )
