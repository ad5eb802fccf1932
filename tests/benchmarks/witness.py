"""What happened inside a running program, by the machine's monotonic clock: when bars were heard, when they were shown.

A bar is known by its symbol and the millisecond of its end, which a list's row carries as `updated`. A list counts as
handed over once every viewer of it was written to.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tests.benchmarks.vendor import Sent
from tradeul.app import App
from tradeul.domain.events import LiveEvents

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
    handed: dict[State, int] = field(default_factory=dict)
    """When the last viewer of it was written to."""
    late_ms: list[float] = field(default_factory=list)
    """How late the event loop was, look by look."""

    def __post_init__(self) -> None:
        app = self.app
        self._known: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._deliver, app.intake.deliver = app.intake.deliver, self._hear  # type: ignore[method-assign]
        self._changed, app.channels.changed = app.channels.changed, self._see

    async def probe(self, seconds: float) -> None:
        """Look how late the loop is for so long; then look away, as a program that stops is late."""
        until = time.perf_counter() + seconds
        while (before := time.perf_counter()) < until:
            await asyncio.sleep(PROBE_S)
            self.late_ms.append((time.perf_counter() - before - PROBE_S) * 1_000)
        self.app.intake.deliver = self._deliver  # type: ignore[method-assign]
        self.app.channels.changed = self._changed

    def _hear(self, events: LiveEvents) -> None:
        at_ns = time.monotonic_ns()
        self._deliver(events)
        for bar in events.seconds:
            self.heard.setdefault((bar.symbol, bar.end // NS_PER_MS), at_ns)

    def _see(self, names: Sequence[str]) -> None:
        self._changed(names)
        pending = {name: self.app.channels.by_name[name].state.sequence for name in names}
        for name in names:
            self._compare(name)
        self._await_handing(pending)

    def _compare(self, name: str) -> None:
        state, known = self.app.channels.by_name[name].state, self._known[name]
        place = state.columns.index("updated")
        newest = {str(row.symbol): int(str(row.values[place] or 0)) for row in state.rows}
        self.shown[name, state.sequence] = [
            (symbol, updated) for symbol, updated in newest.items() if known.get(symbol, updated) != updated
        ]
        self._known[name] = newest

    def _await_handing(self, pending: dict[str, int]) -> None:
        """The hub hands over one list a turn of the loop: look after each."""
        sent = self._sequences()
        for name in [name for name, sequence in pending.items() if sent[name] >= sequence]:
            self.handed[name, pending.pop(name)] = time.monotonic_ns()
        if pending:
            asyncio.get_running_loop().call_soon(self._await_handing, pending)

    def _sequences(self) -> dict[str, int]:
        hub: Callable[[Sequence[str]], None] = self._changed
        lists = getattr(hub, "__self__").lists  # noqa: B009  # mypy knows no method behind a plain callable
        return {name: frames.sequence for name, frames in lists.items()}


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
