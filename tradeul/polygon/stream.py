"""The vendor's WebSocket as a `LiveFeed`: connects for ever, reads at once, and asks for what is wanted.

One coroutine does it all: it waits for the next frame no longer than until something is due to be sent, and `want`
ends that wait early, so that no task is needed and reading never waits for sending. `app` starts `run`; what is said
is decided in `conversation`, how long to wait between connections in `backoff`.
"""

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import aiohttp
import structlog
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType

from tradeul.clock import Clock
from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.ports import Deliver
from tradeul.errors import VendorRefused
from tradeul.polygon.backoff import Backoff, Ending, Uniform
from tradeul.polygon.conversation import Conversation, Pace, Stage
from tradeul.polygon.frames import decode_frame

log = structlog.get_logger(__name__)

LONGEST_MESSAGE_BYTES = 8 * 1024 * 1024
CONNECT_S = 10.0
SEND_S = 5.0
"""Our messages are small: one that is not taken by then shows a dead connection."""
CLOSE_S = 1.0
TURN_S = 0.002
"""After reading for this long without waiting, others get their turn."""

_ENDED = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}


@dataclass(frozen=True, slots=True)
class LinkState:
    """The link to the vendor at one moment."""

    connected: bool
    authenticated: bool
    since: Nanos
    """When it last came up or went down, in market time."""
    reconnects: int
    """Connections that were authenticated, but for the first."""
    close_codes: MappingProxyType[int, int]
    """How often a connection ended with each code; 1006 is an end without one."""
    messages: int
    last_message_at: Nanos
    bad_elements: int
    desired: frozenset[Symbol]
    confirmed: frozenset[Symbol]
    pending: frozenset[Symbol]


class PolygonStream:
    """One vendor WebSocket, reconnected for ever."""

    def __init__(
        self,
        url: str,
        api_key: str,
        clock: Clock,
        deliver: Deliver,
        *,
        uniform: Uniform = random.uniform,
        pace: Pace | None = None,
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._clock = clock
        self._deliver = deliver
        self._pace = pace or Pace()
        self._backoff = Backoff(uniform)
        self._desired: frozenset[Symbol] = frozenset()
        self._talk: Conversation | None = None
        self._nap: asyncio.Timeout | None = None
        self._since = clock.now()
        self._sessions = 0
        self._close_codes: Counter[int] = Counter()
        self._messages = 0
        self._last_message_at = Nanos(0)
        self._bad_elements = 0

    @property
    def state(self) -> LinkState:
        """What is known about the link now."""
        talk = self._talk
        return LinkState(
            connected=talk is not None,
            authenticated=talk is not None and talk.stage is Stage.LIVE,
            since=self._since,
            reconnects=max(0, self._sessions - 1),
            close_codes=MappingProxyType(dict(self._close_codes)),
            messages=self._messages,
            last_message_at=self._last_message_at,
            bad_elements=self._bad_elements,
            desired=self._desired,
            confirmed=frozenset(talk.confirmed if talk else ()),
            pending=frozenset(talk.pending if talk else ()),
        )

    def want(self, symbols: frozenset[Symbol]) -> None:
        """Replace the set of symbols to be followed; takes effect without waiting."""
        self._desired = symbols
        if self._talk is not None:
            self._talk.want(symbols)
        # A wait that is already being ended ends by itself; moving its end again is an error.
        if self._nap is not None and not self._nap.expired():
            self._nap.reschedule(0.0)

    async def run(self) -> None:
        """Keep a connection for ever."""
        async with aiohttp.ClientSession(
            middlewares=(_stay_with_host,),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
        ) as session:
            while True:
                end = await self._connection(session)
                wait_s = self._backoff.wait_after(end.ending, end.lived_s)
                say = log.info if end.ending is Ending.DROPPED else log.warning
                say("feed_disconnected", **end.facts(), retry_in_s=round(wait_s, 1))
                await self._clock.pause(wait_s)

    async def _connection(self, session: aiohttp.ClientSession) -> "_End":
        """One connection from its opening to its end."""
        try:
            async with asyncio.timeout(CONNECT_S):
                socket = await session.ws_connect(
                    self._url,
                    autoping=False,
                    autoclose=False,
                    max_msg_size=LONGEST_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                )
        except (aiohttp.ClientError, VendorRefused, TimeoutError, OSError) as error:
            return _End(Ending.REFUSED, 0.0, None, str(error) or type(error).__name__)
        talk = Conversation(self._api_key, self._pace, self._desired, self._clock.monotonic())
        self._talk, self._since = talk, self._clock.now()
        code: int = WSCloseCode.ABNORMAL_CLOSURE
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            try:
                code = await self._converse(socket, talk)
            finally:
                self._talk, self._since = None, self._clock.now()
                await _hang_up(socket)
        self._close_codes[code] += 1
        live = talk.stage is Stage.LIVE
        lived_s = max(0.0, self._clock.monotonic() - talk.live_since)
        return _End(talk.verdict or (Ending.DROPPED if live else Ending.REFUSED), lived_s, code, talk.said_last)

    async def _converse(self, socket: ClientWebSocketResponse, talk: Conversation) -> int:
        """Read and answer until the connection ends; the code it ended with."""
        pulse = _Pulse(self._pace, self._clock.monotonic())
        turn_began = self._clock.monotonic()
        while talk.verdict is None and not pulse.lost(self._clock.monotonic()):
            await self._send_what_is_due(socket, talk, pulse)
            message = await self._next_message(socket, min(talk.due_at(), pulse.due_at()))
            if message is None:
                continue
            if message.type in _ENDED:
                return message.data if message.type is WSMsgType.CLOSE else WSCloseCode.ABNORMAL_CLOSURE
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

    async def _send_what_is_due(self, socket: ClientWebSocketResponse, talk: Conversation, pulse: "_Pulse") -> None:
        now = self._clock.monotonic()
        words = talk.next_words(now)
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
        frame = decode_frame(data)
        self._messages += 1
        self._last_message_at = self._clock.now()
        self._bad_elements += frame.bad
        before, said = talk.stage, talk.said_last
        talk.hear(frame, self._clock.monotonic())
        if talk.stage is Stage.LIVE and before is not Stage.LIVE:
            self._sessions += 1
            self._since = self._clock.now()
            log.info("feed_connected", url=self._url, symbols=len(self._desired))
        if talk.said_last != said and talk.verdict is None:
            log.warning("feed_complained", said=talk.said_last)
        if frame.bars:
            self._deliver(frame.bars)


@dataclass(frozen=True, slots=True)
class _End:
    ending: Ending
    lived_s: float
    code: int | None
    said: str

    def facts(self) -> dict[str, object]:
        """For the log."""
        return {"why": str(self.ending), "lived_s": round(self.lived_s, 1), "code": self.code, "said": self.said}


class _Pulse:
    """Pings in their time; lost when a pong does not come back in its."""

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace = pace
        self._next_at = now + pace.ping_every_s
        self._asked_at: float | None = None

    def due_at(self) -> float:
        """When the next ping is due, or the last one is lost."""
        return self._next_at if self._asked_at is None else self._asked_at + self._pace.pong_within_s

    def ping_due(self, now: float) -> bool:
        """Whether to send one now, which is then taken as sent."""
        if self._asked_at is not None or now < self._next_at:
            return False
        self._asked_at, self._next_at = now, now + self._pace.ping_every_s
        return True

    def heard(self) -> None:
        self._asked_at = None

    def lost(self, now: float) -> bool:
        return self._asked_at is not None and now - self._asked_at >= self._pace.pong_within_s


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
