"""Asks a server for one path as often as it can answer, over connections that stay: what `http` puts servers to.

`python -m tests.benchmarks.asking PORT PATH CONNECTIONS SECONDS [HEADER ...]` prints how many answers came and in how
long. One loop over raw sockets: it sends a question on a connection once the answer to the last one is whole, and looks
at no more of it than its status and its length.
"""

import re
import select
import socket
import sys
import time
from typing import Final

import orjson

from tests.support.raw import HOST

LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
BUFFER_BYTES: Final = 256 * 1024
WELL: Final = (b"200", b"304")


class Asker:
    """One connection, with a question under way."""

    def __init__(self, port: int, question: bytes) -> None:
        self._question = question
        self._held = b""
        self.sock = socket.create_connection((HOST, port))
        self.sock.sendall(question)

    def heard(self) -> bool:
        """Read on; whether an answer is whole, and so the next question on its way."""
        self._held += self.sock.recv(BUFFER_BYTES)
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found:
            return False
        status, length = head[9:12], LENGTH.search(head)
        assert status in WELL, head.decode("latin-1")
        if status == b"200" and len(body) < int(length[1] if length else 0):
            return False
        self._held = b""
        self.sock.sendall(self._question)
        return True


def main(port: int, path: str, connections: int, seconds: float, headers: list[str]) -> None:
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}:{port}", *headers]
    question = ("\r\n".join(lines) + "\r\n\r\n").encode()
    poll = select.epoll()
    askers = {each.sock.fileno(): each for each in (Asker(port, question) for _ in range(connections))}
    for descriptor in askers:
        poll.register(descriptor, select.EPOLLIN)
    count, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        for descriptor, _ in poll.poll(1.0):
            count += askers[descriptor].heard()
    sys.stdout.buffer.write(orjson.dumps([count, passed]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])
