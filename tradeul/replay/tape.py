"""A recording as it is played: where it can begin, what is on it in order, decoded as the live client does.

`player` plays one. Whatever makes a file unfit is said in one line.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tradeul.domain.events import MarketImage, Nanos
from tradeul.errors import TradeulError
from tradeul.fetching.transport import feed_whole
from tradeul.polygon.rest import SNAPSHOT_PATH
from tradeul.polygon.wire import SnapshotDecoder
from tradeul.recording.format import Body
from tradeul.recording.reader import Item, Recording


class CannotReplay(TradeulError):
    """A recording can be read, but not be played."""


class Tape:
    """One recording, open. Its own clock and market are in its header."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.path = path
        self.recording = Recording(path)
        self.header = self.recording.header
        self._previous: MarketImage | None = None
        try:
            self.states: Sequence[Nanos] = self.recording.states()
            if not self.states:
                raise CannotReplay(self._why_not())
            self.ends = self.recording.ends()
        except TradeulError:
            self.close()
            raise

    def close(self) -> None:
        self.recording.close()

    def state_before(self, at: Nanos | None) -> Nanos:
        """When the last whole state before a moment was kept, or else the first."""
        return max((state for state in self.states if at is not None and state <= at), default=self.states[0])

    def items(self, state: Nanos) -> Iterator[Item]:
        """All that is on it from a whole state on."""
        return self.recording.items_since_state(state)

    async def image(self, body: Body) -> MarketImage | None:
        """Decode a snapshot; None for any other answer. Raises `SnapshotRefused` like the live client."""
        if body.source != SNAPSHOT_PATH:
            return None
        decoder = SnapshotDecoder(self._previous)
        await feed_whole(decoder, body.content)
        self._previous = image = decoder.finish(body.arrived, simulated=False)
        return image

    def _why_not(self) -> str:
        if self.header.version < 2:  # noqa: PLR2004  # the first with steps and states
            return "this recording was made by an older version, which kept no steps: it can be read, but not played"
        return "this recording holds no whole state to begin with: it ended before the first, or that is damaged"
