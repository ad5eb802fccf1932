"""Days taken apart as far as anyone looks: sessions into half-hours, those into slots, minutes, seconds. Every bar is
found from its parent and its own place, so bars can be asked for in any order.

Places are counted from 04:00. On a day that closes early the post-market session follows the shorter regular one.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints, Nanos
from tradeul.domain.session import NANOS, DayHours
from tradeul.domain.slots import FIRST_EARLY_POST_SLOT, FIRST_POST_SLOT, FIRST_REGULAR_SLOT, SLOT_SECONDS
from tradeul.domain.volume_profile import prior_share
from tradeul.simulation.chance import keyed, numbered, uniform
from tradeul.simulation.dates import POST_SLOTS
from tradeul.simulation.days import DayPlan, Manner
from tradeul.simulation.shape import Bars, split

MINUTE: Final = 60
SLOT_MINUTES: Final = SLOT_SECONDS // MINUTE
HALF_HOUR_SLOTS: Final = 6

_BURST_SLOTS: Final = 12.0
_OPENING: Final = (0.27, 0.21, 0.19, 0.17, 0.16)
_CLOSING: Final = (0.16, 0.17, 0.18, 0.20, 0.29)
_AUCTION: Final = (0.91, 0.03, 0.025, 0.02, 0.015)
_OPENING_CROSS: Final = 3.0
_OPENING_CROSS_SECONDS: Final = 8.0
_CLOSING_CROSS: Final = 1500.0
_CLOSING_CROSS_SECONDS: Final = 1.2
_HALF_HOURS, _SLOTS, _MINUTES, _SECONDS, _INSTANTS = 41, 42, 43, 44, 45
"""The parts of a key that keep the levels apart."""


class DayForm:
    """How a day is divided: one that closes early, or one that does not."""

    def __init__(self, *, early_close: bool) -> None:
        self.first_post_slot = FIRST_EARLY_POST_SLOT if early_close else FIRST_POST_SLOT
        self.slot_count = self.first_post_slot + POST_SLOTS
        edges = np.arange(self.slot_count + 1, dtype=np.float64) * SLOT_SECONDS
        self.slot_weights: Floats = np.diff(prior_share(edges, early_close=early_close))
        self.minute_weights = self._weights_of_minutes()
        self.second_weights = self._weights_of_seconds()

    def _weights_of_minutes(self) -> Floats:
        weights = np.full((self.slot_count, SLOT_MINUTES), 1.0 / SLOT_MINUTES)
        weights[FIRST_REGULAR_SLOT] = _OPENING
        weights[self.first_post_slot - 1] = _CLOSING
        weights[self.first_post_slot] = _AUCTION
        return weights

    def _weights_of_seconds(self) -> Floats:
        weights = np.full((self.slot_count * SLOT_MINUTES, MINUTE), 1.0)
        second = np.arange(MINUTE)
        weights[FIRST_REGULAR_SLOT * SLOT_MINUTES] += _OPENING_CROSS * np.exp(-second / _OPENING_CROSS_SECONDS)
        weights[self.first_post_slot * SLOT_MINUTES] += _CLOSING_CROSS * np.exp(-second / _CLOSING_CROSS_SECONDS)
        return weights


_FORMS: Final = {early_close: DayForm(early_close=early_close) for early_close in (False, True)}


class PlannedDays:
    """Days of one form; a row is one symbol on one of them."""

    def __init__(self, plan: DayPlan, *, early_close: bool) -> None:
        self.plan = plan
        self.early_close = early_close
        self.count = len(plan.listed)
        self._form = _FORMS[early_close]
        self.slot_count = self._form.slot_count
        self.seconds_long = self.slot_count * SLOT_SECONDS

    def regular(self, slot: Ints) -> Bools:
        """Which of these slots are in the regular session."""
        return (slot >= FIRST_REGULAR_SLOT) & (slot < self._form.first_post_slot)

    def half_hours(self, rows: slice, slot: int) -> Bars:
        """Half-hours of these rows from 04:00 to the end of the session that `slot` is in."""
        manner = self.plan.manner.take(rows)
        starts = (0, FIRST_REGULAR_SLOT, self._form.first_post_slot, self.slot_count)
        parts = []
        for number, session in enumerate(self.plan.sessions):
            if starts[number] <= slot:
                slots = np.arange(starts[number], starts[number + 1])
                weights = self._slot_weights(manner, slots).reshape(len(manner.key), -1, HALF_HOUR_SLOTS).sum(axis=2)
                keys = keyed(manner.key, _HALF_HOURS, number)
                parts.append(split(session.take(rows), weights, manner.trade_size, keys))
        return side_by_side(parts)

    def slots(self, rows: Ints, half_hour: Ints, bars: Bars) -> Bars:
        """The six slots of each row's own half-hour, given that half-hour's bar."""
        manner = self.plan.manner.take(rows)
        slots = half_hour[:, None] * HALF_HOUR_SLOTS + np.arange(HALF_HOUR_SLOTS)
        keys = numbered(keyed(manner.key, _SLOTS), half_hour)
        return split(bars, self._slot_weights(manner, slots), manner.trade_size, keys)

    def minutes(self, rows: Ints, slot: Ints, bars: Bars) -> Bars:
        """The five minutes of each row's own slot, given that slot's bar."""
        keys = numbered(keyed(self.plan.manner.key[rows], _MINUTES), slot)
        return split(bars, self._form.minute_weights[slot], self.plan.manner.trade_size[rows], keys)

    def seconds(self, rows: Ints, minute: Ints, bars: Bars) -> Bars:
        """The sixty seconds of each row's own minute, given that minute's bar."""
        keys = numbered(keyed(self.plan.manner.key[rows], _SECONDS), minute)
        return split(bars, self._form.second_weights[minute], self.plan.manner.trade_size[rows], keys, roughness=0.9)

    def _slot_weights(self, manner: Manner, slots: Ints) -> Floats:
        after = slots - manner.burst_slot[:, None]
        burst = manner.burst[:, None] * np.exp(-np.abs(after) / _BURST_SLOTS) * (after >= 0.0)
        halt = manner.halt_slot[:, None]
        trading = (slots < halt) | (slots >= halt + manner.halt_slots[:, None])
        weights: Floats = self._form.slot_weights[slots] * (1.0 + burst) * trading
        return weights


class TradingDay(PlannedDays):
    """The pure world of one trading date; rows are positions in the universe."""

    def __init__(self, hours: DayHours, plan: DayPlan) -> None:
        super().__init__(plan, early_close=hours.early_close)
        self.hours = hours

    def second_at(self, instant: Nanos) -> int:
        """How many seconds of the extended day have ended by then."""
        return second_of(self.hours, instant)

    def last_trades(self, rows: Ints, second: Ints, volume: Ints) -> tuple[Ints, Ints]:
        """When within its second each row's last trade was, and how many shares it had."""
        keys = numbered(keyed(self.plan.manner.key[rows], _INSTANTS), second)
        part = uniform(keys)
        at = self.hours.pre_market_start + second * NANOS + (part * NANOS).astype(np.int64)
        portion = volume / np.maximum(volume / self.plan.manner.trade_size[rows], 1.0)
        return at, np.maximum(portion * (0.5 + 0.5 * uniform(keyed(keys, 1))), 1.0).astype(np.int64)


def second_of(hours: DayHours, instant: Nanos) -> int:
    """How many seconds of an extended day have ended by then."""
    return (min(max(instant, hours.pre_market_start), hours.post_market_end) - hours.pre_market_start) // NANOS


def side_by_side(parts: Sequence[Bars]) -> Bars:
    """Put the children of the same rows behind each other in time."""
    names = ("volume", "open", "high", "low", "close")
    return Bars(*(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names))
