"""From a snapshot's last byte to the last viewer that holds its changes, and the fan-out alone beside other servers.

Viewers are on three lists of 50 with the default columns, in a process of their own. The whole way begins with the
body of a snapshot of 12,000 symbols, which is handed over as fast as it is taken. The servers beside it are processes
too and send the very frames that ours makes of the same lists; `bare` is no server but a loop of `write`, the least
there is.
"""

import asyncio
import gc
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import numpy as np
import orjson

from tests.benchmarks.figure import Figure
from tests.benchmarks.morning import Engine, bodies, rounds_of
from tests.benchmarks.witness import NS_PER_MS, percentile
from tests.support.crowd import Crowd, Numbers, crowd
from tests.support.eventually import eventually, running
from tests.support.market import at
from tests.support.raw import HOST
from tests.support.stage import LISTS, Round, Stage, playing, staged
from tests.support.web import PAGE, StillView, no_aggregates
from tradeul import logs
from tradeul.clock import ManualClock, SystemClock
from tradeul.domain.deltas import ListState, Row, diff
from tradeul.domain.events import Symbol
from tradeul.domain.fields import DEFAULT_COLUMNS
from tradeul.web import protocol
from tradeul.web.hub import Hub
from tradeul.web.server import Address, WebServer

SNAPSHOTS = 32
SETTLING = 2
VIEWERS = (1_000, 5_000)
LISTS_EACH = 3
MOST_CLIENTS = 12_000
PROBE_S = 0.001
RESTING_S = 0.25
HERE = Path(__file__).parent
PEERS = {"aiohttp, `send_json` for each": "plain", "`websockets`, broadcast": "websockets"}


async def run() -> list[Figure]:
    """The whole way for each number of viewers, then every server in turn with the smaller one."""
    logs.configure("error", "console")
    contents = await bodies(SNAPSHOTS)
    figures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for viewers in VIEWERS:
            figures += await _whole_way(folder, contents, viewers)
        figures += await _beside(folder, await rounds_of(contents))
    return figures


# The whole way.


@asynccontextmanager
async def _served(engine: Engine) -> AsyncIterator[tuple[Hub, int]]:
    clock, view = SystemClock(), StillView(ManualClock(at("12:00")))
    hub = Hub(engine.channels, clock, view, no_aggregates())
    server = WebServer(hub, engine.channels, view, PAGE, clock, Address(HOST, 0), MOST_CLIENTS)
    await server.start()
    async with running(hub.run):
        yield hub, server.port
        await server.close()


async def _whole_way(folder: Path, contents: Sequence[bytes], viewers: int) -> list[Figure]:
    engine = Engine(SystemClock())
    for content in contents[:SETTLING]:
        await engine.take(content)
    moments, stalls, sequences = list[float](), list[float](), list[Mapping[str, int]]()
    async with _served(engine) as (hub, port), crowd(folder, port, viewers, LISTS, LISTS_EACH) as people:
        await people.all_live()
        gc.collect()
        gc.freeze()
        for content in contents[SETTLING:]:
            await asyncio.sleep(RESTING_S)
            before = engine.sequences()
            moment, stall = await _taken(engine, hub, content)
            moments.append(moment)
            stalls.append(stall)
            sequences.append({name: at for name, at in engine.sequences().items() if at != before[name]})
        await asyncio.sleep(4 * RESTING_S)
    last = [_last_ms(people, each, moment) for each, moment in zip(sequences, moments, strict=True)]
    name = f"last byte to the last of {viewers} viewers"
    return [
        *(Figure(f"{name}, p{share}", "ms", [percentile(last, share)]) for share in (50, 99)),
        Figure(f"worst stall of the loop meanwhile, {viewers} viewers", "ms", stalls),
    ]


async def _taken(engine: Engine, hub: Hub, content: bytes) -> tuple[float, float]:
    """When the last byte came, and for how long the loop was held at worst until everybody was written to."""
    worst = 0.0

    async def probe() -> None:
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(PROBE_S)
            worst = max(worst, time.perf_counter() - before - PROBE_S)

    async with running(probe):
        moment = await engine.take(content)
        await eventually(lambda: hub.settled, every_s=PROBE_S)
        await asyncio.sleep(PROBE_S)
    return moment, worst * 1_000


def _last_ms(people: Crowd, sequences: Mapping[str, int], moment: float) -> float:
    """When the last viewer had the last of its lists; every viewer of each must have had it."""
    arrivals = people.arrivals
    last = 0
    for name, sequence in sequences.items():
        number = people.lists.index(name)
        of_list = arrivals[arrivals[:, 1] == number]
        came = of_list[of_list[:, 2] == sequence]
        assert len(came) == len(np.unique(of_list[:, 0])), f"some missed {name} at {sequence}"
        last = max(last, int(came[:, 3].max()))
    return last / NS_PER_MS - moment * 1_000


# The fan-out, beside others.


async def _beside(folder: Path, rounds: Sequence[Round]) -> list[Figure]:
    frames = folder / "frames.json"
    frames.write_bytes(orjson.dumps(_frames(rounds)))
    module = [sys.executable, "-m", "tests.benchmarks.senders"]
    servers: dict[str, AbstractAsyncContextManager[Stage]] = {
        "ours": staged(folder, rounds, MOST_CLIENTS),
        **{name: playing(*module, word, str(frames)) for name, word in PEERS.items()},
        "bare `write` loop": playing(*module, "bare", str(frames)),
    }
    if shutil.which("node") and (HERE / "node_modules" / "ws").exists():
        servers["Node, `ws`"] = playing("node", str(HERE / "sender.mjs"), str(frames))
    else:
        print("  Node or its `ws` is not there: left out")
    measured = {name: await _fanned_out(folder, server, rounds) for name, server in servers.items()}
    own_cpu, own_last = measured["ours"]
    figures = []
    for name, (cpu, last) in measured.items():
        against = (None, None) if name == "ours" else (cpu / own_cpu, float(np.median(last) / np.median(own_last)))
        figures += [
            Figure(f"CPU for each delivered message, {name}", "us", [cpu], against[0]),
            Figure(f"fan-out to the last of {VIEWERS[0]}, {name}", "ms", last, against[1]),
        ]
    return figures


async def _fanned_out(
    folder: Path, server: AbstractAsyncContextManager[Stage], rounds: Sequence[Round]
) -> tuple[float, list[float]]:
    """Microseconds of the server for each message, and milliseconds to the last viewer, round by round."""
    lists, moments, spent = list(rounds[0]), list[int](), 0.0
    async with server as stage, crowd(folder, stage.port, VIEWERS[0], lists, LISTS_EACH) as people:
        await people.all_live()
        await asyncio.sleep(4 * RESTING_S)
        await stage.report()
        for _ in rounds[1:]:
            moments.append(await stage.round())
            await asyncio.sleep(RESTING_S)
            spent += (await stage.report()).cpu_s
    came = _of_rounds(people.arrivals)
    assert len(came) == len(moments)
    assert {len(each) for each in came} == {VIEWERS[0] * LISTS_EACH}, "every viewer is sent every message"
    last = [(int(each[:, 3].max()) - moment) / NS_PER_MS for each, moment in zip(came, moments, strict=True)]
    return spent / sum(map(len, came)) * 1e6, last


def _of_rounds(arrivals: Numbers) -> list[Numbers]:
    """What came of each round; the first state, which is sequence 1, is what everybody begins with."""
    return [arrivals[arrivals[:, 2] == sequence] for sequence in np.unique(arrivals[:, 2]) if sequence > 1]


def _frames(rounds: Sequence[Round]) -> list[dict[str, str]]:
    """Of each round the frame of each list: a snapshot at first, then what leads on."""
    made: list[dict[str, str]] = []
    before = dict[str, ListState]()
    for sequence, lists in enumerate(rounds, 1):
        made.append({})
        for name, rows in lists.items():
            state = _state(sequence, rows)
            made[-1][name] = _frame(name, before.get(name), state).decode()
            before[name] = state
    return made


def _state(sequence: int, rows: Sequence[tuple[str, Sequence[object]]]) -> ListState:
    held = tuple(Row(Symbol(symbol), tuple(values)) for symbol, values in rows)
    return ListState(sequence, sequence, DEFAULT_COLUMNS, held)


def _frame(name: str, before: ListState | None, state: ListState) -> bytes:
    if before is None:
        return protocol.snapshot(name, "epoch-1", state)
    changes = diff(before.rows, state.rows, state.columns)
    return protocol.delta(name, "epoch-1", before.sequence, state, changes)
