"""A recording that is served: its controls over HTTP, what viewers are told, and its world, which is its own."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.contract import complaints
from tests.support.eventually import eventually
from tests.support.market import at
from tests.support.recorded import replayed
from tests.support.whole import asked, sent
from tradeul.domain.deltas import Row
from tradeul.replay.player import Range
from tradeul.replay.served import ReplayApp

pytestmark = pytest.mark.slow(10)

PATH = "/api/v1/replay"
Told = dict[str, Any]


class Remote:
    """Whoever moves the controls from elsewhere."""

    def __init__(self, app: ReplayApp, client: aiohttp.ClientSession) -> None:
        self.app = app
        self._client = client
        assert app.server is not None
        self.url = f"http://127.0.0.1:{app.server.port}"

    async def told(self) -> Told:
        async with self._client.get(self.url + PATH) as answer:
            content: Told = await answer.json()
            return content

    async def move(self, status: int = 200, **wish: object) -> Told:
        async with self._client.post(self.url + PATH, data=json.dumps(wish)) as answer:
            content: Told = await answer.json()
            assert answer.status == status, content
            return content

    async def document(self) -> Told:
        async with self._client.get(self.url + "/openapi.json") as answer:
            content: Told = await answer.json()
            return content

    async def until(self, **state: object) -> Told:
        """Wait until it is told so."""
        told: Told = {}

        async def holds() -> bool:
            nonlocal told
            told = await self.told()
            return state.items() <= told.items()

        await eventually(holds, every_s=0.02)
        return told

    def lists(self) -> dict[str, tuple[Row, ...]]:
        return {name: channel.state.rows for name, channel in self.app.channels.by_name.items()}


@asynccontextmanager
async def playing(file: Path, folder: Path, speed: float, span: Range = Range()) -> AsyncIterator[Remote]:  # noqa: B008
    async with replayed(file, folder, speed, span) as app, aiohttp.ClientSession() as client:
        yield Remote(app, client)


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def contents(file: Path) -> bytes:
    return file.read_bytes()


async def test_the_controls_move_it(recording: Path, tmp_path: Path) -> None:
    """Paused it stands still, a step takes one snapshot, and the end is the end; each answer is as documented."""
    async with playing(recording, tmp_path, 1.0) as remote:
        await eventually(lambda: remote.app.vitals.snapshots_accepted)
        paused = await remote.move(paused=True)
        taken = remote.app.vitals.snapshots_accepted
        await remote.move(step=True)
        await eventually(lambda: remote.app.vitals.snapshots_accepted > taken)
        stepped = await remote.until(paused=True)
        faster = await remote.move(speed=60)
        await remote.move(speed="max", paused=False)
        ended = await remote.until(ended=True)
        document = await remote.document()

        assert remote.app.vitals.snapshots_accepted > taken + 1

    schema = document["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert [complaints(document, schema, each) for each in (paused, stepped, faster, ended)] == [[]] * 4
    assert stepped["at"] > paused["at"]
    assert (faster["speed"], ended["speed"], ended["differs"]) == (60.0, None, "")


async def test_a_replay_is_not_recorded(recording: Path, tmp_path: Path) -> None:
    """What is played is recorded already, which is said in one line; that nothing is recorded can be asked."""
    async with playing(recording, tmp_path, 60.0) as remote:
        refused = await sent(remote.app, "PUT", "/api/v1/recording", {"enabled": True})
        off = await sent(remote.app, "PUT", "/api/v1/recording", {"enabled": False})
        told = await asked(remote.app, "/api/v1/recording")

    assert (refused[0], refused[1]["error"]["code"]) == (409, "replayed")
    assert (off[0], off[1]["enabled"], told["enabled"], told["file"]) == (200, False, False, None)


async def test_what_was_seen_is_seen_again(recording: Path, tmp_path: Path) -> None:
    """Back and forth: at the end the lists are what they were there, and still what was live."""
    async with playing(recording, tmp_path, 10_000.0) as remote:
        first = await remote.until(ended=True)
        lists = remote.lists()
        await remote.move(at=first["first"], paused=True)
        back = await remote.until(ended=False, seeking=False)
        then = remote.lists()
        await remote.move(at=first["last"])
        # Paused or not: the end is the end.
        await remote.until(ended=True)

        assert remote.lists() == lists
        assert then != lists
        assert back["at"] < first["at"]
        assert (await remote.told())["differs"] == ""


async def test_it_begins_where_it_is_told_to(recording: Path, tmp_path: Path) -> None:
    """And ends where it is told to; nothing outside of that can be sought, and nothing that makes no sense."""
    span = Range(at("09:30:10"), at("09:30:30"))
    async with playing(recording, tmp_path, 10_000.0, span) as remote:
        ended = await remote.until(ended=True)
        refused = await remote.move(400, at=ended["last"] + 1)
        for wish in ({"speed": 0}, {"speed": "fast"}, {"speed": 1e9}, {"paused": 1}, {"at": "09:30"}, {"go": True}):
            await remote.move(400, **wish)

    assert (ended["first"], ended["last"]) == (at("09:30:10") // 1_000_000, at("09:30:30") // 1_000_000)
    assert ended["first"] < ended["at"] <= ended["last"]
    assert refused["error"]["details"]["parameter"] == "at"


async def test_viewers_are_told(recording: Path, tmp_path: Path) -> None:
    """That it is a replay, and how it is played each time that changes."""
    async with (
        playing(recording, tmp_path, 1.0) as remote,
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{remote.url}/ws/scanner?protocol=1") as socket,
    ):
        hello = await socket.receive_json()
        greeting = await socket.receive_json()
        await socket.send_json({"action": "subscribe_list", "list": "high_volume"})
        await remote.move(paused=True, speed=5)

        async def next_status() -> Told:
            while (frame := await socket.receive_json())["type"] != "status":
                pass
            status: Told = frame
            return status

        while not (status := await next_status())["replay"]["paused"]:
            pass

    assert hello["market"] == greeting["market"] == "replay"
    assert greeting["replay"]["file"] == recording.name
    assert (status["replay"]["speed"], status["replay"]["paused"]) == (5.0, True)


async def test_its_world_is_its_own(recording: Path, tmp_path: Path) -> None:
    """What is made in it is kept in its own folder, and nothing that was recorded is touched."""
    before = contents(recording)
    async with playing(recording, tmp_path, 10_000.0) as remote, aiohttp.ClientSession() as client:
        await remote.until(ended=True)
        symbol = remote.app.board.symbols[0]
        async with client.put(f"{remote.url}/api/v1/pins/{symbol}") as answer:
            pinned = answer.status
        async with client.get(f"{remote.url}/api/v1/ticker/{symbol}/bars?interval=5m") as answer:
            bars = answer.status

    assert (pinned, bars) == (200, 200)
    assert names_in(tmp_path) == {f"replay-{recording.stem}"}
    assert "user.json" in names_in(tmp_path / f"replay-{recording.stem}")
    assert contents(recording) == before


async def test_the_chart_is_drawn_from_the_recording(recording: Path, tmp_path: Path) -> None:
    """Bars that are over where the replay stands, and none of after; daily ones a recording does not hold."""
    async with playing(recording, tmp_path, 10_000.0) as remote:
        end = await remote.until(ended=True)
        symbol = remote.app.channels.by_name["high_volume"].state.rows[0].symbol
        path = f"/api/v1/ticker/{symbol}/bars?interval="

        async def read() -> bool:
            return bool((await asked(remote.app, f"{path}1m"))["bars"])

        await eventually(read, every_s=0.05)
        chart = await asked(remote.app, f"{path}1m")
        daily = await asked(remote.app, f"{path}1d")

    assert (chart["source"], chart["complete"]) == ("kept", False), "the morning is not on it"
    assert all(bar["time"] + 60_000 <= end["at"] for bar in chart["bars"])
    assert daily["error"]["message"] == "a recording holds no daily bars"
