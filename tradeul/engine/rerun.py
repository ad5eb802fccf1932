"""Does again to an engine what a recording says was done to one, and compares what is published with what was then.

The engine is the one that is used live. Whoever plays the recording hands over images and live events when they came,
and every step; the clock says what the recording's said. What differs is told and does not stop anything.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tradeul.domain.events import LiveEvents, MarketImage, Nanos
from tradeul.domain.volume_profile import VolumeCurves
from tradeul.engine import steps
from tradeul.engine.discovery import Discovery
from tradeul.engine.fingerprint import BLANK, Round
from tradeul.engine.intake import Intake
from tradeul.engine.steps import Step
from tradeul.engine.whole_state import Engine, head_of, is_whole, restored

OF_LISTS: Final = (steps.Listed, steps.Unlisted)


class Difference(NamedTuple):
    """The first state that is not what it was."""

    at: Nanos
    list: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.list} at its sequence {self.sequence}"


class Rerun:
    """Implements `StepLog` too: it hears what the engine publishes."""

    def __init__(
        self,
        engine: Engine,
        discovery: Discovery,
        intake: Intake,
        show: Callable[[Nanos], None],
        *,
        lists: bool = True,
    ) -> None:
        self.engine = engine
        self._lists = lists
        """Whether lists are made as they were then; the board is the same without them."""
        self._discovery = discovery
        self._intake = intake
        self._show = show
        self._image: MarketImage | None = None
        self._published: deque[Round] = deque()
        self._parts: list[bytes] | None = None
        self._begun: steps.Begun | None = None
        self._waiting: list[LiveEvents] = []
        self._comparing = False
        self._blank = True
        """Whether we are nothing that what comes could be done to."""
        self.at = Nanos(0)
        """When the last step was taken."""
        self.halts_told = False
        self.states = 0
        """How many were published, and are on the recording too."""
        self.running = BLANK
        """The hash of all that was published up to there."""
        self.difference: Difference | None = None
        self.life = ""

    def take(self, step: Step) -> None:
        """What we do ourselves is no news."""

    def published(self, names: Sequence[str]) -> None:
        self._published.append(self.engine.fingerprint.look(names))

    def broke_off(self) -> None:
        """Whoever plays hears of it."""

    def wants_state(self) -> bool:
        return False

    async def take_state(self) -> None:
        """Nobody wants it."""

    def came(self, image: MarketImage) -> None:
        """Have an image; a step says whether it is taken."""
        self._image = image

    def heard(self, events: LiveEvents) -> None:
        """Have live events; a step says when they are taken."""
        if self._blank and self._parts is None:
            return
        if self._parts is None:
            self._intake.deliver(events)
        else:
            self._waiting.append(events)

    def restore_next(self) -> None:
        """Be what the next state says, and compare nothing until then; those after it are only passed."""
        self.life, self._comparing = "", False

    async def step(self, step: Step, at: Nanos) -> None:
        """Do one step again."""
        if isinstance(step, steps.Published):
            self._compare(step)
            return
        if isinstance(step, steps.BrokenOff):
            self._published.clear()
        self._end_round()
        self.at = at
        self._show(at)
        match step:
            case steps.BrokenOff():
                self.restore_next()
                self._blank = True
            case steps.Begun():
                self._begun, self._parts = step, []
            case steps.Part():
                self._take_part(step)
            case steps.Born(life=life) if life != self.life:
                self.restore_next()
                self._blank = True
            case _ if not self._blank and (self._lists or not isinstance(step, OF_LISTS)):
                await self._taken(step)

    def end(self) -> None:
        """There is no more to come. What the last step published now is of no account: the program, or the recording,
        may have ended in the middle of it.
        """
        self._published.clear()

    async def _taken(self, step: Step) -> None:  # noqa: C901  # one line for each step there is
        pipeline = self.engine.pipeline
        match step:
            case steps.Imaged():
                self.halts_told = step.halts_told
                await self._take_image(step.now, step.asked_at)
            case steps.Lived():
                self.halts_told = step.halts_told
                self._show(step.now)
                await pipeline.take_pending(self._intake.take)
            case steps.Averaged():
                await pipeline.take_averages(step.averages())
            case steps.Usual():
                await pipeline.take_baseline(step.baseline(), step.missed)
            case steps.Curved():
                await pipeline.take_curves(VolumeCurves.of_shape(step.shape()))
            case steps.Ranged():
                await pipeline.take_ranges(step.ranges)
            case steps.Split():
                pipeline.take_splits(step.splits())
            case steps.Referred():
                await pipeline.take_reference(step.facts)
            case steps.Rescanned():
                await pipeline.rescan()
            case steps.Listed():
                await pipeline.take_list(step.scan())
            case steps.Unlisted():
                await pipeline.drop_list(step.name)
            case steps.Told() | steps.Announced():
                await pipeline.take_hours(step, self.engine.calendar)

    async def _take_image(self, now: Nanos, asked_at: Nanos) -> None:
        image, self._image = self._image, None
        if image is not None:
            await self._discovery.apply(image, now, asked_at)

    def _take_part(self, part: steps.Part) -> None:
        begun, parts = self._begun, self._parts
        if begun is None or parts is None:
            return
        parts.append(part.content)
        if len(parts) == 1 and head_of(part.content).life == self.life:
            # It says what we are.
            self._go_on()
            return
        if len(parts) < begun.parts:
            return
        head = head_of(parts[0])
        if is_whole(head, parts[1:]):
            self._intake.take()
            restored(self.engine, head, b"".join(parts[1:]))
            if not self._lists:
                self.engine.scanner.restore((), (), {}, *head.ranked_at)
            self._image, self.life = None, head.life
            self._published.clear()
            self.running = head.running
            self._comparing, self._blank = self._lists, False
        self._go_on()

    def _go_on(self) -> None:
        """The state is over: what came between its parts comes after it."""
        self._parts = None
        for events in self._waiting:
            self._intake.deliver(events)
        self._waiting.clear()

    def _compare(self, expected: steps.Published) -> None:
        found = self._published.popleft() if self._published else Round({}, self.running)
        self._count(found)
        if found != (expected.lists, expected.running):
            self._differ(found, Round(expected.lists, expected.running))

    def _end_round(self) -> None:
        """What was published now and not then."""
        while self._published:
            found = self._published.popleft()
            self._count(found)
            self._differ(found, Round({}, b""))

    def _count(self, found: Round) -> None:
        self.states += len(found.lists)
        self.running = found.running

    def _differ(self, found: Round, expected: Round) -> None:
        if self.difference is not None or not self._comparing:
            return
        names = [
            name
            for name in sorted({*found.lists, *expected.lists})
            if found.lists.get(name) != expected.lists.get(name)
        ]
        # Equal states after a gap: what came before them is missing, and the sum of it all is another.
        name = names[0] if names else min({*found.lists, *expected.lists}, default="")
        counted = self.engine.fingerprint.counts.get(name, 0)
        self.difference = Difference(self.at, name, counted + (name not in found.lists))
