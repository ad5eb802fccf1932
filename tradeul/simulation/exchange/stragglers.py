"""Bars that do not come when they are due: a few are late, and a few are sent again some seconds after.

Which ones follows from symbol and second, so that the same market has the same stragglers. A bar that comes again
says what it said, unless it is asked to have grown.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from tradeul.domain.events import Ints, Nanos
from tradeul.domain.session import NANOS
from tradeul.simulation.chance import mixed
from tradeul.simulation.exchange.events import MINUTE_BARS, SECOND_BARS, Batch

LATE_SHARE: Final = 0.001
LATE_S: Final = 2.0
REPEATED_SHARE: Final = 0.005
REPEATED_S: Final = 4.0
GROWTH: Final = 1.1
_FORGOTTEN_S: Final = 900
"""What could not be sent in a quarter of an hour is not sent any more."""
_BARS: Final = (SECOND_BARS, MINUTE_BARS)


@dataclass(frozen=True, slots=True)
class Unpunctuality:
    """Which part of the bars is late and by how much, which part comes again, and how."""

    late_share: float = LATE_SHARE
    late_s: float = LATE_S
    repeated_share: float = REPEATED_SHARE
    grown: bool = False


class _Due(NamedTuple):
    at: int
    batch: Batch


class Stragglers:
    """Keeps what is to be sent later."""

    def __init__(self) -> None:
        self._due: list[_Due] = []

    def passed(self, batches: list[Batch], now: Nanos, habits: Unpunctuality) -> list[Batch]:
        """What goes out at this second: what is in time, then what was due from before."""
        going = [self._in_time(batch, now, habits) if batch.topic in _BARS else batch for batch in batches]
        overdue = [due.batch for due in self._due if now - _FORGOTTEN_S * NANOS <= due.at <= now]
        self._due = [due for due in self._due if due.at > now]
        return [batch for batch in (*going, *overdue) if batch.events]

    def _in_time(self, batch: Batch, now: Nanos, habits: Unpunctuality) -> Batch:
        draw = mixed(batch.rows.astype(np.uint64) + np.uint64(now + len(batch.topic)))
        again = np.flatnonzero(draw < _bound(habits.repeated_share))
        late = draw >= _bound(1.0 - habits.late_share)
        if len(again):
            self._keep(now, REPEATED_S, _grown(_part(batch, again)) if habits.grown else _part(batch, again))
        if not late.any():
            return batch
        self._keep(now, habits.late_s, _part(batch, np.flatnonzero(late)))
        return _part(batch, np.flatnonzero(~late))

    def _keep(self, now: Nanos, seconds: float, batch: Batch) -> None:
        self._due.append(_Due(now + int(seconds * NANOS), batch))


def _bound(share: float) -> np.uint64:
    """Below this lie so many of all draws."""
    return np.uint64(min(int(share * 2**64), 2**64 - 1))


def _part(batch: Batch, places: Ints) -> Batch:
    return Batch(batch.topic, batch.rows[places], [batch.events[place] for place in places.tolist()])


def _grown(batch: Batch) -> Batch:
    return Batch(batch.topic, batch.rows, [_with_more_volume(orjson.loads(event)) for event in batch.events])


def _with_more_volume(event: dict[str, Any]) -> bytes:
    volume = int(event["v"] * GROWTH) + 1
    return orjson.dumps({**event, "v": volume, "dv": f"{volume}.0"})
