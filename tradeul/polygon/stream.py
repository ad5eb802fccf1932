"""The vendor's WebSocket as a `LiveFeed`: connects for ever, reads at once, and asks for what is wanted.

One coroutine does it all: it waits for the next frame no longer than until something is due to be sent, and `want`
ends that wait early, so that no task is needed and reading never waits for sending. `app` starts `run`; what is said
is decided in `conversation`, how long to wait between connections in `backoff`.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import aiohttp
import structlog
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType

from tradeul.clock import Clock
from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.ports import Deliver, Recorder
from tradeul.errors import VendorRefused
from tradeul.fetching.allowance import Uniform
from tradeul.polygon.backoff import Backoff, Ending
from tradeul.polygon.conversation import EVERYTHING, Conversation, Pace, Stage, is_of_everything
from tradeul.polygon.frames import BANDS, SECONDS, Channel, channel_of, decode_frame
from tradeul.polygon.hosts import is_delayed
from tradeul.polygon.link import LinkState
from tradeul.polygon.pulse import Pulse

log = structlog.get_logger(__name__)

LONGEST_MESSAGE_BYTES = 8 * 1024 * 1024
CONNECT_S = 10.0
SEND_S = 5.0
"""Our messages are small: one that is not taken by then shows a dead connection."""
CLOSE_S = 1.0
TURN_S = 0.002
"""After reading for this long without waiting, others get their turn."""

_ENDED = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}


class PolygonStream:
    """One vendor WebSocket, reconnected for ever."""

    def __init__(  # noqa: PLR0913  # what is optional is named
        self,
        url: str,
        api_key: str,
        clock: Clock,
        deliver: Deliver,
        *,
        topics: tuple[str, ...] = (SECONDS,),
        wildcards: frozenset[str] = frozenset(),
        delayed_url: str | None = None,
        recorder: Recorder | None = None,
        on_live: Callable[[], None] | None = None,
        uniform: Uniform = random.uniform,
        pace: Pace | None = None,
    ) -> None:
        self._url = url
        self._delayed_url = delayed_url
        self._delayed = is_delayed(url)
        self._api_key = api_key
        self._clock = clock
        self._deliver = deliver
        self._recorder = recorder
        self._on_live = on_live
        self._pace = pace or Pace()
        self._backoff = Backoff(uniform)
        self._wildcards = frozenset(map(Channel, wildcards))
        # A topic that comes for the whole market is not asked for by symbol.
        self._covering = self._wildcards.intersection(channel_of(topic, EVERYTHING) for topic in topics)
        self._topics = tuple(topic for topic in topics if channel_of(topic, EVERYTHING) not in self._covering)
        self._desired: frozenset[Symbol] = frozenset()
        self._talk: Conversation | None = None
        self._nap: asyncio.Timeout | None = None
        self._since = clock.now()
        self._sessions = 0
        self._close_codes: Counter[int] = Counter()
        self._messages = 0
        self._last_message_at = Nanos(0)
        self._newest_event_at = Nanos(0)
        self._lag_ms: int | None = None
        self._requests = 0
        self._trouble = ""
        self._bad_elements = 0

    @property
    def state(self) -> LinkState:
        """What is known about the link now."""
        talk = self._talk
        confirmed = self._symbols_confirmed(talk) if talk else frozenset()
        return LinkState(
            connected=talk is not None,
            authenticated=talk is not None and talk.stage is Stage.LIVE,
            since=self._since,
            reconnects=max(0, self._sessions - 1),
            close_codes=MappingProxyType(dict(self._close_codes)),
            messages=self._messages,
            last_message_at=self._last_message_at,
            newest_event_at=self._newest_event_at,
            lag_ms=self._lag_ms,
            requests=self._requests + (talk.requests if talk else 0),
            trouble=self._trouble,
            bad_elements=self._bad_elements,
            delayed=self._delayed,
            desired=self._desired,
            confirmed=confirmed,
            pending=self._symbols_pending(talk) if talk else frozenset(),
            whole_topics=frozenset(each for each in talk.confirmed if is_of_everything(each)) if talk else frozenset(),
            refused=frozenset(talk.refused) if talk else frozenset(),
        )

    @property
    def tells_halts(self) -> bool:
        """Whether halts in the whole market are known to come."""
        return self._talk is not None and channel_of(BANDS, EVERYTHING) in self._talk.confirmed

    def want(self, symbols: frozenset[Symbol]) -> None:
        """Replace the set of symbols to be followed; takes effect without waiting."""
        self._desired = symbols
        if self._talk is not None:
            self._talk.want(self._channels())
        self._wake()

    def reconnect(self, why: str) -> None:
        """Give up the present connection, which is known to be dead, and make another; without one, do nothing."""
        if self._talk is not None:
            self._talk.end(why)
        self._wake()

    def _wake(self) -> None:
        # A wait that is already being ended ends by itself; moving its end again is an error.
        if self._nap is not None and not self._nap.expired():
            self._nap.reschedule(0.0)

    def _channels(self) -> frozenset[Channel]:
        return self._wildcards.union(channel_of(topic, each) for topic in self._topics for each in self._desired)

    def _symbols_confirmed(self, talk: Conversation) -> frozenset[Symbol]:
        """The symbols of which we know that every topic comes that the vendor gives us, wanted or not."""
        channels = talk.confirmed
        topics = [topic for topic in self._topics if channel_of(topic, EVERYTHING) not in talk.refused]
        if not self._covering <= channels or not (topics or self._covering):
            return frozenset()
        known = self._desired | _symbols_in(channels)
        missing = {each for topic in topics for each in known if channel_of(topic, each) not in channels}
        return known - missing

    def _symbols_pending(self, talk: Conversation) -> frozenset[Symbol]:
        """The symbols of which a topic was asked for and is not answered; all of them if it is one of the market."""
        return self._desired if self._covering & talk.pending.keys() else _symbols_in(talk.pending)

    async def run(self) -> None:
        """Keep a connection for ever."""
        async with aiohttp.ClientSession(
            middlewares=(_stay_with_host,),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
        ) as session:
            while True:
                end = await self._connection(session)
                ending = Ending.REFUSED if self._turned_to_delayed(end.ending) else end.ending
                wait_s = self._backoff.wait_after(ending, end.lived_s)
                self._trouble = end.words
                say = log.info if end.ending is Ending.DROPPED else log.warning
                say("feed_disconnected", **end.facts(), retry_in_s=round(wait_s, 1))
                await self._clock.pause(wait_s)

    def _turned_to_delayed(self, ending: Ending) -> bool:
        """Whether the plan made us turn to the other stream just now; from then on we stay with it."""
        if ending is not Ending.NOT_IN_PLAN or self._delayed or self._delayed_url is None:
            return False
        self._delayed = True
        return True

    async def _connection(self, session: aiohttp.ClientSession) -> "_End":
        """One connection from its opening to its end."""
        try:
            async with asyncio.timeout(CONNECT_S):
                socket = await session.ws_connect(
                    self._address(),
                    autoping=False,
                    autoclose=False,
                    max_msg_size=LONGEST_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                )
        except (aiohttp.ClientError, VendorRefused, TimeoutError, OSError) as error:
            return _End(Ending.REFUSED, 0.0, None, str(error) or type(error).__name__)
        talk = Conversation(self._api_key, self._pace, self._channels(), self._clock.monotonic())
        self._talk, self._since, self._newest_event_at = talk, self._clock.now(), Nanos(0)
        code: int = WSCloseCode.ABNORMAL_CLOSURE
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            try:
                code = await self._converse(socket, talk)
            finally:
                self._talk, self._since = None, self._clock.now()
                self._requests += talk.requests
                await _hang_up(socket)
        self._close_codes[code] += 1
        live = talk.stage is Stage.LIVE
        lived_s = max(0.0, self._clock.monotonic() - talk.live_since)
        return _End(talk.verdict or (Ending.DROPPED if live else Ending.REFUSED), lived_s, code, talk.said_last)

    def _address(self) -> str:
        return self._delayed_url if self._delayed and self._delayed_url is not None else self._url

    async def _converse(self, socket: ClientWebSocketResponse, talk: Conversation) -> int:
        """Read and answer until the connection ends; the code it ended with."""
        pulse = Pulse(self._pace.ping_every_s, self._pace.pong_within_s, self._clock.monotonic())
        turn_began = self._clock.monotonic()
        while talk.verdict is None and not pulse.lost(self._clock.monotonic()):
            await self._send_what_is_due(socket, talk, pulse)
            message = await self._next_message(socket, min(talk.due_at(), pulse.due_at()))
            if message is None:
                continue
            if message.type in _ENDED:
                # A goodbye may name no code: 0.
                return (
                    message.data if message.type is WSMsgType.CLOSE and message.data else WSCloseCode.ABNORMAL_CLOSURE
                )
            if message.type is WSMsgType.PING:
                async with asyncio.timeout(SEND_S):
                    await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                pulse.heard()
            else:
                self._hear(talk, message.data)
            if self._clock.monotonic() - turn_began > TURN_S:
                await asyncio.sleep(0)
                turn_began = self._clock.monotonic()
        return WSCloseCode.ABNORMAL_CLOSURE

    async def _send_what_is_due(self, socket: ClientWebSocketResponse, talk: Conversation, pulse: Pulse) -> None:
        now, refused = self._clock.monotonic(), len(talk.refused)
        words = talk.next_words(now)
        if len(talk.refused) > refused:
            log.warning("feed_topics_refused", topics=sorted(talk.refused), said=talk.said_last)
        async with asyncio.timeout(SEND_S):
            if words is not None:
                await socket.send_str(words)
            if pulse.ping_due(now):
                await socket.ping()

    async def _next_message(self, socket: ClientWebSocketResponse, until: float) -> aiohttp.WSMessage | None:
        """What comes in next, or None if something is due before, or was wanted anew."""
        try:
            async with asyncio.timeout(max(0.0, until - self._clock.monotonic())) as self._nap:
                return await socket.receive()
        except TimeoutError:
            return None
        finally:
            self._nap = None

    def _hear(self, talk: Conversation, data: str | bytes) -> None:
        self._messages += 1
        self._last_message_at = now = self._clock.now()
        if self._recorder is not None:
            self._recorder.frame(data, now)
        frame = decode_frame(data)
        self._bad_elements += frame.bad
        before, said = talk.stage, talk.said_last
        talk.hear(frame, self._clock.monotonic())
        if talk.stage is Stage.LIVE and before is not Stage.LIVE:
            self._come_alive()
        if talk.said_last != said and talk.verdict is None:
            log.warning("feed_complained", said=talk.said_last)
        if any(frame.events):
            newest = min(now, frame.events.newest())
            self._newest_event_at = max(self._newest_event_at, newest)
            self._lag_ms = (now - newest) // 1_000_000
            self._deliver(frame.events)

    def _come_alive(self) -> None:
        self._sessions += 1
        self._since, self._trouble = self._clock.now(), ""
        log.info("feed_connected", url=self._address(), symbols=len(self._desired), delayed=self._delayed)
        if self._on_live is not None:
            self._on_live()


@dataclass(frozen=True, slots=True)
class _End:
    ending: Ending
    lived_s: float
    code: int | None
    said: str

    @property
    def words(self) -> str:
        """What happened, and in brackets what was said last."""
        return self.ending.words + (f" ({self.said})" if self.said else "")

    def facts(self) -> dict[str, object]:
        """For the log."""
        said = {"lived_s": round(self.lived_s, 1), "code": self.code, "said": self.said}
        return {"why": str(self.ending), "meaning": self.ending.words, **said}


def _symbols_in(channels: Iterable[Channel]) -> frozenset[Symbol]:
    """The single symbols among what the channels bring."""
    return frozenset(Symbol(each.partition(".")[2]) for each in channels if not is_of_everything(each))


async def _stay_with_host(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The key is for the configured host only: a redirect ends the attempt before anything was said."""
    answer = await handler(request)
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        answer.close()
        raise VendorRefused(f"the vendor's stream redirects ({answer.status}), which is not followed")
    return answer


async def _hang_up(socket: ClientWebSocketResponse) -> None:
    """Say goodbye if that is quick, and let go in any case."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await socket.close()
