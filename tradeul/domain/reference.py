"""What is known of a security beyond its prices: its name, what it is, how large. It changes overnight, if at all."""

from typing import Final, NamedTuple

from tradeul.domain.events import Symbol

TEXTS: Final = ("name", "exchange", "type", "sector", "industry")
NUMBERS: Final = ("market_cap", "float_shares", "shares_outstanding", "beta")


class Facts(NamedTuple):
    """One security; None where it is not known. The fields are named as in the catalogue."""

    symbol: Symbol
    name: str | None
    exchange: str | None
    type: str | None
    sector: str | None
    industry: str | None
    market_cap: float | None
    float_shares: float | None
    shares_outstanding: float | None
    beta: float | None
    is_etf: bool | None
