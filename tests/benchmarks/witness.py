"""What happened inside a running program, by the machine's monotonic clock: when bars were heard, when they were shown.

A bar is known by its symbol and the millisecond of its end, which a list's row carries as `updated`. A list's state is
handed to a viewer when that state, or a later one, was written to the viewer's socket.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tests.benchmarks.vendor import Sent
from tradeul.app import App
from tradeul.domain.events import LiveEvents
from tradeul.web.standings import Standing
from tradeul.web.turns import Turns
from tradeul.web.viewer import Viewer

PROBE_S = 0.001
NS_PER_MS = 1_000_000

Mark = tuple[str, int]
"""A bar: its symbol, and when it ends."""
State = tuple[str, int]
"""A list at one sequence."""


@dataclass
class Witness:
    """Looks on from its making to the end of `probe`; the program must have been started."""

    app: App
    heard: dict[Mark, int] = field(default_factory=dict)
    """When a bar reached the intake."""
    shown: dict[State, list[Mark]] = field(default_factory=dict)
    """The bars that a list's state is the first to show, of symbols that stood in the list before."""
    handed: defaultdict[str, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    """Of each list, from which sequence to which a viewer was led, and when."""
    late_ms: list[float] = field(default_factory=list)
    """How late the event loop was, look by look."""

    def __post_init__(self) -> None:
        app = self.app
        self._known: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._led: list[tuple[Standing, Standing, int]] = []
        self._deliver, app.intake.deliver = app.intake.deliver, self._hear  # type: ignore[method-assign]
        self._changed, app.channels.changed = app.channels.changed, self._see
        # Each write to a viewer passes here.
        self._turns: Turns = self._changed.__self__._turns  # type: ignore[attr-defined]  # noqa: SLF001
        self._write, self._turns._write = self._turns._write, self._hand  # noqa: SLF001

    async def probe(self, seconds: float) -> None:
        """Look how late the loop is for so long; then look away, as a program that stops is late."""
        until = time.perf_counter() + seconds
        while (before := time.perf_counter()) < until:
            await asyncio.sleep(PROBE_S)
            self.late_ms.append((time.perf_counter() - before - PROBE_S) * 1_000)
        self.app.intake.deliver = self._deliver  # type: ignore[method-assign]
        self.app.channels.changed = self._changed
        self._turns._write = self._write  # noqa: SLF001
        for stood, stands, at_ns in self._led:
            for name, sequence in stands.sequences.items():
                held = stood.sequences.get(name)
                if held is not None and sequence is not None and held != sequence:
                    self.handed[name].append((held, sequence, at_ns))

    def _hear(self, events: LiveEvents) -> None:
        at_ns = time.monotonic_ns()
        self._deliver(events)
        for bar in events.seconds:
            self.heard.setdefault((bar.symbol, bar.end // NS_PER_MS), at_ns)

    def _see(self, names: Sequence[str]) -> None:
        self._changed(names)
        for name in names:
            self._compare(name)

    def _hand(self, viewer: Viewer, now: float) -> None:
        before = viewer.standing
        self._write(viewer, now)
        if viewer.standing is not before:
            self._led.append((before, viewer.standing, time.monotonic_ns()))

    def _compare(self, name: str) -> None:
        state, known = self.app.channels.by_name[name].state, self._known[name]
        place = state.columns.index("updated")
        newest = {str(row.symbol): int(str(row.values[place] or 0)) for row in state.rows}
        self.shown[name, state.sequence] = [
            (symbol, updated) for symbol, updated in newest.items() if known.get(symbol, updated) != updated
        ]
        self._known[name] = newest


def first_sent(sent: Sequence[Sent], heard: dict[Mark, int]) -> dict[Mark, int]:
    """When each bar that was heard left the vendor first; it may be told again later."""
    began, firsts = min(heard.values()), dict[Mark, int]()
    for each in sent:
        firsts.setdefault((each.symbol, each.end_ms), each.at_ns)
    return {mark: at_ns for mark, at_ns in firsts.items() if at_ns >= began and mark in heard}


def lag_ms(sent: Sequence[Sent], heard: dict[Mark, int]) -> list[float]:
    """From the vendor's socket to the intake, bar by bar."""
    return [(heard[mark] - at_ns) / NS_PER_MS for mark, at_ns in first_sent(sent, heard).items()]


def percentile(values: npt.ArrayLike, share: float) -> float:
    return float(np.percentile(np.asarray(values), share))


def followed(app: App) -> int:
    """How many symbols are known to come live."""
    return 0 if app.stream is None else len(app.stream.state.confirmed)
