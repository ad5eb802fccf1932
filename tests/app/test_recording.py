"""With recording switched on, what the program was sent can be read again, and holds no key."""

from pathlib import Path

import aiohttp

from tests.support.eventually import eventually
from tests.support.market import at
from tests.support.recorded import snapshots
from tests.support.whole import asked, sent, whole
from tradeul.access import Role
from tradeul.app import App
from tradeul.clock import PacedClock
from tradeul.domain.events import Nanos
from tradeul.history.token_file import TokenFile
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


async def test_it_is_turned_on_and_off_over_http(tmp_path: Path) -> None:
    """It tells how it stands, before and after; each way twice is the same as once, and nonsense changes nothing."""
    path, file = "/api/v1/recording", tmp_path / "sim-7" / "recordings" / "sim-7-2026-11-18.trec"
    async with whole(tmp_path, "09:31", 100, speed=SPEED, history={"dsn": "off"}) as app:
        before = await asked(app, path)
        refused = [(await sent(app, "PUT", path, wish))[0] for wish in ({}, {"enabled": 1}, {"on": True})]
        _, begun = await sent(app, "PUT", path, {"enabled": True})
        await snapshots(app, 3)
        _, again = await sent(app, "PUT", path, {"enabled": True})
        health = (await asked(app, "/health"))["recording"]
        _, ended = await sent(app, "PUT", path, {"enabled": False})
        await snapshots(app, 2)
        last = await asked(app, path)

    assert (before["enabled"], before["file"], before["bodies"]) == (False, None, 0)
    assert refused == [400, 400, 400]
    assert (begun["enabled"], begun["file"], begun["writing"]) == (True, str(file), True)
    assert (again["enabled"], again["file"], health["enabled"]) == (True, str(file), True)
    assert (ended["enabled"], ended["writing"], ended["dropped"]) == (False, False, 0)
    assert ended["bodies"] >= 2
    assert last == ended
    with Recording(file) as recording:
        assert len([item for item in recording.items() if isinstance(item, Body)]) == ended["bodies"]


async def test_where_the_file_lies_is_for_operators(tmp_path: Path) -> None:
    """Who may only look hears its name."""
    tokens = TokenFile(tmp_path / "tokens.json")
    made = {role: tokens.make(role, None, "")[1] for role in Role}
    server, record, history = {"tokens_file": str(tmp_path / "tokens.json")}, {"enabled": True}, {"dsn": "off"}
    told = {}
    async with whole(
        tmp_path / "state", "09:31", 50, speed=SPEED, server=server, record=record, history=history
    ) as app:
        await snapshots(app, 1)
        assert app.server is not None
        for role, token in made.items():
            headers = {"Authorization": f"Bearer {token}"}
            url = f"http://127.0.0.1:{app.server.port}/api/v1/recording"
            async with aiohttp.ClientSession(headers=headers) as client, client.get(url) as answer:
                told[role] = (await answer.json())["file"]

    name = "sim-7-2026-11-18.trec"
    assert told == {Role.VIEWER: name, Role.OPERATOR: str(tmp_path / "state" / "sim-7" / "recordings" / name)}
