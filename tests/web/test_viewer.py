"""A viewer without a hub: over a real socket, or writing to a transport that records it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

from tests.support.raw import HOST
from tradeul.domain.events import Symbol
from tradeul.web.frames import Sight
from tradeul.web.protocol import RequestId
from tradeul.web.standings import BLOCK_BYTES, Standing, Standings, Step
from tradeul.web.viewer import TCP_NOTSENT_LOWAT, Viewer


@contextlib.asynccontextmanager
async def connection() -> AsyncIterator[tuple[asyncio.WriteTransport, asyncio.StreamReader]]:
    """Give the server's end for writing and the client's end for reading."""
    accepted: asyncio.Future[asyncio.WriteTransport] = asyncio.get_running_loop().create_future()

    def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(writer.transport)

    async with await asyncio.start_server(accept, HOST, 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        transport = await accepted
        yield transport, reader
        transport.close()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_the_kernel_holds_little_that_is_unsent() -> None:
    """A viewer's socket is set so that old states do not pile up where nothing can replace them."""
    async with connection() as (transport, _):
        Viewer(transport, 0.0, Standings({}).of({}))
        sock = transport.get_extra_info("socket")

        assert sock.getsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT) == 16_384
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def test_an_aborted_viewer_is_reset() -> None:
    """Aborting throws away what is unsent, and the other end learns it at once."""
    async with connection() as (transport, reader):
        viewer = Viewer(transport, 0.0, Standings({}).of({}))
        transport.write(bytes(8_000_000))
        viewer.abort()
        error = None
        try:
            await reader.read(-1)
        except ConnectionResetError as reset:
            error = reset

    assert error is not None


async def test_parting_twice_says_it_once() -> None:
    """One close frame is written, whoever ends the connection first; closing and aborting again do no harm."""
    async with connection() as (transport, reader):
        viewer = Viewer(transport, 0.0, Standings({}).of({}))
        viewer.end(4000)
        viewer.end(4001)
        viewer.close(1000)
        received = await reader.read(-1)
        viewer.abort()

    assert received == b"\x88\x02\x0f\xa0"


async def test_only_one_heartbeat_of_the_servers_own_is_owed() -> None:
    """While a viewer takes nothing, heartbeats do not pile up; answers to pings are all kept, up to the bound."""
    async with connection() as (transport, _):
        viewer = Viewer(transport, 0.0, Standings({}).of({}))
        kept = [viewer.owe_heartbeat(None) for _ in range(1_000)]
        answers = [viewer.owe_heartbeat(number) for number in range(256)]

    assert all(kept)
    assert answers == [True] * 255 + [False]


class Recorder:
    """A transport that takes so many writes at once, and holds what it was given after that."""

    def __init__(self, takes: int) -> None:
        self.written: list[bytes] = []
        self._takes = takes

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.written[self._takes :]))

    def set_write_buffer_limits(self, high: int) -> None:
        """There is no limit."""

    def get_extra_info(self, _name: str) -> "Recorder":
        return self

    def setsockopt(self, *_: int) -> None:
        """There is no socket."""


class Lists:
    """Leads from nowhere over three steps to the newest state of everything."""

    sights: Mapping[Symbol, Sight] = MappingProxyType({})
    interval_s = 0.1

    def __init__(self, size: int) -> None:
        self.places = [Standing({"alpha": sequence}) for sequence in range(4)]
        self._blocks = [bytes([number]) * size for number in range(3)]

    def onward(self, standing: Standing) -> Step | None:
        place = self.places.index(standing)
        return Step(self._blocks[place], self.places[place + 1], last=place == 2) if place < 3 else None

    def heartbeat(self, _names: Mapping[str, object], _request_id: RequestId | None) -> bytes:
        return b"beat"


def placed(recorder: Recorder, lists: Lists) -> Viewer:
    return Viewer(recorder, 0.0, lists.places[0])  # type: ignore[arg-type]  # all that is used of it


def test_all_that_is_due_is_one_write() -> None:
    """Replies, lists and the heartbeat behind them go out together, in this order."""
    recorder, lists = Recorder(9), Lists(10)
    viewer = placed(recorder, lists)
    viewer.owe(b"one")
    viewer.owe(b"two")
    viewer.owe_heartbeat(None)
    done = viewer.flush(lists, 1.0)
    again = viewer.flush(lists, 2.0)

    assert (done, again) == (True, True)
    assert recorder.written == [b"onetwo" + bytes(10) + b"\1" * 10 + b"\2" * 10 + b"beat"]
    assert viewer.written_at == 1.0


def test_a_block_is_shared_and_not_copied() -> None:
    """Who is due one step and nothing else is written the very object that all others are written."""
    recorder, lists = Recorder(9), Lists(10)
    viewer = placed(recorder, lists)
    viewer.standing = lists.places[2]
    viewer.flush(lists, 1.0)
    step = lists.onward(lists.places[2])

    assert step is not None
    assert [data is step.block for data in recorder.written] == [True]


def test_what_a_full_socket_does_not_take_is_decided_later() -> None:
    """Large blocks are written one by one, and none after the first that is not taken whole."""
    recorder, lists = Recorder(1), Lists(BLOCK_BYTES + 1)
    viewer = placed(recorder, lists)
    done = viewer.flush(lists, 1.0)

    assert not done
    assert len(recorder.written) == 2
    assert viewer.standing is lists.places[2]
