"""Alerts in the whole program: from the simulated market to viewers, to another program, and to what is kept."""

from pathlib import Path
from typing import Any

import aiohttp
import orjson

from tests.support.eventually import PATIENT_S, eventually
from tests.support.vendor import Vendor
from tests.support.whole import asked, whole
from tests.webhooks.receiving import Receiver
from tradeul.app import App

RULES: dict[str, dict[str, Any]] = {
    "early": {"list": "winners", "cooldown_s": 0},
    "rising": {"where": "change_1m > 0.3", "cooldown_s": 0},
}


async def put(app: App, name: str, rule: dict[str, Any]) -> None:
    assert app.server is not None
    address = f"http://127.0.0.1:{app.server.port}/api/v1/alerts/{name}"
    async with aiohttp.ClientSession() as client, client.put(address, json=rule) as answer:
        assert answer.status == 200, await answer.text()


async def heard(app: App, count: int) -> list[dict[str, Any]]:
    """The next alert frames of a viewer that follows nothing."""
    assert app.server is not None
    frames: list[dict[str, Any]] = []
    address = f"http://127.0.0.1:{app.server.port}/ws/scanner?protocol=1"
    async with aiohttp.ClientSession() as client, client.ws_connect(address, max_msg_size=0) as socket:
        await socket.send_str('{"action":"ping","id":1}')
        while len(frames) < count:
            frame = orjson.loads((await socket.receive(timeout=PATIENT_S)).data)
            if frame["type"] == "alert":
                frames.append(frame)
    return frames


async def test_an_alert_reaches_everybody(tmp_path: Path) -> None:
    """A viewer's frame, a receiver's body and the history name the same alert; health counts it."""
    receiver = Receiver()
    off = {"dsn": "off", "data_dir": str(tmp_path)}
    async with Vendor(receiver.handle) as server, whole(tmp_path, "10:00", 300, speed=20.0, history=off) as app:
        await eventually(lambda: app.vitals.snapshots_accepted > 0)
        for name, rule in RULES.items():
            await put(app, name, rule | {"webhook": f"{server.url}/hook"})
        [frame, *_] = await heard(app, 1)
        # At once: only so many are remembered, and the market goes on.
        history = (await asked(app, "/api/v1/alerts/history?limit=1000"))["alerts"]
        await eventually(lambda: frame["id"] in receiver.taken)
        health = (await asked(app, "/health"))["alerts"]

    body = next(body for _, sent in receiver.asked if (body := orjson.loads(sent))["id"] == frame["id"])
    told = {name: value for name, value in frame.items() if name != "type"}
    assert body == told | {"market": "simulated"}
    assert told | {"fired": True, "why": ""} in history
    assert health["fired"] >= 1
    assert health["webhooks"]["delivered"] >= 1
    assert health["trouble"] == ""
