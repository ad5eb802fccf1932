"""Plays histories: many worlds side by side, so that one question to the browser's process serves them all."""

import contextlib
import logging
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import structlog

from tests.oracle.peers import Browser, Event, Outcome, Page, Program
from tests.oracle.watch import Violation
from tests.oracle.world import ACTIONS, LISTS, Steps, World

SIDE_BY_SIDE: Final = 60
LARGEST_ACTION: Final = 2**30
MOST_ACTIONS: Final = 60
History = list[int]


def drawn(seed: int) -> History:
    """A history by its number."""
    draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
    return [draw.randrange(LARGEST_ACTION) for _ in range(draw.randrange(3, MOST_ACTIONS))]


def told(history: Sequence[int]) -> str:
    """The same in words."""
    return ", ".join(
        f"{ACTIONS[action % len(ACTIONS)].__name__.strip('_')} {action // len(ACTIONS)}" for action in history
    )


def history_of(words: str) -> History:
    """The history that `told` told of, also once actions have other numbers; what clients draw may differ."""
    kinds = [act.__name__.strip("_") for act in ACTIONS]
    actions = [action.split() for action in words.split(", ")]
    return [int(rest) * len(kinds) + kinds.index(kind) for kind, rest in actions]


class Broken(Violation):
    """A history broke a promise."""

    def __init__(self, history: History, error: Exception) -> None:
        super().__init__(f"{error!r} after: {told(history)}")
        self.history = history


class Game:
    """One history under way: a program and a page look on."""

    def __init__(self, history: History, number: int) -> None:
        self.history = history
        self.number = number
        self.asked: tuple[Page, float, list[Event]]
        self._world = World([Program(LISTS), Page(number)])
        self._steps: Steps = self._world.play(history, chance=sum(history) % 10 / 10)

    def go_on(self, answer: list[Outcome] | None) -> bool:
        """Play up to the next question to the page; false when it is over."""
        with self._world.loop.in_charge():
            try:
                return self._to_the_page(answer)
            except StopIteration:
                self._world.close()
                return False
            except Exception as error:  # a crash breaks a promise like any other
                self._world.close()
                raise Broken(self.history, error) from error

    def _to_the_page(self, answer: list[Outcome] | None) -> bool:
        while True:
            reducer, now, events = next(self._steps) if answer is None else self._steps.send(answer)
            if isinstance(reducer, Page):
                self.asked = reducer, now, events
                return True
            assert isinstance(reducer, Program)
            answer = reducer.step(now, events)

    def give_up(self) -> None:
        with self._world.loop.in_charge():
            self._world.close()


def play_all(browser: Browser, histories: Iterable[History]) -> int:
    """Play them all, and count them; `Broken` tells of the first that broke a promise."""
    with _quiet():
        return _played(browser, iter(histories))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """In thousands of histories thousands of viewers are cut, each with a line in the log."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _played(browser: Browser, coming: Iterator[History]) -> int:
    under_way: list[tuple[Game, list[Outcome] | None]] = []
    free, begun = list(range(SIDE_BY_SIDE)), 0
    try:
        while True:
            for history in islice(coming, len(free)):
                begun += 1
                under_way.append((Game(history, free.pop()), None))
            if not under_way:
                return begun
            going = [game for game, answer in under_way if game.go_on(answer)]
            free += [game.number for game, _ in under_way if game not in going]
            under_way = list(zip(going, browser.step([game.asked for game in going]), strict=True)) if going else []
    finally:
        for game, _ in under_way:
            game.give_up()


def fault_of(browser: Browser, history: History) -> Broken | None:
    """What one history breaks."""
    try:
        play_all(browser, [history])
    except Broken as broken:
        return broken
    return None


def explore(browser: Browser, count: int, seed: int) -> int:
    """Play `count` histories; what breaks is told by the fewest actions that break it."""
    try:
        return play_all(browser, map(drawn, range(seed, seed + count)))
    except Broken as broken:
        fewest = shrunk(broken.history, lambda history: fault_of(browser, history) is not None)
        raise fault_of(browser, fewest) or broken from broken


def shrunk(history: History, fails: Callable[[History], bool]) -> History:
    """The same failure with as few actions as leaving some out can reach."""
    size = len(history) // 2
    while size:
        start = 0
        while start < len(history):
            fewer = history[:start] + history[start + size :]
            if fails(fewer):
                history = fewer
            else:
                start += size
        size //= 2
    return history
