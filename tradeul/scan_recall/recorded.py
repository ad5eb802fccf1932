"""A recording of a day, played for scan recall: all its snapshots, and what the live board said of who was missing."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tradeul.domain.events import Bools, Nanos, Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.scan_recall import RecallBook
from tradeul.domain.scans import Scan
from tradeul.domain.session import NANOS, Session
from tradeul.engine.scan_recall import ListWatcher, why_not
from tradeul.engine.whole_state import Engine
from tradeul.engine.why import Why
from tradeul.replay.player import Range
from tradeul.replay.rig import Rig
from tradeul.replay.tape import Tape

SHORTEST_NS: Final = 5 * NANOS
LONGEST_NS: Final = 60 * NANOS
"""From one image to the next; where it was longer nothing is known of what lies between."""
NOT_MADE_THEN: Final = "the list was not there, or switched off, as recorded"


@dataclass(slots=True, eq=False)
class Recorded:
    """What a recording came to."""

    images: int = 0
    spans: list[tuple[Nanos, Nanos]] = field(default_factory=list)
    """From when to when its images follow one another."""
    told: dict[tuple[str, Symbol], str] = field(default_factory=dict)
    gaps: int = 0


class RecordedDay:
    """Plays one recording. `missing` are who was not where it belonged and when, in that order."""

    def __init__(
        self,
        tape: Tape,
        watched: tuple[Sequence[Scan], Sequence[Filter], RecallBook],
        missing: Sequence[tuple[Nanos, str, Symbol]],
    ) -> None:
        self._rig = Rig(tape, Range())
        self._watched = watched
        self._missing = missing
        self._watcher: ListWatcher | None = None
        self._life = ""
        self._at = Nanos(0)
        self.found = Recorded()
        self.tick: Callable[[Nanos], None] = lambda _at: None
        """Is told how far it is."""

    async def play(self) -> Recorded:
        """Play it to its end."""
        player = self._rig.player
        player.progress = self._look
        await player.play()
        self.found.gaps = len(player.played.gaps)
        return self.found

    def _look(self) -> None:
        """Look at the engine after a snapshot."""
        rerun = self._rig.rerun
        engine = rerun.engine
        at, session = engine.enrichment.as_of, engine.scanner.session
        if not rerun.life or not at or session is Session.CLOSED or at <= self._at:
            return
        if self._watcher is None or rerun.life != self._life:
            self._watcher = ListWatcher(engine.enrichment.board, *self._watched, at)
            self._life, self._at = rerun.life, Nanos(at - SHORTEST_NS)
        interval = max(SHORTEST_NS, at - self._at)
        self._span(at, interval)
        self._watcher.stand(self._inside(engine))
        self._watcher.look(at, min(interval, LONGEST_NS), session)
        self._ask(engine, at)
        self.found.images += 1
        self._at = at
        self.tick(at)

    def _inside(self, engine: Engine) -> dict[str, Bools]:
        """Who is inside the lists of the engine that are defined as ours are: live events moved them in between."""
        theirs = {name: channel.scan for name, channel in engine.channels.by_name.items()}
        same = {scan.name for scan in self._watched[0] if _asks(scan) == _asks(theirs.get(scan.name))}
        return {name: mask for name, mask in engine.scanner.inside().items() if name in same}

    def _span(self, at: Nanos, interval: int) -> None:
        spans = self.found.spans
        if spans and interval <= LONGEST_NS:
            spans[-1] = (spans[-1][0], at)
        else:
            spans.append((at, at))

    def _ask(self, engine: Engine, at: Nanos) -> None:
        """Ask the live board of everybody who should have been there since the image before."""
        for _, name, symbol in self._due(at):
            words = self._words(engine, name, symbol)
            if words:
                self.found.told[name, symbol] = words

    def _due(self, at: Nanos) -> Iterator[tuple[Nanos, str, Symbol]]:
        since = max(self._at, at - LONGEST_NS)
        first = bisect_right(self._missing, since, key=lambda each: each[0])
        last = bisect_right(self._missing, at, key=lambda each: each[0])
        return iter(self._missing[first:last])

    def _words(self, engine: Engine, name: str, symbol: Symbol) -> str:
        if name not in engine.channels.by_name:
            return NOT_MADE_THEN
        why = Why(engine.enrichment.board, engine.scanner, engine.channels)
        return why_not(engine.enrichment.board, why, engine.channels.by_name[name].scan, symbol)


def _asks(scan: Scan | None) -> tuple[object, ...] | None:
    """What decides who is inside a list."""
    return None if scan is None else (scan.where, scan.keep, scan.sessions, scan.global_filters)
