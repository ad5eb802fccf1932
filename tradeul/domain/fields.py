"""The catalogue: every field of a symbol, defined once.

Filters, scans, the wire, the page's columns and the documentation come from it. A field is rounded once, when it
is computed, to its precision; that value is filtered, ranked, sent and hashed. To add a field: one entry here, and
the line that computes its column in `metrics` (or that sets it in `engine/enrichment`).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """How a field is stored on the board, and so what its null is."""

    NUMBER = "number"
    """float64; NaN is null."""
    TIME = "time"
    """int64 milliseconds UTC; 0 is null."""
    FLAG = "flag"
    """int8; -1 is null."""
    CODE = "code"
    """int8 index into `labels`; -1 is null."""
    TEXT = "text"
    """Python strings; None is null."""


@dataclass(frozen=True, slots=True)
class Field:
    """One entry. `format` is what the page needs to know: price, percent, ratio, shares, money, count, ..."""

    name: str
    title: str
    format: str
    meaning: str
    source: str
    kind: Kind = Kind.NUMBER
    unit: str = ""
    precision: int = 4
    labels: tuple[str, ...] = ()


PRICE_SOURCES: Final = ("trade", "minute", "day", "prev")
RVOL_METHODS: Final = ("exact", "curve", "none")


def _price(name: str, title: str, meaning: str, source: str = "feed") -> Field:
    return Field(name, title, "price", meaning, source, unit="USD")


def _percent(name: str, title: str, meaning: str, source: str = "computed") -> Field:
    return Field(name, title, "percent", meaning, source, unit="%")


def _ratio(name: str, title: str, meaning: str, source: str = "computed") -> Field:
    return Field(name, title, "ratio", meaning, source, unit="x")


def _shares(name: str, title: str, meaning: str, source: str = "feed") -> Field:
    return Field(name, title, "shares", meaning, source, unit="shares", precision=0)


def _count(name: str, title: str, meaning: str, source: str = "computed") -> Field:
    return Field(name, title, "count", meaning, source, precision=0)


def _money(name: str, title: str, meaning: str, source: str) -> Field:
    return Field(name, title, "money", meaning, source, unit="USD", precision=0)


def _time(name: str, title: str, meaning: str, source: str = "feed") -> Field:
    return Field(name, title, "time", meaning, source, kind=Kind.TIME, unit="ms UTC", precision=0)


def _flag(name: str, title: str, meaning: str, source: str = "computed") -> Field:
    return Field(name, title, "flag", meaning, source, kind=Kind.FLAG, precision=0)


def _text(name: str, title: str, meaning: str) -> Field:
    return Field(name, title, "text", meaning, "reference", kind=Kind.TEXT, precision=0)


def _code(name: str, title: str, meaning: str, labels: tuple[str, ...]) -> Field:
    return Field(name, title, "text", meaning, "computed", kind=Kind.CODE, precision=0, labels=labels)


CATALOGUE: Final[tuple[Field, ...]] = (
    _text("symbol", "Symbol", "The ticker symbol, case-sensitive"),
    _text("name", "Name", "The company's or fund's name"),
    _text("exchange", "Exchange", "Primary exchange"),
    _text("type", "Type", "Kind of security"),
    _text("sector", "Sector", "Economic sector"),
    _text("industry", "Industry", "Line of business"),
    _price("price", "Price", "Last trusted price of today, else the previous close"),
    _code("price_source", "Price from", "Where the price comes from", PRICE_SOURCES),
    _time("updated", "Updated", "Time of the newest event behind this row"),
    _price("prev_close", "Prev close", "Close of the previous session"),
    _price("prev_high", "Prev high", "High of the previous session"),
    _price("prev_low", "Prev low", "Low of the previous session"),
    _shares("prev_volume", "Prev volume", "Volume of the previous session"),
    _price("change", "Change $", "Price less the previous close", "computed"),
    _percent("change_percent", "Change", "Change from the previous close"),
    _price("open", "Open", "Official open of the regular session"),
    _percent("gap_percent", "Gap", "Open against the previous close; moves with the price until the open"),
    _percent("change_from_open", "From open", "Change since the official open"),
    _percent("postmarket_change", "Post", "Post-market change from the regular close"),
    _price("high", "High", "Highest price since 04:00", "computed"),
    _price("low", "Low", "Lowest price since 04:00", "computed"),
    _price("premarket_high", "Pre high", "Highest price before the open", "computed"),
    _price("premarket_low", "Pre low", "Lowest price before the open", "computed"),
    _shares("premarket_volume", "Pre volume", "Shares traded before the open", "computed"),
    _percent("distance_from_high", "From high", "Price below the day's high; 0 means at it"),
    _percent("distance_from_low", "From low", "Price above the day's low; 0 means at it"),
    _percent("range_position", "Range", "Place in the day's range: 0 at the low, 100 at the high"),
    _count("new_highs_15m", "Highs 15m", "Clock minutes of the last 15 in which the high was exceeded"),
    _count("new_lows_15m", "Lows 15m", "Clock minutes of the last 15 in which the low was undercut"),
    _time("last_high_at", "High at", "When the day's high was last exceeded", "computed"),
    _time("last_low_at", "Low at", "When the day's low was last undercut", "computed"),
    _percent("change_1m", "1m", "Price change over the last minute"),
    _percent("change_5m", "5m", "Price change over the last five minutes"),
    _shares("volume_1m", "Vol 1m", "Shares traded in the last minute", "computed"),
    _shares("volume_5m", "Vol 5m", "Shares traded in the last five minutes", "computed"),
    _shares("volume_today", "Volume", "Shares traded since 04:00"),
    _money("dollar_volume", "Turnover", "Shares traded times their average price", "computed"),
    _count("trades_1m", "Trades 1m", "Trades of the running minute; unknown where it had none yet", "feed"),
    _price("vwap", "VWAP", "Volume-weighted average price of the day"),
    _percent("vwap_distance", "From VWAP", "Price against the day's VWAP"),
    _ratio("rvol", "RVOL", "Volume so far against its usual for this moment of the day"),
    _ratio("rvol_guarded", "RVOL guarded", "RVOL damped for thinly traded symbols; lists rank by it"),
    _ratio("rvol_slot", "RVOL slot", "Volume of the running five minutes against its usual"),
    _code("rvol_method", "RVOL method", "How the usual volume is known", RVOL_METHODS),
    _count("rvol_sessions", "Sessions", "Past sessions behind the usual volume"),
    _ratio("vol_vs_adv", "Vol/ADV", "Volume today against the average of 30 days"),
    _price("bid", "Bid", "Best bid"),
    _price("ask", "Ask", "Best ask"),
    Field("spread_bps", "Spread", "bps", "Ask less bid against their middle", "computed", unit="bps"),
    _shares("avg_volume_10d", "ADV 10", "Average daily volume of the last 10 sessions", "history"),
    _shares("avg_volume_30d", "ADV 30", "Average daily volume of the last 30 sessions", "history"),
    _price("avg_price_30d", "Avg price 30", "Average close of the last 30 sessions", "history"),
    _price("atr", "ATR", "Wilder's average true range over 14 sessions", "history"),
    _percent("atr_percent", "ATR %", "ATR against the price"),
    _money("market_cap", "Market cap", "Market capitalisation", "reference"),
    _shares("float_shares", "Float", "Shares free to trade", "reference"),
    _shares("shares_outstanding", "Shares", "Shares there are", "reference"),
    _percent("float_rotation", "Rotation", "Volume today against the float"),
    Field("beta", "Beta", "ratio", "How far it moves when the market does; 1 is as far", "reference"),
    _flag("is_etf", "ETF", "Whether it is an exchange-traded fund", "reference"),
    _flag("halted", "Halted", "Trading is halted; unknown where the feed does not say", "feed"),
    _time("halted_at", "Halted at", "When trading was halted"),
    _flag("suspect", "Suspect", "A price of this row was not trusted, or its volume jumped by half an average day"),
    _flag("stale", "Stale", "The last snapshot did not hold this symbol"),
    _flag("no_reference", "No reference", "Nothing is known about this security beyond its prices"),
    Field("score", "Score", "score", "0 to 100: how much is going on here", "computed"),
)

BY_NAME: Final = {field.name: field for field in CATALOGUE}

DEFAULT_COLUMNS: Final = (
    "name", "price", "change", "change_percent", "gap_percent", "change_from_open", "volume_today", "dollar_volume",
    "rvol", "rvol_method", "rvol_slot", "float_shares", "market_cap", "high", "low", "distance_from_high",
    "range_position", "vwap_distance", "change_5m", "spread_bps", "halted", "sector", "score", "updated",
)  # fmt: skip

LIVE_FIELDS: Final = (
    "price", "change", "change_percent", "change_from_open", "volume_today", "open", "high", "low", "vwap", "bid",
    "ask", "spread_bps", "rvol", "rvol_method", "rvol_slot", "halted", "stale", "updated",
)  # fmt: skip
"""What is told of a watched symbol, each time any of it changes."""
