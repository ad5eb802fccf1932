"""The whole program when it follows the whole market live, with every kind of event."""

from pathlib import Path

import numpy as np

from tests.support.eventually import eventually
from tests.support.market import at
from tradeul.app import App
from tradeul.clock import PacedClock
from tradeul.settings import Settings

SPEED = 10.0
SYMBOLS = 300


async def test_every_symbol_and_every_kind_comes(tmp_path: Path) -> None:
    """Seconds of symbols that are in no list, and minutes, trades and quotes of those that are; health counts them."""
    settings = Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": SYMBOLS},
        history={"dsn": "off", "data_dir": str(tmp_path)},
        hot={"mode": "all", "channels": ["A", "AM", "T", "Q", "LULD"]},
    )
    app = App(settings, PacedClock(at("09:45"), SPEED))
    await app.start()
    try:
        assert app.stream is not None
        received = app.intake.received_of
        await eventually(lambda: len(received) == 5 and min(received.values()) > 0)
        await eventually(lambda: np.count_nonzero(app.board["bar_end"]) > SYMBOLS / 2)
        state, lag_ms = app.stream.state, app.intake.report()["lag_ms"]
    finally:
        app.supervisor.request_stop("the test is over")
        await app.supervisor.run_until_stopped()

    assert state.whole_topics == {"A.*", "LULD.*"}
    assert len(state.desired) < SYMBOLS
    assert lag_ms is not None
