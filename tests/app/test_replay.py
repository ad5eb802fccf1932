"""A day that was recorded is played again: the same lists, state by state, as the program published live."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.market import NANOS, at
from tests.support.recorded import recorded, recording_in, snapshots
from tradeul.app import App
from tradeul.definitions import ScanDefinition
from tradeul.domain.events import Nanos
from tradeul.replay.player import Range
from tradeul.replay.rig import Rig
from tradeul.replay.tape import Tape

pytestmark = pytest.mark.slow(20)


async def played(file: Path, span: Range = Range()) -> Rig:  # noqa: B008  # it cannot change
    tape = Tape(file)
    try:
        rig = Rig(tape, span)
        await rig.player.play()
    finally:
        tape.close()
    return rig


def states_of(file: Path) -> Sequence[Nanos]:
    tape = Tape(file)
    tape.close()
    return tape.states


async def troubled(app: App) -> None:
    """Over the open, with what goes wrong at a vendor, a list that is made, changed and deleted, and history."""
    assert app.exchange is not None
    faults = app.exchange.faults
    await eventually(lambda: app.vitals.snapshots_accepted and app.intake.received)
    await snapshots(app, 2)
    for fault in ("cut", "older", "half", "frozen", "shuffled", "wrong_types", "duplicates"):
        faults.switch_on(fault, times=1, path="/v2/snapshot")
        await snapshots(app, 1)
    await app.own.scans.put("mine", ScanDefinition(where="price > 3", order="price desc"))
    faults.switch_on("abort", times=1)
    await snapshots(app, 3)
    await app.own.scans.put("mine", ScanDefinition(where="rvol > 1", columns=("price", "rvol"), global_filters=False))
    await snapshots(app, 2)
    await app.own.scans.delete("mine")
    await eventually(lambda: app.stream is not None and app.stream.state.reconnects)
    await snapshots(app, 3)


async def test_a_replay_publishes_what_was_published_live(tmp_path: Path) -> None:
    """Every state of every list has the same hash, in both of two replays, whatever went wrong on the way."""
    async with recorded(tmp_path, at("09:29:30")) as app:
        await troubled(app)
        live = app.recorder
    file = recording_in(tmp_path)

    first, second = await played(file), await played(file)

    assert live is not None
    assert live.state.dropped == 0
    assert first.rerun.difference is None
    assert first.rerun.states > 100
    assert app.vitals.snapshots_refused
    assert first.player.played.gaps == []
    hashes = {rig.rerun.running for rig in (first, second)}
    assert hashes == {first.player.played.running}
    assert {name: each.state.rows for name, each in first.rerun.engine.channels.by_name.items()} == {
        name: each.state.rows for name, each in app.channels.by_name.items()
    }


async def test_two_lives_of_the_program_are_one_recording(tmp_path: Path) -> None:
    """After a restart the same file goes on; what the second program published is compared from its first state on."""
    async with recorded(tmp_path, at("10:00")) as app:
        await snapshots(app, 4)
    async with recorded(tmp_path, Nanos(app.clock.now() + 60 * NANOS)) as later:
        await snapshots(later, 4)
    file = recording_in(tmp_path)

    whole = await played(file)
    part = await played(file, Range(states_of(file)[-1]))

    assert whole.rerun.difference is None
    assert whole.rerun.life == later.channels.epoch
    assert part.rerun.running == whole.rerun.running
    assert part.player.played.snapshots < whole.player.played.snapshots
