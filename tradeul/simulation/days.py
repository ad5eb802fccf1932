"""What happens to every symbol on one date: its close, its kind of day and its three sessions as one bar each.

The log of a close is a sum of smooth noise over the calendar, plus what is left of the shocks of the last days.
Any date can be asked for on its own, so yesterday's close never needs the day before to be played.
"""

import datetime as dt
from collections.abc import Generator
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.session import TradingCalendar
from tradeul.domain.slots import FIRST_EARLY_POST_SLOT, FIRST_POST_SLOT, FIRST_REGULAR_SLOT, SLOT_SECONDS
from tradeul.domain.volume_profile import prior_share
from tradeul.simulation.chance import Keys, keyed, mixed, normal, numbered, uniform
from tradeul.simulation.shape import UNITS_PER_DOLLAR, Bars, Columns, on_tick, shared_out
from tradeul.simulation.universe import LISTED_DAYS, LISTING_CYCLE, NASDAQ, RENAME_CYCLE, SPLIT_CYCLE, Kind, Traits

POST_SLOTS: Final = 48

_PERIODS: Final = 2.0 ** np.arange(10)
"""Days between the lattice points of each layer of noise."""
_MARKET_DEVIATION: Final = 0.003
_MEMORY: Final = 9
_FADING: Final = 0.75
"""How much of a shock is left a day later; after nine days it is forgotten."""
_SESSION_ROUGHNESS: Final = 0.35
_DEBUT_VOLUME: Final = 6.0
_MOST_SHARES: Final = 3e8
_MOST_TIMES: Final = 3.0


class Mood(IntEnum):
    """The kinds of day a symbol can have."""

    PLAIN = 0
    GAPPER = 1
    RUNNER = 2
    REVERSAL = 3
    TREND = 4
    BUSY = 5
    QUIET = 6


@dataclass(frozen=True, slots=True)
class Temper:
    """What a kind of day does to price and volume. `kept` and the gaps are parts of the day's shock."""

    chance: float
    kept: float
    least_gap: float
    most_gap: float
    volume: float
    volume_spread: float
    pre_market: float


TEMPERS: Final = {
    Mood.PLAIN: Temper(0.0, 0.0, 0.0, 0.0, 1.0, 0.28, 1.0),
    Mood.GAPPER: Temper(0.024, 1.0, 0.75, 1.25, 4.5, 0.6, 4.0),
    Mood.RUNNER: Temper(0.0045, 2.6, 2.0, 4.0, 10.0, 0.6, 8.0),
    Mood.REVERSAL: Temper(0.013, 0.2, 0.8, 1.25, 4.0, 0.5, 3.5),
    Mood.TREND: Temper(0.020, 0.9, -0.1, 0.25, 2.3, 0.5, 1.3),
    Mood.BUSY: Temper(0.006, 0.0, 0.0, 0.0, 5.0, 0.6, 1.5),
    Mood.QUIET: Temper(0.030, 0.0, 0.0, 0.0, 0.35, 0.3, 0.6),
}
_TEMPERED: Final[dict[str, Floats]] = {
    field.name: np.array([getattr(TEMPERS[mood], field.name) for mood in Mood]) for field in fields(Temper)
}
_MOOD_EDGES: Final = np.cumsum(_TEMPERED["chance"][1:])
"""Where in the draw of moods each unusual one ends; beyond the last the day is plain."""
_LARGEST_SURGE: Final = 0.08
_AGITATION: Final = 0.3
"""The part of a day's news that is added to how far its price swings."""
_SHOCK: Final = 0.05
_SHOCK_SPREAD: Final = 0.62
_SHOCK_BOUNDS: Final = (0.012, 1.1)
_USUAL_VOLATILITY: Final = 0.025
_HALTED: Final = 0.15
_LONG_HALTS: Final = 0.3
_HALTABLE_SLOTS: Final = 38
"""Halts begin in the slots after the first regular one that leave room before 13:00, when a half day closes."""
_UPWARDS: Final = 0.54
_FALL: Final = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Manner(Columns):
    """How symbols trade on one date, at every scale of time."""

    key: Keys
    trade_size: Floats
    burst: Floats
    """By how much the news of the day multiplies the volume just after it came."""
    burst_slot: Floats
    halt_slot: Ints
    halt_slots: Ints
    """For how many slots from then on nothing trades; mostly 0."""


@dataclass(frozen=True, slots=True, eq=False)
class DayPlan(Columns):
    """One date of every symbol: the sessions' bars, yesterday's regular bar in today's shares, and how it trades."""

    manner: Manner
    listed: Bools
    previous: Bars
    pre_market: Bars
    regular: Bars
    post_market: Bars

    @property
    def sessions(self) -> tuple[Bars, Bars, Bars]:
        return self.pre_market, self.regular, self.post_market


@dataclass(frozen=True, slots=True, eq=False)
class _Shock(Columns):
    """What is unusual about a symbol's date: its mood, and the logarithm by which news moves the price."""

    key: Keys
    mood: Ints
    size: Floats


def plan_of(traits: Traits, day: dt.date, calendar: TradingCalendar) -> Generator[None, None, DayPlan]:
    """Work out a trading day of these symbols."""
    yesterday = calendar.previous(day)
    closes, shocks = yield from _log_closes(traits, day, calendar.last_sessions(day, 1 + _MEMORY))
    today = yield from _sessions_of(traits, day, closes[:2], shocks[0], calendar)
    before = yield from _sessions_of(traits, yesterday, closes[1:], shocks[1], calendar)
    return DayPlan(
        manner=_manner(traits, day, shocks[0]),
        listed=listed_on(traits, day),
        previous=adjusted(traits, daily_bar_of(before), yesterday, day),
        pre_market=today[0],
        regular=today[1],
        post_market=today[2],
    )


def daily_bars_of(traits: Traits, day: dt.date, calendar: TradingCalendar) -> Generator[None, None, Bars]:
    """The official bars of a trading day, in the shares of that day."""
    closes, shocks = yield from _log_closes(traits, day, calendar.last_sessions(day, _MEMORY))
    return daily_bar_of((yield from _sessions_of(traits, day, closes[:2], shocks[0], calendar)))


def daily_bar_of(sessions: tuple[Bars, Bars, Bars]) -> Bars:
    """Prices of the regular session, volume of all three; no regular trade, no bar."""
    pre, regular, post = sessions
    volume = np.where(regular.volume > 0, pre.volume + regular.volume + post.volume, 0)
    return Bars(volume, regular.open, regular.high, regular.low, regular.close)


def adjusted(traits: Traits, bars: Bars, day: dt.date, as_of: dt.date) -> Bars:
    """Put bars of `day` into the shares of `as_of`."""
    factor = price_factor(traits, day, as_of)
    prices = (np.rint(price * factor).astype(np.int64) for price in (bars.open, bars.high, bars.low, bars.close))
    return Bars(np.floor(bars.volume / factor).astype(np.int64), *prices)


def price_factor(traits: Traits, day: dt.date, as_of: dt.date) -> Floats:
    """What a price of `day` is multiplied by, and a volume divided by, to be in the shares of `as_of`."""
    factor: Floats = traits.split_factor ** (split_count(traits, as_of) - split_count(traits, day))
    return factor


def session_shares(*, early_close: bool) -> Floats:
    """Parts of a full day's volume that pre-market, regular and post-market get."""
    close = FIRST_EARLY_POST_SLOT if early_close else FIRST_POST_SLOT
    edges = np.array([0, FIRST_REGULAR_SLOT, close, close + POST_SLOTS], np.float64) * SLOT_SECONDS
    return np.diff(prior_share(edges, early_close=early_close))


def _day_keys(traits: Traits, day: dt.date) -> Keys:
    return keyed(traits.key, 7, day.toordinal())


def listed_on(traits: Traits, day: dt.date) -> Bools:
    """Which symbols are on the market on a date."""
    age = (day.toordinal() - traits.listing_offset) % LISTING_CYCLE
    turn = (day.toordinal() - traits.rename_offset) // RENAME_CYCLE
    current = (traits.rename_offset < 0) | (turn % 2 == 0)
    listed: Bools = current & ((traits.listing_offset < 0) | (age < LISTED_DAYS))
    return listed


def split_count(traits: Traits, day: dt.date) -> Ints:
    """How many splits there were by a date, counted from a day long ago."""
    count: Ints = np.where(traits.split_offset < 0, 0, (day.toordinal() - traits.split_offset) // SPLIT_CYCLE)
    return count


def _log_closes(
    traits: Traits, day: dt.date, before: list[dt.date]
) -> Generator[None, None, tuple[list[Floats], list[_Shock]]]:
    """The closes, and the shocks, of the day and of as many before it as have their whole memory in `before`."""
    days = [day, *before]
    shocks = []
    for each in days:
        shocks.append(_shock_of(traits, each))
        yield
    kept = [shock.size * _TEMPERED["kept"][shock.mood] for shock in shocks]
    closes = []
    for newest in range(len(days) - _MEMORY + 1):
        memory = sum(kept[newest + age] * _FADING**age for age in range(_MEMORY))
        closes.append(_quiet_close(traits, days[newest]) + memory)
        yield
    return closes, shocks


def _manner(traits: Traits, day: dt.date, shock: _Shock) -> Manner:
    keys = _day_keys(traits, day)
    news = np.isin(shock.mood, (Mood.GAPPER, Mood.RUNNER, Mood.REVERSAL))
    return Manner(
        key=keys,
        trade_size=traits.trade_size,
        burst=np.where(news, 2.0 + 10.0 * uniform(keyed(keys, 31)), 0.0),
        burst_slot=np.floor(12.0 + 52.0 * uniform(keyed(keys, 32))),
        **_halts(traits, keys, news),
    )


def _halts(traits: Traits, keys: Keys, news: Bools) -> dict[str, Ints]:
    """Halt some of those that have news, for a slot or two: only Nasdaq tells of halts."""
    may = news & (traits.exchange == NASDAQ) & (traits.kind == Kind.COMMON)
    halted = may & (uniform(keyed(keys, 33)) < _HALTED)
    slot = FIRST_REGULAR_SLOT + 1 + np.floor(_HALTABLE_SLOTS * uniform(keyed(keys, 34))).astype(np.int64)
    length = np.where(uniform(keyed(keys, 35)) < _LONG_HALTS, 2, 1)
    return {"halt_slot": slot, "halt_slots": np.where(halted, length, 0)}


def _quiet_close(traits: Traits, day: dt.date) -> Floats:
    ordinal = day.toordinal()
    level: Floats = traits.log_price + traits.volatility * 0.5 * _noise(traits.key, ordinal)
    market = _noise(traits.market_key[:1], ordinal)
    level += market * _MARKET_DEVIATION * (0.4 + 1.2 * uniform(keyed(traits.key, 8)))
    level -= drift(traits, day) * np.log(traits.split_factor)
    return level


def drift(traits: Traits, day: dt.date) -> Floats:
    """How far the symbol is on its way from one split to the next, 0 to 1."""
    place: Floats = ((day.toordinal() - traits.split_offset) % SPLIT_CYCLE) / SPLIT_CYCLE
    return np.where(traits.split_offset < 0, 0.0, place)


def _noise(keys: Keys, ordinal: int) -> Floats:
    """Noise in layers that looks like a random walk for years, yet is known at any date."""
    place = ordinal / _PERIODS
    cell = np.floor(place).astype(np.int64)
    layers = numbered(keys[:, None], np.arange(len(_PERIODS)))
    left, right = normal(numbered(layers, cell)), normal(numbered(layers, cell + 1))
    value: Floats = (left + (right - left) * (place - cell)) @ np.sqrt(_PERIODS)
    return value


def _shock_of(traits: Traits, day: dt.date) -> _Shock:
    keys = keyed(_day_keys(traits, day), 9)
    chance = uniform(keyed(keys, 1)) / traits.liveliness
    mood = (np.searchsorted(_MOOD_EDGES, chance, side="right") + 1) % len(Mood)
    size = np.zeros(len(keys))
    unusual = np.flatnonzero(mood != Mood.PLAIN)
    of = keys[unusual]
    drawn = _SHOCK * np.exp(_SHOCK_SPREAD * normal(keyed(of, 2)))
    drawn *= np.sqrt(traits.volatility[unusual] / _USUAL_VOLATILITY)
    upwards = (uniform(keyed(of, 3)) < _UPWARDS) | (mood[unusual] == Mood.RUNNER)
    size[unusual] = np.clip(drawn, *_SHOCK_BOUNDS) * np.where(upwards, 1.0, -_FALL)
    return _Shock(keys, mood, size)


def _sessions_of(
    traits: Traits, day: dt.date, closes: list[Floats], shock: _Shock, calendar: TradingCalendar
) -> Generator[None, None, tuple[Bars, Bars, Bars]]:
    """Draw the three sessions of a day: where each opens, how far it swings, where it closes."""
    splits = split_count(traits, day) - split_count(traits, calendar.previous(day))
    close, before = closes[0], closes[1] + np.log(traits.split_factor) * splits
    keys = _day_keys(traits, day)
    calm = np.hypot(traits.volatility, _AGITATION * shock.size)
    plain = close - before - shock.size * _TEMPERED["kept"][shock.mood]
    least, most = _TEMPERED["least_gap"][shock.mood], _TEMPERED["most_gap"][shock.mood]
    gap = shock.size * (least + (most - least) * uniform(keyed(keys, 10)))
    open_ = before + gap + 0.35 * plain + 0.25 * calm * normal(keyed(keys, 11))
    start = before + (open_ - before) * uniform(keyed(keys, 12)) + 0.1 * calm * normal(keyed(keys, 13))
    last = open_ + 0.06 * calm * normal(keyed(keys, 14))
    late = close + 0.03 * calm * normal(keyed(keys, 15))
    night = late + 0.12 * calm * normal(keyed(keys, 16))
    surge = np.where(shock.mood == Mood.RUNNER, _LARGEST_SURGE * uniform(keyed(keys, 21)), 0.0)
    yield
    volume = _session_volumes(traits, day, shock, calendar)
    yield
    return (
        _bar(volume[:, 0], (start, last), 0.25 * calm, surge, keyed(keys, 17)),
        _bar(volume[:, 1], (open_, close), 0.45 * calm, 0.0, keyed(keys, 18)),
        _bar(volume[:, 2], (late, night), 0.08 * calm, 0.0, keyed(keys, 19)),
    )


def _bar(volume: Ints, ends: tuple[Floats, Floats], swing: Floats, surge: Floats | float, keys: Keys) -> Bars:
    up, down = np.abs(normal(keys)), np.abs(normal(mixed(keys ^ np.uint64(1))))
    high = np.maximum(*ends) + swing * up + surge
    low = np.minimum(*ends) - swing * down
    logs = (ends[0], high, low, ends[1])
    return Bars(volume, *(np.where(volume > 0, on_tick(np.exp(log) * UNITS_PER_DOLLAR), 0) for log in logs))


def _session_volumes(traits: Traits, day: dt.date, shock: _Shock, calendar: TradingCalendar) -> Ints:
    keys = _day_keys(traits, day)
    spread = _TEMPERED["volume_spread"][shock.mood]
    usual = _TEMPERED["volume"][shock.mood] * np.exp(spread * normal(keyed(keys, 22)) - spread * spread / 2)
    listed = listed_on(traits, day)
    debut = listed & (traits.listing_offset >= 0) & ~listed_on(traits, calendar.previous(day))
    factor = np.where(debut, _DEBUT_VOLUME, usual) * traits.split_factor ** drift(traits, day) * listed
    weights = np.tile(session_shares(early_close=calendar.is_early_close(day)), (len(keys), 1))
    weights[:, 0] *= np.where(debut, 0.0, _TEMPERED["pre_market"][shock.mood])
    # What trades the most every day does not trade fifty times as much on any.
    most = np.maximum(_MOST_SHARES, _MOST_TIMES * traits.daily_volume) * listed
    volume = np.floor(np.minimum(traits.daily_volume * factor * weights.sum(axis=1), most)).astype(np.int64)
    session_keys = numbered(keyed(keys, 20)[:, None], np.arange(weights.shape[1]))
    return shared_out(volume, weights, traits.trade_size, session_keys, _SESSION_ROUGHNESS)
