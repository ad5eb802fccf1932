"""What is said on one WebSocket connection to the vendor, from its greeting to its end, without I/O.

`stream` reports every frame through `hear` and asks `next_words` what to send, no later than at `due_at`. All times
are monotonic seconds. What was confirmed belongs to this connection alone: a new one starts with nothing confirmed,
and the same difference between wanted and confirmed heals everything.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tradeul.domain.events import LiveEvents
from tradeul.domain.subscription_plan import Subscriptions
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

BEGUN: Final = "subscribed to: "
ENDED: Final = "unsubscribed to: "
EVERYTHING: Final = "*"

MOST_RENEWALS: Final = 2
"""So often is a topic of the whole market asked for again on one connection, then it is taken as refused: the vendor's
`not authorized` does not say what it means."""

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
        self._held = Subscriptions[Channel](pace.answer_within_s, pace.batch_channels)
        self._asked: Counter[Channel] = Counter()
        self._given: set[Channel] = set()
        """Topics of which something came or was promised, each by its channel of the whole market."""
        self.stage = Stage.CONNECTED
        self.live_since = math.inf
        self.requests = 0
        """How many we sent for channels."""
        self.refused: set[Channel] = set()
        """Topics that the vendor does not give us, by their channels of the whole market; not asked for again here."""
        self.verdict: Ending | None = None
        """Set once there is nothing more to be said."""
        self.said_last = ""
        """The vendor's last words that were no success."""

    @property
    def confirmed(self) -> AbstractSet[Channel]:
        """What is known to come."""
        return self._held.confirmed

    @property
    def pending(self) -> Mapping[Channel, float]:
        """What was asked for and not answered: when."""
        return self._held.pending

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
        self._give_up(now)
        wanted = {each for each in self._desired if _whole(each) not in self.refused} if self.refused else self._desired
        request = self._held.next_request(wanted, now)
        self._last_batch_at = now
        if request is None:
            self._quiet_until = self._held.overdue_at()
            return None
        self._look_again()
        self.requests += 1
        if not request.wanted:
            return encode_unsubscribe(request.items)
        self._asked.update(request.items)
        return encode_subscribe(request.items)

    def _give_up(self, now: float) -> None:
        """Take topics as refused that were asked for often enough; it needs no taking back, as nothing was given.

        One that is asked for symbol by symbol only if another was given: who never answers refuses nothing.
        """
        for channel, asked_at in list(self.pending.items()):
            if self._asked[channel] <= MOST_RENEWALS or now - asked_at < self._pace.answer_within_s:
                continue
            if is_of_everything(channel) or (self._given and _whole(channel) not in self._given):
                self.refused.add(_whole(channel))
        for channel in [each for each in self.pending if _whole(each) in self.refused]:
            self._held.give_up(channel)

    def _look_again(self) -> None:
        self._quiet_until = self._last_batch_at + self._pace.batch_gap_s

    def _hear_status(self, status: StatusMessage, now: float) -> None:
        match status.status:
            case "connected" if self.stage is Stage.CONNECTED:
                self.stage = Stage.GREETED
            case "auth_success" if self.stage is Stage.AUTHENTICATING:
                self._be_live(now)
            case "success" if status.message.startswith(BEGUN):
                for channel in _named(status.message.removeprefix(BEGUN)):
                    self._hear_confirmation(channel)
            case "success" if status.message.startswith(ENDED):
                for channel in _named(status.message.removeprefix(ENDED)):
                    if self._held.hear_ended(channel, now):
                        self._look_again()
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
        """Whether it was waited for, or given up too early."""
        if _whole(channel) in self.refused and channel in self._desired:
            self.refused.discard(_whole(channel))
            self._held.hear_coming(channel)
            self._look_again()
        elif not self._held.hear_begun(channel):
            return False
        self._given.add(_whole(channel))
        return True

    def _hear_data(self, channel: Channel, now: float) -> None:
        """Data is a confirmation too, and of what nobody wants a sign that the vendor holds it still."""
        if self._hear_confirmation(channel) or channel in self._desired:
            return
        whole = _whole(channel)
        if whole in self.confirmed or self._hear_confirmation(whole) or whole in self._desired:
            return
        held = self._held
        if held.lately_taken_back(channel, now) or held.lately_taken_back(whole, now):
            return
        held.hear_coming(whole if held.was_taken_back(whole) else channel)
        self._look_again()


def _named(channels: str) -> Iterator[Channel]:
    return (Channel(each.strip()) for each in channels.split(","))


def _whole(channel: Channel) -> Channel:
    """The channel of the whole market of the same topic."""
    return channel_of(channel.partition(".")[0], EVERYTHING)


def is_of_everything(channel: Channel) -> bool:
    """Whether the channel brings a topic of the whole market."""
    return channel.endswith("." + EVERYTHING)


def _verdict(status: str, message: str) -> Ending | None:
    if status != "auth_failed":
        return _VERDICTS.get(status)
    said = message.lower()
    return Ending.NOT_IN_PLAN if any(word in said for word in _OF_THE_PLAN) else Ending.NOT_LET_IN


def _channels_in(events: LiveEvents) -> Iterator[Channel]:
    """The channels that brought these events, or would have if they had not come by one of the whole market."""
    yield from (channel_of(SECONDS, each.symbol) for each in events.seconds)
    yield from (channel_of(MINUTES, each.symbol) for each in events.minutes)
    yield from (channel_of(TRADES, each.symbol) for each in events.trades)
    yield from (channel_of(QUOTES, each.symbol) for each in events.quotes)
    yield from (channel_of(BANDS, each.symbol) for each in events.bands)
