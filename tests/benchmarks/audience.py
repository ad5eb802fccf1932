"""Many viewers in a process of their own: each follows some lists over its own socket and notes when what arrived.

They read bytes and look only at the head of a frame, as a page's machine is not what is measured. `audience(...)` runs
them beside a block, and gives for each viewer and list the sequences it got and when, by the machine's monotonic clock.
"""

import argparse
import asyncio
import contextlib
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import orjson
import uvloop

from tests.support.eventually import eventually
from tests.support.web import HANDSHAKE, masked

ROOT = Path(__file__).parents[2]
HEAD_BYTES = 200
HEAD = re.compile(rb'^\{"type":"(?:delta|snapshot)","list":"(\w+)".*?"sequence":(\d+)')
PONG = struct.pack("!BB4x", 0x8A, 0x80)
PING, TEXT = 0x89, 0x81
AT_ONCE = 50
READY = b"ready\n"

Arrivals = dict[str, list[tuple[int, int]]]
"""Of each list the sequences that came, and when."""


@dataclass
class Audience:
    """How many there are, and, once they have gone, what each got."""

    viewers: int
    arrivals: list[Arrivals] = field(default_factory=list)


class Onlooker(asyncio.Protocol):
    """One viewer."""

    def __init__(self, lists: Sequence[str]) -> None:
        self._lists = lists
        self._held = b""
        self._greeted = False
        self._transport: asyncio.WriteTransport | None = None
        self.arrivals: Arrivals = {}

    @property
    def has_all(self) -> bool:
        """Whether each of its lists has come."""
        return len(self.arrivals) == len(self._lists)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        at_ns = time.monotonic_ns()
        held = self._held + data if self._held else data
        if not self._greeted:
            held = self._answered(held)
        place = 0 if self._greeted else len(held)
        while (end := _end_of_frame(held, place)) is not None:
            self._note(held, place, at_ns)
            place = end
        self._held = held[place:] if self._greeted else held

    def _answered(self, held: bytes) -> bytes:
        """What comes after the answer to the handshake; then the lists are asked for."""
        _, found, rest = held.partition(b"\r\n\r\n")
        if not found:
            return held
        self._greeted = True
        for name in self._lists:
            self._write(masked({"action": "subscribe_list", "list": name}))
        return rest

    def _note(self, held: bytes, place: int, at_ns: int) -> None:
        if held[place] == PING:
            self._write(PONG)
        elif held[place] == TEXT:
            body = place + {126: 4, 127: 10}.get(held[place + 1], 2)
            if found := HEAD.match(held[body : body + HEAD_BYTES]):
                self.arrivals.setdefault(found[1].decode(), []).append((int(found[2]), at_ns))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _end_of_frame(held: bytes, place: int) -> int | None:
    """Where the frame that begins here ends; None if it is not whole yet. Before the greeting there is none."""
    if len(held) < place + 2:
        return None
    size = held[place + 1]
    header = {126: 4, 127: 10}.get(size, 2)
    if len(held) < place + header:
        return None
    length = size if header == 2 else int.from_bytes(held[place + 2 : place + header])
    end = place + header + length
    return end if len(held) >= end else None


@contextlib.asynccontextmanager
async def audience(folder: Path, port: int, viewers: int, lists: Sequence[str], each: int) -> AsyncIterator[Audience]:
    """Have so many look on, each at `each` of the lists, which all are looked at by about as many."""
    told = folder / "arrivals.json"
    command = [sys.executable, "-m", "tests.benchmarks.audience", str(told), *map(str, (port, viewers, each)), *lists]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE)
    there = Audience(viewers)
    assert process.stdout is not None
    try:
        assert await asyncio.to_thread(process.stdout.readline) == READY
        yield there
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.to_thread(process.wait, 60)
        process.stdout.close()
        there.arrivals += orjson.loads(told.read_bytes()) if told.exists() else []


async def _look_on(arguments: argparse.Namespace) -> list[Arrivals]:
    loop, lists = asyncio.get_running_loop(), arguments.lists
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, over.set)
    onlookers = [
        Onlooker([lists[(number + step) % len(lists)] for step in range(arguments.each)])
        for number in range(arguments.viewers)
    ]
    for first in range(0, len(onlookers), AT_ONCE):
        group = onlookers[first : first + AT_ONCE]
        # The protocol of each is made before, so that it can be asked afterwards.
        makers = [(lambda made=made: made) for made in group]
        await asyncio.gather(*(loop.create_connection(make, "127.0.0.1", arguments.port) for make in makers))
    await eventually(lambda: all(each.has_all for each in onlookers), within_s=60.0, every_s=0.1)
    print(READY.decode(), end="", flush=True)
    await over.wait()
    return [onlooker.arrivals for onlooker in onlookers]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("told")
    for name in ("port", "viewers", "each"):
        parser.add_argument(name, type=int)
    parser.add_argument("lists", nargs="+")
    return parser.parse_args()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        wishes = _arguments()
        Path(wishes.told).write_bytes(orjson.dumps(runner.run(_look_on(wishes))))
