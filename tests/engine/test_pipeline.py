"""A step that is cut off: whoever follows the steps hears of it if the board or the lists were left unfinished."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from tests.engine.test_discovery import Engine
from tests.support.market import at, image, traded
from tradeul.engine.steps import Step


class Listening:
    """Follows the steps, and does something when one begins."""

    def __init__(self, begins: Callable[[], object] = lambda: None) -> None:
        self.broken = 0
        self._begins = begins

    def take(self, _step: Step) -> None:
        self._begins()

    def published(self, _names: Sequence[str]) -> None:
        pass

    def broke_off(self) -> None:
        self.broken += 1

    def wants_state(self) -> bool:
        return False

    async def take_state(self) -> None:
        raise AssertionError


async def cut_off(engine: Engine) -> None:
    """Take a snapshot in a task of its own, which somebody cancels meanwhile."""
    taken = image(traded("A", 11.0, 1_000, at("10:00")))
    with pytest.raises(asyncio.CancelledError):
        await engine.pipeline.take_image(taken, engine.clock.now())


def cancel() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def test_a_step_that_is_cut_off_is_told() -> None:
    """The board may be between two images."""
    engine = Engine("10:00")
    engine.pipeline.log = log = Listening(cancel)

    await cut_off(engine)

    assert log.broken == 1


async def test_a_step_is_over_with_its_publication() -> None:
    """Who is cut off while others look at the lists has done all there was to do."""
    engine = Engine("10:00")
    engine.pipeline.log, engine.looks = (log := Listening()), cancel

    await cut_off(engine)

    assert (log.broken, len(engine.channels.by_name["winners"].state.rows)) == (0, 1)


async def test_times_are_told_during_a_look_and_not_after_one_that_was_cut_off() -> None:
    """What is published next may be of no event at all."""
    engine = Engine("10:00")
    told = list[bool]()

    def look() -> None:
        told.append(engine.pipeline.times is not None)
        cancel()

    engine.looks = look
    await cut_off(engine)

    assert (told, engine.pipeline.times) == ([True], None)
