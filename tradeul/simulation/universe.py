"""The seeded listing: which symbols the simulated market has, and what each is like on an average day.

Symbols are spelt as the tape spells them, odd ones included: share classes, preferreds, warrants, units, rights,
foreign shares over the counter. A symbol's traits hang on its spelling and the seed, not on how many others there are.
"""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints, Symbol
from tradeul.simulation.chance import Keys, keyed, mixed, normal, number_of, numbered, uniform
from tradeul.simulation.shape import Columns


class Kind(IntEnum):
    """What sort of security a symbol is."""

    COMMON = 0
    FUND = 1
    PREFERRED = 2
    WARRANT = 3
    UNIT = 4
    RIGHT = 5
    FOREIGN = 6


@dataclass(frozen=True, slots=True)
class Character:
    """How the securities of one kind are spread: medians with the deviation of their logarithm, and bounds."""

    share: float
    price: float
    price_spread: float
    price_range: tuple[float, float]
    volume: float
    volume_spread: float
    volatility: float
    volatility_spread: float
    liveliness: float
    """How often it has an unusual day, against a common share."""


CHARACTERS: Final = {
    Kind.COMMON: Character(0.622, 17.0, 1.15, (0.2, 3000.0), 190_000.0, 1.95, 0.021, 0.45, 1.0),
    Kind.FUND: Character(0.24, 36.0, 0.65, (6.0, 650.0), 30_000.0, 2.1, 0.009, 0.5, 0.12),
    Kind.PREFERRED: Character(0.045, 22.0, 0.12, (8.0, 60.0), 9_000.0, 1.1, 0.005, 0.3, 0.1),
    Kind.WARRANT: Character(0.04, 0.5, 0.9, (0.03, 8.0), 20_000.0, 1.5, 0.05, 0.3, 0.5),
    Kind.UNIT: Character(0.034, 10.2, 0.03, (9.7, 12.0), 2_500.0, 1.4, 0.003, 0.3, 0.05),
    Kind.RIGHT: Character(0.008, 0.2, 0.6, (0.04, 2.0), 8_000.0, 1.5, 0.06, 0.3, 0.5),
    Kind.FOREIGN: Character(0.004, 6.0, 1.2, (0.05, 300.0), 9_000.0, 1.6, 0.025, 0.4, 0.5),
}

# symbol: kind, dollars, shares a day, daily deviation
FAMILIAR: Final[dict[str, tuple[Kind, float, float, float]]] = {
    "SPY": (Kind.FUND, 640.0, 68e6, 0.008),
    "QQQ": (Kind.FUND, 560.0, 48e6, 0.011),
    "IWM": (Kind.FUND, 225.0, 32e6, 0.012),
    "AAPL": (Kind.COMMON, 230.0, 52e6, 0.014),
    "MSFT": (Kind.COMMON, 480.0, 21e6, 0.013),
    "NVDA": (Kind.COMMON, 170.0, 78e6, 0.024),
    "TSLA": (Kind.COMMON, 330.0, 74e6, 0.03),
    "AMD": (Kind.COMMON, 160.0, 44e6, 0.027),
    "F": (Kind.COMMON, 11.5, 56e6, 0.018),
    "BAC": (Kind.COMMON, 47.0, 36e6, 0.014),
    "BACpL": (Kind.PREFERRED, 1240.0, 6_000.0, 0.004),
    "BACPL": (Kind.COMMON, 3.4, 240_000.0, 0.04),
    "BRK.A": (Kind.COMMON, 715_000.0, 1_200.0, 0.009),
    "BRK.B": (Kind.COMMON, 478.0, 4.1e6, 0.009),
    "AVAC": (Kind.COMMON, 10.3, 90_000.0, 0.004),
    "AVACU": (Kind.UNIT, 10.6, 4_000.0, 0.004),
    "AVACW": (Kind.WARRANT, 0.8, 30_000.0, 0.05),
}

LARGEST_VOLUME: Final = 80e6
LARGEST_DOLLAR_VOLUME: Final = 2.5e10
_LETTERS: Final = "AAAABBBCCCCDDDEEEFFFGGGHHHIIIJKKLLLLMMMMNNNOOOPPPPQRRRRSSSSSTTTTUUVVVWWXXYZ"
_LENGTHS: Final = np.array([0.003, 0.05, 0.42])
"""Shares of symbols of up to one, two and three letters; the rest has four."""
_FUND_LENGTHS: Final = np.array([0.0, 0.002, 0.3])
_BATCH: Final = 4096
_ENDINGS: Final = {
    Kind.PREFERRED: ("pA", "pB", "pC", "pD", "pE", "pF", "pL"),
    Kind.WARRANT: ("W",),
    Kind.UNIT: ("U",),
    Kind.RIGHT: ("R",),
    Kind.FOREIGN: ("F", "Y", "F"),
}
_CLASSES: Final = (".A", ".B")
_CLASS_SHARE: Final = 0.006

LISTING_CYCLE: Final = 128
LISTED_DAYS: Final = 120
SPLIT_CYCLE: Final = 200
REVERSE_SPLIT: Final = 10.0
FORWARD_SPLIT: Final = 0.25
"""By how much a price is multiplied on the day of a split: 1 for 10, and 4 for 1."""
RENAME_CYCLE: Final = 150
"""Days that a company goes by one of its two symbols before it takes the other."""
_CYCLE_PORTION: Final = 0.02
"""The largest part of the market that a cycle may take up, when the market is small."""
_RISING_PORTION: Final = 0.005
_RISING: Final = 40
_RENAMED: Final = 8
_RENAMED_VOLUME: Final = (50_000.0, 1_000_000.0)

EXCHANGES: Final = ("XNAS", "XNYS", "XASE", "ARCX", "BATS")
NASDAQ, NYSE, AMEX, ARCA, CBOE = range(len(EXCHANGES))
NOWHERE: Final = -1
"""Where over-the-counter shares are listed."""
_LISTINGS: Final[dict[Kind, tuple[tuple[int, float], ...]]] = {
    Kind.COMMON: ((NASDAQ, 0.55), (NYSE, 0.4), (AMEX, 0.05)),
    Kind.FUND: ((ARCA, 0.65), (CBOE, 0.2), (NASDAQ, 0.15)),
    Kind.PREFERRED: ((NYSE, 0.8), (NASDAQ, 0.2)),
    Kind.WARRANT: ((NASDAQ, 1.0),),
    Kind.UNIT: ((NASDAQ, 1.0),),
    Kind.RIGHT: ((NASDAQ, 1.0),),
    Kind.FOREIGN: ((NOWHERE, 1.0),),
}
_FAMILIAR_LISTINGS: Final = {
    "AAPL": NASDAQ, "MSFT": NASDAQ, "NVDA": NASDAQ, "TSLA": NASDAQ, "AMD": NASDAQ, "QQQ": NASDAQ, "AVAC": NASDAQ,
    "F": NYSE, "BAC": NYSE, "BACpL": NYSE, "BACPL": NYSE, "BRK.A": NYSE, "BRK.B": NYSE, "SPY": ARCA, "IWM": ARCA,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Traits(Columns):
    """One array per trait, in the order of the symbols."""

    key: Keys
    market_key: Keys
    """The same for all: the key of the market as a whole."""
    kind: Ints
    exchange: Ints
    """Place in EXCHANGES, or NOWHERE."""
    otc: Bools
    log_price: Floats
    volatility: Floats
    daily_volume: Floats
    trade_size: Floats
    liveliness: Floats
    listing_offset: Ints
    """Place in the cycle of coming to the market, being there for 120 days and leaving it; -1: always there."""
    split_offset: Ints
    """Place in the cycle of sinking and splitting 1 for 10, or of rising and splitting 4 for 1; -1: never."""
    split_factor: Floats
    """What a split multiplies the price by; 1 where there is none."""
    rename_offset: Ints
    """The place at which a company takes this one of its two symbols; -1: it has but one."""


@dataclass(frozen=True, slots=True, eq=False)
class Universe:
    """The symbols in alphabetical order and their traits."""

    symbols: tuple[Symbol, ...]
    traits: Traits

    def row_of(self, symbol: str) -> int | None:
        """Where a symbol of exactly that spelling stands."""
        row = bisect.bisect_left(self.symbols, symbol)
        return row if row < len(self.symbols) and self.symbols[row] == symbol else None


def universe_of(seed: int, count: int) -> Universe:
    """List `count` symbols of the seed."""
    kinds = dict(sorted(_named_kinds(seed, count).items()))
    symbols = tuple(Symbol(name) for name in kinds)
    key = mixed(np.array([_spelling(name) for name in symbols], np.uint64) ^ np.uint64(number_of(seed)))
    market_key = np.full(len(symbols), number_of(seed, 2), np.uint64)
    return Universe(symbols, _renamed(_traits(symbols, np.array(list(kinds.values()), np.int64), key, market_key)))


def _spelling(name: str) -> int:
    return int.from_bytes(name.encode(), "big")


def _named_kinds(seed: int, count: int) -> dict[str, Kind]:
    named = {name: traits[0] for name, traits in list(FAMILIAR.items())[:count]}
    left = count - len(named)
    for kind in (Kind.FUND, Kind.PREFERRED, Kind.WARRANT, Kind.UNIT, Kind.RIGHT, Kind.FOREIGN):
        wanted = int(left * CHARACTERS[kind].share)
        _add(named, kind, wanted, _spellings(seed, kind))
    _add(named, Kind.COMMON, count - len(named), _spellings(seed, Kind.COMMON))
    return named


def _add(named: dict[str, Kind], kind: Kind, wanted: int, spellings: Iterator[str]) -> None:
    for spelling in spellings:
        if wanted <= 0:
            return
        if spelling not in named:
            named[spelling] = kind
            wanted -= 1


def _spellings(seed: int, kind: Kind) -> Iterator[str]:
    """Draw spellings for ever: roots of one to four letters, with the ending that the kind has."""
    lengths = _FUND_LENGTHS if kind is Kind.FUND else _LENGTHS
    endings = _ENDINGS.get(kind)
    start = np.full(1, number_of(seed, 1, kind), np.uint64)
    for batch in range(1 << 20):
        keys = numbered(keyed(start, batch), np.arange(_BATCH))
        letters = (uniform(numbered(keys[:, None], np.arange(4))) * len(_LETTERS)).astype(np.int64)
        sizes = 1 + np.searchsorted(np.cumsum(lengths), uniform(keyed(keys, 1)))
        choices = uniform(keyed(keys, 2))
        for row, size, choice in zip(letters.tolist(), sizes.tolist(), choices.tolist(), strict=True):
            root = "".join(_LETTERS[letter] for letter in row)
            if endings is None:
                yield root[:size] + (_CLASSES[row[0] % 2] if choice < _CLASS_SHARE and kind is Kind.COMMON else "")
            else:
                ending = endings[int(choice * len(endings))]
                yield (root[: max(size - 1, 2)] if kind is Kind.PREFERRED else root) + ending


def _traits(symbols: tuple[Symbol, ...], kind: Ints, key: Keys, market_key: Keys) -> Traits:
    def trait(name: str) -> Floats:
        return np.array([getattr(CHARACTERS[each], name) for each in Kind], np.float64)[kind]

    bounds = np.array([CHARACTERS[each].price_range for each in Kind])[kind]
    price = np.clip(trait("price") * np.exp(trait("price_spread") * normal(keyed(key, 1))), bounds[:, 0], bounds[:, 1])
    volatility = trait("volatility") * np.exp(trait("volatility_spread") * normal(keyed(key, 2)))
    # Cheap shares move more.
    volatility *= np.where(kind == Kind.COMMON, np.clip((12.0 / price) ** 0.28, 0.7, 2.2), 1.0)
    volume = np.clip(trait("volume") * np.exp(trait("volume_spread") * normal(keyed(key, 3))), 40.0, LARGEST_VOLUME)
    for row, symbol in enumerate(symbols):
        if symbol in FAMILIAR:
            _, price[row], volume[row], volatility[row] = FAMILIAR[symbol]
    volume = np.minimum(volume, LARGEST_DOLLAR_VOLUME / price)
    return Traits(
        key=key,
        market_key=market_key,
        kind=kind,
        exchange=_exchanges(symbols, kind, key),
        otc=kind == Kind.FOREIGN,
        log_price=np.log(price),
        volatility=np.clip(volatility, 0.002, 0.09),
        daily_volume=volume,
        trade_size=np.clip(200.0 * (20.0 / price) ** 0.3 * (volume / 1e5) ** 0.1, 4.0, 1500.0),
        liveliness=trait("liveliness"),
        rename_offset=np.full(len(symbols), -1),
        **_cycles(_unfamiliar(symbols, kind, key), len(symbols)),
    )


def _exchanges(symbols: tuple[Symbol, ...], kind: Ints, key: Keys) -> Ints:
    exchange = np.full(len(kind), NOWHERE)
    drawn = uniform(keyed(key, 5))
    for each, places in _LISTINGS.items():
        of = np.flatnonzero(kind == each)
        edges = np.cumsum([part for _, part in places])[:-1]
        exchange[of] = np.array([place for place, _ in places])[np.searchsorted(edges, drawn[of], side="right")]
    for row, symbol in enumerate(symbols):
        exchange[row] = _FAMILIAR_LISTINGS.get(symbol, exchange[row])
    return exchange


def _unfamiliar(symbols: tuple[Symbol, ...], kind: Ints, key: Keys) -> Ints:
    """The common shares that nobody knows by name, in a drawn order."""
    common = np.array([row for row in np.flatnonzero(kind == Kind.COMMON) if symbols[row] not in FAMILIAR], np.int64)
    order: Ints = common[np.argsort(keyed(key[common], 4), kind="stable")]
    return order


def _cycles(drawn: Ints, count: int) -> dict[str, Any]:
    """Give some common shares a place in the cycles of listing and of splitting, one per day of the cycle at most."""
    most = int(count * _CYCLE_PORTION)
    listing, splitting, factor = np.full(count, -1), np.full(count, -1), np.ones(count)
    coming, sinking = drawn[: min(LISTING_CYCLE, most)], drawn[LISTING_CYCLE:][: min(SPLIT_CYCLE, most)]
    rising = drawn[::-1][: min(_RISING, int(count * _RISING_PORTION))]
    for rows, cycle, offsets in (
        (coming, LISTING_CYCLE, listing),
        (rising, SPLIT_CYCLE, splitting),
        (sinking, SPLIT_CYCLE, splitting),
    ):
        offsets[rows] = np.arange(len(rows)) * cycle // max(len(rows), 1)
    factor[rising], factor[sinking] = FORWARD_SPLIT, REVERSE_SPLIT
    return {"listing_offset": listing, "split_offset": splitting, "split_factor": factor}


def _renamed(traits: Traits) -> Traits:
    """Let some pairs of common shares be one company, which goes by either symbol in turn."""
    plain = (traits.kind == Kind.COMMON) & (traits.listing_offset < 0) & (traits.split_offset < 0)
    plain &= (traits.daily_volume > _RENAMED_VOLUME[0]) & (traits.daily_volume < _RENAMED_VOLUME[1])
    rows = np.flatnonzero(plain)
    rows = rows[np.argsort(keyed(traits.key[rows], 6), kind="stable")]
    pairs = min(_RENAMED, int(len(plain) * _RISING_PORTION), len(rows) // 2)
    first, second = rows[:pairs], rows[pairs : 2 * pairs]
    source = np.arange(len(plain))
    source[second] = first
    renamed = traits.take(source)
    renamed.rename_offset[first] = np.arange(pairs) * RENAME_CYCLE // max(pairs, 1)
    renamed.rename_offset[second] = renamed.rename_offset[first] + RENAME_CYCLE
    return renamed
