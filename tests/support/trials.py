"""Backtests that stand as a test says, and what one of them came to."""

import datetime as dt
from collections.abc import Mapping

from tests.support.market import CALENDAR, DAY
from tests.support.played import market, moved, steady, stored
from tradeul.backtest_result import result_of
from tradeul.domain.filters import Filter
from tradeul.domain.scans import Scan
from tradeul.engine.backtest import Player
from tradeul.engine.trials import Wish
from tradeul.errors import UsageError


def some_result(where: str = "change_percent >= 5") -> dict[str, object]:
    """A day with an entry, a re-entry, somebody who stood there, and a day that is missing."""
    scan = Scan("tried", "<Tried>", where, "change_percent desc")
    closes = {
        "A": moved(("10:00", 11.0), ("10:30", 10.0), ("10:35", 12.0)),
        "B": steady(),
        "C": steady(11.0),
        "=D": moved(("12:00", 11.0), ("12:05", float("nan"))),
    }
    day = stored(market(closes))
    filters = [Filter("dear", "price > 500")]
    played = Player(scan, filters, CALENDAR, 3).play(day)
    missing = [(DAY - dt.timedelta(days=1), "it is not kept: `load prices` loads days")]
    return result_of(scan, filters, (missing[0][0], DAY), [(day, played)], missing)


class ScriptedTrials:
    """A `Trials` whose one backtest goes from state to state as it is looked at."""

    def __init__(self, *states: Mapping[str, object], full: bool = False) -> None:
        self.today = DAY + dt.timedelta(days=1)
        self.wishes: list[Wish] = []
        self.cancelled: list[int] = []
        self._states = list(states)
        self._full = full

    async def submit(self, wish: Wish) -> int:
        if self._full:
            raise UsageError("4 backtests wait already: cancel one, or ask again later")
        self.wishes.append(wish)
        return 1

    def told(self, number: int) -> Mapping[str, object] | None:
        if number != 1:
            return None
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return {**NEWS, **state}

    def all(self) -> list[Mapping[str, object]]:
        return [{**NEWS, **self._states[0]}]

    def cancel(self, number: int) -> bool:
        self.cancelled.append(number)
        return number == 1


NEWS: Mapping[str, object] = {
    "id": 1, "state": "running", "name": "tried", "where": "change_percent >= 5", "from": str(DAY), "to": str(DAY),
    "done": 0, "total": 382, "note": "", "error": "", "took_s": 0.5, "result": None,
}  # fmt: skip
HALF: Mapping[str, object] = {"done": 191, "note": str(DAY), "took_s": 2.0}
DONE: Mapping[str, object] = {"state": "done", "done": 382, "took_s": 4.0, "result": some_result()}
FAILED: Mapping[str, object] = {"state": "failed", "error": "Postgres does not answer"}
