"""The program as a process with few descriptors, under a flood of connections that takes all there are."""

import contextlib
import os
import socket
from pathlib import Path

from tests.support.market import at
from tests.support.program import Setting, alive


async def test_health_is_told_at_the_limit_of_descriptors(tmp_path: Path) -> None:
    """With so few descriptors that a flood takes all there are for connections, the program says how it is."""
    few = 300
    setting = Setting(tmp_path, at("10:00"), 1.0, dsn="off")
    before = ["sh", "-c", f'ulimit -n {few} && exec "$@"', "sh"]
    async with alive(setting, before) as life, contextlib.AsyncExitStack() as stack:
        for _ in range(2 * few):
            flood = stack.enter_context(socket.create_connection(("127.0.0.1", setting.port)))
            with contextlib.suppress(ConnectionError):
                flood.sendall(b"GET / HTTP/1.1\r\nHost: ")
        for _ in range(20):
            assert (await life.health())["status"] in ("ok", "degraded")
        assert life.process.returncode is None
        assert len(os.listdir(f"/proc/{life.process.pid}/fd")) < few  # noqa: PTH208
