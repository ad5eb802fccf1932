"""systemd's end of the socket over which a service tells how it is."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path


class Notified:
    """What was told, in order."""

    def __init__(self, receiver: socket.socket, path: Path) -> None:
        self._receiver = receiver
        self.environment = {"NOTIFY_SOCKET": str(path)}
        self.words: list[str] = []

    def heard(self) -> list[str]:
        """Everything up to now."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.words += self._receiver.recv(4_096).decode().splitlines()
        return self.words

    def count(self, word: str) -> int:
        return self.heard().count(word)


@contextlib.contextmanager
def notified(folder: Path) -> Iterator[Notified]:
    """Listen as systemd does."""
    path = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        receiver.settimeout(0)
        yield Notified(receiver, path)
