"""Who stands behind each symbol: names, listings, numbers, industries and shares, drawn once for the whole market.

Everything hangs on the symbol's key, so two symbols of one company agree. What the vendor's lists lack at times (a
type, an exchange, a number) is missing here too, as None.
"""

import datetime as dt
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.events import Floats, Ints
from tradeul.domain.session import TradingCalendar
from tradeul.simulation.chance import keyed, normal, uniform
from tradeul.simulation.days import drift
from tradeul.simulation.industries import (
    BLANK_CHECKS,
    FAMILIAR_INDUSTRIES,
    FAMILIAR_NAMES,
    FIRST_WORDS,
    FUND_THEMES,
    INDUSTRIES,
    ODD_NAMES,
    SUFFIXES,
    Industry,
)
from tradeul.simulation.universe import EXCHANGES, LISTED_DAYS, LISTING_CYCLE, RENAME_CYCLE, Kind, Universe

_TYPES: Final[dict[Kind, tuple[tuple[str, float], ...]]] = {
    Kind.COMMON: (("CS", 0.9), ("ADRC", 0.08), ("OS", 0.02)),
    Kind.FUND: (("ETF", 0.86), ("FUND", 0.07), ("ETV", 0.04), ("ETN", 0.03)),
    Kind.PREFERRED: (("PFD", 1.0),),
    Kind.WARRANT: (("WARRANT", 1.0),),
    Kind.UNIT: (("UNIT", 1.0),),
    Kind.RIGHT: (("RIGHT", 1.0),),
    Kind.FOREIGN: (("OS", 0.6), ("ADRC", 0.4)),
}
_COMPANIES: Final = (Kind.COMMON, Kind.FOREIGN)
_ENDINGS: Final = {
    Kind.WARRANT: "Warrants",
    Kind.UNIT: "Units",
    Kind.RIGHT: "Rights",
    Kind.PREFERRED: "Preferred Series",
}
_TYPELESS, _PLACELESS, _SHARELESS, _NUMBERLESS, _FIGILESS = 0.012, 0.008, 0.03, 0.06, 0.08
_ODD_NAMES: Final = 0.01
_TWICE: Final = 0.0005
_ALWAYS_TWICE: Final = "BAC"

_TURNED_OVER: Final = 0.007
"""The part of its shares that a company's volume is on an average day."""
_TURNED_OVER_SPREAD: Final = 0.6
_MARKET_CAPS: Final = (4e6, 4.2e12)
_LEAST_FLOAT: Final = 0.25
_FLOAT_RANGE: Final = 0.73
_OTHER_CLASSES: Final = 1.6
_DOLLARS_PER_EMPLOYEE: Final = 4e6
_FIRST_LISTING: Final = dt.date(1975, 1, 6).toordinal()
_LISTING_DAYS: Final = 14_600
_LOTS: Final = ((1_000.0, 10), (250.0, 40))
_FIGI_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ0123456789"
_FIGI_LENGTH: Final = 9


class Listing(NamedTuple):
    """When a symbol came to the market, and when it left it if it is not there."""

    since: dt.date
    until: dt.date | None


class Shares(NamedTuple):
    """A company's shares: of this class, of all classes in terms of this one, and in the public's hands."""

    outstanding: int
    weighted: int
    free: int


class Registry:
    """Facts about each row of the universe."""

    def __init__(self, universe: Universe) -> None:
        self._symbols = universe.symbols
        self._traits = universe.traits
        self._kinds = [Kind(kind) for kind in universe.traits.kind.tolist()]
        self._identity: list[int] = keyed(universe.traits.key, 50).tolist()
        self.types = self._drawn_types()
        self.exchanges = self._drawn_exchanges()
        self._industries: list[int] = (self._draw(53) * len(INDUSTRIES)).astype(np.int64).tolist()
        self._words: list[int] = (self._draw(54) * len(FIRST_WORDS)).astype(np.int64).tolist()
        self._oddness: list[float] = self._draw(55).tolist()
        self._numbered: list[bool] = (self._draw(56) >= _NUMBERLESS).tolist()
        self._with_figi: list[bool] = (self._draw(57) >= _FIGILESS).tolist()
        company = np.isin(universe.traits.kind, _COMPANIES)
        self._with_shares: list[bool] = (company & (self._draw(58) > _SHARELESS)).tolist()
        self._splitting: list[bool] = (universe.traits.split_offset >= 0).tolist()
        self._listed_at: list[int] = (_FIRST_LISTING + self._draw(59) * _LISTING_DAYS).astype(np.int64).tolist()
        twice = self._draw(60) < _TWICE
        self.doubles = frozenset(row for row in range(len(twice)) if twice[row] or self._symbols[row] == _ALWAYS_TWICE)
        """Rows for which lists have an older line beside the right one."""
        self._free_part: list[float] = (_LEAST_FLOAT + _FLOAT_RANGE * np.sqrt(self._draw(61))).tolist()
        self._shares: list[float] = self._drawn_shares().tolist()
        self._betas: list[float] = np.round(0.3 + 1.4 * self._draw(8), 2).tolist()
        self.prices: Floats = np.exp(universe.traits.log_price)
        """What a share costs about."""

    def name(self, row: int) -> str:
        """What the company or fund is called."""
        symbol, kind = self._symbols[row], self._kinds[row]
        if symbol in FAMILIAR_NAMES:
            return FAMILIAR_NAMES[symbol]
        first, number = FIRST_WORDS[self._words[row]], self._identity[row]
        if kind is Kind.FUND:
            return f"{first} {FUND_THEMES[number % len(FUND_THEMES)]} {self.types[row] or 'Fund'}"
        if self._oddness[row] < _ODD_NAMES:
            return ODD_NAMES[number % len(ODD_NAMES)].format(first)
        industry = INDUSTRIES[self._industries[row]] if kind in (*_COMPANIES, Kind.PREFERRED) else BLANK_CHECKS
        name = f"{first} {industry.word} {SUFFIXES[number % len(SUFFIXES)]}"
        if self.types[row] == "ADRC":
            return f"{name} American Depositary Shares"
        ending = _ENDINGS.get(kind)
        return name if ending is None else f"{name} {ending}{f' {symbol[-1]}' if kind is Kind.PREFERRED else ''}"

    def industry(self, row: int) -> Industry | None:
        """What a company does; other securities do nothing."""
        if self._kinds[row] not in _COMPANIES:
            return None
        code = FAMILIAR_INDUSTRIES.get(self._symbols[row])
        return next((each for each in INDUSTRIES if each.code == code), INDUSTRIES[self._industries[row]])

    def cik(self, row: int) -> str | None:
        """The number under which it files."""
        return f"{self._identity[row] % 2_000_000:010d}" if self._numbered[row] else None

    def figi(self, row: int, *, share_class: bool) -> str | None:
        """The identifier of the security, or of its class of shares."""
        if not self._with_figi[row]:
            return None
        number, letters = self._identity[row] + share_class, ""
        for _ in range(_FIGI_LENGTH):
            number, place = divmod(number, len(_FIGI_LETTERS))
            letters += _FIGI_LETTERS[place]
        return f"BBG{letters}"

    def listing(self, row: int, day: dt.date, calendar: TradingCalendar) -> Listing:
        """Its newest listing as of a date."""
        offset, renamed = int(self._traits.listing_offset[row]), int(self._traits.rename_offset[row])
        now = day.toordinal()
        if offset >= 0:
            since = now - (now - offset) % LISTING_CYCLE
            until = since + LISTED_DAYS
        elif renamed >= 0:
            since = now - (now - renamed) % (2 * RENAME_CYCLE)
            until = since + RENAME_CYCLE
        else:
            return Listing(_trading(self._listed_at[row], calendar), None)
        return Listing(_trading(since, calendar), _trading(until, calendar) if until <= now else None)

    def shares(self, row: int, day: dt.date) -> Shares | None:
        """How many shares a company has; for some nobody says."""
        if not self._with_shares[row]:
            return None
        outstanding = self._shares[row]
        if self._splitting[row]:
            traits = self._traits.take(slice(row, row + 1))
            outstanding *= float((traits.split_factor ** drift(traits, day.toordinal()))[0])
        classes = _OTHER_CLASSES if "." in self._symbols[row] else 1.0
        return Shares(int(outstanding), int(outstanding * classes), int(outstanding * self._free_part[row]))

    def employees(self, row: int) -> int | None:
        if not self._with_shares[row]:
            return None
        return 2 + int(self._shares[row] * float(self.prices[row]) / _DOLLARS_PER_EMPLOYEE)

    def round_lot(self, row: int) -> int:
        """How many shares make a lot: fewer where one is dear."""
        return next((lot for price, lot in _LOTS if self.prices[row] > price), 100)

    def beta(self, row: int) -> float:
        return self._betas[row]

    def kind(self, row: int) -> Kind:
        return self._kinds[row]

    def _draw(self, number: int) -> Floats:
        return uniform(keyed(self._traits.key, number))

    def _drawn_types(self) -> list[str | None]:
        drawn: list[float] = self._draw(51).tolist()
        # Known symbols are what they are.
        drawn = [0.5 if symbol in FAMILIAR_NAMES else each for symbol, each in zip(self._symbols, drawn, strict=True)]
        found = [_picked(_TYPES[kind], each) for kind, each in zip(self._kinds, drawn, strict=True)]
        return [None if each > 1.0 - _TYPELESS else code for code, each in zip(found, drawn, strict=True)]

    def _drawn_exchanges(self) -> list[str | None]:
        places: Ints = np.where(self._draw(52) < _PLACELESS, -1, self._traits.exchange)
        return [None if place < 0 else EXCHANGES[place] for place in places.tolist()]

    def _drawn_shares(self) -> Floats:
        price = np.exp(self._traits.log_price)
        part = _TURNED_OVER * np.exp(_TURNED_OVER_SPREAD * normal(keyed(self._traits.key, 62)))
        return np.clip(self._traits.daily_volume * price / part, *_MARKET_CAPS) / price


def _picked(choices: tuple[tuple[str, float], ...], draw: float) -> str:
    for name, part in choices:
        draw -= part
        if draw < 0.0:
            return name
    return choices[-1][0]


def _trading(ordinal: int, calendar: TradingCalendar) -> dt.date:
    """The date itself, or the next one on which there is trading."""
    day = dt.date.fromordinal(ordinal)
    return day if calendar.is_trading_day(day) else calendar.following(day)
