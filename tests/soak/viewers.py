"""Two hundred viewers with the client's pure reducer, who come and go, read slowly or not at all, and come back.

They talk to the real hub over pipes in memory. The first of them never leaves, follows every list, and keeps a hash of
all that it was told: two runs with the same hash have published the same.
"""

import asyncio
import hashlib
import random
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from tests.oracle.pipe import Frame, Pipe
from tests.soak.life import Life
from tradeul.client import Conversation, ServerLost
from tradeul.clock import Clock
from tradeul.web.pace import Pace
from tradeul.web.viewer import Viewer

LISTS_EACH: Final = 2
LOOKS_S: Final = (20.0, 240.0)
"""For how long one stays."""
AWAY_S: Final = (60.0, 1_500.0)
NIGHT_OWLS: Final = 6
"""So many stay overnight."""
SLOW_ONE_IN: Final = 12
NOT_READING_S: Final = (3.0, 40.0)
WENT: Final = 1_000
GONE: Final = 1_006


class Visit(NamedTuple):
    """What one is connected to."""

    life: Life
    viewer: Viewer
    pace: Pace


class Onlooker:
    """One viewer: on, and reading or not, or away."""

    def __init__(self, lists: Sequence[str], clock: Clock, *, keeps: bool = False) -> None:
        self.conversation = Conversation()
        self.conversation.follow(*lists)
        self.story = hashlib.blake2b(digest_size=16) if keeps else None
        self.pipe: Pipe | None = None
        self.frames = 0
        self.cut = 0
        self._lists = lists
        self._clock = clock
        self._visit: Visit | None = None

    def come(self, life: Life) -> None:
        self.pipe = pipe = Pipe(lambda _data: None, self._hear, self._lost)
        self._visit = visit = Visit(life, life.hub.admit(pipe), Pace(self._clock))
        life.hub.greet(visit.viewer)
        self._say(visit, self.conversation.opened(self._clock.monotonic()))

    def leave(self) -> None:
        self._end(WENT)

    def forget(self) -> None:
        """The other end is no more."""
        self.pipe = self._visit = None
        self.conversation.closed()

    def go_home(self) -> None:
        """Leave, and come back as somebody who was never here."""
        self.leave()
        self.conversation = Conversation()
        self.conversation.follow(*self._lists)

    def _end(self, code: int) -> None:
        if (visit := self._visit) is not None:
            self.forget()
            visit.life.hub.leave(visit.viewer, code)

    def _hear(self, frame: Frame) -> None:
        if (visit := self._visit) is None:
            return
        visit.viewer.heard_at = self._clock.monotonic()
        if frame.pings or frame.code is not None:
            return
        self.frames += 1
        if self.story is not None:
            self.story.update(frame.text)
        try:
            self._say(visit, self.conversation.take_in(orjson.loads(frame.text), self._clock.monotonic()))
        except ServerLost:
            asyncio.get_running_loop().call_soon(self.leave)

    def _say(self, visit: Visit, messages: Sequence[Any]) -> None:
        for message in messages:
            text = orjson.dumps(message).decode()
            asyncio.get_running_loop().call_soon(visit.life.live.hear, visit.viewer, text, visit.pace)

    def _lost(self) -> None:
        self.cut += self._visit is not None
        self._end(GONE)


class Viewers:
    """All of them, and what each does next."""

    def __init__(self, count: int, lists: Sequence[str], clock: Clock, draw: random.Random) -> None:
        self._clock = clock
        self._draw = draw
        self.keeper = Onlooker(lists, clock, keeps=True)
        self._all = [self.keeper, *(Onlooker(draw.sample(lists, LISTS_EACH), clock) for _ in range(count - 1))]
        self._due = [0.0, *(draw.uniform(0.0, AWAY_S[1]) for _ in range(count - 1))]
        self.checked = 0

    @property
    def frames(self) -> int:
        return sum(each.frames for each in self._all)

    @property
    def cut(self) -> int:
        return sum(each.cut for each in self._all)

    def move(self, life: Life, *, night: bool) -> None:
        """Have those come, go, stop reading or read again whose time it is."""
        now = self._clock.monotonic()
        for number, each in enumerate(self._all):
            if each is self.keeper:
                if each.pipe is None:
                    each.come(life)
            elif now >= self._due[number]:
                self._due[number] = now + self._next(each, life, stays=not night or number < NIGHT_OWLS)

    def _next(self, each: Onlooker, life: Life, *, stays: bool) -> float:
        draw = self._draw
        if each.pipe is None:
            if not stays:
                return AWAY_S[1]
            each.come(life)
            return draw.uniform(*LOOKS_S)
        if not each.pipe.read:
            each.pipe.read_on(reads=True)
            return draw.uniform(*LOOKS_S)
        if draw.randrange(SLOW_ONE_IN) == 0:
            each.pipe.read_on(reads=False)
            return draw.uniform(*NOT_READING_S)
        each.leave()
        return draw.uniform(*AWAY_S)

    def forget(self) -> None:
        """The program was killed: nobody has a connection."""
        for each in self._all:
            each.forget()

    def go_home(self) -> None:
        """The day is over: nobody but who stays overnight keeps what they were shown."""
        for each in self._all[NIGHT_OWLS:]:
            each.go_home()

    def differences(self, life: Life) -> list[str]:
        """Lists that someone who reads holds, and that are not as they were published."""
        true = {
            name: (channel.state.sequence, tuple(_wire(channel.state)))
            for name, channel in life.channels.by_name.items()
        }
        found = []
        for number, each in enumerate(self._all):
            if each.pipe is None or not each.pipe.read:
                continue
            for name, sync in each.conversation.lists.items():
                self.checked += 1
                held = sync.rankings
                if not sync.live or (held.sequence, held.rows) != true[name]:
                    found.append(f"viewer {number}: {name} at {held.sequence}, live {sync.live}, not {true[name][0]}")
        return found


def _wire(state: Any) -> Any:
    for rank, row in enumerate(state.rows, 1):
        yield {"rank": rank, "symbol": str(row.symbol), **dict(zip(state.columns, row.values, strict=True))}
