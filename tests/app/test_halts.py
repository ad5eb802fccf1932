"""The whole program where trading is halted: the feed's word is on the board."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.eventually import eventually
from tests.support.held import HeldClock
from tests.support.simulated import small_day, small_market
from tradeul.app import App
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS
from tradeul.settings import Settings
from tradeul.simulation.halts import halts_of

SPEED = 20.0
AHEAD_S = 20
SYMBOLS = 1_000


async def test_a_halt_of_the_market_is_on_the_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told over the stream of every symbol, in lists or not; before, nobody knows."""
    monkeypatch.setattr("tradeul.simulation.floor.MOST_SECONDS_CAUGHT_UP", 10**9)  # a held machine skips none
    day = small_day(symbols=SYMBOLS)
    halt = halts_of(day)[0]
    symbol = small_market(SYMBOLS).universe.symbols[halt.row]
    settings = Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": SYMBOLS},
        history={"dsn": "off", "data_dir": str(tmp_path)},
    )
    clock = HeldClock(Nanos(day.hours.pre_market_start + (halt.start - AHEAD_S) * NANOS), SPEED)
    app = App(settings, clock)

    def shown(name: str) -> Any:
        row = app.board.row_of.get(symbol)
        return None if row is None else app.board.values(name, np.array([row]))[0]

    await app.start()
    try:
        await eventually(lambda: shown("price") is not None and app.stream is not None and app.stream.tells_halts)
        before = shown("halted")
        clock.go()
        await eventually(lambda: shown("halted") is True)
        halted_at = shown("halted_at")
    finally:
        app.supervisor.request_stop("the test is over")
        await app.supervisor.run_until_stopped()

    began_ms = (day.hours.pre_market_start + halt.start * NANOS) // 1_000_000
    assert before is None
    assert began_ms <= halted_at < began_ms + 1_000
