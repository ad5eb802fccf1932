"""What a job is: a name, the hour it is due, and work that can be cut short anywhere and begun again.

A job keeps what it has after each piece, so that a run after a kill goes on where the last one ended; running it
twice changes nothing. It raises `TradeulError` kinds for what the vendor or the database refuse; `desk` runs it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class Progress:
    """How far a run is; written by the job, read by whoever looks on."""

    done: int = 0
    total: int = 0
    """0: not known yet."""
    errors: int = 0
    """Pieces that failed and were passed over; the next run tries them again."""
    note: str = ""
    """What is being done, in a few words."""
    rows: int = 0
    """Written so far."""


class Job(Protocol):
    """One kind of loading."""

    name: str
    due: dt.time | None
    """Every day at this time of New York; None: only when something else asks for it."""

    async def run(self, progress: Progress, days: int | None) -> None:
        """Load what is missing of the last `days` sessions, or of as many as the job usually loads."""
