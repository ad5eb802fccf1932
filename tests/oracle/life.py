"""One life of the server: the real channels, hub, viewers and reader, and what they ought to hold by a plain count."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tests.oracle.loop import HandClock, HandLoop
from tests.oracle.pipe import Frame, Pipe
from tests.support.raw import HOST
from tests.support.web import NOON, StillView, no_aggregates
from tradeul.domain.deltas import Row
from tradeul.domain.events import Symbol
from tradeul.domain.scans import Scan
from tradeul.domain.session import Moment
from tradeul.engine.channels import Channels
from tradeul.web.gate import Gate, Rules
from tradeul.web.hub import Hub
from tradeul.web.pace import Pace
from tradeul.web.protocol import CloseCode, bye, text_frame
from tradeul.web.routes.live import LiveLists
from tradeul.web.viewer import Viewer

SYMBOLS: Final = ("A", "BRK.B", "BACpL", "Z", "Ünï", "C")
COLUMNS: Final = (("name", "price", "volume_today"), ("price",), ("volume_today", "price"), ("name",))
PRICES: Final = (10.0, 10.0001, None, 0.5, 412.3456, -0.0)
WENT_AWAY: Final = 1_006

Wire = dict[str, Any]
Values = dict[str, Any]


class _StillMoment(StillView):
    """The moment never changes; asking the calendar at each tick would be most of the cost."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self._moment = super().moment()

    def moment(self) -> Moment:
        return self._moment


class Truth:
    """What every list held at every sequence, counted independently of `Channels`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, int], list[Wire]] = {}
        self.columns: dict[tuple[str, str, int], tuple[str, ...]] = {}
        self.superseded_at: dict[tuple[str, str, int], float] = {}
        self.newest: dict[str, int] = {}
        """Of the life that is, by list; also of lists that are no more."""

    def add(self, epoch: str, name: str, sequence: int, columns: tuple[str, ...], rows: list[Wire], now: float) -> None:
        before = self.newest.get(name)
        if before is not None:
            self.superseded_at[epoch, name, before] = now
        self.newest[name] = sequence
        self.rows[epoch, name, sequence] = rows
        self.columns[epoch, name, sequence] = columns

    def at(self, epoch: str | None, name: str, sequence: int) -> list[Wire] | None:
        return None if epoch is None else self.rows.get((epoch, name, sequence))


class Connection:
    """One socket between a client and this life."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pipe: Pipe
        self.viewer: Viewer
        self.pace: Pace
        self.served = True
        """The server's reader is still there."""
        self.vanished = False
        """Neither side hears of the other any more, and neither knows."""
        self.heard_at = 0.0
        """When it was last written to, or its client began to read."""
        self.following: dict[str, int | None] = {}
        """What the server has said of each list over it: the last sequence, None before the first state."""
        self.claims: dict[str, int] = {}


class Life:
    def __init__(self, epoch: str, scans: Mapping[str, Scan], clock: HandClock, loop: HandLoop, truth: Truth) -> None:
        self.epoch = epoch
        self.clock = clock
        self.loop = loop
        self.truth = truth
        self.channels = Channels(epoch, scans.values(), clock)
        self.hub = Hub(self.channels, clock, _StillMoment(clock), no_aggregates())
        self.live = LiveLists(self.hub, clock, 100, Gate(Rules(), HOST, clock))
        self.running = clock.run(self.hub.run())
        self.connections: list[Connection] = []
        """All there ever were."""
        self.rows: dict[str, list[tuple[str, Values]]] = {name: [] for name in scans}
        self._shared: dict[tuple[str, str], Row] = {}
        truth.newest.clear()
        for name, scan in scans.items():
            truth.add(epoch, name, 0, scan.columns, [], clock.monotonic())

    def accept(
        self, number: int, written: Callable[[Connection, bytes], None], arrived: Callable[[Frame], None],
        lost: Callable[[Connection], None],
    ) -> Connection:  # fmt: skip
        """Take a connection in; `lost` is told once when it is over for the client."""
        connection = Connection(number)
        self.connections.append(connection)

        def over() -> None:
            self.loop.call_soon(self._reader_ended, connection, WENT_AWAY)
            self.loop.call_soon(lost, connection)

        def come(frame: Frame) -> None:
            if frame.pings:
                # The client's own stack answers that too.
                self.loop.call_soon(self._heard, connection)
                return
            arrived(frame)
            if frame.code is not None:
                # The client's own stack answers the close frame, and the reader hears that.
                self.loop.call_soon(self._reader_ended, connection, frame.code)

        connection.heard_at = self.clock.monotonic()
        connection.pipe = Pipe(lambda data: written(connection, data), come, over)
        connection.viewer = self.hub.admit(connection.pipe)
        connection.pace = Pace(self.clock)
        self.hub.greet(connection.viewer)
        return connection

    def hear(self, connection: Connection, text: str) -> None:
        self._heard(connection)
        if connection.served and not connection.viewer.ended:
            self.live.hear(connection.viewer, text, connection.pace)

    def _heard(self, connection: Connection) -> None:
        connection.viewer.heard_at = self.clock.monotonic()

    def hang_up(self, connection: Connection, code: int) -> None:
        """The client closed, or its machine said that it is gone."""
        self.loop.call_soon(self._reader_ended, connection, code)

    def _reader_ended(self, connection: Connection, code: int) -> None:
        if connection.served:
            connection.served = False
            self.hub.leave(connection.viewer, code)

    def end(self) -> None:
        """Say goodbye to everybody, as `Hub.close` begins."""
        for viewer in list(self.hub.viewers):
            self.hub.end(viewer, CloseCode.RESTART, text_frame(bye("restart", 1_000)))

    def publish(self, rankings: Mapping[str, list[tuple[str, Values]]]) -> None:
        now = self.clock.monotonic()
        for name, rows in rankings.items():
            channel, columns = self.channels.by_name[name], self.channels.by_name[name].scan.columns
            self.rows[name] = rows
            shown = rows[: channel.scan.size]
            wire = [
                {"rank": rank, "symbol": symbol, **{column: values[column] for column in columns}}
                for rank, (symbol, values) in enumerate(shown, 1)
            ]
            sequence = self.truth.newest[name]
            if wire != self.truth.rows[self.epoch, name, sequence] or columns != channel.state.columns:
                self.truth.add(self.epoch, name, sequence + 1, columns, wire, now)
        made = {name: tuple(self._row(name, symbol, values) for symbol, values in self._cut(name)) for name in rankings}
        self.channels.publish(made, NOON // 1_000_000 + int(now * 1_000))
        for name in rankings:
            assert self.channels.by_name[name].state.sequence == self.truth.newest[name], "sequences count changes"

    def _cut(self, name: str) -> Sequence[tuple[str, Values]]:
        return self.rows[name][: self.channels.by_name[name].scan.size]

    def _row(self, name: str, symbol: str, values: Values) -> Row:
        """The same object for the same values, as the scanner shares rows between states."""
        columns = self.channels.by_name[name].scan.columns
        row = Row(Symbol(symbol), tuple(values[column] for column in columns))
        shared = self._shared.get((name, symbol))
        if shared == row:
            return shared
        self._shared[name, symbol] = row
        return row

    def define(self, scan: Scan) -> None:
        fresh = scan.name not in self.channels.by_name
        self.channels.define(scan)
        if fresh:
            self.rows[scan.name] = []
            last = self.truth.newest.get(scan.name)
            sequence = 0 if last is None else last + 1
            self.truth.add(self.epoch, scan.name, sequence, scan.columns, [], self.clock.monotonic())
            assert self.channels.by_name[scan.name].state.sequence == sequence, "a name that is used again counts on"
