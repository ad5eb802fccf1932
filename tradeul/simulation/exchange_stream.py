"""The vendor's WebSocket: its handshake, its answers and its silences, and second bars to whoever subscribed.

Each connection's handler only reads; `publish` writes prebuilt frames straight to the transports and never waits
for a peer. A peer that does not read is dropped once its bounded buffer is full. One connection per key: the
newcomer wins.
"""

import asyncio
import hmac
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from tradeul.clock import Clock
from tradeul.domain.events import Bools
from tradeul.simulation.exchange_rows import second_events
from tradeul.simulation.tape import Tape, Trades
from tradeul.simulation.universe import Universe

LARGEST_FRAME: Final = 900_000
BUFFER_LIMIT: Final = 4 * 1024 * 1024
"""So much may wait for a peer that does not read; then it is a slow consumer."""
AUTH_TIMEOUT_S: Final = 10.0
PING_INTERVAL_S: Final = 30.0
LINGER_S: Final = 5.0
"""A connection that was told to go is cut after this, whether it took its last frames or not."""

_EVENTS_PER_SLICE: Final = 300
_ANSWERS_PER_FRAME: Final = 1000
_SMALL, _LARGE = 126, 65536
_TEXT_FRAME: Final = 0x81
_CLOSE_FRAME: Final = 0x88
_SECOND_BARS: Final = "A"
_OTHER_TOPICS: Final = frozenset({"T", "Q", "AM", "LULD", "NOI", "FMV"})
"""Topics that exist at the vendor but are not entitled here."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Subscriber:
    """One authenticated connection and what it holds."""

    transport: asyncio.Transport
    key: str
    held: set[str] = field(default_factory=set)
    mask: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))


class Stream:
    """All connections to `/stocks`."""

    def __init__(
        self, universe: Universe, clock: Clock, key: str | None, auth_timeout_s: float, buffer_limit: int
    ) -> None:
        self._universe = universe
        self._clock = clock
        self._key = key
        self._auth_timeout_s = auth_timeout_s
        self._buffer_limit = buffer_limit
        self._rows = {str(symbol): row for row, symbol in enumerate(universe.symbols)}
        self._by_key: dict[str, Subscriber] = {}
        self._open: set[asyncio.Transport] = set()
        self._leaving: list[tuple[float, asyncio.Transport]] = []

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection from upgrade to end."""
        socket = web.WebSocketResponse(compress=False, heartbeat=PING_INTERVAL_S)
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        self._open.add(transport)
        try:
            await self._converse(socket, transport)
        finally:
            self._open.discard(transport)
        return socket

    async def _converse(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        await _say(socket, _status("connected", "Connected Successfully"))
        key = await self._authenticated(socket, transport)
        if key is None:
            return
        subscriber = self._admitted(transport, key)
        try:
            await _say(socket, _status("auth_success", "authenticated"))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._answer(socket, subscriber, _request_of(message.data))
        finally:
            if self._by_key.get(key) is subscriber:
                del self._by_key[key]

    async def publish(self, tape: Tape, trades: Trades) -> None:
        """Send the second that just ended to its subscribers, encoding each event once."""
        self._cut_the_lingering()
        wanted = [each for each in self._by_key.values() if each.held]
        if not wanted:
            return
        of_any = np.logical_or.reduce([each.mask[trades.rows] for each in wanted])
        taken = trades.take(of_any)
        events: list[bytes] = []
        for event in second_events(self._universe, tape, taken):
            events.append(event)
            if len(events) % _EVENTS_PER_SLICE == 0:
                await asyncio.sleep(0)
        for subscriber in wanted:
            mine = subscriber.mask[taken.rows]
            for frame in _frames(events if mine.all() else [events[place] for place in np.flatnonzero(mine).tolist()]):
                self._write(subscriber, frame)

    def abort(self) -> None:
        """Cut every connection."""
        for transport in (*self._open, *(transport for _, transport in self._leaving)):
            transport.abort()

    def _write(self, subscriber: Subscriber, frame: bytes) -> None:
        transport = subscriber.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > self._buffer_limit:
            self._dismiss(subscriber, b"", "slow consumer")
            return
        transport.write(frame)

    async def _authenticated(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> str | None:
        """Wait for the key; drop the connection without a close frame if it is wrong or does not come."""
        try:
            async with asyncio.timeout(self._auth_timeout_s):
                async for message in socket:
                    request = _request_of(message.data)
                    if request.get("action") == "auth":
                        return await self._checked(socket, transport, str(request.get("params", "")))
                    await _say(socket, _status("error", "not authorized"))
        except TimeoutError:
            await _say(socket, _status("auth_timeout", "No authentication request received."))
            transport.close()
        return None

    async def _checked(self, socket: web.WebSocketResponse, transport: asyncio.Transport, key: str) -> str | None:
        if self._key is None or hmac.compare_digest(key.encode(), self._key.encode()):
            return key
        await _say(socket, _status("auth_failed", "authentication failed"))
        transport.close()
        return None

    def _admitted(self, transport: asyncio.Transport, key: str) -> Subscriber:
        oldest = self._by_key.get(key)
        if oldest is not None:
            notice = _status("max_connections", "Maximum number of websocket connections exceeded.")
            self._dismiss(oldest, text_frame(orjson.dumps([notice])), "")
        subscriber = Subscriber(transport, key)
        self._by_key[key] = subscriber
        return subscriber

    def _dismiss(self, subscriber: Subscriber, last_words: bytes, reason: str) -> None:
        transport = subscriber.transport
        if not transport.is_closing():
            transport.write(last_words + close_frame(WSCloseCode.POLICY_VIOLATION, reason))
            transport.close()
        subscriber.held.clear()
        self._leaving.append((self._clock.monotonic() + LINGER_S, transport))
        log.warning("simulated_subscriber_dismissed", reason=reason or "max_connections")

    def _cut_the_lingering(self) -> None:
        now = self._clock.monotonic()
        for deadline, transport in self._leaving:
            if deadline <= now:
                transport.abort()
        self._leaving = [(deadline, transport) for deadline, transport in self._leaving if deadline > now]

    async def _answer(self, socket: web.WebSocketResponse, subscriber: Subscriber, request: dict[str, Any]) -> None:
        action, channels = request.get("action"), str(request.get("params", "")).split(",")
        answers: list[dict[str, str]] = []
        if action == "subscribe":
            answers = list(self._subscribed(subscriber, [channel.strip() for channel in channels]))
        elif action == "unsubscribe":
            answers = list(_unsubscribed(subscriber, [channel.strip() for channel in channels]))
        if not answers:
            return
        subscriber.mask = self._mask_of(subscriber)
        for start in range(0, len(answers), _ANSWERS_PER_FRAME):
            await _say(socket, *answers[start : start + _ANSWERS_PER_FRAME])

    def _subscribed(self, subscriber: Subscriber, channels: list[str]) -> Iterator[dict[str, str]]:
        """Take what is new. What is held already and what no one knows gets no answer, as at the vendor."""
        topics = {channel.partition(".")[0] for channel in channels}
        if topics & _OTHER_TOPICS:
            yield _status("error", "not authorized")
        for channel in channels:
            topic, _, symbol = channel.partition(".")
            if topic == _SECOND_BARS and symbol and channel not in subscriber.held:
                subscriber.held.add(channel)
                yield _status("success", f"subscribed to: {channel}")

    def _mask_of(self, subscriber: Subscriber) -> Bools:
        mask = np.zeros(len(self._universe.symbols), np.bool_)
        for channel in subscriber.held:
            symbol = channel.partition(".")[2]
            if symbol == "*":
                mask |= ~self._universe.traits.otc
            elif symbol in self._rows:
                mask[self._rows[symbol]] = True
        return mask


def _unsubscribed(subscriber: Subscriber, channels: list[str]) -> Iterator[dict[str, str]]:
    for channel in channels:
        if channel in subscriber.held:
            subscriber.held.discard(channel)
            yield _status("success", f"unsubscribed to: {channel}")


def _request_of(data: Any) -> dict[str, Any]:
    """Read a client's message; what is no JSON object asks for nothing."""
    try:
        content = orjson.loads(data)
    except (orjson.JSONDecodeError, TypeError):
        return {}
    return content if isinstance(content, dict) else {}


def _status(status: str, message: str) -> dict[str, str]:
    return {"ev": "status", "status": status, "message": message}


async def _say(socket: web.WebSocketResponse, *statuses: dict[str, str]) -> None:
    await socket.send_str(orjson.dumps(statuses).decode())


def _frames(events: Iterable[bytes]) -> Iterator[bytes]:
    """Pack events into as few text frames as the size allows."""
    held: list[bytes] = []
    size = 0
    for event in events:
        if size + len(event) > LARGEST_FRAME:
            yield text_frame(b"[" + b",".join(held) + b"]")
            held, size = [], 0
        held.append(event)
        size += len(event) + 1
    if held:
        yield text_frame(b"[" + b",".join(held) + b"]")


def text_frame(payload: bytes) -> bytes:
    """Wrap a text in a WebSocket frame as a server sends it: whole, unmasked, uncompressed."""
    size = len(payload)
    if size < _SMALL:
        return struct.pack("!BB", _TEXT_FRAME, size) + payload
    if size < _LARGE:
        return struct.pack("!BBH", _TEXT_FRAME, _SMALL, size) + payload
    return struct.pack("!BBQ", _TEXT_FRAME, _SMALL + 1, size) + payload


def close_frame(code: int, reason: str) -> bytes:
    words = reason.encode()
    return struct.pack("!BBH", _CLOSE_FRAME, 2 + len(words), code) + words
