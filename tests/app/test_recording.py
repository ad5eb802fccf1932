"""With recording switched on, what the program was sent can be read again, and holds no key."""

from pathlib import Path

from tests.support.eventually import eventually
from tests.support.market import at
from tradeul.app import App
from tradeul.clock import PacedClock
from tradeul.domain.events import Nanos
from tradeul.polygon.wire import SnapshotDecoder
from tradeul.recording.format import Body, Frame
from tradeul.recording.reader import Recording
from tradeul.settings import Settings
from tradeul.world import state_folder, world_of

SPEED = 20.0


def settings_for(folder: Path) -> Settings:
    return Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": 200, "seed": 7},
        history={"dsn": "off", "data_dir": str(folder)},
        record={"enabled": True},
    )


async def test_a_recorded_run_can_be_read_again(tmp_path: Path) -> None:
    """Every snapshot that was taken is in the file, in order, and decodes; so are frames with live bars."""
    app = App(settings_for(tmp_path), PacedClock(at("09:31"), SPEED))
    await app.start()
    await eventually(lambda: app.vitals.snapshots_accepted >= 4 and app.intake.received)
    app.supervisor.request_stop("enough")
    await app.supervisor.run_until_stopped()

    (file,) = (tmp_path / "sim-7" / "recordings").iterdir()
    with Recording(file) as recording:
        items = list(recording.items())
    bodies = [item for item in items if isinstance(item, Body)]
    frames = [item for item in items if isinstance(item, Frame)]

    feed_times = []
    for body in bodies:
        decoder = SnapshotDecoder()
        decoder.feed(body.content)
        feed_times.append(decoder.finish(body.arrived, simulated=True).feed_time)
    assert len(bodies) >= app.vitals.snapshots_accepted
    assert feed_times == sorted(feed_times)
    assert max(feed_times) > Nanos(at("09:31"))
    assert any('"ev":"A"' in str(frame.content) for frame in frames)
    assert not any("params" in str(frame.content) for frame in frames)


def test_each_world_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """As set, else systemd's, else the user's; live and simulated markets never share one."""
    simulated = settings_for(tmp_path)
    live = Settings(market={"source": "polygon"}, polygon={"api_key": "a-key"})

    assert (world_of(simulated), world_of(live)) == ("sim-7", "live")
    assert state_folder(simulated, {}) == tmp_path / "sim-7"
    assert state_folder(live, {"STATE_DIRECTORY": "/var/lib/tradeul:/other"}) == Path("/var/lib/tradeul/live")
    assert state_folder(live, {"XDG_STATE_HOME": "/somewhere/state"}) == Path("/somewhere/state/tradeul/live")
