"""The exchange closes when nobody planned it, done by the simulated vendor to the whole engine over real REST.

Its trades go on all the while, so whatever stands still here does so because the market is said to be closed.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_desk import Desk, desk_at
from tests.support.eventually import eventually, running
from tests.support.market import CALENDAR, DAY, at
from tests.support.onlooker import Onlooker
from tradeul.app import App
from tradeul.domain.session import Session
from tradeul.settings import Settings

STATUS = "/v1/marketstatus"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_at("10:00") as desk, running(desk.hours.run):
        await eventually(lambda: desk.hours.report()["vendor_says"] == "open")
        yield desk


async def until_session(desk: Desk, session: Session, seconds: int) -> None:
    """Let market time pass until the session is the one given."""
    for _ in range(seconds):
        if desk.view.moment().session is session:
            return
        await desk.let(1)
    raise AssertionError(f"no {session} within {seconds} s")


async def test_lists_stand_while_the_vendor_has_closed(desk: Desk) -> None:
    """No list moves, the feed is called closed and not stale, it is asked once a minute, and the date is the same."""
    desk.exchange.faults.switch_on("other_hours", says="closed")
    await until_session(desk, Session.CLOSED, 190)
    await desk.let(6)
    sequences, asked = desk.sequences(), desk.source.asked

    await desk.let(120)

    assert desk.sequences() == sequences
    assert desk.source.asked - asked <= 3
    feed = desk.view.feed()
    assert (feed.state, feed.reason) == ("closed", "the vendor says that the market is closed")
    assert desk.view.moment().trading_date == DAY
    assert desk.pipeline.book is not None
    assert desk.pipeline.book.date == DAY


async def test_lists_move_again_when_it_has_opened() -> None:
    """Within seconds, and without a moment in which the feed is called stale."""
    async with desk_at("10:00") as desk:
        desk.exchange.faults.switch_on("other_hours", says="closed")
        async with running(desk.hours.run):
            await until_session(desk, Session.CLOSED, 190)
            await desk.let(70)
        # So that an answer comes long before the next snapshot of a closed market.
        await desk.let(25)
        sequences = desk.sequences()
        desk.exchange.faults.switch_off()
        async with running(desk.hours.run):
            await eventually(lambda: desk.view.moment().session is Session.MARKET_OPEN)
            states = {desk.view.feed().state}
            for _ in range(7):
                await desk.let(1)
                states.add(desk.view.feed().state)

    assert states == {"live"}
    assert desk.sequences() != sequences


async def test_slots_of_a_closed_market_carry_on(desk: Desk) -> None:
    """The volumes of slots in which nothing is known to have traded are those of the close, none is left out."""
    desk.exchange.faults.switch_on("other_hours", says="closed")
    await until_session(desk, Session.CLOSED, 190)
    desk.exchange.faults.switch_on("refused", path="/v2/snapshot")
    await desk.clock.advance(1_200)
    desk.pipeline.close_slots(desk.clock.now())

    book = desk.pipeline.book
    assert book is not None
    table = book.table()
    assert table.slots[-4:] == (72, 73, 74, 75)
    assert (table.volumes[-3:] == table.volumes[-4]).all()


async def test_an_announced_early_close_is_taken_over() -> None:
    """The list of closures says that tomorrow closes at one: it does, with its post-market to five."""
    async with desk_at("10:00") as desk:
        desk.exchange.faults.switch_on("announced", path=STATUS, close="13:00")
        async with running(desk.hours.run):
            await eventually(lambda: desk.calendar.announced)

    tomorrow = desk.calendar.following(DAY)
    hours = desk.calendar.hours(tomorrow)
    assert (hours.market_close, hours.post_market_end) == (at("13:00", tomorrow), at("17:00", tomorrow))


async def test_an_announced_closure_is_taken_over() -> None:
    """The list of closures says that the day after tomorrow is none: no session begins on it."""
    async with desk_at("10:00") as desk:
        desk.exchange.faults.switch_on("announced", path=STATUS, ahead=2.0, close="")
        async with running(desk.hours.run):
            await eventually(lambda: desk.calendar.announced)

    days = [DAY]
    for _ in range(3):
        days.append(CALENDAR.following(days[-1]))
    assert desk.calendar.following(days[1]) == days[3]
    assert desk.calendar.holiday_name(days[2]) == "Day of Mourning"


async def heard_session(viewer: Onlooker, session: str) -> dict[str, Any]:
    """Wait for the status that says so."""
    while True:
        frame = await viewer.look()
        if frame["type"] == "status" and frame["session"] == session:
            return frame


async def test_the_whole_program_closes_and_opens_with_its_vendor(tmp_path: Path) -> None:
    """A viewer is told both, the date stays; the simulated market's own hours are not changed by what it said."""
    settings = Settings(
        server={"port": 0},
        simulation={"symbols": 200},
        clock={"start": "2026-11-18T11:00:00-05:00", "speed": 60.0},
        history={"dsn": "off", "data_dir": str(tmp_path)},
    )
    app = App(settings)
    await app.start()
    assert app.server is not None
    assert app.exchange is not None
    async with Onlooker(f"ws://127.0.0.1:{app.server.port}/ws/scanner?protocol=1") as viewer:
        await viewer.subscribe("winners")
        before = await heard_session(viewer, "MARKET_OPEN")
        app.exchange.faults.switch_on("other_hours", says="closed")
        closed = await heard_session(viewer, "CLOSED")
        app.exchange.faults.switch_off()
        after = await heard_session(viewer, "MARKET_OPEN")
    app.supervisor.request_stop("seen")
    await app.supervisor.run_until_stopped()

    assert closed["next_session"] == "PRE_MARKET"
    assert {frame["trading_date"] for frame in (before, closed, after)} == {"2026-11-18"}
    assert {frame["market"] for frame in (before, closed, after)} == {"simulated"}
