"""The two reducers behind one face: each is stepped by what happens to it, and says what it did and what it holds."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import orjson

from tradeul.client import Conversation, Retry, ServerLost
from tradeul.client.conversation import FIRST_FINAL_CLOSE_CODE, SILENCE_S, STALE_S

STATIC: Final = Path(__file__).parents[2] / "static"
DRIVER: Final = Path(__file__).with_name("browser.mjs")

Event = tuple[Any, ...]
"""`("start",)`, `("tick",)`, `("retry",)`, `("frame", socket, text)` or `("closed", socket, code)`."""


class Held(NamedTuple):
    """A list as a viewer holds it."""

    live: bool
    epoch: str | None
    sequence: int
    rows: Sequence[Mapping[str, Any]]


class Outcome(NamedTuple):
    """What one event led to: sockets opened and closed, messages sent over them, and the lists that changed."""

    state: str
    opened: int
    sent: Sequence[tuple[int, str]]
    closed: Sequence[int]
    changed: Mapping[str, Held | None]


class Reducer(Protocol):
    """A client's pure part."""

    def begin(self, chance: float) -> None:
        """Forget everything; `chance` is what every draw gives."""


Asked = tuple[Reducer, float, list[Event]]


class Page:
    """One page in the browser's process."""

    def __init__(self, number: int) -> None:
        self._number = number

    def begin(self, chance: float) -> None:
        self._rows: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._first: list[Event] = [("new", 0.0, chance)]

    def steps(self, now: float, events: Sequence[Event]) -> list[list[Any]]:
        """The lines to ask for these events."""
        found = [[self._number, what, now * 1_000, *more] for what, *more in (*self._first, *events)]
        self._first = []
        return found

    def outcome(self, answer: Sequence[Any]) -> Outcome:
        state, opened, sent, closed, changed = answer
        return Outcome(state, opened, sent, closed, {name: self._held(name, held) for name, held in changed.items()})

    def _held(self, name: str, told: Sequence[Any] | None) -> Held | None:
        if told is None:
            return None
        live, epoch, sequence, rows = told
        if rows is not None:
            self._rows[name] = rows
        return Held(live, epoch, sequence, self._rows[name])


class Browser:
    """The page's modules in one node process that lives through thousands of histories, many at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def step(self, asked: Sequence[tuple[Page, float, Sequence[Event]]]) -> list[list[Outcome]]:
        steps = [line for page, now, events in asked for line in page.steps(now, events)]
        answers = iter(answer for answer in self._exchange(steps) if answer is not None)
        return [[page.outcome(next(answers)) for _ in events] for page, _, events in asked]

    def _exchange(self, steps: Sequence[Any]) -> list[Any]:
        into, out = self._process.stdin, self._process.stdout
        assert into is not None
        assert out is not None
        into.write(orjson.dumps(steps) + b"\n")
        into.flush()
        answer: list[Any] = orjson.loads(out.readline())
        return answer


@contextlib.contextmanager
def browser(modules: Path = STATIC) -> Iterator[Browser]:
    """Start the page's reducer; without node the tests fail, they are never skipped."""
    environment = {"PATH": os.environ["PATH"]}
    command = ["node", str(DRIVER), str(modules)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        yield Browser(process)
        assert process.stdin is not None
        process.stdin.close()


class Program:
    """What `follow` does with `Conversation` and `Retry`, without the socket."""

    def __init__(self, wanted: Sequence[str]) -> None:
        self._wanted = wanted

    def begin(self, chance: float) -> None:
        self.conversation = Conversation()
        self.conversation.follow(*self._wanted)
        self._retry = Retry(lambda: chance)
        self._socket = -1
        self._open = False
        self._halted = False
        self._opened_at = self._heard_at = self._retry_at = 0.0
        self._told: dict[str, Held] = {}

    def step(self, now: float, events: Sequence[Event]) -> list[Outcome]:
        return [self._step(now, event) for event in events]

    def _step(self, now: float, event: Event) -> Outcome:
        self._opened, self._sent, self._closed = 0, list[tuple[int, str]](), list[int]()
        what, *more = event
        deeds: dict[str, Callable[..., None]] = {"frame": self._hear, "closed": self._lose}
        deeds.get(what, self._tick)(now, *more)
        return Outcome(self._state(now), self._opened, self._sent, self._closed, self._changed())

    def _state(self, now: float) -> str:
        if self._halted:
            return "HALTED"
        if not self._open:
            return "DOWN"
        if not self.conversation.greeted:
            return "CONNECTING"
        return "STALE" if now - self._heard_at >= STALE_S else "OPEN"

    def _tick(self, now: float) -> None:
        if self._open and now - self._heard_at >= SILENCE_S:
            self._give_up(now)
        elif not self._open and not self._halted and now >= self._retry_at:
            self._open = True
            self._opened = 1
            self._socket += 1
            self._opened_at = self._heard_at = now
            self._send(self.conversation.opened(now) or [{"action": "ping"}])

    def _hear(self, now: float, socket: int, text: str) -> None:
        if socket != self._socket or not self._open:
            return
        self._heard_at = now
        try:
            self._send(self.conversation.take_in(orjson.loads(text), now))
        except ServerLost:
            self._give_up(now)
            return
        held, offered = self.conversation.lists, self.conversation.offered or ()
        self._send(
            [self.conversation.subscribe(name, now) for name in self._wanted if self._lacks(name, held, offered)]
        )

    @staticmethod
    def _lacks(name: str, held: Mapping[str, object], offered: Sequence[str]) -> bool:
        return name not in held and name in offered

    def _lose(self, now: float, socket: int, code: int) -> None:
        if socket != self._socket or not self._open:
            return
        self._halted = code >= FIRST_FINAL_CLOSE_CODE
        self._part(now)

    def _give_up(self, now: float) -> None:
        self._closed.append(self._socket)
        self._part(now)

    def _part(self, now: float) -> None:
        lived = now - self._opened_at if self.conversation.greeted else 0.0
        self._retry_at = now + self._retry.wait_s(lived, self.conversation.retry_after_s)
        self._open = False
        self.conversation.closed()

    def _send(self, messages: Sequence[object]) -> None:
        self._sent += [(self._socket, orjson.dumps(message).decode()) for message in messages]

    def _changed(self) -> dict[str, Held | None]:
        changed: dict[str, Held | None] = {name: None for name in self._told if name not in self.conversation.lists}
        for name in changed:
            del self._told[name]
        for name, sync in self.conversation.lists.items():
            rankings = sync.rankings
            held = Held(sync.live, rankings.epoch, rankings.sequence, rankings.rows)
            before = self._told.get(name)
            if before is None or before[:3] != held[:3] or before.rows is not held.rows:
                self._told[name] = changed[name] = held
        return changed
