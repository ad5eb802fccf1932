"""Where the board stands in time: what `engine/enrichment` remembers beside the columns."""

from dataclasses import dataclass
from typing import Final

from tradeul.domain.events import Nanos
from tradeul.domain.session import Moment

NEVER: Final = Nanos(0)


@dataclass(slots=True)
class Standing:
    """Plain values; enrichment alone writes them, and whoever keeps or restores the whole of the engine."""

    moment: Moment | None = None
    """Where the board's data stands in the market's time; None before the first image."""
    slot: int = -1
    image_at: Nanos = NEVER
    newest_bar: Nanos = NEVER
    covered: Nanos = NEVER
    """Up to when the last image holds all that was traded: when it was asked for, if nothing in it is newer."""
    late: bool = False
    resumed: bool = False
