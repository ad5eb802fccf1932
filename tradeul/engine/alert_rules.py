"""One alert rule over the board: its definition compiled, and the rows for which it has something to tell.

`engine/alerts` looks at every rule after each scan, up to ten times a second. What makes that cheap: between whole
looks only the rows that changed are looked at, or for a rule about a list the rows that stand in it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from tradeul.definitions import AlertDefinition, Occasion
from tradeul.domain.alerts import Edges, Manners, Room, quiet_of
from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.events import Bools, Ints, ListEvent, Nanos
from tradeul.domain.expression import Truth, parse_condition
from tradeul.engine.channels import Channel
from tradeul.errors import UsageError

BURST: Final = 20
PER_SECOND: Final = 2.0
"""How much one rule may tell, so that its storm leaves room for the others."""
LONGEST_QUOTE: Final = 80

State = Literal["on", "off", "error"]


class Origin(StrEnum):
    """Where a definition is from."""

    CONFIG = "config"
    USER = "user"


class RowScope:
    """Some rows of the board as expressions see them; each column is taken once."""

    def __init__(self, board: Board, session: str, rows: Rows) -> None:
        self.session = session
        self.rows = rows
        self.numbers = board.numbers(rows)
        self._board = board
        self._taken: dict[str, npt.NDArray[Any]] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        taken = self._taken.get(name)
        if taken is None:
            taken = self._taken[name] = self._board[name][self.rows]
        return taken

    def among(self, name: str, words: frozenset[str | None]) -> Bools:
        """Tell where a text is one of these words."""
        return self._board.among(name, words)[self.rows]


class Members:
    """Who stands in a list, as rows of the board."""

    def __init__(self, channel: Channel, board: Board) -> None:
        self.title = channel.scan.title
        self._board = board
        self._state: object = None
        self.rows: Ints = np.empty(0, np.int64)
        self.inside: Bools = np.empty(0, np.bool_)
        self.concerned = self.rows
        """Those who stand in it, and at the look after a change those who did."""

    def look(self, channel: Channel) -> None:
        """Bring it up to the list, which may have been defined anew."""
        self.title = channel.scan.title
        state, length = channel.state, len(self._board)
        if state is self._state and len(self.inside) == length:
            self.concerned = self.rows
            return
        self._state, row_of = state, self._board.row_of
        now = np.array([row_of[row.symbol] for row in state.rows], np.int64)
        self.rows, self.concerned = now, np.union1d(self.rows, now)
        self.inside = np.zeros(length, np.bool_)
        self.inside[now] = True


class Sight:
    """The board at one look."""

    def __init__(
        self, board: Board, session: str, changed: Rows, members: Mapping[str, Members], *, settling: bool
    ) -> None:
        self.board = board
        self.members = members
        self.settling = settling
        """Whether the program has just started, so that what becomes known was true nobody knows since when."""
        self.changed = RowScope(board, session, changed)
        self.whole = RowScope(board, session, EVERY_ROW)
        self._session = session
        self._of_lists: dict[str, RowScope] = {}

    def scope(self, rows: Rows) -> RowScope:
        return RowScope(self.board, self._session, rows)

    def of_list(self, name: str) -> RowScope:
        """The rows that a rule about a list is concerned with."""
        scope = self._of_lists.get(name)
        if scope is None:
            members = self.members.get(name)
            rows = _NONE if members is None else members.concerned
            scope = self._of_lists[name] = self.scope(rows)
        return scope


class Rule:
    """A rule that is looked at, or the reason why it is not."""

    def __init__(self, name: str, origin: Origin, definition: AlertDefinition | None, error: str = "") -> None:
        self.name = name
        self.origin = origin
        self.definition = definition
        """None: what was kept is none, and `error` says why."""
        self.error = error
        self.room = Room(BURST, PER_SECOND)
        self.last_fired: Nanos | None = None
        self.fired = 0
        self.suppressed = 0
        self._edges = Edges()
        self._edge: Truth | None = None
        self._narrow: Truth | None = None
        self.manners = Manners()
        self.list = None if definition is None else definition.list
        self.occasion: Occasion | None = None if definition is None else definition.occasion
        self._of_members = self.list is not None and self.occasion == "true"
        """Whether it is only about who stands in a list."""
        if definition is not None and not error:
            self._compile(definition)

    @property
    def state(self) -> State:
        if self.error or self.definition is None:
            return "error"
        return "on" if self.definition.enabled else "off"

    @property
    def sound(self) -> str | None:
        return None if self.definition is None else self.definition.sound

    def awaits(self, event: ListEvent) -> bool:
        """Whether an entry or exit is what it is about."""
        return self.occasion == event.event and self.list == event.list

    def rose(self, sight: Sight, *, whole: bool) -> Ints:
        """Find the rows of the board for which it turned true, among those that changed or among all."""
        if self._edge is None:
            return _NONE
        if self._of_members:
            scope = sight.of_list(str(self.list))
        else:
            scope = sight.whole if whole or not self._edges.begun else sight.changed
        if not len(scope) and self._edges.begun:
            return _NONE
        true = self._among_members(sight, scope, _mask(self._edge.true, scope))
        # A condition that certainly does not hold, or a row outside of the list.
        false = ~true & ~self._unknown(sight, scope, self._edge) if self._is_strict(sight) else None
        rose = self._edges.rising(len(sight.board), scope.rows, true, false)
        return self.narrowed(scope.numbers[rose], sight) if rose.any() else _NONE

    def narrowed(self, rows: Ints, sight: Sight) -> Ints:
        """Leave those for whom condition and list hold at this moment."""
        if self.list is not None and self.occasion in _EVENTS:
            members = sight.members.get(self.list)
            rows = rows[:0] if members is None else rows[members.inside[rows]]
        return rows if self._narrow is None else rows[_mask(self._narrow.true, sight.scope(rows))]

    def text_of(self, symbol: str, event: ListEvent | None, title: str) -> str:
        """Say what happened, in one line."""
        definition = self.definition
        if definition is None or definition.text is not None:
            return f"{symbol}: {definition and definition.text}"
        if definition.occasion == "entered":
            return f"{symbol} entered {title}" + (f" at rank {event.rank}" if event else "")
        if definition.occasion == "left":
            return f"{symbol} left {title}" + (f": {event.reason}" if event and event.reason else "")
        if definition.occasion == "true":
            where = definition.where or ""
            quote = where if len(where) <= LONGEST_QUOTE else f"{where[:LONGEST_QUOTE]}..."
            return f"{symbol}: {quote}" + (f" in {title}" if definition.list else "")
        return f"{symbol} {_WORDS[definition.occasion]}"

    def _compile(self, definition: AlertDefinition) -> None:
        self.manners = Manners(definition.cooldown_s, definition.once_per_day, tuple(map(quiet_of, definition.quiet)))
        try:
            where = None if definition.where is None else parse_condition(definition.where)
        except UsageError as error:
            self.error = f"where: {error}"
            return
        if definition.occasion == "true":
            self._edge = where
        else:
            self._narrow = where
            event = _EVENTS.get(definition.occasion)
            self._edge = None if event is None else parse_condition(event.format(count=definition.count or 1))

    def _is_strict(self, sight: Sight) -> bool:
        """Whether what was unknown before is no edge."""
        return self.occasion == "resume" or (self.occasion in ("true", "new_high") and sight.settling)

    def _among_members(self, sight: Sight, scope: RowScope, true: Bools) -> Bools:
        if not self._of_members or not len(scope):
            return true
        members: Bools = true & sight.members[str(self.list)].inside[scope.numbers]
        return members

    def _unknown(self, sight: Sight, scope: RowScope, edge: Truth) -> Bools:
        unknown: Bools = ~_mask(edge.true, scope) & ~_mask(edge.false, scope)
        return self._among_members(sight, scope, unknown)


_NONE: Final[Ints] = np.empty(0, np.int64)
_EVENTS: Final = {"halt": "halted", "resume": "not halted", "new_high": "new_highs_15m >= {count}"}
_WORDS: Final = {"halt": "is halted", "resume": "trades again", "new_high": "makes new highs"}


def _mask(truth: Callable[[RowScope], Any], scope: RowScope) -> Bools:
    """Where it holds, row by row: a condition on the session alone is one truth for all."""
    mask: Bools = truth(scope)
    return mask if np.ndim(mask) else np.full(len(scope), mask, np.bool_)
