"""What is said on one WebSocket connection to the vendor, from its greeting to its end, without I/O.

`stream` reports every frame through `hear` and asks `next_words` what to send, no later than at `due_at`. All times
are monotonic seconds. What was confirmed belongs to this connection alone: a new one starts with nothing confirmed,
and the same difference between wanted and confirmed heals everything.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tradeul.domain.events import LiveEvents
from tradeul.domain.subscription_plan import plan
from tradeul.polygon.backoff import Ending
from tradeul.polygon.frames import (
    BANDS,
    MINUTES,
    QUOTES,
    SECONDS,
    TRADES,
    Channel,
    Frame,
    StatusMessage,
    channel_of,
    encode_auth,
    encode_subscribe,
    encode_unsubscribe,
)

CONFIRMATION: Final = "subscribed to: "
END_OF_IT: Final = "unsubscribed to: "
EVERYTHING: Final = "*"

MOST_RENEWALS: Final = 2
"""So often is a topic of the whole market asked for again on one connection, then it is taken as refused: the vendor's
`not authorized` does not say what it means."""
MOST_GOODBYES: Final = 3
"""So often an unsubscription is said that nobody confirms: the vendor is silent on what it does not hold."""

_VERDICTS: Final = {
    "auth_timeout": Ending.REFUSED,
    "max_connections": Ending.KEY_IN_USE,
    "slow_consumer": Ending.DROPPED,
    "force_disconnect": Ending.DROPPED,
}
_OF_THE_PLAN: Final = ("plan", "entitled", "upgrade", "real-time", "real time", "realtime")
"""Words in a refused authentication that do not blame the key."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast we talk and how long we wait, in seconds."""

    batch_channels: int = 50
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

    def __init__(self, api_key: str, pace: Pace, desired: frozenset[Channel], now: float) -> None:
        self._api_key = api_key
        self._pace = pace
        self._desired = desired
        self._started_at = now
        self._last_batch_at = -math.inf
        self._quiet_until = now
        self._left: dict[Channel, float] = {}
        self._goodbyes: Counter[Channel] = Counter()
        """Of what was left and not confirmed to be over: how often it was said."""
        self._asked: Counter[Channel] = Counter()
        self.stage = Stage.CONNECTED
        self.live_since = math.inf
        self.confirmed: set[Channel] = set()
        self.pending: dict[Channel, float] = {}
        """Asked for and not answered: when."""
        self.refused: set[Channel] = set()
        """Topics of the whole market that the vendor does not give us; not asked for again on this connection."""
        self.verdict: Ending | None = None
        """Set once there is nothing more to be said."""
        self.said_last = ""
        """The vendor's last words that were no success."""

    def want(self, channels: frozenset[Channel]) -> None:
        """Follow these channels from now on."""
        self._desired = channels
        self._look_again()

    def hear(self, frame: Frame, now: float) -> None:
        """Take in what the vendor sent."""
        for status in frame.statuses:
            self._hear_status(status, now)
        for channel in _channels_in(frame.events):
            if channel not in self.confirmed:
                self._hear_data(channel, now)

    def end(self, why: str) -> None:
        """Say no more: what is known elsewhere shows that this connection is dead."""
        self.said_last, self.verdict = why, self.verdict or Ending.DROPPED

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
        size, patience_s = self._pace.batch_channels, self._pace.answer_within_s
        self._give_up(now)
        commands = plan(self._desired - self.refused, self.confirmed, self.pending, now, patience_s)
        self._last_batch_at = now
        self._look_again()
        if batch := commands.subscribe[:size]:
            self._settle(batch)
            self.pending.update(dict.fromkeys(batch, now))
            self._asked.update(filter(is_of_everything, batch))
            return encode_subscribe(batch)
        if batch := commands.renew[:size]:
            # Taken back now, and no longer pending, so that the next batch asks for them again.
            self._forget(batch)
            return encode_unsubscribe(batch)
        if batch := (commands.unsubscribe or self._unheard(now))[:size]:
            self._forget(batch)
            self._leave(batch, now)
            return encode_unsubscribe(batch)
        asked_at = (*self.pending.values(), *(self._left[channel] for channel in self._goodbyes))
        self._quiet_until = min(asked_at, default=math.inf) + patience_s
        return None

    def _leave(self, channels: tuple[Channel, ...], now: float) -> None:
        self._left.update(dict.fromkeys(channels, now))
        self._goodbyes.update(channels)

    def _unheard(self, now: float) -> tuple[Channel, ...]:
        """What was left and not confirmed in time, and may be held still."""
        late = [each for each in self._goodbyes if now - self._left[each] >= self._pace.answer_within_s]
        self._settle([each for each in late if self._goodbyes[each] >= MOST_GOODBYES])
        return tuple(sorted(each for each in late if each in self._goodbyes))

    def _settle(self, channels: Iterable[Channel]) -> None:
        """Wait no more for a word that these are over."""
        for channel in channels:
            self._goodbyes.pop(channel, None)

    def _give_up(self, now: float) -> None:
        """Take those as refused that were asked for often enough; it needs no taking back, as nothing was given."""
        for channel, times in self._asked.items():
            asked_at = self.pending.get(channel, math.inf)
            if times > MOST_RENEWALS and now - asked_at >= self._pace.answer_within_s:
                del self.pending[channel]
                self.refused.add(channel)

    def _look_again(self) -> None:
        self._quiet_until = self._last_batch_at + self._pace.batch_gap_s

    def _forget(self, channels: tuple[Channel, ...]) -> None:
        self.confirmed.difference_update(channels)
        for channel in channels:
            self.pending.pop(channel, None)

    def _hear_status(self, status: StatusMessage, now: float) -> None:
        match status.status:
            case "connected" if self.stage is Stage.CONNECTED:
                self.stage = Stage.GREETED
            case "auth_success" if self.stage is Stage.AUTHENTICATING:
                self._be_live(now)
            case "success" if status.message.startswith(CONFIRMATION):
                for channel in _channels_named(status.message.removeprefix(CONFIRMATION)):
                    self._hear_confirmation(channel)
            case "success" if status.message.startswith(END_OF_IT):
                self._settle(_channels_named(status.message.removeprefix(END_OF_IT)))
            case "success" if status.message == "authenticated" and self.stage is Stage.AUTHENTICATING:
                self._be_live(now)
            case "connected" | "auth_success" | "success":
                pass
            case other:
                said = f"{other}: {status.message}"
                self.said_last = said.replace(self._api_key, "***") if self._api_key else said
                self.verdict = self.verdict or _verdict(other, status.message)

    def _be_live(self, now: float) -> None:
        self.stage = Stage.LIVE
        self.live_since = self._quiet_until = now

    def _hear_confirmation(self, channel: Channel) -> bool:
        """Whether it was waited for: late words about what was taken back since confirm nothing."""
        if self.pending.pop(channel, None) is None and channel not in self.refused:
            return False
        self.refused.discard(channel)
        self.confirmed.add(channel)
        return True

    def _hear_data(self, channel: Channel, now: float) -> None:
        """Data is a confirmation too, and of what nobody wants a sign that the vendor holds it still."""
        if self._hear_confirmation(channel) or channel in self._desired:
            return
        whole = channel_of(channel.partition(".")[0], EVERYTHING)
        if whole in self.confirmed or self._hear_confirmation(whole) or whole in self._desired:
            return
        if now - max(self._left.get(channel, -math.inf), self._left.get(whole, -math.inf)) < self._pace.answer_within_s:
            return
        self.confirmed.add(whole if whole in self._left else channel)
        self._look_again()


def is_of_everything(channel: Channel) -> bool:
    """Whether the channel brings a topic of the whole market."""
    return channel.endswith("." + EVERYTHING)


def _verdict(status: str, message: str) -> Ending | None:
    if status != "auth_failed":
        return _VERDICTS.get(status)
    said = message.lower()
    return Ending.NOT_IN_PLAN if any(word in said for word in _OF_THE_PLAN) else Ending.NOT_LET_IN


def _channels_named(text: str) -> Iterator[Channel]:
    return (Channel(channel.strip()) for channel in text.split(","))


def _channels_in(events: LiveEvents) -> Iterator[Channel]:
    """The channels that brought these events, or would have if they had not come by one of the whole market."""
    yield from (channel_of(SECONDS, each.symbol) for each in events.seconds)
    yield from (channel_of(MINUTES, each.symbol) for each in events.minutes)
    yield from (channel_of(TRADES, each.symbol) for each in events.trades)
    yield from (channel_of(QUOTES, each.symbol) for each in events.quotes)
    yield from (channel_of(BANDS, each.symbol) for each in events.bands)
