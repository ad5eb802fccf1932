"""A viewer of the whole program over the open of the simulated market, compared with the server at every sequence."""

from pathlib import Path

from tests.support.onlooker import Onlooker
from tradeul.app import App
from tradeul.domain.deltas import wire_rows
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.session import NANOS
from tradeul.settings import Settings

SPEED = 10.0
LOOKS_A_MINUTE = 50
"""So many states of lists, at least, are compared in a minute of the market."""


async def check_every_sequence(folder: Path, symbols: int, minutes: int) -> None:
    """From 09:29 on, so many minutes at ten times the pace: rows built from deltas are the server's, at each sequence
    shown, and nothing of the program had to be begun anew.
    """
    settings = Settings(
        server={"port": 0},
        simulation={"symbols": symbols},
        clock={"speed": SPEED},
        history={"dsn": "off", "data_dir": str(folder)},
    )
    app = App(settings)
    ends = app.clock.now() + minutes * 60 * NANOS
    await app.start()
    assert app.server is not None
    with_rows, compared = set[str](), 0

    async with Onlooker(f"ws://127.0.0.1:{app.server.port}/ws/scanner?protocol=1") as viewer:
        await viewer.subscribe(*(scan.name for scan in BUILT_IN))
        # On a machine that has much else to do, what lists need of the past may take longer to come.
        while not (
            app.clock.now() >= ends
            and len(with_rows) == len(BUILT_IN)
            and compared >= LOOKS_A_MINUTE * minutes
            and viewer.checked > len(BUILT_IN)
        ):
            await viewer.look()
            while viewer.story:
                name, sequence, rows = viewer.story.pop()
                state = app.channels.by_name[name].at(sequence)
                assert state is not None, "the viewer is a minute behind"
                assert wire_rows(state) == rows
                compared += 1
                with_rows |= {name} if rows else set()
    app.supervisor.request_stop("the time is over")
    await app.supervisor.run_until_stopped()

    # Where catching up would be longer a snapshot comes; the further apart a busy machine's rankings, the more often.
    assert viewer.counts["snapshot"] >= len(BUILT_IN)
    assert viewer.counts["delta"] > len(BUILT_IN)
    assert viewer.counts["heartbeat"] > 1
    assert app.supervisor.abandoned == ()
    assert all(task.restarts == 0 for task in app.supervisor.states())
