"""Ten minutes over the open of the simulated market at ten times its pace, whole and real."""

from pathlib import Path

import pytest

from tests.support.onlooker import Onlooker
from tradeul.app import App
from tradeul.domain.deltas import wire_rows
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.session import NANOS
from tradeul.settings import Settings

TEN_MINUTES_NS = 600 * NANOS


@pytest.mark.slow(60)
async def test_a_viewer_equals_the_server_at_every_sequence_for_ten_minutes(tmp_path: Path) -> None:
    """12,000 symbols from 09:29 at speed 10: rows built from deltas are the server's, at each sequence shown."""
    settings = Settings(server={"port": 0}, clock={"speed": 10.0}, history={"dsn": "off", "data_dir": str(tmp_path)})
    app = App(settings)
    begins = app.clock.now()
    await app.start()
    assert app.server is not None
    with_rows, compared = set[str](), 0

    async with Onlooker(f"ws://127.0.0.1:{app.server.port}/ws/scanner?protocol=1") as viewer:
        await viewer.subscribe(*(scan.name for scan in BUILT_IN))
        # On a machine that has much else to do, what lists need of the past may take longer to come.
        while app.clock.now() < begins + TEN_MINUTES_NS or len(with_rows) < len(BUILT_IN):
            await viewer.look()
            while viewer.story:
                name, sequence, rows = viewer.story.pop()
                state = app.channels.by_name[name].at(sequence)
                assert state is not None, "the viewer is a minute behind"
                assert wire_rows(state) == rows
                compared += 1
                with_rows |= {name} if rows else set()
    app.supervisor.request_stop("the ten minutes are over")
    await app.supervisor.run_until_stopped()

    assert with_rows == {scan.name for scan in BUILT_IN}
    assert compared > 200
    # A viewer that is late gets a snapshot where catching up would be longer; here that is the exception.
    assert len(BUILT_IN) <= viewer.counts["snapshot"] < viewer.counts["delta"] / 10
    assert viewer.counts["heartbeat"] > 5
    assert viewer.checked > len(BUILT_IN)
    assert app.supervisor.abandoned == ()
    assert all(task.restarts == 0 for task in app.supervisor.states())
