"""The state machine of one list, without a socket: what is held, whether it is live, and what must be asked.

Pure; stepped by `conversation`.
"""

from typing import Final

from tradeul.client.rankings import Message, OutOfStep, Rankings

ANSWER_S: Final = 5.0
MOST_HEARTBEATS_AHEAD: Final = 2


class ListSync:
    """Keeps one list's rankings right. Each step returns the message to send, or nothing.

    `live` means that the rankings equal the server's; while it is false, only an answer to what was asked counts.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rankings = Rankings()
        self.live = False
        self.unanswered = 0
        self._subscribed = False
        """The server said so on this connection; until then there is nothing it would send anew."""
        self._resyncing = False
        self._asked_at = 0.0
        self._ahead = 0

    def subscription(self, now: float) -> Message:
        self.unanswered = 0
        self._ahead = 0
        self.disconnect()
        return self._subscribe(now)

    def disconnect(self) -> None:
        """Without a connection nothing is live, and nothing is under way."""
        self.live = False
        self._subscribed = False
        self._resyncing = False

    def subscribed(self, *, recovered: bool) -> None:
        """The server says whether what we hold is enough to go on from."""
        self._subscribed = True
        if recovered and not self._resyncing:
            self._settle()

    def step(self, message: Message, now: float) -> Message | None:
        """Take a message about this list, or a heartbeat."""
        kind = message["type"]
        if kind == "heartbeat":
            return self._heartbeat(message, now)
        if kind == "snapshot":
            return self._snapshot(message, now)
        if kind == "delta":
            return self._delta(message, now)
        return None

    def overdue(self, now: float) -> Message | None:
        """Ask again for what was not answered in time; asked at every message, of which heartbeats bring enough."""
        if self.live or now - self._asked_at < ANSWER_S:
            return None
        self.unanswered += 1
        return self._resync(now) if self._subscribed else self._subscribe(now)

    def _snapshot(self, message: Message, now: float) -> Message | None:
        held = self.rankings
        if message["epoch"] == held.epoch and message["sequence"] < held.sequence:
            return None
        try:
            held.replace(message)
        except OutOfStep:
            return self._resync(now) if self.live else None
        self._settle()
        return None

    def _delta(self, message: Message, now: float) -> Message | None:
        held = self.rankings
        same_epoch = message["epoch"] == held.epoch
        if self._resyncing or (same_epoch and message["sequence"] <= held.sequence):
            return None
        if not self.live and not (same_epoch and message["prev"] == held.sequence):
            return None
        try:
            held.apply(message)
        except OutOfStep:
            return self._resync(now)
        self._settle()
        return None

    def _heartbeat(self, message: Message, now: float) -> Message | None:
        if not self.live:
            return None
        held, theirs = self.rankings, message["sequences"].get(self.name)
        same_epoch = message["epoch"] == held.epoch
        # A list that is not named is not followed: the server knows nothing of what we take for live.
        in_step = same_epoch and theirs is not None and theirs <= held.sequence
        self._ahead = 0 if in_step else self._ahead + 1
        if self._ahead >= MOST_HEARTBEATS_AHEAD:
            return self.subscription(now) if theirs is None else self._resync(now)
        if same_epoch and theirs == held.sequence and message["checksums"][self.name] != held.checksum():
            return self._resync(now)
        return None

    def _subscribe(self, now: float) -> Message:
        self._asked_at = now
        return self._request("subscribe_list")

    def _resync(self, now: float) -> Message:
        self.live = False
        self._resyncing = True
        self._asked_at = now
        return self._request("resync")

    def _request(self, action: str) -> Message:
        held = self.rankings
        known = {} if held.epoch is None else {"epoch": held.epoch, "last_sequence": held.sequence}
        return {"action": action, "list": self.name, **known}

    def _settle(self) -> None:
        self.live = True
        self._subscribed = True
        self._resyncing = False
        self.unanswered = 0
        self._ahead = 0
