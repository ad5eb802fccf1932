"""The vendor's WebSocket: its handshake, its answers and its silences, and the market's events to whoever subscribed.

Each connection's handler only reads; `publish` writes prebuilt frames and never waits for a peer. Only what somebody
holds is encoded, and once for all. One connection per key: the newcomer wins. `Exchange` tends it once a second.
"""

import asyncio
import functools
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
import structlog
from aiohttp import WSMsgType, web

from tradeul.clock import Clock
from tradeul.domain.events import Bools, Nanos
from tradeul.domain.session import NANOS
from tradeul.simulation.bands import due_for_bands, phase_of, width_of
from tradeul.simulation.exchange import events
from tradeul.simulation.exchange.connection import Connection, reset
from tradeul.simulation.exchange.events import Batch
from tradeul.simulation.exchange.ledger import Ledger
from tradeul.simulation.exchange.mischief import AUTH_FAILED, EVICTED, NO_STREAM_PLAN, Mischief
from tradeul.simulation.exchange.stragglers import Stragglers
from tradeul.simulation.exchange.subscriptions import NOT_AUTHORIZED, Status, Subscriptions, directory_of, status
from tradeul.simulation.faults import Faults
from tradeul.simulation.halts import Halt, halts_of
from tradeul.simulation.plans import Plan
from tradeul.simulation.quotes import spread_of
from tradeul.simulation.tape import Tape, Trades
from tradeul.simulation.trading_day import TradingDay
from tradeul.simulation.universe import Universe

PING_INTERVAL_S: Final = 30.0
LINGER_S: Final = 5.0
"""A connection that was told to go is cut after this, whether it took its last frames or not."""
_CONNECTED: Final = status("connected", "Connected Successfully")
_AUTHENTICATED: Final = status("auth_success", "authenticated")
_AUTH_TIMEOUT: Final = status("auth_timeout", "No authentication request received.")
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How much a peer may try."""

    auth_timeout_s: float = 10.0
    buffer_bytes: int = 4 * 1024 * 1024
    """So much may wait for a peer that does not read; then it is a slow consumer."""


class Stream:
    """All connections to `/stocks`."""

    def __init__(
        self, universe: Universe, clock: Clock, key: str | None, plan: Plan, faults: Faults, patience: Patience
    ) -> None:
        self._universe = universe
        self._clock = clock
        self._key = key
        self._plan = plan
        self._patience = patience
        self._mischief = Mischief(faults)
        self.ledger = Ledger(clock)
        self._directory = directory_of(universe, plan.topics)
        self._by_key: dict[str, Connection] = {}
        self._open: set[Connection] = set()
        self._leaving: list[tuple[float, Connection]] = []
        self._pinged_at = clock.monotonic()
        self._stragglers = Stragglers()
        self._spread = spread_of(universe.traits)
        self._band_width, self._band_phase = width_of(universe.traits), phase_of(universe.traits)
        self._halts: list[Halt] = []
        self._halts_of: TradingDay | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection from upgrade to end."""
        transport = request.transport
        self.ledger.note("connect")
        if transport is None or self._mischief.strikes("unreachable"):
            if transport is not None:
                reset(transport)
            return web.Response(status=500)
        socket = web.WebSocketResponse(compress=False, autoping=False)
        await socket.prepare(request)
        connection = self.connection(transport)
        self._open.add(connection)
        try:
            await self._converse(socket, connection)
        finally:
            self._open.discard(connection)
        return socket

    def connection(self, transport: asyncio.Transport) -> Connection:
        """A new peer that holds nothing yet."""
        return Connection(transport, Subscriptions(self._directory), self._patience.buffer_bytes, self._mischief)

    def admit(self, key: str, connection: Connection) -> None:
        """Let a peer in, and whoever had the key out."""
        oldest = self._by_key.get(key)
        if oldest is not None:
            oldest.end(EVICTED)
        self._by_key[key] = connection

    async def publish(self, tape: Tape, trades: Trades) -> None:
        """Send the second that just ended to its subscribers, encoding each event once."""
        if any(peer.held.channels for peer in self._by_key.values()):
            if self._halts_of is not tape.day:
                self._halts, self._halts_of = halts_of(tape.day), tape.day
            now = Nanos(tape.day.hours.pre_market_start + tape.second * NANOS)
            batches = []
            for batch in self._encoded(tape, trades):
                batches.append(batch)
                if len(batch.events) == events.EVENTS_PER_BATCH:
                    await asyncio.sleep(0)
            batches = self._stragglers.passed(self._mischief.counted(batches), now, self._mischief.habits())
            for peer in self._by_key.values():
                peer.deliver(batches)
        self.tend()

    def tend(self) -> None:
        """Do what is due without anything having traded: pings, kept answers, ends."""
        for peer in self._by_key.values():
            peer.say_postponed()
        now = self._clock.monotonic()
        if now - self._pinged_at >= PING_INTERVAL_S:
            self._pinged_at = now
            for connection in self._open:
                connection.ping()
        for end in self._mischief.ends() if self._open else ():
            for connection in self._open:
                connection.end(end)
        self._see_off(now)

    def held(self, key: str | None = None) -> frozenset[str]:
        """The channels that are sent to the holder of a key, or to anybody."""
        peers = [peer for of, peer in self._by_key.items() if key in (None, of)]
        return frozenset(channel for peer in peers for channel in peer.held.channels)

    def abort(self) -> None:
        """Cut every connection."""
        for connection in self._open:
            connection.reset(hard=False)

    def _encoded(self, tape: Tape, trades: Trades) -> Iterator[Batch]:
        """The second's events that somebody holds: trades before quotes, both before the bars they make."""
        universe = self._universe
        seconds, minutes, prints, quotes, limits = (
            self._wanted(topic)
            for topic in (events.SECOND_BARS, events.MINUTE_BARS, events.TRADES, events.QUOTES, events.LIMITS)
        )
        if limits is not None:
            due = due_for_bands(universe.traits, self._band_phase, tape)
            halts = [halt for halt in self._halts if limits[halt.row]]
            unit = self._mischief.nanos_per_unit()
            yield from events.limits(universe, tape, due[limits[due]], self._band_width, halts, unit)
        if prints is not None:
            yield from events.trade_prints(universe, tape, trades.take(prints[trades.rows]))
        if quotes is not None:
            yield from events.last_quotes(universe, tape, trades.take(quotes[trades.rows]), self._spread)
        if seconds is not None:
            yield from events.second_bars(universe, tape, trades.take(seconds[trades.rows]))
        if minutes is not None:
            yield from events.minute_bars(universe, tape, minutes)

    def _wanted(self, topic: str) -> Bools | None:
        """Which rows of a topic anybody holds."""
        masks = [mask for peer in self._by_key.values() if (mask := peer.held.mask(topic)) is not None]
        return functools.reduce(np.logical_or, masks) if masks else None

    def _see_off(self, now: float) -> None:
        """Cut those that were told to go some seconds ago."""
        known = {connection for _, connection in self._leaving}
        for connection in self._open - known:
            if connection.leaving is not None:
                self._leaving.append((now + LINGER_S, connection))
                log.warning("simulated_subscriber_dismissed", why=connection.leaving.why)
        for deadline, connection in self._leaving:
            if deadline <= now:
                connection.reset(hard=False)
        self._leaving = [each for each in self._leaving if each[0] > now and each[1] in self._open]

    async def _converse(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        if self._mischief.strikes("early_ping"):
            connection.ping()
        if not self._mischief.strikes("ungreeted"):
            connection.say(_CONNECTED)
        if self._mischief.strikes("cut_before_auth"):
            connection.reset()
            return
        key = await self._authenticated(socket, connection)
        if key is None:
            return
        self.admit(key, connection)
        try:
            connection.say(_AUTHENTICATED)
            if self._mischief.strikes("cut_after_auth"):
                connection.reset()
            while (request := await _request(socket, connection)) is not None:
                self._answer(connection, request)
        finally:
            if self._by_key.get(key) is connection:
                del self._by_key[key]

    async def _authenticated(self, socket: web.WebSocketResponse, connection: Connection) -> str | None:
        """Wait for the key; drop the connection without a close frame if it is wrong or does not come."""
        try:
            async with asyncio.timeout(self._patience.auth_timeout_s):
                while (request := await _request(socket, connection)) is not None:
                    if request.get("action") != "auth":
                        connection.say(NOT_AUTHORIZED)
                    elif not self._mischief.strikes("auth_timeout"):
                        return self._checked(connection, str(request.get("params", "")))
        except TimeoutError:
            connection.refuse(_AUTH_TIMEOUT)
        return None

    def _checked(self, connection: Connection, key: str) -> str | None:
        refusal = self._refusal(key) or self._mischief.refusal()
        if refusal is None:
            return key
        connection.refuse(refusal)
        return None

    def _refusal(self, key: str) -> Status | None:
        if self._key is not None and not hmac.compare_digest(key.encode(), self._key.encode()):
            return AUTH_FAILED
        return None if self._plan.topics else NO_STREAM_PLAN

    def _answer(self, connection: Connection, request: dict[str, Any]) -> None:
        action = str(request.get("action"))
        channels = [channel.strip() for channel in str(request.get("params", "")).split(",")]
        self.ledger.note(action, channels)
        answers = connection.held.changed(action, self._mischief.heard(channels))
        connection.answer(self._mischief.answers(answers))


async def _request(socket: web.WebSocketResponse, connection: Connection) -> dict[str, Any] | None:
    """The peer's next request; what is no JSON object asks for nothing. None: it is gone."""
    while True:
        message = await socket.receive()
        if message.type in _ENDS:
            return None
        if message.type is WSMsgType.PING:
            connection.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            return _content(message.data)


def _content(text: str) -> dict[str, Any]:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}
