"""`follow`: lists of a running program, right at every moment, over whatever happens to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.support.eventually import eventually, running
from tests.support.program import free_port
from tests.support.web import EPOCH, NOON, Served, row, scan, served
from tradeul.client import Followed, ServerLost, follow
from tradeul.clock import ManualClock
from tradeul.errors import UsageError
from tradeul.web.protocol import CloseCode


@contextlib.asynccontextmanager
async def following(world: Served, *names: str, clock: ManualClock | None = None) -> AsyncIterator[list[Followed]]:
    """What was told so far, in order; an error ends the test."""
    told: list[Followed] = []

    async def listen() -> None:
        states = follow(world.url, *names, clock=clock or world.clock, chance=lambda: 0.5)
        async with contextlib.aclosing(states):
            async for state in states:
                told.append(state)  # noqa: PERF401  # each is looked at as soon as it comes

    async with running(listen):
        yield told


async def first_error(world: Served, *names: str) -> Exception:
    try:
        async for _ in follow(world.url, *names, clock=world.clock):
            pass
    except (UsageError, ServerLost) as error:
        return error
    raise AssertionError("it ended")


def prices(state: Followed) -> list[float | None]:
    return [found["price"] for found in state.rows]


async def test_every_change_is_told_once() -> None:
    """Each state has the rows, epoch and sequence of the server, and is live."""
    async with served() as world, following(world, "alpha") as told:
        await eventually(lambda: len(told) == 1)
        for price in (1.0, None, 2.5):
            count = len(told)
            world.publish([row("A", price)])
            await eventually(lambda wanted=count + 1: len(told) == wanted)  # type: ignore[misc]

    assert [(state.sequence, prices(state)) for state in told] == [(0, []), (1, [1.0]), (2, [None]), (3, [2.5])]
    assert all(state.live and state.reason == "" and state.epoch == EPOCH for state in told)


async def test_a_lost_connection_is_said_and_comes_back() -> None:
    """The rows stay and are not live; then what was missed comes as one state."""
    async with served() as world, following(world, "alpha") as told:
        world.publish([row("A", 1.0)])
        await eventually(lambda: told and told[-1].sequence == 1)
        world.hub.end(next(iter(world.hub.viewers)), CloseCode.SLOW)
        await eventually(lambda: not told[-1].live)
        lost = told[-1]
        world.publish([row("A", 2.0)])
        await eventually(lambda: told[-1].live or advanced(world))

    assert (prices(lost), lost.reason) == ([1.0], "the connection was lost")
    assert (prices(told[-1]), told[-1].sequence) == ([2.0], 2)


async def advanced(world: Served) -> bool:
    await world.clock.advance(0.1)
    return False


async def test_a_deleted_list_is_said_and_its_return_too() -> None:
    """Its last rows stay, not live; made again, it is followed again."""
    async with served() as world, following(world, "alpha", "beta") as told:
        world.publish([row("A")])
        await eventually(lambda: ("alpha", 1) in {(state.list, state.sequence) for state in told})
        world.channels.remove("alpha")
        await eventually(lambda: not told[-1].live)
        gone = told[-1]
        world.channels.define(scan("alpha"))
        world.publish([row("B")])
        await eventually(lambda: told[-1].live and told[-1].rows and told[-1].rows[0]["symbol"] == "B")

    assert (gone.list, gone.reason, len(gone.rows)) == ("alpha", "there is no such list any more", 1)


async def test_a_list_that_never_was_is_the_callers_mistake() -> None:
    """The error names the nearest one that there is."""
    async with served() as world:
        error = await first_error(world, "alhpa")

    assert isinstance(error, UsageError)
    assert str(error) == "there is no list alhpa: the nearest is alpha"


async def test_a_server_that_does_not_want_us_is_not_asked_again() -> None:
    """After a close code from 4500 on, following ends and says why."""
    async with served() as world:
        told = asyncio.gather(first_error(world, "alpha"))
        await eventually(lambda: any(viewer.sent for viewer in world.hub.viewers))
        world.hub.end(next(iter(world.hub.viewers)), CloseCode.UNAUTHORISED)
        (error,) = await told

    assert str(error) == "the server does not serve us: it wants a token"


async def test_where_no_server_ever_was_following_ends() -> None:
    """An address where nothing answers is more likely wrong than late."""
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerLost, match=f"no tradeul answers at {url}"):
        async for _ in follow(url, "alpha", clock=ManualClock(NOON)):
            pass
