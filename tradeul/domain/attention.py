"""Which symbols deserve to be followed live: the members of the lists, and those that left them a moment ago."""

from tradeul.domain.events import Symbol


class Attention:
    """Remembers when each symbol was last wanted, in market seconds."""

    def __init__(self, cooldown_s: float) -> None:
        self._cooldown_s = cooldown_s
        self._wanted_at: dict[Symbol, float] = {}

    def desired(self, members: frozenset[Symbol], now_s: float) -> frozenset[Symbol]:
        """Give the set to follow: members now, and whoever was one within the cooldown."""
        self._wanted_at.update(dict.fromkeys(members, now_s))
        expired = [symbol for symbol, at in self._wanted_at.items() if now_s - at > self._cooldown_s]
        for symbol in expired:
            del self._wanted_at[symbol]
        return frozenset(self._wanted_at)
