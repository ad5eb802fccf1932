"""Handing the lists to 1,000 viewers, beside other servers; and how that grows with the viewers.

Viewers are on all 11 lists, or where their number grows on three, with the default columns, in a process of their own.
Each server is a process too and sends the very frames that ours makes of the same lists. Two are no servers but loops
of `send`, in C and in Python: the least there is.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np
import orjson

from tests.benchmarks.figure import Figure, knee, ratio
from tests.benchmarks.morning import bodies, rounds_of
from tests.benchmarks.witness import NS_PER_MS
from tests.support.crowd import Numbers, crowd
from tests.support.stage import Round, Stage, playing, staged
from tradeul import logs
from tradeul.domain.deltas import ListState, Row, Times, diff
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.fields import DEFAULT_COLUMNS
from tradeul.web import protocol

SNAPSHOTS = 20
VIEWERS = 1_000
GROWING = (1, 10, 100, 1_000, 5_000, 10_000)
GROWING_ROUNDS = 10
LISTS_EACH = 3
MOST_CLIENTS = 12_000
RESTING_S = 0.25
HERE = Path(__file__).parent
OURS = "ours"
LEAST = "a loop of `send` in C"
PEERS = {
    "aiohttp, `send_json` for each": "plain",
    "aiohttp, `send_str` for each": "texts",
    "`websockets`, broadcast": "websockets",
    "uWebSockets, socketify": "socketify",
    "a loop of `write`": "bare",
    LEAST: "c",
}


async def run() -> list[Figure]:
    """Every server in turn, then ours with ever more viewers."""
    logs.configure("error", "console")
    rounds = await rounds_of(await bodies(SNAPSHOTS))
    with tempfile.TemporaryDirectory() as name:
        return [*await _beside(Path(name), rounds), *await _growing(Path(name), rounds[:GROWING_ROUNDS])]


async def _beside(folder: Path, rounds: Sequence[Round]) -> list[Figure]:
    measured = {
        name: await _fanned_out(folder, server, rounds, VIEWERS, len(rounds[0]))
        for name, server in _servers(folder, rounds).items()
    }
    own_cpu, own_last = measured[OURS]
    figures = []
    for name, (cpu, last) in measured.items():
        apart = name == OURS
        # Ahead of every peer, and not much behind the least.
        asked = None if apart else 1 / 1.3 if name == LEAST else None if name == "a loop of `write`" else 1.0
        against = None if apart else ratio(own_last, last)
        figures += [
            Figure(f"fan-out of 11 lists to the last of 1,000, {name}", "ms", last, against, at_least=asked),
            Figure(f"CPU for each delivered message, {name}", "us", [cpu], None if apart else cpu / own_cpu),
        ]
    return figures


def _servers(folder: Path, rounds: Sequence[Round]) -> dict[str, AbstractAsyncContextManager[Stage]]:
    frames = folder / "frames.json"
    frames.write_bytes(orjson.dumps(_frames(rounds)))
    module = [sys.executable, "-m", "tests.benchmarks.senders"]
    wanted = dict(PEERS)
    if shutil.which("cc") is None:
        print(f"  there is no C compiler: {LEAST} is left out")
        del wanted[LEAST]
    servers: dict[str, AbstractAsyncContextManager[Stage]] = {
        OURS: staged(folder, rounds, MOST_CLIENTS),
        **{name: playing(*module, word, str(frames)) for name, word in wanted.items()},
    }
    if shutil.which("node") and (HERE / "node_modules" / "ws").exists():
        servers["Node, `ws`"] = playing("node", str(HERE / "sender.mjs"), str(frames))
    else:
        print("  Node or its `ws` is not there: left out")
    return servers


async def _growing(folder: Path, rounds: Sequence[Round]) -> list[Figure]:
    """Ours with ever more viewers; the knee is where one more costs half as much again as at its cheapest."""
    figures, costs = list[Figure](), dict[int, float]()
    for viewers in GROWING:
        server = staged(folder, rounds, MOST_CLIENTS)
        cpu, last = await _fanned_out(folder, server, rounds, viewers, LISTS_EACH)
        costs[viewers] = statistics.median(last) / viewers
        figures += [
            Figure(f"fan-out to the last of {viewers:,}, three lists", "ms", last),
            Figure(f"CPU for each message, {viewers:,} viewers", "us", [cpu]),
        ]
    print(f"  viewers: {knee(costs)}")
    return figures


async def _fanned_out(
    folder: Path, server: AbstractAsyncContextManager[Stage], rounds: Sequence[Round], viewers: int, each: int
) -> tuple[float, list[float]]:
    """Microseconds of the server for each message, and milliseconds to the last viewer, round by round."""
    lists, moments, spent = list(rounds[0]), list[int](), 0.0
    async with server as stage, crowd(folder, stage.port, viewers, lists, each) as people:
        await people.all_live()
        await asyncio.sleep(4 * RESTING_S)
        await stage.report()
        for _ in rounds[1:]:
            moments.append(await stage.round())
            await asyncio.sleep(RESTING_S)
            spent += (await stage.report()).cpu_s
    came = _of_rounds(people.arrivals)
    assert len(came) == len(moments)
    assert {len(arrived) for arrived in came} == {viewers * each}, "every viewer is sent every message"
    last = [(int(arrived[:, 3].max()) - moment) / NS_PER_MS for arrived, moment in zip(came, moments, strict=True)]
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
    return ListState(sequence, sequence, DEFAULT_COLUMNS, held, Times(*[Nanos(time.time_ns())] * 4))


def _frame(name: str, before: ListState | None, state: ListState) -> bytes:
    if before is None:
        return protocol.snapshot(name, "epoch-1", state)
    changes = diff(before.rows, state.rows, state.columns)
    return protocol.delta(name, "epoch-1", before.sequence, state, changes)
