"""A viewer over a real socket, without a hub."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from tests.support.web import HOST
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
        Viewer(transport, 0.0)
        sock = transport.get_extra_info("socket")

        assert sock.getsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT) == 16_384
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def test_an_aborted_viewer_is_reset() -> None:
    """Aborting throws away what is unsent, and the other end learns it at once."""
    async with connection() as (transport, reader):
        viewer = Viewer(transport, 0.0)
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
        viewer = Viewer(transport, 0.0)
        viewer.end(4000)
        viewer.end(4001)
        viewer.close(1000)
        received = await reader.read(-1)
        viewer.abort()

    assert received == b"\x88\x02\x0f\xa0"


async def test_only_one_heartbeat_of_the_servers_own_is_owed() -> None:
    """While a viewer takes nothing, heartbeats do not pile up; answers to pings are all kept, up to the bound."""
    async with connection() as (transport, _):
        viewer = Viewer(transport, 0.0)
        kept = [viewer.owe_heartbeat(None) for _ in range(1_000)]
        answers = [viewer.owe_heartbeat(number) for number in range(256)]

    assert all(kept)
    assert answers == [True] * 255 + [False]
