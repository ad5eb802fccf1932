"""A list over HTTP as often as one core can: ours beside aiohttp used barely and plainly.

The same list, the same client, in turns; the contents are compared first. What counts is how many answers a second of
the server's own processor time makes: that is its rate on one core, whatever else the machine does. By the wall it may
be the client that cannot do more.
"""

import asyncio
import contextlib
import os
import statistics
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import orjson

from tests.benchmarks.answering import PATH, SERVERS
from tests.benchmarks.figure import Figure
from tests.support.raw import HOST

ROUNDS: Final = 5
SECONDS: Final = 2
CONNECTIONS: Final = 16
GOALS: Final = {"aiohttp, `json_response`": 3.5}
NAMES: Final = {"ours": "ours", "bare": "bare aiohttp", "json_response": "aiohttp, `json_response`"}


@dataclass(frozen=True)
class Server:
    url: str
    pid: int

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run() -> list[Figure]:
    async with contextlib.AsyncExitStack() as stack:
        servers = {name: await stack.enter_async_context(_serving(name)) for name in SERVERS}
        etag = await _compared(servers)
        asked: dict[str, tuple[Server, tuple[str, ...]]] = {
            NAMES[name]: (server, ()) for name, server in servers.items()
        }
        asked["ours, 304 to who holds it"] = (servers["ours"], (f"If-None-Match: {etag}",))
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
        for _ in range(ROUNDS):
            for name, (server, headers) in asked.items():
                measured[name].append(await _round(server, headers))
    return _figures(measured)


@contextlib.asynccontextmanager
async def _serving(name: str) -> AsyncIterator[Server]:
    command = [sys.executable, "-m", "tests.benchmarks.answering", name]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    yield Server(f"http://{HOST}:{port}{PATH}", process.pid)
    process.stdin.close()
    await process.wait()


async def _compared(servers: Mapping[str, Server]) -> str:
    """See that all answer the same, ours and the bare one to the byte; the ETag of ours."""
    bodies, etag = {}, ""
    async with aiohttp.ClientSession() as client:
        for name, server in servers.items():
            async with client.get(server.url, headers={"Accept-Encoding": "identity"}) as answer:
                bodies[name] = await answer.read()
                etag = answer.headers.get("ETag", etag)
    assert bodies["ours"] == bodies["bare"]
    assert orjson.loads(bodies["json_response"]) == orjson.loads(bodies["ours"])
    return etag


async def _round(server: Server, headers: tuple[str, ...]) -> tuple[float, float]:
    """Answers a second, by the wall and by the server's processor time."""
    port = server.url.removeprefix(f"http://{HOST}:").partition("/")[0]
    command = [sys.executable, "-m", "tests.benchmarks.asking", port, PATH, str(CONNECTIONS), str(SECONDS), *headers]
    before = server.cpu_s()
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said = (await process.communicate())[0]
    spent = server.cpu_s() - before
    count, seconds = orjson.loads(said)
    return count / seconds, count / spent


def _figures(measured: Mapping[str, list[tuple[float, float]]]) -> list[Figure]:
    own = statistics.median(by_core for _, by_core in measured[NAMES["ours"]])
    figures = []
    for name, rounds in measured.items():
        by_core = [each for _, each in rounds]
        ratio = None if name.startswith("ours") else own / statistics.median(by_core)
        figures += [
            Figure(
                f"HTTP, a list of 50, a core's rate, {name}", "requests/s", by_core, ratio, at_least=GOALS.get(name)
            ),
            Figure(f"HTTP, a list of 50, by the wall, {name}", "requests/s", [each for each, _ in rounds]),
        ]
    return figures
