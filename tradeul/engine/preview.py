"""What a list would hold, tried on the board as it stands: nothing is kept, and no viewer sees anything.

The scan builder and the command line ask; a hundred microseconds for an ordinary condition.
"""

from typing import NamedTuple

from tradeul.clock import Clock
from tradeul.domain.deltas import ListState
from tradeul.domain.scans import Scan
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.refusals import Refused
from tradeul.engine.scanner import CANNOT_EVALUATE, Scanner


class Preview(NamedTuple):
    """How many rows qualify, the first of them, and how long it took to find out."""

    found: int
    state: ListState
    ms: float


class Previews:
    """Tries lists on what the scanner ranked last."""

    def __init__(self, scanner: Scanner, pipeline: Pipeline, clock: Clock) -> None:
        self._scanner = scanner
        self._pipeline = pipeline
        self._clock = clock

    def of(self, scan: Scan) -> Preview | None:
        """Try one; None while there is no market yet. Raises `Refused` where it cannot be evaluated."""
        session = self._pipeline.scanned_session
        if session is None:
            return None
        before = self._clock.monotonic()
        try:
            found, rows = self._scanner.tried(scan, session)
        except CANNOT_EVALUATE as error:
            raise Refused("where", f"it cannot be evaluated: {error}") from error
        ms = (self._clock.monotonic() - before) * 1_000
        return Preview(found, ListState(0, self._pipeline.as_of // 1_000_000, scan.columns, rows), round(ms, 3))
