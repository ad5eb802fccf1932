"""Alerts: looks at every rule after each scan, decides what rings, tells it, and remembers what was decided and why.

The pipeline calls `look` after `Visits` has looked; both return at once. However many symbols do something in one
moment, one look decides about a bounded number and tells fewer; the rest is counted, and remembered as a storm.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tradeul.clock import Clock
from tradeul.domain.alerts import STORM, Alert, Room, Rung
from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.events import Ints, ListEvent, Nanos, Symbol
from tradeul.domain.session import NANOS, Session, TradingCalendar, moment_at
from tradeul.engine.alert_book import AlertBook
from tradeul.engine.alert_rules import Members, Rule, Sight
from tradeul.engine.channels import Channels
from tradeul.engine.ports import Chronicle, RingingState

REMEMBERED: Final = 1_000
SETTLING_NS: Final = 60 * NANOS
"""After the start, so long, averages and usual volumes become known: that is no news of the market."""
SWEEP_S: Final = 5.0
"""Within so long every rule is looked at with every row, as not all that changes is a price, a volume or a time."""
MOST_SWEPT: Final = 20
"""Rules at one look: about a millisecond."""
BURST: Final = 100
PER_SECOND: Final = 10.0
"""How much all rules together may tell; an hour of it fits the webhooks' outbox."""
DECIDED_AT_ONCE: Final = 300
"""About three milliseconds, in the worst of storms."""
DECIDED_PER_RULE: Final = 40
NAMED_IN_A_STORM: Final = 10
LONGEST_COOLDOWN_NS: Final = 86_400 * NANOS
MOST_REPEATS: Final = 50_000

_WATCHED: Final = ("updated", "price", "volume_today", "halted")
"""Where one of these changed, a row is looked at."""
_TOLD: Final = ("price", "change_percent", "rvol", "volume_today")

Entries = dict[Symbol, ListEvent]


class Alerts:
    """Steps the rules of the book. `rang` is told each alert that rings."""

    def __init__(
        self,
        book: AlertBook,
        channels: Channels,
        board: Board,
        calendar: TradingCalendar,
        clock: Clock,
        chronicle: Chronicle | None = None,
    ) -> None:
        self.book = book
        self.decisions: deque[Alert] = deque(maxlen=REMEMBERED)
        """What rang and what did not, the newest last."""
        self.rang: Callable[[Alert], None] = lambda _alert: None
        self.changes = 0
        """How often something happened that must survive a restart."""
        self._channels = channels
        self._board = board
        self._calendar = calendar
        self._clock = clock
        self._chronicle = chronicle
        self._rung = Rung()
        self._room = Room(BURST, PER_SECOND)
        self._last_id = 0
        self._members: dict[str, Members] = {}
        self._seen = Watched(board)
        self._entered: list[ListEvent] = []
        self._repeats: dict[tuple[str, Symbol], str] = {}
        """Why a rule was silent for a symbol last: the same again is counted, and not remembered anew."""
        self._began: Nanos | None = None
        self._as_of = Nanos(0)
        self._day_began = Nanos(0)
        self._session = Session.CLOSED
        self._next_swept = 0.0
        self._undecided = 0

    def heard(self, events: Sequence[ListEvent]) -> None:
        """Take who came and went; the next look deals with it."""
        lists = {rule.list for rule in self.book if rule.list}
        self._entered += [event for event in events if event.list in lists and event.event != "peak"]

    def look(self, as_of: Nanos) -> None:
        """See what rings. Called up to 10x/s: with 100 rules 0.4 ms if nothing happens, 3 ms if 200 rows change."""
        swept = self._swept(as_of)
        self._turn_to(as_of)
        rules = [rule for rule in self.book if rule.state == "on"]
        members = self._look_at_lists()
        settling = as_of - (self._began or as_of) < SETTLING_NS
        sight = Sight(self._board, self._session.value, self._seen.changed(), members, settling=settling)
        self._undecided = DECIDED_AT_ONCE
        with np.errstate(divide="ignore", invalid="ignore"):
            for number, rule in enumerate(rules):
                self._deal_with(rule, rule.rose(sight, whole=number in swept), {})
            self._deal_with_entries(rules, sight)

    def state(self) -> RingingState:
        """What must survive a restart."""
        return RingingState(self._last_id, self._rung.all())

    def resume(self, state: RingingState, now: Nanos) -> None:
        """Go on from what was kept; of what is later than the market's present only the id counts."""
        self._last_id = state.last_id
        self._rung.resume(state.rung, now)
        for name, _, at in self._rung.all():
            rule = self.book.rules.get(name)
            if rule is not None:
                rule.last_fired = max(at, rule.last_fired or at)

    def _swept(self, as_of: Nanos) -> range | frozenset[int]:
        """Choose the rules that are looked at with every row this time: in turn, all of them within `SWEEP_S`."""
        count = sum(rule.state == "on" for rule in self.book)
        if not count:
            return frozenset()
        share = max(0.0, (as_of - self._as_of) / NANOS / SWEEP_S) * count
        first = int(self._next_swept)
        self._next_swept += min(share, count, MOST_SWEPT)
        last = int(self._next_swept)
        self._next_swept %= count
        return frozenset(number % count for number in range(first, last))

    def _turn_to(self, as_of: Nanos) -> None:
        moment = moment_at(self._calendar, as_of)
        self._session, self._as_of = moment.session, as_of
        self._began = as_of if self._began is None else self._began
        day_began = self._calendar.date_turn(moment.trading_date)
        if day_began != self._day_began:
            self._day_began = day_began
            self._rung.forget_before(Nanos(min(day_began, as_of - LONGEST_COOLDOWN_NS)))
            self._repeats.clear()

    def _look_at_lists(self) -> Mapping[str, Members]:
        by_name, wanted = self._channels.by_name, {rule.list for rule in self.book if rule.list}
        self._members = {
            name: self._members.get(name) or Members(by_name[name], self._board) for name in wanted if name in by_name
        }
        for name, members in self._members.items():
            members.look(by_name[name])
        return self._members

    def _deal_with_entries(self, rules: Sequence[Rule], sight: Sight) -> None:
        events, self._entered = self._entered, []
        if not events:
            return
        for rule in rules:
            entries = {event.symbol: event for event in events if rule.awaits(event)}
            if entries:
                rows = np.array([self._board.row_of[symbol] for symbol in entries], np.int64)
                self._deal_with(rule, rule.narrowed(rows, sight), entries)

    def _deal_with(self, rule: Rule, rows: Ints, entries: Entries) -> None:
        # While the market is closed its rows are only put in order.
        if not len(rows) or self._session is Session.CLOSED:
            return
        most = min(DECIDED_PER_RULE, self._undecided)
        if len(rows) > most:
            # Of many at once those matter most that most is traded of; what is unknown comes last.
            rows = rows[np.argsort(-self._board["dollar_volume"][rows], kind="stable")]
        self._undecided -= min(most, len(rows))
        told = self._decide(rule, rows[:most], entries)
        if told < len(rows):
            self._remember_storm(rule, rows[told:])

    def _decide(self, rule: Rule, rows: Ints, entries: Entries) -> int:
        """Decide about rows one by one, up to the first for which there is no room; how many that were."""
        columns = [self._board.values(name, rows) for name in _TOLD]
        now = self._clock.monotonic()
        for number, row in enumerate(rows.tolist()):
            symbol = self._board.symbols[row]
            why = self._rung.why_not(rule.name, rule.manners, symbol, self._as_of, self._day_began)
            if not why and not (rule.room.left(now) and self._room.left(now)):
                return number
            if not why or self._is_new(rule, symbol, why):
                values = dict(zip(_TOLD, (column[number] for column in columns), strict=True))
                self._tell(rule, self._alert(rule, symbol, why, values, entries.get(symbol)))
            rule.suppressed += bool(why)
        return len(rows)

    def _is_new(self, rule: Rule, symbol: Symbol, why: str) -> bool:
        if self._repeats.get((rule.name, symbol)) == why:
            return False
        if len(self._repeats) >= MOST_REPEATS:
            self._repeats.clear()
        self._repeats[rule.name, symbol] = why
        return True

    def _alert(
        self, rule: Rule, symbol: Symbol, why: str, values: Mapping[str, object], event: ListEvent | None
    ) -> Alert:
        members = self._members.get(rule.list or "")
        text = rule.text_of(symbol, event, members.title if members else rule.list or "")
        more = {} if event is None else {"rank": event.rank, "reason": event.reason}
        data = {"on": rule.occasion, **values, **more, "sound": rule.sound}
        return Alert(self._next_id(), self._as_of, rule.name, symbol, rule.list, text, why, data)

    def _tell(self, rule: Rule, alert: Alert) -> None:
        self._remember(alert)
        if alert.why or alert.symbol is None:
            return
        rule.fired += 1
        rule.last_fired = alert.at
        rule.room.take()
        self._room.take()
        self._repeats.pop((rule.name, alert.symbol), None)
        self._rung.note(rule.name, alert.symbol, alert.at)
        self.changes += 1
        self.rang(alert)

    def _remember_storm(self, rule: Rule, rows: Ints) -> None:
        rule.suppressed += len(rows)
        symbols = [self._board.symbols[row] for row in rows[:NAMED_IN_A_STORM].tolist()]
        data = {"on": rule.occasion, "count": len(rows), "symbols": symbols}
        text = f"{len(rows)} more at once: {', '.join(symbols)}" + (" ..." if len(rows) > len(symbols) else "")
        self._remember(Alert(self._next_id(), self._as_of, rule.name, None, rule.list, text, STORM, data))

    def _remember(self, alert: Alert) -> None:
        self.decisions.append(alert)
        if self._chronicle is not None:
            self._chronicle.alert(alert)

    def _next_id(self) -> int:
        """Give a number that no alert had before, in this life of the program or another."""
        self._last_id = max(self._last_id + 1, self._clock.wall() // 1_000)
        return self._last_id


class Watched:
    """Finds the rows that changed from one look to the next, by their own columns."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._before: dict[str, npt.NDArray[np.integer]] = {}

    def changed(self) -> Rows:
        """The rows, all of them where most changed. Called up to 10x/s with 12,000 rows: some 50 microseconds."""
        length = len(self._board)
        changed = np.zeros(length, np.bool_)
        for name in _WATCHED:
            now = self._board[name]
            # As bits, so that what is unknown equals itself.
            bits = now.view(np.int64) if now.dtype == np.float64 else now
            before = self._before.get(name)
            if before is None or len(before) != length:
                changed[:] = True
            else:
                changed |= bits != before
            self._before[name] = bits.copy()
        return EVERY_ROW if 2 * np.count_nonzero(changed) > length else np.flatnonzero(changed)
