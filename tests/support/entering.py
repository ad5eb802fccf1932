"""Tokens in memory, a clock that waits for nobody, and requests with any header, for tests of who is let in."""

import asyncio
from collections.abc import Mapping

from tests.support.market import at
from tests.support.web import Answer, Served, raw_answers
from tradeul.access import PREFIX, Holder, Role, digest_of
from tradeul.clock import ManualClock
from tradeul.errors import ConfigurationError

VIEWER = f"{PREFIX}of-a-viewer"
OPERATOR = f"{PREFIX}of-an-operator"
ELSEWHERE = "203.0.113.7"


class KeptTokens:
    """`Holders` that a test changes."""

    def __init__(self, **tokens: tuple[str, Role]) -> None:
        self._tokens = tokens or {"vera": (VIEWER, Role.VIEWER), "otto": (OPERATOR, Role.OPERATOR)}
        self._changes = 0
        self.readable = True

    def stamp(self) -> object:
        return self._changes

    def read(self) -> tuple[Holder, ...]:
        if not self.readable:
            raise ConfigurationError("tokens.json: others may open it")
        return tuple(Holder(name, role, digest_of(token)) for name, (token, role) in self._tokens.items())

    def change(self, **tokens: tuple[str, Role]) -> None:
        self._tokens = tokens
        self._changes += 1


class BriskClock(ManualClock):
    """A pause is over at once, and noted: the time of it has passed."""

    def __init__(self) -> None:
        super().__init__(at("12:00"))
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._elapsed += seconds
        await asyncio.sleep(0)

    def skip(self, seconds: float) -> None:
        self._elapsed += seconds


Headers = Mapping[str, str]
NONE: Headers = {}


def request(path: str, headers: Headers = NONE, method: str = "GET", body: bytes = b"") -> bytes:
    """Write a request, to our own name unless another is given."""
    lines = {"Host": "127.0.0.1", **({"Content-Length": str(len(body))} if body else {}), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def ask(world: Served, path: str, headers: Headers = NONE, method: str = "GET", body: bytes = b"") -> Answer:
    """Send one request, and nothing more over its connection."""
    return (await raw_answers(world, [request(path, {"Connection": "close", **headers}, method, body)]))[0]


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}
