"""What happens to every symbol on a date: its close, its kind of day and its three sessions as one bar each.

The log of a close is a sum of smooth noise over the calendar, plus what is left of the shocks of the last days.
Any date can be asked for on its own, so yesterday's close never needs the day before to be played. Inside, everything
has a line per date and in it an element per symbol, so many dates of one symbol take little longer than one.
"""

import datetime as dt
from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.session import TradingCalendar
from tradeul.domain.slots import FIRST_REGULAR_SLOT
from tradeul.simulation.chance import Keys, fanned, keyed, mixed, normal, numbered, uniform
from tradeul.simulation.dates import Dates, run_of
from tradeul.simulation.shape import UNITS_PER_DOLLAR, Bars, Columns, on_tick, shared_out, slices
from tradeul.simulation.universe import LISTED_DAYS, LISTING_CYCLE, NASDAQ, RENAME_CYCLE, SPLIT_CYCLE, Kind, Traits

_PERIODS: Final = 2.0 ** np.arange(10)
"""Days between the lattice points of each layer of noise."""
_MARKET_DEVIATION: Final = 0.003
_MEMORY: Final = 9
_CELLS_OF_SESSIONS: Final = 10
"""Between two yields the sessions of a date cost a symbol about as much as so many children of a split."""
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
_HAVING_NEWS: Final = np.isin(np.array(list(Mood)), (Mood.GAPPER, Mood.RUNNER, Mood.REVERSAL))
_LARGEST_SURGE: Final = 0.08
_AGITATION: Final = 0.3
"""The part of a day's news that is added to how far its price swings."""
_SHOCK: Final = 0.05
_SHOCK_SPREAD: Final = 0.62
_SHOCK_BOUNDS: Final = (0.012, 1.1)
_USUAL_VOLATILITY: Final = 0.025
_SESSIONS: Final = 3
_SWINGS: Final = np.array([0.25, 0.45, 0.08])[:, None]
"""How far each session swings, in parts of the day's."""
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
    """The symbol's key of that date."""
    mood: Ints
    size: Floats


def plan_of(traits: Traits, day: dt.date, calendar: TradingCalendar) -> Generator[None, None, DayPlan]:
    """Work out a trading day of these symbols."""
    return (yield from plans_of(traits, (day,), calendar))


def plans_of(traits: Traits, days: Sequence[dt.date], calendar: TradingCalendar) -> Generator[None, None, DayPlan]:
    """Work out trading days that follow one another: all symbols of the first, then all of the second ..."""
    run = run_of(calendar, days[0], days[-1], _MEMORY + 1)
    shocks, sessions = yield from _sessions_of(traits, run)
    dates, shocks = run.take(slice(-len(days), None)), shocks.take(slice(-len(days), None))
    today, before = sessions.take(slice(1, None)), daily_bar_of(_parts(sessions.take(slice(-1))))
    splits = split_count(traits, dates.ordinal) - split_count(traits, dates.before)
    pre, regular, post = _parts(today)
    return DayPlan(
        manner=_manner(traits, shocks),
        listed=_listed(traits, dates.ordinal).ravel(),
        previous=rescaled(before, (traits.split_factor**splits).ravel()),
        pre_market=pre,
        regular=regular,
        post_market=post,
    )


def daily_bars_of(traits: Traits, days: Sequence[dt.date], calendar: TradingCalendar) -> Generator[None, None, Bars]:
    """The official bars of such trading days, in the shares of each."""
    _, sessions = yield from _sessions_of(traits, run_of(calendar, days[0], days[-1], _MEMORY))
    return daily_bar_of(_parts(sessions))


def daily_bar_of(sessions: tuple[Bars, Bars, Bars]) -> Bars:
    """Prices of the regular session, volume of all three; no regular trade, no bar."""
    pre, regular, post = sessions
    volume = np.where(regular.volume > 0, pre.volume + regular.volume + post.volume, 0)
    return Bars(volume, regular.open, regular.high, regular.low, regular.close)


def adjusted(traits: Traits, bars: Bars, day: dt.date, as_of: dt.date) -> Bars:
    """Put bars of `day` into the shares of `as_of`."""
    return rescaled(bars, price_factor(traits, (day,), as_of))


def rescaled(bars: Bars, factor: Floats) -> Bars:
    """Multiply prices, and divide volumes."""
    prices = (np.rint(price * factor).astype(np.int64) for price in (bars.open, bars.high, bars.low, bars.close))
    return Bars(np.floor(bars.volume / factor).astype(np.int64), *prices)


def price_factor(traits: Traits, days: Sequence[dt.date], as_of: dt.date) -> Floats:
    """What prices of each day are multiplied by, and volumes divided by, to be in the shares of `as_of`: all symbols
    of the first day, then all of the second ...
    """
    ordinals = np.array([day.toordinal() for day in days])[:, None]
    factor: Floats = traits.split_factor ** (split_count(traits, as_of.toordinal()) - split_count(traits, ordinals))
    return factor.ravel()


def listed_on(traits: Traits, day: dt.date) -> Bools:
    """Which symbols are on the market on a date."""
    return _listed(traits, day.toordinal())


def _listed(traits: Traits, ordinal: Ints | int) -> Bools:
    age = (ordinal - traits.listing_offset) % LISTING_CYCLE
    turn = (ordinal - traits.rename_offset) // RENAME_CYCLE
    current = (traits.rename_offset < 0) | (turn % 2 == 0)
    listed: Bools = current & ((traits.listing_offset < 0) | (age < LISTED_DAYS))
    return listed


def split_count(traits: Traits, ordinal: Ints | int) -> Ints:
    """How many splits there were by a date, counted from a day long ago."""
    count: Ints = np.where(traits.split_offset < 0, 0, (ordinal - traits.split_offset) // SPLIT_CYCLE)
    return count


def drift(traits: Traits, ordinal: Ints | int) -> Floats:
    """How far the symbol is on its way from one split to the next, 0 to 1."""
    place: Floats = ((ordinal - traits.split_offset) % SPLIT_CYCLE) / SPLIT_CYCLE
    return np.where(traits.split_offset < 0, 0.0, place)


def _manner(traits: Traits, shocks: _Shock) -> Manner:
    news = _HAVING_NEWS[shocks.mood]
    drawn = uniform(fanned(shocks.key, 31, 32, 33, 34, 35))
    burst = np.where(news, 2.0 + 10.0 * drawn[0], 0.0)
    # Only Nasdaq tells of halts: some of those that have news are halted, for a slot or two.
    halted = news & (traits.exchange == NASDAQ) & (traits.kind == Kind.COMMON) & (drawn[2] < _HALTED)
    slot = FIRST_REGULAR_SLOT + 1 + np.floor(_HALTABLE_SLOTS * drawn[3]).astype(np.int64)
    length = np.where(drawn[4] < _LONG_HALTS, 2, 1)
    return Manner(
        key=shocks.key.ravel(),
        trade_size=np.tile(traits.trade_size, len(news)),
        burst=burst.ravel(),
        burst_slot=np.floor(12.0 + 52.0 * drawn[1]).ravel(),
        halt_slot=slot.ravel(),
        halt_slots=np.where(halted, length, 0).ravel(),
    )


def _sessions_of(traits: Traits, run: Dates) -> Generator[None, None, tuple[_Shock, Bars]]:
    """What is unusual about the dates of a run, and the sessions of those that have a whole memory before them."""
    shocks = yield from _shocks_of(traits, run)
    closes = yield from _log_closes(traits, run.take(slice(_MEMORY - 1, None)), shocks)
    dates, shocks = run.take(slice(_MEMORY, None)), shocks.take(slice(_MEMORY, None))
    sessions = []
    for part in slices(len(dates.ordinal), _CELLS_OF_SESSIONS * len(traits.key)):
        ends = closes[part], closes[part.start + 1 : part.stop + 1]
        sessions.append((yield from _drawn_sessions(traits, dates.take(part), ends, shocks.take(part))))
    return shocks, Bars.joined(sessions)


def _shocks_of(traits: Traits, dates: Dates) -> Generator[None, None, _Shock]:
    shocks = []
    for part in slices(len(dates.ordinal), len(traits.key)):
        shocks.append(_shock_of(traits, dates.take(part)))
        yield
    return _Shock.joined(shocks)


def _shock_of(traits: Traits, dates: Dates) -> _Shock:
    days = mixed(traits.key ^ dates.salt)
    keys = keyed(days, 9)
    chance = uniform(keyed(keys, 1)) / traits.liveliness
    mood = (np.searchsorted(_MOOD_EDGES, chance, side="right") + 1) % len(Mood)
    size = np.zeros(keys.shape)
    unusual, row = np.nonzero(mood != Mood.PLAIN)
    of = keys[unusual, row]
    drawn = _SHOCK * np.exp(_SHOCK_SPREAD * normal(keyed(of, 2)))
    drawn *= np.sqrt(traits.volatility[row] / _USUAL_VOLATILITY)
    upwards = (uniform(keyed(of, 3)) < _UPWARDS) | (mood[unusual, row] == Mood.RUNNER)
    size[unusual, row] = np.clip(drawn, *_SHOCK_BOUNDS) * np.where(upwards, 1.0, -_FALL)
    return _Shock(days, mood, size)


def _log_closes(traits: Traits, dates: Dates, shocks: _Shock) -> Generator[None, None, Floats]:
    """The closes of the dates whose memory is in the shocks, which begin that much earlier."""
    kept = shocks.size * _TEMPERED["kept"][shocks.mood]
    closes = []
    for part in slices(len(dates.ordinal), len(_PERIODS) * len(traits.key)):
        newest = slice(part.start + _MEMORY - 1, part.stop + _MEMORY - 1)
        memory = sum(kept[newest.start - age : newest.stop - age] * _FADING**age for age in range(_MEMORY))
        closes.append(_quiet_close(traits, dates.take(part)) + memory)
        yield
    return np.concatenate(closes)


def _quiet_close(traits: Traits, dates: Dates) -> Floats:
    noise = _noise(np.append(traits.key, traits.market_key[0]), dates.ordinal)
    level: Floats = traits.log_price + traits.volatility * 0.5 * noise[:, :-1]
    level += noise[:, -1:] * _MARKET_DEVIATION * (0.4 + 1.2 * uniform(keyed(traits.key, 8)))
    level -= drift(traits, dates.ordinal) * np.log(traits.split_factor)
    return level


def _noise(keys: Keys, ordinal: Ints) -> Floats:
    """Noise in layers that looks like a random walk for years, yet is known at any date."""
    place = (ordinal / _PERIODS)[:, None]
    cell = np.floor(place).astype(np.int64)
    layers = numbered(keys[:, None], np.arange(len(_PERIODS)))
    left, right = normal(numbered(layers, np.stack([cell, cell + 1])))
    right -= left
    right *= place - cell
    right += left
    right *= np.sqrt(_PERIODS)
    value: Floats = right.sum(axis=2)
    return value


def _drawn_sessions(
    traits: Traits, dates: Dates, closes: tuple[Floats, Floats], shock: _Shock
) -> Generator[None, None, Bars]:
    """Draw the three sessions of each day: where each opens, how far it swings, where it closes."""
    splits = split_count(traits, dates.ordinal) - split_count(traits, dates.before)
    close, before = closes[1], closes[0] + np.log(traits.split_factor) * splits
    calm = np.hypot(traits.volatility, _AGITATION * shock.size)
    plain = close - before - shock.size * _TEMPERED["kept"][shock.mood]
    least, most = _TEMPERED["least_gap"][shock.mood], _TEMPERED["most_gap"][shock.mood]
    drawn, swung = uniform(fanned(shock.key, 10, 12, 21)), normal(fanned(shock.key, 11, 13, 14, 15, 16))
    gap = shock.size * (least + (most - least) * drawn[0])
    open_ = before + gap + 0.35 * plain + 0.25 * calm * swung[0]
    start = before + (open_ - before) * drawn[1] + 0.1 * calm * swung[1]
    last = open_ + 0.06 * calm * swung[2]
    late = close + 0.03 * calm * swung[3]
    night = late + 0.12 * calm * swung[4]
    surge = np.where(shock.mood == Mood.RUNNER, _LARGEST_SURGE * drawn[2], 0.0)
    yield
    volume = _session_volumes(traits, dates, shock)
    yield
    ends = np.stack([start, open_, late], axis=1), np.stack([last, close, night], axis=1)
    return _session_bars(volume, ends, calm, surge, shock.key)


def _session_bars(volume: Ints, ends: tuple[Floats, Floats], calm: Floats, surge: Floats, keys: Keys) -> Bars:
    swing = _SWINGS * calm[:, None]
    keys = np.moveaxis(fanned(keys, 17, 18, 19), 0, 1)
    up, down = np.abs(normal(np.stack([keys, mixed(keys ^ np.uint64(1))])))
    high = np.maximum(*ends) + swing * up
    high[:, 0] += surge
    low = np.minimum(*ends) - swing * down
    prices = np.where(volume > 0, on_tick(np.exp(np.stack([ends[0], high, low, ends[1]])) * UNITS_PER_DOLLAR), 0)
    return Bars(volume, *prices)


def _parts(sessions: Bars) -> tuple[Bars, Bars, Bars]:
    """Pre-market, regular and post-market of all dates in one line each."""
    pre, regular, post = (
        Bars(*(getattr(sessions, name)[:, number].ravel() for name in Bars.names())) for number in range(_SESSIONS)
    )
    return pre, regular, post


def _session_volumes(traits: Traits, dates: Dates, shock: _Shock) -> Ints:
    spread = _TEMPERED["volume_spread"][shock.mood]
    usual = _TEMPERED["volume"][shock.mood] * np.exp(spread * normal(keyed(shock.key, 22)) - spread * spread / 2)
    listed = _listed(traits, dates.ordinal)
    debut = listed & (traits.listing_offset >= 0) & ~_listed(traits, dates.before)
    factor = np.where(debut, _DEBUT_VOLUME, usual) * traits.split_factor ** drift(traits, dates.ordinal) * listed
    weights = np.repeat(dates.shares, len(traits.key), axis=1)
    weights[..., 0] *= np.where(debut, 0.0, _TEMPERED["pre_market"][shock.mood])
    # What trades the most every day does not trade fifty times as much on any.
    most = np.maximum(_MOST_SHARES, _MOST_TIMES * traits.daily_volume) * listed
    volume = np.floor(np.minimum(traits.daily_volume * factor * weights.sum(axis=2), most)).astype(np.int64)
    keys = numbered(keyed(shock.key, 20).ravel()[:, None], np.arange(_SESSIONS))
    trade_size = np.tile(traits.trade_size, len(dates.ordinal))
    dealt = shared_out(volume.ravel(), weights.reshape(-1, _SESSIONS), trade_size, keys, _SESSION_ROUGHNESS)
    return np.moveaxis(dealt.reshape(*volume.shape, _SESSIONS), 2, 1)
