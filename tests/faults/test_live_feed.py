"""The live feed through every fault of the vendor's stream, on the wall's time with the real waits; a figure for each.

The exchange says what it holds. Clients alone tell how soon 300 symbols are followed again, as many can be measured at
once; the whole program tells whether it finds out by itself, also where only its snapshots can know.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.faults.conftest import Show
from tests.support.eventually import eventually, running
from tests.support.feed_watch import FeedWatch
from tests.support.market import at
from tests.support.simulated import listening, small_market
from tests.support.whole import sent, whole
from tradeul.app import App
from tradeul.clock import PacedClock, SystemClock
from tradeul.domain.events import Symbol
from tradeul.polygon.stream import PolygonStream
from tradeul.simulation.exchange.server import Exchange

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CLIENTS = 10
FOLLOWED = 300
NEW = 100
MANY = 1_000
FOLLOWED_AGAIN_S = 5.0
HEALED_S = 35.0
FOUND_OUT_S = 25.0
ASKED_S = 1.0
LOCKED_OUT_S = 60.0
FLAPPING_S = 60.0
MOST_CONNECTS = 12
"""In a minute; ten minutes of it are played in tests/polygon/test_backoff.py."""
LOOK_S = 0.05


def told(name: str, seconds: list[float], most: float) -> str:
    """One line of figures."""
    half, high = np.percentile(seconds, (50, 95))
    return f"{name:46} p50 {half:6.2f} s, p95 {high:6.2f} s, of {len(seconds)}; at most {most:g} s"


# Clients alone.


@asynccontextmanager
async def clients(count: int = CLIENTS, symbols: int = 2 * FOLLOWED) -> AsyncIterator[tuple[Exchange, list[FeedWatch]]]:
    """So many clients with keys of their own, each of which follows all that it wants."""
    clock, wanted = PacedClock(at("09:45")), frozenset(small_market(symbols).universe.symbols[:FOLLOWED])
    async with listening(clock, symbols) as exchange, AsyncExitStack() as stack:
        watches = []
        await stack.enter_async_context(running(exchange.run))
        for number in range(count):
            draw = Random(number)  # noqa: S311  # repeatable waits, no secret
            key = f"key{number}"
            stream = PolygonStream(exchange.ws_url, key, clock, lambda _events: None, uniform=draw.uniform)
            stream.want(wanted)
            watch = FeedWatch(exchange, stream, key)
            watches.append(watch)
            await stack.enter_async_context(running(stream.run, watch.run))
        await eventually(lambda: not any(watch.drift() for watch in watches), within_s=60.0, every_s=LOOK_S)
        yield exchange, watches


async def followed_again(watches: list[FeedWatch], since: float) -> list[float]:
    """After how long each has all that it wants."""
    await eventually(lambda: all(each.healed_after(since) for each in watches), within_s=HEALED_S, every_s=LOOK_S)
    return [each.healed_after(since) or HEALED_S for each in watches]


ENDINGS: list[tuple[str, dict[str, Any]]] = [
    *(("close", {"code": float(code)}) for code in (1000, 1001, 1008, 1011, 1012, 0)),
    ("abort", {}),
    ("abort", {"reset": 0.0}),
    ("slow_consumer", {}),
]


@pytest.mark.parametrize(("fault", "options"), ENDINGS)
async def test_everything_is_followed_again_soon_after_an_end(fault: str, options: dict[str, Any], show: Show) -> None:
    """300 symbols within 5 s of the end of the connection, 19 times in 20."""
    async with clients() as (exchange, watches):
        exchange.faults.switch_on(fault, times=1, **options)
        await eventually(lambda: all(watch.lost() for watch in watches), every_s=LOOK_S / 10)
        ended = SystemClock().monotonic()

        seconds = await followed_again(watches, ended)

        show(told(f"{fault} {options or ''}: followed again after", seconds, FOLLOWED_AGAIN_S))
        assert np.percentile(seconds, 95) <= FOLLOWED_AGAIN_S
        assert not any(watch.wrongly_left() for watch in watches[:1])


async def test_everything_is_followed_again_soon_after_an_outage(show: Show) -> None:
    """The vendor cannot be reached for a while: 300 symbols within 5 s of its being back, 19 times in 20."""
    async with clients() as (exchange, watches):
        exchange.faults.switch_on("unreachable", seconds=20.0)
        exchange.faults.switch_on("abort", times=1)
        await eventually(lambda: not exchange.faults.report(), within_s=30.0, every_s=LOOK_S / 10)

        seconds = await followed_again(watches, SystemClock().monotonic())

        show(told("unreachable for 20 s: followed again after", seconds, FOLLOWED_AGAIN_S))
        assert np.percentile(seconds, 95) <= FOLLOWED_AGAIN_S


async def test_new_symbols_are_asked_for_at_once(show: Show) -> None:
    """100 that come into the wanted set together: from then to the frame that asks for each, 1 s, 19 times in 20."""
    async with clients(1) as (exchange, (watch,)):
        stream, clock, seconds = watch.stream, watch.clock, list[float]()
        others = small_market(2 * FOLLOWED).universe.symbols[FOLLOWED:]
        for first in range(0, 2 * NEW + 1, NEW):
            new = frozenset(others[first : first + NEW])
            began = clock.monotonic()
            stream.want(stream.state.desired | new)
            await eventually(lambda: not watch.drift(), every_s=LOOK_S)
            seconds += asked_after(exchange, new, began)

        show(told(f"{NEW} new symbols: asked for after", seconds, ASKED_S))
        assert np.percentile(seconds, 95) <= ASKED_S


def asked_after(exchange: Exchange, symbols: frozenset[Symbol], began: float) -> list[float]:
    """How long it took until each was asked for."""
    channels = {f"A.{symbol}" for symbol in symbols}
    requests = [each for each in exchange.ledger.entries if each.action == "subscribe" and each.at >= began]
    return [each.at - began for each in requests for channel in each.channels if channel in channels]


async def test_a_flapping_vendor_is_left_in_peace_and_found_again(show: Show) -> None:
    """It accepts and drops each second for a minute: a dozen connections at most, and all is followed afterwards."""
    async with clients() as (exchange, watches):
        began = len(exchange.ledger.moments("connect"))
        exchange.faults.switch_on("abort", seconds=FLAPPING_S)
        await eventually(lambda: not exchange.faults.report(), within_s=FLAPPING_S + 5.0, every_s=LOOK_S)
        connects = (len(exchange.ledger.moments("connect")) - began) / CLIENTS

        seconds = await followed_again(watches, SystemClock().monotonic())

        show(f"flapping for {FLAPPING_S:g} s: {connects:.1f} connects a client")
        show(told("flapping: followed again after", seconds, HEALED_S))
        assert connects <= MOST_CONNECTS
        assert max(seconds) <= HEALED_S


# The whole program.


@asynccontextmanager
async def program(
    folder: Path, symbols: int = 1_500, **sections: Any
) -> AsyncIterator[tuple[App, Exchange, FeedWatch]]:
    """It follows its lists on a market of this many symbols, at the wall's pace."""
    async with whole(folder, "09:45", symbols, speed=1.0, history={"dsn": "off"}, **sections) as app:
        assert app.exchange is not None
        assert app.stream is not None
        watch = FeedWatch(app.exchange, app.stream)
        async with running(watch.run):
            await eventually(lambda: _is_settled(app, watch), within_s=60.0, every_s=LOOK_S)
            yield app, app.exchange, watch


def _is_settled(app: App, watch: FeedWatch) -> bool:
    assert app.stream is not None
    return len(app.stream.state.desired) > NEW and not watch.drift()


async def broken(exchange: Exchange, watch: FeedWatch, fault: str, options: dict[str, Any]) -> float:
    """Have the fault befall the next connection, and end this one; when that was."""
    exchange.faults.switch_on(fault, **options)
    if fault not in ("close", "evicted"):
        exchange.faults.switch_on("abort", times=1)
    await eventually(watch.lost, every_s=LOOK_S / 10)
    return watch.clock.monotonic()


BREAKS: list[tuple[str, dict[str, Any], float]] = [
    ("close", {"code": 1008.0, "times": 1}, HEALED_S),
    ("cut_after_auth", {"times": 2}, HEALED_S),
    *((name, {"times": 5}, HEALED_S) for name in ("lost_requests", "partial_acks", "lost_acks", "acks_apart")),
    ("not_authorized", {"times": 5}, HEALED_S),
    *((name, {"seconds": 10.0}, HEALED_S) for name in ("late_bars", "repeated_bars", "flood", "bad_frames")),
    ("unreachable", {"seconds": 10.0}, HEALED_S),
    *((name, {"times": 1}, HEALED_S) for name in ("auth_timeout", "ungreeted")),
    ("evicted", {"times": 1}, LOCKED_OUT_S + HEALED_S),
    ("auth_failed", {"times": 1}, LOCKED_OUT_S + HEALED_S),
]


@pytest.mark.parametrize(("fault", "options", "most_s"), BREAKS)
async def test_the_program_heals_by_itself(
    fault: str, options: dict[str, Any], most_s: float, tmp_path: Path, show: Show
) -> None:
    """Within 35 s of the loss the exchange holds what the lists want, and nothing that was wanted was given up; a key
    that is in use elsewhere or refused waits its minute before.
    """
    async with program(tmp_path) as (_, exchange, watch):
        began = await broken(exchange, watch, fault, options)
        await eventually(lambda: watch.healed_after(began), within_s=most_s + 1.0, every_s=LOOK_S)
        seconds = watch.healed_after(began) or most_s
        await eventually(lambda: not exchange.faults.report(), within_s=most_s, every_s=LOOK_S)
        await eventually(lambda: not watch.drift(), within_s=HEALED_S, every_s=LOOK_S)

        show(f"{fault:24} {len(watch.wishes[-1][1])} symbols, no drift after {seconds:5.1f} s; at most {most_s:g} s")
        assert seconds <= most_s
        assert not watch.wrongly_left()


@pytest.mark.parametrize("fault", ["silence", "half_open"])
async def test_a_silent_feed_is_found_out(fault: str, tmp_path: Path, show: Show) -> None:
    """The connection stands and brings nothing, with or without pongs: snapshots know better, and it is made anew."""
    async with program(tmp_path) as (app, exchange, watch):
        assert app.stream is not None
        stream, ends = app.stream, sum(app.stream.state.close_codes.values())
        began = watch.clock.monotonic()
        exchange.faults.switch_on(fault)
        await eventually(
            lambda: sum(stream.state.close_codes.values()) > ends, within_s=2 * FOUND_OUT_S, every_s=LOOK_S
        )
        found = watch.clock.monotonic()
        exchange.faults.switch_off()
        await eventually(lambda: watch.healed_after(found), within_s=HEALED_S, every_s=LOOK_S)
        seconds = found - began + (watch.healed_after(found) or HEALED_S)

        show(f"{fault:24} found after {found - began:5.1f} s, no drift after {seconds:5.1f} s; at most {HEALED_S:g} s")
        assert seconds <= HEALED_S
        assert not watch.wrongly_left()


async def test_a_new_list_is_followed_at_once(tmp_path: Path, show: Show) -> None:
    """From asking for a list of 100 to the frame that asks the vendor for each of its symbols."""
    async with program(tmp_path) as (app, exchange, watch):
        before, began = app.channels.members(), watch.clock.monotonic()
        cheap = {"where": "price > 0", "order": "price asc", "size": NEW, "global_filters": False}
        status, _ = await sent(app, "PUT", "/api/v1/scans/cheap", cheap)
        new = app.channels.members() - before
        await eventually(lambda: not watch.drift(), every_s=LOOK_S)
        seconds = asked_after(exchange, new, began)

        show(told(f"a list of {len(new)} new symbols: asked for after", seconds, ASKED_S))
        assert status in (200, 201)
        assert len(new) > NEW / 2
        assert np.percentile(seconds, 95) <= ASKED_S


async def test_a_thousand_symbols_are_followed_again(tmp_path: Path, show: Show) -> None:
    """20 messages of 50, 0.3 s apart: the largest set heals in time too."""
    orders = ("volume_today", "price", "change_percent", "gap_percent")
    lists = {
        f"{order}_{way}": {"where": "price > 0", "order": f"{order} {way}", "size": 200, "global_filters": False}
        for order in orders
        for way in ("asc", "desc")
    }
    async with program(tmp_path, 2_500, scans=lists) as (app, exchange, watch):
        assert app.stream is not None
        stream = app.stream
        await eventually(lambda: len(stream.state.desired) >= MANY and not watch.drift(), within_s=60.0, every_s=LOOK_S)
        began = await broken(exchange, watch, "abort", {"times": 1})
        await eventually(lambda: watch.healed_after(began), within_s=HEALED_S, every_s=LOOK_S)
        seconds = watch.healed_after(began) or HEALED_S

        show(f"{len(stream.state.desired)} symbols: no drift after {seconds:.1f} s; at most {HEALED_S:g} s")
        assert seconds <= HEALED_S
        assert not watch.wrongly_left()
