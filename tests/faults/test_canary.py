"""Keys that nobody else has, looked for wherever they must not be, after everything that can go wrong at a vendor."""

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.history.worlds import place
from tests.support.eventually import eventually, running
from tests.support.market import at
from tests.support.program import Life, Setting, alive
from tests.support.simulated import listening
from tradeul.simulation.exchange.server import Exchange
from tradeul.simulation.faults import FAULTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SNAPSHOT = "/v2/snapshot"
KEY = "canary-7d1c0f52b9"
SYMBOLS = 120
TAKING_LONG = {"silent", "stalled", "trickle", "slow", "bomb", "endless_pages"}
"""They only hold up what else is tried."""
REFUSALS = ("no_key", "unknown_key", "not_entitled", "no_timeframe")
"""Whoever is refused so asks again after a minute only."""
AT_REST = ("answer", "body", "rows")
RANKED_S = 60.0
WITHIN_S = 240.0


@dataclass(frozen=True)
class Guarded(Setting):
    """The program over a vendor that asks for the key, saying all that it can."""

    exchange: Exchange | None = None

    def environment(self) -> dict[str, str]:
        assert self.exchange is not None
        return {
            **{name: value for name, value in super().environment().items() if "SIMULATION" not in name},
            "POLYGON_API_KEY": KEY,
            "FMP_API_KEY": KEY,
            "TRADEUL_POLYGON__REST_URL": self.exchange.rest_url,
            "TRADEUL_POLYGON__WS_URL": self.exchange.ws_url,
            "TRADEUL_POLYGON__SNAPSHOT_INTERVAL_S": "1",
            "TRADEUL_FMP__BASE_URL": self.exchange.rest_url,
            "TRADEUL_LOG__LEVEL": "debug",
            "TRADEUL_RECORD__ENABLED": "true",
        }


def started_in(folder: Path) -> Iterator[int]:
    """The processes, the database's above all, that were started with this folder among their words."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if str(folder).encode() in (process / "cmdline").read_bytes():
                yield int(process.name)


def holding(paths: Iterable[Path], word: bytes) -> list[str]:
    return [str(path) for path in paths if path.is_file() and word in path.read_bytes()]


async def suffered(exchange: Exchange, life: Life) -> None:
    """Live through every fault of the stream and at each request, once; the refusals come last."""
    names = [name for name, fault in FAULTS.items() if name not in TAKING_LONG and name not in REFUSALS]
    for name in names:
        exchange.faults.switch_on(name, times=1)
    await hit(exchange, {name for name in names if FAULTS[name].door in AT_REST})
    await eventually(life.ranks, within_s=RANKED_S, every_s=0.5)
    for name in REFUSALS:
        exchange.faults.switch_on(name, times=1, path=SNAPSHOT)
    await hit(exchange, {REFUSALS[0]})


async def hit(exchange: Exchange, names: set[str]) -> None:
    await eventually(
        lambda: not names & {each["name"] for each in exchange.faults.report()}, within_s=WITHIN_S, every_s=0.1
    )


def seen(processes: list[int]) -> tuple[list[bytes], list[bytes], str]:
    """The words of each process, what its children were given, and the limits of the first."""
    words, given = ([Path(f"/proc/{pid}/{name}").read_bytes() for pid in processes] for name in ("cmdline", "environ"))
    return words, given[1:], Path(f"/proc/{processes[0]}/limits").read_text()


async def told(life: Life, url: str) -> list[tuple[str, bytes]]:
    """Everything that the program says to a browser: each address of its document, and what a viewer is told."""
    said = []
    async with aiohttp.ClientSession(url) as client:
        document: dict[str, Any] = await (await client.get("/openapi.json")).json()
        paths = [re.sub(r"{[^}]*}", "winners", path) for path in document["paths"]]
        for path in [*paths, "/metrics", "/subscriptions?log=1", "/nothing"]:
            async with client.get(path) as answer:
                said.append((path, str(answer.headers).encode() + await answer.read()))
        async with client.ws_connect("/ws/scanner", max_msg_size=0) as socket:
            await socket.send_json({"action": "subscribe_list", "list": "winners"})
            frame: dict[str, Any] = {}
            while frame.get("type") != "heartbeat":
                frame = await socket.receive_json()
                said.append(("frame", str(frame).encode()))
    assert life.process.returncode is None
    return said


async def test_no_key_is_where_it_does_not_belong(tmp_path: Path) -> None:
    """Not among the words of any process, in no line of the log, in no answer, in nothing that is kept on the disk."""
    log = tmp_path / "log"
    before = ["sh", "-c", 'exec "$@" >"$0" 2>&1', str(log)]
    with place() as folder:
        setting = Setting(folder, at("09:45"), 1.0, SYMBOLS)
        async with listening(setting.clock, SYMBOLS, key=KEY) as exchange, running(exchange.run):
            guarded = Guarded(**vars(setting), exchange=exchange)
            async with alive(guarded, before) as life:
                await suffered(exchange, life)
                said = await told(life, f"http://127.0.0.1:{guarded.port}")
                processes = [life.process.pid, *started_in(guarded.folder)]
                words, inherited, limits = seen(processes)
                code = await life.end()
        kept = holding([log, *folder.rglob("*")], KEY.encode())

    word = KEY.encode()
    assert code == 0
    assert len(processes) > 1
    assert [each for each in words if word in each] == []
    assert [each for each in inherited if word in each] == []
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert log.read_bytes().count(b"\n") > 30
    assert b'"level":"debug"' in log.read_bytes()
    assert [path for path, content in said if word in content] == []
    assert kept == []
