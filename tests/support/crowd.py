"""Very many viewers in a process of their own, so cheap that what they look at is measured and not they.

One loop over raw sockets: it takes bytes and the time, and looks at them when no more are there: it finds where frames
end, and looks only at their heads. It notes which list at which sequence came whole to which viewer and when, by the
machine's monotonic clock, and how each connection ended.
`crowd(...)` runs it beside a block, which may freeze it: viewers whose machine does not read.
"""

import argparse
import asyncio
import contextlib
import errno
import gc
import heapq
import os
import random
import re
import resource
import select
import signal
import socket
import struct
import sys
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from tests.support.eventually import PATIENT_S
from tests.support.raw import HANDSHAKE, HOST, masked
from tradeul.clock import SystemClock

ROOT: Final = Path(__file__).parents[2]
TAKEN_BYTES: Final = 65_536
MOST_TAKEN: Final = 8_192
"""So many pieces wait at most to be looked at, while more come and come."""
HEAD_BYTES: Final = 220
HEAD: Final = re.compile(
    rb'\{"type": ?"(?:delta|snapshot)", ?"list": ?"(\w+)", ?"epoch": ?"[^"]*", ?(?:"prev": ?\d+, ?)?"sequence": ?(\d+)'
)
TEXT, CLOSE, PING = 0x81, 0x88, 0x89
PONG: Final = struct.pack("!BB4x", 0x8A, 0x80)
BYE: Final = b'{"type":"bye"'
SWITCHED: Final = b"HTTP/1.1 101"
LOOK_S: Final = 0.05
AT_ONCE: Final = 4_096
MARKS: Final = 4
"""What is noted of an arrival: viewer, list, sequence and when."""
COMEBACK_S: Final = 2.0
"""Who was sent away or cut off is back after a random part of this, as the page is."""
STARTING: Final = {errno.EINPROGRESS, 0}

Numbers = npt.NDArray[np.int64]


class One:
    """One viewer."""

    __slots__ = ("greeted", "held", "left", "mark", "missing", "number", "sock")

    def __init__(self, number: int, lists: Sequence[str]) -> None:
        self.number = number
        self.sock = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.greeted = False
        self.held = b""
        self.left = 0
        """How much of the frame that is being received is still to come."""
        self.mark: tuple[int, int] | None = None
        """Its list and sequence, if it has any."""
        self.missing = set(lists)
        """Lists that have not come yet."""


@dataclass(frozen=True)
class Wishes:
    """What the crowd is to do."""

    port: int
    viewers: int
    lists: tuple[str, ...]
    each: int
    together: int
    """So many are connecting at the same time."""
    sip: int
    """Once all are live, so many bytes are read of each every `LOOK_S`; 0 reads all."""
    comebacks: bool
    buffer: int
    """How much the kernel may hold of what each has not read; 0 is for it to say."""

    def lists_of(self, number: int) -> list[str]:
        return [self.lists[(number + step) % len(self.lists)] for step in range(self.each)]


class Gathering:
    """All of them."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._clock = SystemClock()
        self._number_of = {name.encode(): number for number, name in enumerate(wishes.lists)}
        self._epoll = select.epoll()
        self._by_fd: dict[int, One] = {}
        self._due: list[tuple[float, int]] = [(0.0, number) for number in range(wishes.viewers)]
        self._under_way = 0
        self._live = 0
        self._at_once = TAKEN_BYTES
        self._taken: list[tuple[One, bytes, int]] = []
        """What was not looked at yet, and when it came."""
        self._over = False
        self._asked = False
        self.arrivals = array("q")
        self.lives = array("q")
        """When which viewer was live."""
        self.ends: Counter[str] = Counter()

    def run(self) -> None:
        """Look on until it is told to end."""
        signal.signal(signal.SIGINT, lambda *_: setattr(self, "_over", True))
        signal.signal(signal.SIGUSR1, lambda *_: setattr(self, "_asked", True))
        all_live = False
        while not self._over:
            self._connect_some()
            wait_s = 0.0 if self._taken else LOOK_S
            there = self._sips() if all_live and self._wishes.sip else self._epoll.poll(wait_s, AT_ONCE)
            for fd, events in there:
                self._attend(self._by_fd[fd], events)
            if not there or self._at_once != TAKEN_BYTES or len(self._taken) > MOST_TAKEN:
                self._look_through()
                if self._asked:
                    self._asked = False
                    print(len(self.arrivals) // MARKS, flush=True)  # noqa: T201  # likewise
            if (self._live == self._wishes.viewers) is not all_live:
                all_live = not all_live
                print("live" if all_live else "not all", flush=True)  # noqa: T201  # this is how it talks

    def _sips(self) -> list[tuple[int, int]]:
        """Everyone, for a few bytes each."""
        self._at_once = self._wishes.sip
        select.select([], [], [], LOOK_S)
        return [(fd, select.EPOLLIN) for fd in self._by_fd]

    def _connect_some(self) -> None:
        now = self._clock.monotonic()
        while self._due and self._due[0][0] <= now and self._under_way < self._wishes.together:
            _, number = heapq.heappop(self._due)
            one = One(number, self._wishes.lists_of(number))
            if self._wishes.buffer:
                one.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._wishes.buffer)
            if one.sock.connect_ex((HOST, self._wishes.port)) not in STARTING:
                self._part(one, "refused")
                continue
            self._under_way += 1
            self._by_fd[one.sock.fileno()] = one
            self._epoll.register(one.sock.fileno(), select.EPOLLOUT)

    def _attend(self, one: One, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                one.sock.send(HANDSHAKE)
                self._epoll.modify(one.sock.fileno(), select.EPOLLIN)
                return
            data = one.sock.recv(self._at_once)
        except BlockingIOError:
            return
        except OSError as error:
            self._look_through()
            self._part(one, errno.errorcode[error.errno or 0])
            return
        if data:
            self._taken.append((one, data, int(self._clock.monotonic() * 1e9)))
        else:
            self._look_through()
            self._part(one, "end")

    def _look_through(self) -> None:
        taken, self._taken = self._taken, []
        for one, data, at_ns in taken:
            if one.sock.fileno() < 0:
                continue  # parted with, over what came before this
            if one.held or not one.greeted:
                self._greeted_or_read(one, one.held + data, at_ns)
            else:
                self._read(one, data, at_ns)

    def _greeted_or_read(self, one: One, data: bytes, at_ns: int) -> None:
        one.held = b""
        if not one.greeted:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                one.held = head
                return
            if not head.startswith(SWITCHED):
                self._part(one, head[9:12].decode())
                return
            one.greeted = True
            subscriptions = [masked({"action": "subscribe_list", "list": name}) for name in one.missing]
            one.sock.send(b"".join(subscriptions))
        self._read(one, data, at_ns)

    def _read(self, one: One, data: bytes, at_ns: int) -> None:
        """Go through frames; of one that is not whole only its head is kept."""
        place, end = one.left, len(data)
        if place > end:
            one.left -= end
            return
        if place:
            self._note(one, at_ns)
        one.left = 0
        while place < end:
            size = data[place + 1] if place + 1 < end else 127
            header = {126: 4, 127: 10}.get(size, 2)
            length = size if header == 2 else int.from_bytes(data[place + 2 : place + header])
            after = place + header + length
            if (after > end or place + header > end) and place + HEAD_BYTES > end:
                one.held = data[place:end]
                return
            self._look_at(one, data, place, place + header)
            if after > end:
                one.left = after - end
                return
            self._note(one, at_ns)
            place = after

    def _look_at(self, one: One, data: bytes, place: int, body: int) -> None:
        one.mark = None
        if data[place] == TEXT:
            if found := HEAD.match(data, body):
                one.mark = self._number_of[found[1]], int(found[2])
            elif data.startswith(BYE, body):
                self.ends["bye"] += 1
        elif data[place] == PING:
            with contextlib.suppress(OSError):  # who was cut hears of it when it reads on
                one.sock.send(PONG)
        elif data[place] == CLOSE:
            self.ends[str(int.from_bytes(data[body : body + 2]))] += 1

    def _note(self, one: One, at_ns: int) -> None:
        if one.mark is None:
            return
        self.arrivals.extend((one.number, *one.mark, at_ns))
        if one.missing:
            one.missing.discard(self._wishes.lists[one.mark[0]])
            if not one.missing:
                self._live += 1
                self._under_way -= 1
                self.lives.extend((one.number, at_ns))

    def _part(self, one: One, how: str) -> None:
        self.ends[how] += 1
        if self._by_fd.pop(one.sock.fileno(), None) is not None:
            self._live -= not one.missing
            self._under_way -= bool(one.missing)
        one.sock.close()
        if self._wishes.comebacks:
            due = self._clock.monotonic() + random.uniform(0, COMEBACK_S)  # noqa: S311  # no secret
            heapq.heappush(self._due, (due, one.number))


@dataclass
class Crowd:
    """A crowd that runs; what it saw is known once the block is left."""

    lists: tuple[str, ...]
    process: asyncio.subprocess.Process
    arrivals: Numbers = field(default_factory=lambda: np.empty((0, 4), np.int64))
    """Viewer, number of the list, sequence, and when."""
    lives: Numbers = field(default_factory=lambda: np.empty((0, 2), np.int64))
    """Viewer, and when each of its lists had come."""
    ends: dict[str, int] = field(default_factory=dict)
    """Close codes and other endings, goodbyes before them, and how many."""

    async def all_live(self, within_s: float = PATIENT_S) -> None:
        """Wait until each of them has all of its lists."""
        await self._said(b"live\n", within_s)

    async def some_lost(self, within_s: float = PATIENT_S) -> None:
        """Wait until some are not live any more."""
        await self._said(b"not all\n", within_s)

    def freeze(self) -> None:
        """Have none of them read any more, as if their machines slept."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    async def noted(self) -> int:
        """How many lists have come whole so far, over all viewers."""
        self.process.send_signal(signal.SIGUSR1)
        async with asyncio.timeout(PATIENT_S):
            while not (line := await self._line()).strip().isdigit():
                continue
        return int(line)

    async def _said(self, word: bytes, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while await self._line() != word:
                continue

    async def _line(self) -> bytes:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the crowd has gone"
        return line


@contextlib.asynccontextmanager
async def crowd(  # noqa: PLR0913  # what is optional is named
    folder: Path,
    port: int,
    viewers: int,
    lists: Sequence[str],
    each: int,
    *,
    together: int = 100,
    sip: int = 0,
    comebacks: bool = False,
    buffer: int = 0,
) -> AsyncIterator[Crowd]:
    """Have so many look on, each at `each` of the lists, which all are looked at by about as many."""
    told = folder / f"crowd{random.randrange(10**9)}"  # noqa: S311  # no secret
    numbers = map(str, (told, port, viewers, each, together, sip, int(comebacks), buffer))
    command = [sys.executable, "-m", "tests.support.crowd", *numbers, *lists]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=dict(os.environ), stdout=asyncio.subprocess.PIPE
    )
    there = Crowd(tuple(lists), process)
    try:
        yield there
    finally:
        with contextlib.suppress(ProcessLookupError):
            there.thaw()
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENT_S):
            await process.communicate()
        if told.exists():
            with told.open("rb") as file:
                there.arrivals, there.lives, there.ends = np.load(file), np.load(file), orjson.loads(file.read())


def _wishes() -> tuple[Path, Wishes]:
    parser = argparse.ArgumentParser()
    parser.add_argument("told", type=Path)
    for name in ("port", "viewers", "each", "together", "sip", "comebacks", "buffer"):
        parser.add_argument(name, type=int)
    parser.add_argument("lists", nargs="+")
    given: dict[str, Any] = vars(parser.parse_args())
    return given.pop("told"), Wishes(**given | {"lists": tuple(given["lists"]), "comebacks": bool(given["comebacks"])})


def _main() -> None:
    told, wishes = _wishes()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.disable()
    gathering = Gathering(wishes)
    gathering.run()
    with told.open("wb") as file:
        np.save(file, np.array(gathering.arrivals).reshape(-1, MARKS))
        np.save(file, np.array(gathering.lives).reshape(-1, 2))
        file.write(orjson.dumps(gathering.ends))


if __name__ == "__main__":
    _main()
