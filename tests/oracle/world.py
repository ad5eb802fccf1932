"""A server, its viewers, and everything that may happen between them, one whole number an action.

Every action makes sense at every moment, so that any part of a history is one too, and what breaks a promise shrinks
to the few actions that it takes.
"""

from collections.abc import Callable, Generator, Sequence
from itertools import count
from typing import Final

import orjson

from tests.oracle.life import COLUMNS, Connection, Life, Truth
from tests.oracle.loop import HandClock, HandLoop
from tests.oracle.peers import Event, Outcome, Reducer
from tests.oracle.pipe import Frame
from tests.oracle.watch import SLICE_S, Watcher, must
from tests.oracle.way import DELTA, FIRST_ROWS, REQUEST_TRAPS, SHAKY, TRAPS, Client, changed, mistreat, scan_of
from tests.support.web import NOON

LISTS: Final = ("alpha", "beta", "mine")
SIZES: Final = (4, 2, 1, 6)
WAITS_S: Final = (0.02, 0.05, 0.3, 1.0, 2.5, 5.0, 6.0, 11.0, 16.0)
TWO_HEARTBEATS_S: Final = 10.0
SLACK_S: Final = 2 * SLICE_S
LONGEST_RETURN_S: Final = 60.0
MOST_TURNS: Final = 50


Steps = Generator[tuple[Reducer, float, list[Event]], list[Outcome], None]
"""What a world asks of its clients, and is answered: so that many worlds can ask one process at once."""


class World:
    def __init__(self, reducers: Sequence[Reducer], spared: int | None = None) -> None:
        """`spared`: the client for whom the actions that hold it up do nothing, to see whether the others notice."""
        self.loop = HandLoop()
        self.clock = HandClock(NOON, self.loop)
        self.truth = Truth()
        self.watcher = Watcher(self.truth)
        self.clients = [Client(number, reducer) for number, reducer in enumerate(reducers)]
        self.spared = spared
        self.scans = {name: scan_of(name, 4, COLUMNS[0]) for name in LISTS[:2]}
        self.calm_since = 0.0
        self._epochs = count(1)
        self.life: Life | None = None

    def play(self, history: Sequence[int], chance: float = 0.5) -> Steps:
        """Live through a history, then through calm, and end."""
        self.start(1)
        for client in self.clients:
            client.reducer.begin(chance)
            client.due.append(("start",))
        yield from self._settle()
        for action in history:
            yield from self._act(action)
        yield from self._calm()

    def close(self) -> None:
        if self.life is not None:
            self.clock.stop(self.life.running)
            self.life = None

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    # What may happen.

    def _act(self, action: int) -> Steps:
        rest, kind = divmod(action, len(ACTIONS))
        seconds = ACTIONS[kind](self, rest)
        if seconds:
            yield from self._pass(seconds)
        elif rest % 5:
            yield from self._settle()
        else:
            yield from self._exchange()

    def publish(self, rest: int) -> None:
        if self.life is None:
            return
        rest, which = divmod(rest, len(LISTS) + 1)
        names = [name for name in self.scans if which in (len(LISTS), LISTS.index(name))]
        self.life.publish({name: changed(self.life.rows[name], rest + n) for n, name in enumerate(names)})
        self.watcher.ring(self.life, self.now)

    def publish_much(self, rest: int) -> None:
        for turn in range(2 + rest % 5):
            self.publish(rest + 7 * turn)

    def deliver(self, rest: int) -> None:
        rest, client = self._client(rest)
        self._pass_on(client, 1 + rest % 4)

    def wait(self, rest: int) -> None:
        rest, client = self._client(rest)
        client.waits = rest % 2 == 0 and client.number != self.spared

    def lay_trap(self, rest: int) -> None:
        """The next message, or one that lies there already, is lost, doubled, or changes places."""
        rest, client = self._client(rest)
        rest, what = divmod(rest, len(TRAPS))
        box = client.inbox
        if client.number == self.spared:
            return
        if TRAPS[what] in REQUEST_TRAPS:
            client.request_traps.append(TRAPS[what])
        elif not box:
            client.traps.append(TRAPS[what])
        else:
            mistreat(box, TRAPS[what], rest % len(box))

    def replay(self, rest: int) -> None:
        """What came before comes again, also over a socket that is closed since."""
        rest, client = self._client(rest)
        if client.kept:
            client.inbox.append(client.kept[rest % len(client.kept)])

    def stall(self, rest: int) -> None:
        rest, client = self._client(rest)
        if client.connection is not None and not client.connection.vanished:
            client.connection.pipe.read_on(reads=rest % 3 == 0 or client.number == self.spared)
            client.connection.heard_at = self.now

    def vanish(self, rest: int) -> None:
        _, client = self._client(rest)
        if client.connection is not None and client.number != self.spared:
            client.connection.vanished = True
            client.connection.pipe.read_on(reads=False)

    def cut(self, rest: int) -> None:
        _, client = self._client(rest)
        if client.connection is not None and client.number != self.spared:
            client.connection.pipe.abort()

    def restart(self, rest: int) -> None:
        """The server ends, with a goodbye or without one, and as a rule begins its next life at once."""
        if self.life is not None:
            self._stop(with_goodbye=rest % 2 == 0)
        if rest % 3:
            self.start(rest)

    def _stop(self, *, with_goodbye: bool) -> None:
        assert self.life is not None
        if with_goodbye:
            self.life.end()
            self.loop.run_dry()
        self.clock.stop(self.life.running)
        # What it was about to write it writes no more, also to whom it had not yet heard leave.
        for connection in self.life.connections:
            connection.served = False
            connection.pipe.abort()
        self.life = None
        self.loop.run_dry()

    def start(self, rest: int) -> None:
        """Begin a life, as a rule with something in the lists."""
        if self.life is None:
            self.life = Life(f"epoch-{next(self._epochs)}", self.scans, self.clock, self.loop, self.truth)
            if rest % 4:
                self.life.publish(dict.fromkeys(self.scans, FIRST_ROWS[: 1 + rest % 5]))

    def define(self, rest: int) -> None:
        """Make a list, or go on with it with another size or other columns; its rows may come at once."""
        rest, which = divmod(rest, len(LISTS))
        rest, size = divmod(rest, len(SIZES))
        rest, columns = divmod(rest, len(COLUMNS))
        name = LISTS[which]
        self.scans[name] = scan_of(name, SIZES[size], COLUMNS[columns if rest % 3 == 0 else 0])
        if self.life is not None:
            self.life.define(self.scans[name])
            if rest % 2:
                self.life.publish({name: self.life.rows[name]})

    def remove(self, rest: int) -> None:
        name = LISTS[rest % len(LISTS)]
        if self.scans.pop(name, None) is not None and self.life is not None:
            self.life.channels.remove(name)

    def let_time_pass(self, rest: int) -> float:
        return WAITS_S[rest % len(WAITS_S)]

    def come_back(self, rest: int) -> None:
        """The window or the network came back."""
        _, client = self._client(rest)
        client.due.append(("retry",))

    # How it happens.

    def _client(self, rest: int) -> tuple[int, Client]:
        rest, number = divmod(rest, len(self.clients))
        return rest, self.clients[number]

    def _pass(self, seconds: float) -> Steps:
        while seconds > 0:
            step = min(seconds, SLICE_S)
            seconds -= step
            self.clock.pass_by(step)
            for client in self.clients:
                client.due.append(("tick",))
            yield from self._settle()

    def _settle(self) -> Steps:
        """Let everything travel that does not wait."""
        for _ in range(MOST_TURNS):
            self.loop.run_dry()
            for client in self.clients:
                self._pass_on(client, 0 if client.waits else len(client.inbox))
            if not any(client.due for client in self.clients):
                break
            yield from self._exchange()
        else:
            must(holds=False, promise="I4: no storm")
        for client in self.clients:
            if self.life is not None and client.connection is not None:
                self.watcher.bounds(self.life, client.connection, self.now)

    def _pass_on(self, client: Client, events: int) -> None:
        """Bring what a client said to the server, and the next events to the client."""
        while client.outbox:
            number, text = client.outbox.popleft()
            self._hear(client, number, text)
        self.loop.run_dry()
        client.due += [client.inbox.popleft() for _ in range(min(events, len(client.inbox)))]

    def _exchange(self) -> Steps:
        """Let the clients take what is due to them."""
        for client in self.clients:
            events, client.due = client.due, []
            if events:
                outcomes = yield client.reducer, self.now, events
                for event, outcome in zip(events, outcomes, strict=True):
                    self.watcher.stepped(client, event, outcome, self.now)
                    self._take(client, outcome)

    def _hear(self, client: Client, number: int, text: str) -> None:
        connection = client.connection
        if self.life is None or connection is None or connection.number != number or connection.vanished:
            return
        request = orjson.loads(text)
        if "last_sequence" in request:
            connection.claims[request["list"]] = request["last_sequence"]
        self.life.hear(connection, text)

    def _take(self, client: Client, outcome: Outcome) -> None:
        client.state = outcome.state
        for name, held in outcome.changed.items():
            if held is None:
                client.held.pop(name, None)
            else:
                client.held[name] = held
        for number in outcome.closed:
            self._hang_up(client, number)
        for _ in range(outcome.opened):
            self._connect(client)
        for sent in outcome.sent:
            self._post(client, sent)

    def _post(self, client: Client, sent: tuple[int, str]) -> None:
        if client.request_traps:
            trap = client.request_traps.popleft()
            client.outbox.extend([sent] * (2 if trap == "doubled_request" else 0))
        else:
            client.outbox.append(sent)

    def _hang_up(self, client: Client, number: int) -> None:
        connection = client.connection
        if connection is not None and connection.number == number:
            if self.life is not None and not connection.vanished:
                self.life.hang_up(connection, 1_000)
            client.connection = None

    def _connect(self, client: Client) -> None:
        number = client.sockets
        client.sockets += 1
        if self.life is None:
            client.inbox.append(("closed", number, 1_006))
            return
        client.connection = self.life.accept(
            number,
            lambda connection, data: self._written(client, connection, data),
            lambda frame: self._arrive(client, number, frame),
            lambda connection: self._lost(client, connection),
        )

    def _written(self, client: Client, connection: Connection, data: bytes) -> None:
        client.log.append((self.now, data))
        connection.heard_at = self.now
        assert self.life is not None
        self.watcher.written(connection, data, self.life, self.now)

    def _arrive(self, client: Client, number: int, frame: Frame) -> None:
        if frame.code is not None:
            client.inbox.append(("closed", number, frame.code))
            return
        text = frame.text.decode()
        client.inbox.append(("frame", number, text))
        if text.startswith(SHAKY):
            client.kept.append(client.inbox[-1])
        if client.traps and text.startswith(DELTA if client.traps[0] == "other_order" else SHAKY):
            mistreat(client.inbox, client.traps.popleft(), len(client.inbox) - 1)

    def _lost(self, client: Client, connection: Connection) -> None:
        if not connection.vanished:
            client.inbox.append(("closed", connection.number, 1_006))
        if client.connection is connection:
            client.connection = None

    # How it ends.

    def _calm(self) -> Steps:
        """I3: once nothing goes wrong any more, everybody is live at the server's sequence within two heartbeats."""
        self.calm_since = self.now
        self.start(0)
        for client in self.clients:
            client.waits = False
            client.traps.clear()
            client.request_traps.clear()
            if client.connection is not None and not client.connection.vanished:
                client.connection.pipe.read_on(reads=True)
                client.connection.heard_at = self.now
        yield from self._settle()
        self.watcher.resyncs.clear()
        began = deadline = self.now
        while not all(map(self._in_step, self.clients)):
            if any(client.state in ("DOWN", "CONNECTING", "STALE") for client in self.clients):
                deadline = self.now
            late = self.now > min(deadline + TWO_HEARTBEATS_S, began + LONGEST_RETURN_S) + SLACK_S
            must(not late, "I3: all are live soon after the faults", self._standing())
            yield from self._pass(SLICE_S)
        storm = {key: n for key, n in self.watcher.resyncs.items() if n > 2}
        must(not storm, "I4: no resync storm", storm)

    def _in_step(self, client: Client) -> bool:
        """It holds what there is, live and newest, over a connection that works."""
        if client.state in ("DOWN", "CONNECTING", "STALE") or set(client.held) != set(self.scans):
            return False
        assert self.life is not None
        return all(
            held.live and (held.epoch, held.sequence) == (self.life.epoch, self.truth.newest[name])
            for name, held in client.held.items()
        )

    def _standing(self) -> list[object]:
        held = [(client.state, {name: held[:3] for name, held in client.held.items()}) for client in self.clients]
        return [held, sorted(self.scans), self.truth.newest]


_RULES: Final[Sequence[tuple[int, Callable[[World, int], float | None]]]] = (
    (14, World.publish),
    (3, World.publish_much),
    (5, World.deliver),
    (2, World.wait),
    (8, World.lay_trap),
    (3, World.replay),
    (2, World.stall),
    (1, World.vanish),
    (1, World.cut),
    (1, World.restart),
    (1, World.start),
    (2, World.define),
    (1, World.remove),
    (5, World.let_time_pass),
    (1, World.come_back),
)
ACTIONS: Final = [act for weight, act in _RULES for _ in range(weight)]
