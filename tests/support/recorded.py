"""The whole program over a small simulated market, recorded; and its recording served again."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.support.eventually import eventually
from tests.support.held import HeldClock
from tradeul.app import App
from tradeul.definitions import ScanDefinition
from tradeul.domain.events import Nanos
from tradeul.replay.player import Range
from tradeul.replay.served import ReplayApp
from tradeul.replay.tape import Tape
from tradeul.settings import Settings

SPEED: Final = 20.0


def settings_for(folder: Path) -> Settings:
    return Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": 300, "seed": 7},
        history={"dsn": "off", "data_dir": str(folder)},
        record={"enabled": True},
    )


async def stopped(app: App) -> None:
    app.supervisor.request_stop("enough")
    await app.supervisor.run_until_stopped()


@asynccontextmanager
async def recorded(
    folder: Path, begins: Nanos, scans: Mapping[str, ScanDefinition] | None = None, speed: float = SPEED
) -> AsyncIterator[App]:
    """A program that records, with some lists of its own; its file is whole once it is left.

    However long it takes to start, its first snapshot is of when it begins.
    """
    settings = settings_for(folder).model_copy(update={"scans": dict(scans or {})})
    clock = HeldClock(begins, speed)
    app = App(settings, clock)
    await app.start()
    try:
        await eventually(lambda: app.vitals.snapshots_accepted)
        clock.go()
        yield app
    finally:
        await stopped(app)


async def snapshots(app: App, more: int) -> None:
    """Let so many more snapshots come."""
    before = app.vitals.snapshots_accepted
    await eventually(lambda: app.vitals.snapshots_accepted >= before + more)
    if app.recording is not None:
        # What is accepted may not be in the lists yet: the switch, which stays as it is, waits for the step's end.
        await app.recording.turn(on=app.recording.state.enabled)


def recording_in(folder: Path) -> Path:
    (file,) = (folder / "sim-7" / "recordings").iterdir()
    return file


@asynccontextmanager
async def replayed(file: Path, folder: Path, speed: float, span: Range = Range()) -> AsyncIterator[ReplayApp]:  # noqa: B008
    """A recording on the page."""
    tape = Tape(file)
    app = ReplayApp(settings_for(folder), tape, span, speed)
    try:
        await app.start()
        yield app
    finally:
        await stopped(app)
        tape.close()
