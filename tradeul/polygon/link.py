"""The link to the vendor's live feed as others may see it. `stream` fills one in whenever it is asked."""

from dataclasses import dataclass
from types import MappingProxyType

from tradeul.domain.events import Nanos, Symbol


@dataclass(frozen=True, slots=True)
class LinkState:
    """The link to the vendor at one moment."""

    connected: bool
    authenticated: bool
    since: Nanos
    """When it last came up or went down, in market time."""
    reconnects: int
    """Connections that were authenticated, but for the first."""
    close_codes: MappingProxyType[int, int]
    """How often a connection ended with each code; 1006 is an end without one."""
    messages: int
    last_message_at: Nanos
    newest_event_at: Nanos
    """The market time of the newest event of this connection, 0 before the first; never later than the clock."""
    lag_ms: int | None
    """How long after its end the newest event of the last message with any arrived; None before the first."""
    requests: int
    """How often we asked for channels or took some back."""
    trouble: str
    """Why there is no connection, in words; empty while there is one, and before the first has failed."""
    bad_elements: int
    delayed: bool
    """The stream that is 15 minutes late is followed, as the plan does not hold the other."""
    desired: frozenset[Symbol]
    confirmed: frozenset[Symbol]
    """Symbols of which every topic is known to come."""
    pending: frozenset[Symbol]
    """Symbols of which a topic was asked for and is not known to come."""
    whole_topics: frozenset[str]
    """Topics known to come for the whole market, such as `LULD.*`."""
    refused: frozenset[str]
    """Those the vendor does not give us on this connection."""
