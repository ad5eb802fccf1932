"""The frames of one list's newest state, and of one symbol's, each encoded once and shared by all viewers.

Kept until the next state: of a list one snapshot, and one frame for each sequence that some viewer is still at.
"""

from collections import Counter

from tradeul.domain.deltas import Times, checksum, diff
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.fields import LIVE_FIELDS
from tradeul.engine.channels import Channel
from tradeul.web import protocol
from tradeul.web.protocol import Recovery, text_frame

Values = tuple[object, ...]
"""Of the live fields, in their order."""


class ListFrames:
    def __init__(self, epoch: str, channel: Channel) -> None:
        self.state = channel.state
        self._name = channel.scan.name
        self._epoch = epoch
        self._channel = channel
        self._snapshot: bytes | None = None
        self._since: dict[int, bytes] = {}
        self._checksum: int | None = None
        self.made: Counter[str] = Counter()
        """Frames by kind, for the metrics."""
        self.told: Counter[str] = Counter()
        """Changes by action, of the steps that viewers who keep up were told."""

    def advance(self) -> None:
        """Turn to the channel's newest state; until then every frame is of the one before."""
        if self.state is self._channel.state:
            return
        self.state = self._channel.state
        self._snapshot = None
        self._since.clear()
        self._checksum = None

    @property
    def sequence(self) -> int:
        return self.state.sequence

    def since(self, sequence: int | None) -> bytes:
        """Give the frame that leads from a sequence, or from nothing, to the newest state."""
        if sequence is None:
            return self._whole()
        frame = self._since.get(sequence)
        if frame is None:
            frame = self._since[sequence] = self._best(sequence)
        return frame

    def recovery(self, epoch: str | None, sequence: int | None) -> Recovery:
        """Tell what a viewer needs that says it holds `sequence` of `epoch`."""
        if epoch is None or sequence is None:
            return "new"
        if epoch != self._epoch:
            return "other_epoch"
        if sequence == self.sequence:
            return "current"
        return "too_far_behind" if self.since(sequence) is self._whole() else "caught_up"

    def checksum(self) -> int:
        if self._checksum is None:
            self._checksum = checksum(self.state)
        return self._checksum

    def _whole(self) -> bytes:
        if self._snapshot is None:
            self.made["snapshot"] += 1
            self._snapshot = text_frame(protocol.snapshot(self._name, self._epoch, self.state))
        return self._snapshot

    def _best(self, sequence: int) -> bytes:
        """Make a delta, or take the snapshot: when the old state is gone, has other columns, or catching up is longer.

        The step from the state just before is always a delta, so that viewers who keep up see who entered and left.
        A list that went from A to B and back differs from itself in nothing but the sequence; a delta is never empty,
        so that too takes a snapshot.
        """
        old, new = self._channel.at(sequence), self.state
        if old is None or old.columns != new.columns:
            return self._whole()
        changes = diff(old.rows, new.rows, new.columns)
        if not changes:
            return self._whole()
        frame = text_frame(protocol.delta(self._name, self._epoch, sequence, new, changes))
        self.made["delta"] += 1
        late = sequence < new.sequence - 1
        if not late:
            self.told.update(change["action"] for change in changes)
        return self._whole() if late and len(frame) > len(self._whole()) else frame


class Sight:
    """One symbol as it was when the board was known for `at`. Immutable, but for its frame, made when asked for."""

    __slots__ = ("_frame", "at", "symbol", "times", "values")

    def __init__(self, symbol: Symbol, at: Nanos, values: Values, times: Times | None = None) -> None:
        self.symbol = symbol
        self.at = at
        self.values = values
        self.times = times
        self._frame: bytes | None = None

    def differs(self, other: "Sight | None") -> bool:
        """Tell whether it shows anything else; a symbol that moved and came back does not."""
        return other is not self and (other is None or other.values != self.values)

    def frame(self) -> bytes:
        """The frame that tells about it, the same for everybody."""
        if self._frame is None:
            values = dict(zip(LIVE_FIELDS, self.values, strict=True))
            self._frame = text_frame(protocol.aggregate(self.symbol, self.at, values, self.times))
        return self._frame
