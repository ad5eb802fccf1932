"""What is said on one WebSocket connection to the vendor, from its greeting to its end, without I/O.

`stream` reports every frame through `hear` and asks `next_words` what to send, no later than at `due_at`. All times
are monotonic seconds. What was confirmed belongs to this connection alone: a new one starts with nothing confirmed,
and the same difference between wanted and confirmed heals everything.
"""

import math
from dataclasses import dataclass
from enum import Enum, auto

from tradeul.domain.events import Symbol
from tradeul.domain.subscription_plan import plan
from tradeul.polygon.backoff import Ending
from tradeul.polygon.frames import (
    CHANNEL,
    Frame,
    StatusMessage,
    encode_auth,
    encode_subscribe,
    encode_unsubscribe,
)

CONFIRMATION = "subscribed to: "

_VERDICTS = {
    "auth_failed": Ending.NOT_LET_IN,
    "auth_timeout": Ending.REFUSED,
    "max_connections": Ending.KEY_IN_USE,
    "slow_consumer": Ending.DROPPED,
    "force_disconnect": Ending.DROPPED,
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast we talk and how long we wait, in seconds."""

    batch_symbols: int = 50
    batch_gap_s: float = 0.3
    answer_within_s: float = 10.0
    """A subscription that was not confirmed by then is asked for again."""
    let_in_within_s: float = 10.0
    ping_every_s: float = 20.0
    pong_within_s: float = 20.0


class Stage(Enum):
    """How far the conversation has come."""

    CONNECTED = auto()
    GREETED = auto()
    AUTHENTICATING = auto()
    LIVE = auto()


class Conversation:
    """One connection's state."""

    def __init__(self, api_key: str, pace: Pace, desired: frozenset[Symbol], now: float) -> None:
        self._api_key = api_key
        self._pace = pace
        self._desired = desired
        self._started_at = now
        self._last_batch_at = -math.inf
        self._quiet_until = now
        self._left: dict[Symbol, float] = {}
        self.stage = Stage.CONNECTED
        self.live_since = math.inf
        self.confirmed: set[Symbol] = set()
        self.pending: dict[Symbol, float] = {}
        """Asked for and not answered: when."""
        self.verdict: Ending | None = None
        """Set once there is nothing more to be said."""
        self.said_last = ""
        """The vendor's last words that were no success."""

    def want(self, symbols: frozenset[Symbol]) -> None:
        """Follow these symbols from now on."""
        self._desired = symbols
        self._look_again()

    def hear(self, frame: Frame, now: float) -> None:
        """Take in what the vendor sent."""
        for status in frame.statuses:
            self._hear_status(status, now)
        for bar in frame.bars:
            if bar.symbol not in self.confirmed:
                self._hear_symbol(bar.symbol, now)

    def due_at(self) -> float:
        """When `next_words` may have something to say, if nothing is heard before."""
        if self.stage is Stage.LIVE:
            return self._quiet_until
        return -math.inf if self.stage is Stage.GREETED else self._started_at + self._pace.let_in_within_s

    def next_words(self, now: float) -> str | None:
        """The next message to send, if one is due."""
        if self.stage is Stage.GREETED:
            self.stage = Stage.AUTHENTICATING
            return encode_auth(self._api_key)
        if self.stage is not Stage.LIVE:
            if now >= self.due_at():
                self.verdict = self.verdict or Ending.REFUSED
            return None
        return self._next_batch(now) if now >= self._quiet_until else None

    def _next_batch(self, now: float) -> str | None:
        size, patience_s = self._pace.batch_symbols, self._pace.answer_within_s
        commands = plan(self._desired, self.confirmed, self.pending, now, patience_s)
        self._last_batch_at = now
        self._look_again()
        if batch := commands.subscribe[:size]:
            self.pending.update(dict.fromkeys(batch, now))
            return encode_subscribe(batch)
        if batch := commands.renew[:size]:
            # Taken back now, and no longer pending, so that the next batch asks for them again.
            self._forget(batch)
            return encode_unsubscribe(batch)
        if batch := commands.unsubscribe[:size]:
            self._forget(batch)
            self._left.update(dict.fromkeys(batch, now))
            return encode_unsubscribe(batch)
        self._quiet_until = min(self.pending.values(), default=math.inf) + patience_s
        return None

    def _look_again(self) -> None:
        self._quiet_until = self._last_batch_at + self._pace.batch_gap_s

    def _forget(self, symbols: tuple[Symbol, ...]) -> None:
        self.confirmed.difference_update(symbols)
        for symbol in symbols:
            self.pending.pop(symbol, None)

    def _hear_status(self, status: StatusMessage, now: float) -> None:
        match status.status:
            case "connected" if self.stage is Stage.CONNECTED:
                self.stage = Stage.GREETED
            case "auth_success" if self.stage is Stage.AUTHENTICATING:
                self._be_live(now)
            case "success" if status.message.startswith(CONFIRMATION):
                for channel in status.message.removeprefix(CONFIRMATION).split(","):
                    self._hear_confirmation(channel.strip())
            case "success" if status.message == "authenticated" and self.stage is Stage.AUTHENTICATING:
                self._be_live(now)
            case "connected" | "auth_success" | "success":
                pass
            case other:
                self.said_last = f"{other}: {status.message}".replace(self._api_key, "***")
                self.verdict = self.verdict or _VERDICTS.get(other)

    def _be_live(self, now: float) -> None:
        self.stage = Stage.LIVE
        self.live_since = self._quiet_until = now

    def _hear_confirmation(self, channel: str) -> None:
        symbol = Symbol(channel.removeprefix(CHANNEL))
        # Late words about what was taken back since confirm nothing.
        if channel.startswith(CHANNEL) and self.pending.pop(symbol, None) is not None:
            self.confirmed.add(symbol)

    def _hear_symbol(self, symbol: Symbol, now: float) -> None:
        """Data is a confirmation too, and of a symbol that nobody wants a sign that the vendor holds it still."""
        if self.pending.pop(symbol, None) is not None:
            self.confirmed.add(symbol)
        elif symbol not in self._desired and now - self._left.get(symbol, -math.inf) >= self._pace.answer_within_s:
            self.confirmed.add(symbol)
            self._look_again()
