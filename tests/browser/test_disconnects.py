"""A page whose connection breaks again and again: what stands in its cells in the end is what the server holds."""

import random
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.eventually import eventually, running
from tests.support.page import OpenPage, open_page, rows_of, until
from tests.support.raw import HOST
from tests.support.relay import Relay, relayed
from tests.support.web import Served, row, served
from tradeul.domain.deltas import Row
from tradeul.web.routes.page import read_page

pytestmark = [pytest.mark.browser, pytest.mark.slow(5)]

LISTS = ("gappers_up", "momentum_up", "new_highs")
"""Of the first layout, so that they have panels."""
STATIC = Path(__file__).parents[2] / "static"
LONGEST = 12
"""Rows: as many as are in view."""
BREAKS = 24
MOST_BYTES = 3_000
"""A connection ends anywhere from its handshake to a few deltas after its last snapshot."""
SAME = """Object.entries(argument).every(([list, rows]) => {
    const shown = [...document.querySelectorAll(`[data-list="${list}"] tr[data-symbol]`)];
    return rows.length === shown.length && rows.every(([rank, symbol, price, volume], index) => {
        const said = (field) => shown[index].querySelector(`[data-field="${field}"]`)?.textContent;
        return shown[index].dataset.symbol === symbol && said("rank") === String(rank)
            && said("price") === price && said("volume_today") === volume;
    });
})"""

UNKNOWN = "\N{EN DASH}"

Written = list[tuple[int, str, str, str]]


class Market:
    """Lists whose rows come, go, change and change places."""

    def __init__(self, world: Served, draw: random.Random) -> None:
        self._world = world
        self._draw = draw

    def move(self) -> None:
        """Publish other rows into some of the lists, all of them at times empty."""
        for name in LISTS:
            if self._draw.random() < 0.7:
                symbols = self._draw.sample(range(20), self._draw.randint(0, LONGEST))
                self._world.publish([self._row(number) for number in symbols], name)

    def _row(self, number: int) -> Row:
        price = None if self._draw.random() < 0.1 else round(self._draw.uniform(1, 500), 2)
        return row(f"S{number}", price, volume=self._draw.randint(1, 900))

    def written(self) -> dict[str, Written]:
        """How the server's rows are to be written into cells."""
        channels = self._world.channels.by_name
        return {
            name: [_written(rank, each) for rank, each in enumerate(channels[name].state.rows, 1)] for name in LISTS
        }


def _written(rank: int, row_: Row) -> tuple[int, str, str, str]:
    _, price, volume = row_.values
    return rank, row_.symbol, UNKNOWN if price is None else f"{price:.2f}", str(volume)


async def _connected_anew(relay: Relay, opened: OpenPage, after: int | None) -> None:
    """End the connection, and wait for one that brings so many bytes; the page takes its time to notice the first."""
    relay.after = after
    before = relay.carried
    relay.cut()

    async def came_back() -> bool:
        await opened.page.evaluate("dispatchEvent(new Event('online'))")
        return relay.carried > before

    await eventually(came_back, every_s=0.02)


async def _broken(relay: Relay, market: Market, opened: OpenPage, draw: random.Random) -> None:
    """One connection that ends somewhere, while the market moves before, during and after."""
    market.move()
    await _connected_anew(relay, opened, draw.randint(1, MOST_BYTES))
    for _ in range(draw.randint(0, 6)):
        market.move()
        await opened.page.wait_for_timeout(draw.randint(0, 20))
    market.move()


async def _restored(relay: Relay, opened: OpenPage) -> None:
    """A connection that lasts, after one that was lost."""
    await _connected_anew(relay, opened, None)
    await until(opened.page, "tradeul.state() === 'LIVE'")


async def test_what_is_shown_after_breaks_is_what_the_server_holds(browser: Browser) -> None:
    """Connections end at any byte, again and again; each time one lasts, every cell is the server's, in its order."""
    draw = random.Random(7)  # noqa: S311  # no secret
    async with (
        served(LISTS, page=read_page(STATIC)) as world,
        running(world.hub.run),
        relayed(world.server.port) as relay,
        open_page(f"http://{HOST}:{relay.port}/", browser) as opened,
    ):
        market = Market(world, draw)
        for number in range(1, BREAKS + 1):
            await _broken(relay, market, opened, draw)
            if draw.random() < 0.4 or number == BREAKS:
                await _restored(relay, opened)
                await until(opened.page, SAME, market.written())
        held = {name: len(rows) for name, rows in market.written().items()}
        shown = {name: len(await rows_of(opened.page, name)) for name in LISTS}
        cuts = relay.cuts

    assert shown == held
    assert cuts >= BREAKS
    assert opened.policy_reports == []
    assert opened.external_requests == []
