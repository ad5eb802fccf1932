"""The whole program when its live feed fails: it is found dead by snapshots, and what was missed is fetched."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.eventually import eventually
from tests.support.market import at
from tradeul.app import App
from tradeul.clock import PacedClock
from tradeul.settings import Settings
from tradeul.simulation.faults import Faults

SPEED = 20.0


@asynccontextmanager
async def program(folder: Path, **polygon: Any) -> AsyncIterator[tuple[App, Faults]]:
    """A simulated market at twenty times its pace, and the whole program on it, following its leaders live."""
    settings = Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": 300},
        history={"dsn": "off", "data_dir": str(folder)},
        polygon=polygon,
    )
    app = App(settings, PacedClock(at("09:45"), SPEED))
    await app.start()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(app.supervisor.run_until_stopped)
        stack.callback(app.supervisor.request_stop, "the test is over")
        await eventually(lambda: app.intake.received > 20)
        assert app.exchange is not None
        yield app, app.exchange.faults


async def test_a_feed_that_only_answers_pings_is_given_up(tmp_path: Path) -> None:
    """Its connection stands, snapshots show trades that it does not bring: it is made anew, and bars go on."""
    async with program(tmp_path) as (app, faults):
        stream = app.stream
        assert stream is not None
        faults.switch_on("half_open")
        await eventually(lambda: stream.state.reconnects >= 1)
        faults.switch_off()
        heard = app.intake.received

        await eventually(lambda: app.intake.received > heard + 20)


async def test_what_a_broken_feed_missed_is_fetched_at_once(tmp_path: Path) -> None:
    """The next snapshot would be due in an hour; the one after the reconnection does not wait for that."""
    async with program(tmp_path, snapshot_interval_s=3600) as (app, faults):
        before = app.vitals.snapshots_accepted
        faults.switch_on("abort", times=1)

        await eventually(lambda: app.vitals.snapshots_accepted > before)

        assert app.stream is not None
        assert app.stream.state.reconnects == 1
