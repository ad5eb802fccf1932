"""All viewers: hands each the newest of its lists and symbols, keeps it company with heartbeats, parts with it in time.

`Channels` calls in as soon as lists changed, `Aggregates` when watched symbols did, and the affected viewers are
written to in the next turns of the loop, all that is due in one write; nobody is waited for. `run`, which the
supervisor starts, returns to viewers whose sockets were full, sends heartbeats and status, and cuts who took nothing
for too long.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import takewhile
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Symbol
from tradeul.engine.channels import Channels
from tradeul.engine.ports import JobNews, View
from tradeul.engine.watches import TooManyWatched, UnknownSymbols
from tradeul.web import protocol
from tradeul.web.aggregates import Aggregates
from tradeul.web.frames import ListFrames, Sight
from tradeul.web.news import News
from tradeul.web.protocol import (
    HEARTBEAT_MS,
    MAX_LISTS,
    CloseCode,
    ErrorCode,
    ListRequest,
    RequestId,
    Resync,
    SubscribeList,
    Unwatch,
    Watch,
    ping_frame,
    text_frame,
)
from tradeul.web.standings import Standings
from tradeul.web.turns import Turns
from tradeul.web.viewer import UNSEEN, Viewer

log = structlog.get_logger(__name__)

TICK_S: Final = 0.05
LOOK_S: Final = 1.0
"""How late at most a watcher learns what changed a row without a scan, as while the market is closed."""
HEARTBEAT_S: Final = HEARTBEAT_MS / 1_000
PING = ping_frame()
PING_S: Final = 20.0
PONG_S: Final = 10.0
"""Both are looked at with each heartbeat, so a ping goes out up to so much sooner, lest it be so much later."""
STUCK_S: Final = 10.0
"""One frame not taken for this long, and the viewer is cut."""
PARTING_S: Final = 1.0
"""How long a viewer that was told goodbye may take to close."""
BEHIND: Final = 64
"""Some milliseconds of writing."""
CUT_S: Final = 3.0
"""How long it may take to let go of all who were cut at a shutdown; 10,000 take two seconds."""
RESTART_MS: Final = 1_000
"""When a viewer may come back after a restart; viewers add their own jitter."""


class Hub:
    """Implements `viewer.Source`. A viewer lives here from `admit` to `leave`, both called by its reader."""

    def __init__(
        self,
        channels: Channels,
        clock: Clock,
        view: View,
        aggregates: Aggregates,
        under_way: Callable[[], tuple[JobNews, ...]] = lambda: (),
    ) -> None:
        self.lists: dict[str, ListFrames] = {}
        self._channels = channels
        self._clock = clock
        self._view = view
        # In the order in which their next heartbeats are due, as all wait equally long.
        self._viewers: dict[Viewer, float] = {}
        self._followers: dict[str, dict[Viewer, None]] = {}
        self._changed: dict[str, None] = {}
        """Lists whose newest state was not turned to yet, in the order in which it will be."""
        self._concerned: dict[Viewer, None] = {}
        """Who follows or watches what changed, and is written to once all of `_changed` was turned to."""
        self._turns = Turns(clock, self._flush)
        self._standings = Standings(self.lists)
        self.onward = self._standings.step
        self._pending: set[Viewer] = set()
        self._aggregates = aggregates
        self._early: dict[Viewer, None] = {}
        self._look_due = 0.0
        self._parting: dict[Viewer, float] = {}
        self.sent_away: Counter[int] = Counter()
        """How many, by close code."""
        self._deserted = asyncio.Event()
        self._news = News(channels, clock, view, under_way)
        channels.changed = self._deliver
        channels.listed = self._relist
        aggregates.changed = self._tell_watchers
        self._relist()

    def __len__(self) -> int:
        return len(self._viewers)

    @property
    def viewers(self) -> Collection[Viewer]:
        """All that are connected, those being sent away included."""
        return self._viewers.keys()

    @property
    def waiting(self) -> Collection[Viewer]:
        """Those whose sockets are full."""
        return self._pending

    @property
    def due(self) -> int:
        """How many are to be written to in the next turns of the loop."""
        return len(self._turns)

    @property
    def settled(self) -> bool:
        """Whether everybody was written to whom something concerns, as far as sockets take it."""
        return not self._changed and not self._turns

    @property
    def is_behind(self) -> bool:
        """Whether so many are still to be written to that whoever else comes has to wait for them."""
        return len(self._turns) > BEHIND

    @property
    def sights(self) -> Mapping[Symbol, Sight]:
        return self._aggregates.sights

    @property
    def interval_s(self) -> float:
        return self._aggregates.interval_s

    def admit(self, transport: asyncio.WriteTransport) -> Viewer:
        """Take a new connection in; it is told nothing yet."""
        now = self._clock.monotonic()
        viewer = Viewer(transport, now, self._standings.of({}))
        self._viewers[viewer] = now + HEARTBEAT_S
        self._deserted.clear()
        return viewer

    def greet(self, viewer: Viewer) -> None:
        self._say(viewer, self._news.greeting(self._clock.monotonic()))

    def subscribe(self, viewer: Viewer, request: SubscribeList) -> None:
        name = request.list
        if len(viewer.sent) >= MAX_LISTS and name not in viewer.sent:
            self.refuse(viewer, request.id, ErrorCode.TOO_MANY, f"at most {MAX_LISTS} lists at a time")
            return
        recovery = self.lists[name].recovery(request.epoch, request.last_sequence)
        held = request.last_sequence if recovery in ("current", "caught_up") else None
        viewer.standing = self._standings.of({**viewer.sent, name: held})
        self._followers[name][viewer] = None
        self._say(viewer, text_frame(protocol.subscribed(request.id, name, recovery)))

    def unsubscribe(self, viewer: Viewer, request: ListRequest) -> None:
        self._let_go(viewer, request.list)
        self._followers[request.list].pop(viewer, None)
        self._say(viewer, text_frame(protocol.unsubscribed(request.id, request.list)))

    def resync(self, viewer: Viewer, request: Resync) -> None:
        if request.list not in viewer.sent:
            self.refuse(viewer, request.id, ErrorCode.BAD_REQUEST, f"not subscribed to {request.list}")
            return
        self._turn_to_newest(request.list)
        viewer.standing = self._standings.of({**viewer.sent, request.list: None})
        self._turns.add(viewer)

    def watch(self, viewer: Viewer, request: Watch) -> None:
        """Follow symbols from now on; the answer is how each stands, also of one that is watched already."""
        symbols = [Symbol(name) for name in request.symbols]
        try:
            self._aggregates.watches.watch(viewer, symbols)
        except UnknownSymbols as unknown:
            if self._view.feed().state == "starting":
                self.refuse(viewer, request.id, ErrorCode.STARTING, "no market is known yet: ask again when it is")
            else:
                self.refuse(viewer, request.id, ErrorCode.UNKNOWN_SYMBOL, str(unknown))
        except TooManyWatched as many:
            self.refuse(viewer, request.id, ErrorCode.TOO_MANY, str(many))
        else:
            self._aggregates.look_at(symbols)
            viewer.watched |= dict.fromkeys(symbols, UNSEEN)
            self._turns.add(viewer)

    def unwatch(self, viewer: Viewer, request: Unwatch) -> None:
        """Let go of symbols; nothing of them comes after this."""
        symbols = [Symbol(name) for name in request.symbols]
        self._aggregates.watches.unwatch(viewer, symbols)
        for symbol in symbols:
            viewer.watched.pop(symbol, None)

    def answer(self, viewer: Viewer, frame: bytes) -> None:
        """Say something to one viewer."""
        self._say(viewer, frame)

    def answer_ping(self, viewer: Viewer, request_id: RequestId | None) -> None:
        self._beat(viewer, request_id)

    def refuse(self, viewer: Viewer, request_id: RequestId | None, code: ErrorCode, message: str) -> None:
        self._say(viewer, text_frame(protocol.error(request_id, code, message)))

    def end(self, viewer: Viewer, code: CloseCode, last_words: bytes = b"") -> None:
        """Tell a viewer that it is over; it gets a moment to close by itself."""
        if viewer.ended:
            return
        viewer.end(code, last_words)
        self.sent_away[int(code)] += 1
        self._forget(viewer)
        self._parting[viewer] = self._clock.monotonic() + PARTING_S

    def leave(self, viewer: Viewer, code: int) -> None:
        """Let go of a viewer whose reader is done, for the reason given where the viewer went by itself."""
        viewer.close(code)
        self._forget(viewer)
        self._viewers.pop(viewer, None)
        # Closing waits for the rest to be taken, which a viewer that does not read never does.
        self._parting.setdefault(viewer, self._clock.monotonic() + PARTING_S)
        if not self._viewers:
            self._deserted.set()

    async def run(self) -> None:
        while True:
            await self._clock.pause(TICK_S)
            now = self._clock.monotonic()
            self._look(now)
            self._retry(now)
            self._keep_alive(now)
            self._tell_news(now)
            self._see_off(now)

    async def close(self) -> None:
        """Send everyone away, to come back to the next life of the server; takes `PARTING_S` and `CUT_S` at most."""
        last_words = text_frame(protocol.bye("restart", RESTART_MS))
        for viewer in list(self._viewers):
            self.end(viewer, CloseCode.RESTART, last_words)
        if not await self._is_deserted(PARTING_S):
            log.warning("viewers_cut_at_shutdown", viewers=len(self._viewers))
        for viewer in self._parting:
            viewer.abort()
        self._parting.clear()
        # Their readers hear of that in turns; one that is still there is cancelled, with a complaint of aiohttp's.
        await self._is_deserted(CUT_S)

    async def _is_deserted(self, within_s: float) -> bool:
        if self._viewers:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._deserted.wait()
        return not self._viewers

    def tell(self, payload: bytes) -> None:
        """Say one thing to every viewer."""
        frame = text_frame(payload)
        for viewer in list(self._viewers):
            self._say(viewer, frame)

    def heartbeat(self, names: Mapping[str, object], request_id: RequestId | None) -> bytes:
        payload = protocol.heartbeat(
            self._channels.epoch,
            self._clock.now(),
            {name: self.lists[name].sequence for name in names},
            {name: self.lists[name].checksum() for name in names},
            self._view.age_ms(),
            request_id,
        )
        return text_frame(payload)

    def _relist(self) -> None:
        """Take over which lists there are: who follows one that is no more hears so, and everybody which are left."""
        named = self._channels.by_name
        self._standings.turned()  # one that is no more, or made anew, leads on to nothing that was put together before
        for name in [name for name in self.lists if name not in named]:
            del self.lists[name]
            self._changed.pop(name, None)
            farewell = text_frame(protocol.unsubscribed(None, name, "deleted"))
            for viewer in self._followers.pop(name):
                self._let_go(viewer, name)
                self._say(viewer, farewell)
        for name, channel in named.items():
            if name not in self.lists:
                self.lists[name] = ListFrames(self._channels.epoch, channel)
                self._followers[name] = {}
        self.tell(self._news.of_lists())

    def _deliver(self, names: Sequence[str]) -> None:
        """Take the names of lists that changed; they are turned to one a turn of the loop, so that no turn is long."""
        idle = not self._changed
        self._changed.update(dict.fromkeys(names))
        if idle:
            asyncio.get_running_loop().call_soon(self._turn_to_one)

    def _turn_to_one(self) -> None:
        name = next(iter(self._changed), None)
        if name is not None:  # None: what had changed was deleted
            del self._changed[name]
            frames, followers = self.lists[name], self._followers[name]
            held = frames.sequence
            self._turn_to_newest(name)
            if followers:
                frames.since(held)  # encoded here, for all who keep up
            self._concerned.update(followers)
        if self._changed:
            asyncio.get_running_loop().call_soon(self._turn_to_one)
        else:
            self._turns.add_all(self._concerned)
            self._concerned.clear()

    def _turn_to_newest(self, name: str) -> None:
        self.lists[name].advance()
        self._standings.turned()

    def _let_go(self, viewer: Viewer, name: str) -> None:
        viewer.standing = self._standings.of({held: at for held, at in viewer.sent.items() if held != name})

    def _look(self, now: float) -> None:
        if now >= self._look_due:
            self._look_due = now + LOOK_S
            self._aggregates.look()

    def _tell_watchers(self, symbols: Sequence[Symbol]) -> None:
        """Take the symbols whose values changed."""
        for symbol in symbols:
            self._concerned.update(dict.fromkeys(self._aggregates.watches.watchers(symbol)))
        if not self._changed:
            self._turns.add_all(self._concerned)
            self._concerned.clear()

    def _say(self, viewer: Viewer, frame: bytes) -> None:
        if not viewer.ended:
            self._see_to(viewer, within_bounds=viewer.owe(frame))

    def _beat(self, viewer: Viewer, request_id: RequestId | None) -> None:
        if not viewer.ended:
            self._see_to(viewer, within_bounds=viewer.owe_heartbeat(request_id))

    def _see_to(self, viewer: Viewer, *, within_bounds: bool) -> None:
        if within_bounds:
            self._turns.add(viewer)
        else:
            self._cut(viewer, "asked much and read nothing")

    def _flush(self, viewer: Viewer, now: float) -> None:
        if viewer.flush(self, now):
            self._pending.discard(viewer)
        else:
            self._pending.add(viewer)
        if viewer.early:
            self._early[viewer] = None
        else:
            self._early.pop(viewer, None)

    def _retry(self, now: float) -> None:
        self._turns.add_all(self._early)
        for viewer in list(self._pending):
            if not viewer.waiting_bytes:
                self._turns.add(viewer)
            elif now - viewer.written_at >= STUCK_S:
                self._cut(viewer, "a frame was not taken")

    def _keep_alive(self, now: float) -> None:
        due = [viewer for viewer, _ in takewhile(lambda entry: entry[1] <= now, self._viewers.items())]
        for viewer in due:
            del self._viewers[viewer]
            self._viewers[viewer] = now + HEARTBEAT_S
            if viewer.spoke:
                self._ping(viewer, now)
                self._beat(viewer, None)
            else:
                # By its first heartbeat, which is 5 s, a viewer has asked for something valid or goes.
                self.end(viewer, CloseCode.DID_NOT_SUBSCRIBE)

    def _ping(self, viewer: Viewer, now: float) -> None:
        """Ask who says nothing whether it is there; who does not answer is not."""
        if viewer.heard_at < viewer.pinged_at <= now - PONG_S:
            self._cut(viewer, "a ping was not answered")
        elif max(viewer.heard_at, viewer.pinged_at) <= now - (PING_S - HEARTBEAT_S):
            viewer.pinged_at = now
            self._say(viewer, PING)

    def _tell_news(self, now: float) -> None:
        news = self._news.change(now)
        if news is not None:
            self.tell(news)

    def _see_off(self, now: float) -> None:
        overdue = [viewer for viewer, deadline in self._parting.items() if deadline <= now]
        for viewer in overdue:
            del self._parting[viewer]
            viewer.abort()

    def _cut(self, viewer: Viewer, reason: str) -> None:
        log.info("viewer_cut", reason=reason)
        self.end(viewer, CloseCode.SLOW)

    def _forget(self, viewer: Viewer) -> None:
        self._pending.discard(viewer)
        self._early.pop(viewer, None)
        self._concerned.pop(viewer, None)
        self._turns.discard(viewer)
        self._aggregates.watches.leave(viewer)
        viewer.watched.clear()
        for name in viewer.sent:
            self._followers[name].pop(viewer, None)
        viewer.standing = self._standings.of({})
