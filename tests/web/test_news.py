"""What is told of market and feed, to whom and when."""

from tests.support.eventually import running
from tests.support.web import NOON, scan, served, viewer
from tradeul.engine.ports import FeedState
from tradeul.web.news import News
from tradeul.web.protocol import text_frame

STALE = FeedState("stale", NOON, "no snapshot arrives", 20_000)


async def test_who_comes_after_a_change_was_told_is_greeted_with_it() -> None:
    """Greetings are made once for all who come within a moment, but never of what was told to be otherwise."""
    async with served() as world:
        news = News(world.channels, world.clock, world.view, tuple)
        news.change(0.0)
        first = news.greeting(0.24)
        again = news.greeting(0.25)
        world.view.state = STALE
        told = news.change(0.26)
        after = news.greeting(0.27)

    assert first is again
    assert told is not None
    assert text_frame(told) in after
    assert text_frame(told) not in first


async def test_who_comes_before_a_change_is_told_hears_of_it_then() -> None:
    """A greeting may be a moment old; what changed since is told to all, so nobody is left with the old."""
    async with served() as world, running(world.hub.run):
        await world.clock.advance(1)
        async with viewer(world) as first, viewer(world) as second:
            for each in (first, second):
                await each.hear("status")
            world.view.state = STALE
            await world.clock.advance(0.3)
            told = [(await each.hear("status"))["feed"] for each in (first, second)]

    assert told == ["stale", "stale"]


async def test_a_list_that_is_new_is_in_the_next_greeting() -> None:
    """Whoever comes in the same moment as a list is told of it."""
    async with served(names=("alpha",)) as world, viewer(world):
        world.channels.define(scan("beta"))
        async with viewer(world, greeted=False) as second:
            hello = await second.hear("hello")

    assert [each["name"] for each in hello["lists"]] == ["alpha", "beta"]
