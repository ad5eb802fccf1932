"""What the vendor's stream can do to us, done by the simulated exchange to our own client: it heals, and loses nothing.

Market time is moved by hand for the exchange; the client runs on the wall, with its waits cut short. Whether it healed
is what the exchange says it holds, not what the client believes.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.engine_desk import KEY
from tests.support.eventually import PATIENT_S, eventually, running
from tests.support.market import DAY, NANOS, at
from tests.support.simulated import listening, played, small_day, small_market, tape_at
from tests.support.vendor import UnhurriedClock
from tradeul.clock import ManualClock
from tradeul.domain.events import LiveBar, LiveEvents, Nanos, Symbol
from tradeul.polygon.conversation import Pace
from tradeul.polygon.frames import SECONDS
from tradeul.polygon.stream import PolygonStream
from tradeul.simulation.exchange.ledger import Ledger
from tradeul.simulation.exchange.server import Exchange

pytestmark = pytest.mark.slow(8)

START = at("09:45")
QUICK = Pace(batch_gap_s=0.0, answer_within_s=0.2, ping_every_s=0.2)
HASTY = replace(QUICK, let_in_within_s=0.5, pong_within_s=0.3)
"""For a vendor that keeps silent. Of one that does not, a busy machine would make such a one."""
WANTED = frozenset(small_market(200).universe.symbols[:120])
OTHERS = frozenset(small_market(200).universe.symbols[120:160])


class MarketTime(UnhurriedClock):
    """The exchange's market time with the wall's waits, which are over at once."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> Nanos:
        return self._clock.now()


class Listener:
    """Our client on a simulated stream, and what it delivered."""

    def __init__(
        self, exchange: Exchange, clock: ManualClock, topics: tuple[str, ...] = (SECONDS,), pace: Pace = QUICK
    ) -> None:
        self.exchange = exchange
        self.clock = clock
        self.bars: list[LiveBar] = []
        self.wall = MarketTime(clock)
        draw = Random(7)  # noqa: S311  # repeatable waits, no secret
        self.stream = PolygonStream(
            exchange.ws_url, KEY, self.wall, self._take, topics=topics, uniform=draw.uniform, pace=pace
        )
        self.stream.want(WANTED)

    def _take(self, events: LiveEvents) -> None:
        self.bars += events.seconds

    async def hears(self, seconds: int = 1) -> list[LiveBar]:
        """Let the market trade on until bars of the newest second came."""
        heard = len(self.bars)
        for _ in range(seconds):
            await self.clock.advance(1.0)

        async def more() -> bool:
            if len(self.bars) == heard:
                await self.clock.advance(1.0)
            return len(self.bars) > heard

        await eventually(more)
        return self.bars[heard:]

    async def follows_all(self) -> None:
        """Wait until all that is wanted is known to come, and is all that the exchange holds; the market goes on."""

        async def whole() -> bool:
            state = self.stream.state
            return state.confirmed == state.desired and await self.holds_all()

        await eventually(whole)

    async def holds_all(self) -> bool:
        """Whether the exchange sends the second bars that are wanted, and no others, after a moment of the market."""
        await self.clock.advance(0.25)
        held = {each for each in self.exchange.held() if each.startswith("A.")}
        return held == second_bars_of(self.stream.state.desired)


@pytest.fixture(autouse=True)
def _no_key_in_any_log() -> Iterator[None]:
    with capture_logs() as lines:
        yield
    assert KEY not in repr(lines)


@asynccontextmanager
async def listener(pace: Pace = QUICK, **options: Any) -> AsyncIterator[Listener]:
    """A client that follows everything it wants, and in the end has left nothing of it."""
    clock = ManualClock(START)
    async with listening(clock, key=KEY, **options) as exchange:
        listener = Listener(exchange, clock, pace=pace)
        async with running(exchange.run, listener.stream.run):
            await listener.follows_all()
            yield listener
        assert left_for_good(exchange.ledger) & second_bars_of(listener.stream.state.desired) == set()


def second_bars_of(symbols: Iterable[Symbol]) -> set[str]:
    return {f"A.{symbol}" for symbol in symbols}


def left_for_good(ledger: Ledger) -> set[str]:
    """What was unsubscribed, and not asked for again since, on the last connection."""
    left: set[str] = set()
    for each in ledger.entries:
        if each.action == "connect":
            left.clear()
        elif each.action == "unsubscribe":
            left |= set(each.channels)
        else:
            left -= set(each.channels)
    return left


ENDINGS: list[tuple[str, dict[str, Any]]] = [
    *(
        ("close", {"code": float(code)})
        for code in (1000, 1001, 1002, 1003, 1006, 1008, 1009, 1011, 1012, 1013, 4000, 0)
    ),
    ("abort", {}),
    ("abort", {"reset": 0.0}),
    ("slow_consumer", {}),
    ("evicted", {}),
]


@pytest.mark.parametrize(("fault", "options"), ENDINGS)
async def test_a_connection_that_ends_is_made_again_with_all_it_held(fault: str, options: dict[str, Any]) -> None:
    """However it ended: the wanted set is subscribed again, and bars go on."""
    async with listener() as client:
        client.exchange.faults.switch_on(fault, times=1, **options)
        await eventually(lambda: _moved_on(client, client.stream.state.reconnects == 1))
        await client.follows_all()

        bars = await client.hears()

        assert {bar.symbol for bar in bars} <= WANTED
        waits = client.wall.pauses
        assert (max(waits) >= 60.0) is (fault == "evicted")
        assert sum(client.stream.state.close_codes.values()) == 1
        assert min(client.stream.state.close_codes) >= 1000


async def test_wishes_of_the_meantime_are_what_is_asked_for() -> None:
    """While no connection stands the lists change twice: the exchange is asked for the last wish, and for no other."""
    async with listener(replace(QUICK, answer_within_s=PATIENT_S)) as client:
        client.exchange.faults.switch_on("unreachable")
        client.exchange.faults.switch_on("abort", times=1)
        await eventually(lambda: _moved_on(client, not client.stream.state.connected))
        before = len(client.exchange.ledger.entries)
        client.stream.want(OTHERS)
        await client.clock.advance(5.0)
        client.stream.want(OTHERS | frozenset(sorted(WANTED)[:10]))
        client.exchange.faults.switch_off()

        await client.follows_all()

        asked = [each for each in list(client.exchange.ledger.entries)[before:] if each.channels]
        assert {each.action for each in asked} == {"subscribe"}
        assert {channel for each in asked for channel in each.channels} == second_bars_of(client.stream.state.desired)


async def _moved_on(client: Listener, happened: bool) -> bool:
    if not happened:
        await client.clock.advance(0.5)
    return happened


@pytest.mark.parametrize("fault", ["unreachable", "ungreeted", "cut_before_auth", "cut_after_auth", "auth_timeout"])
async def test_doors_that_are_shut_are_tried_again(fault: str) -> None:
    """Three times in a row; then it is in, and follows everything."""
    async with listener(HASTY) as client:
        client.exchange.faults.switch_on(fault, times=3)
        client.exchange.faults.switch_on("abort", times=1)
        await eventually(lambda: _moved_on(client, not client.exchange.faults.report()))

        await client.follows_all()

        assert await client.hears()


async def test_a_refused_key_is_tried_once_a_minute() -> None:
    """The wait is a minute each time, and the key is in no log."""
    async with listener() as client:
        client.exchange.faults.switch_on("auth_failed", times=3)
        client.exchange.faults.switch_on("abort", times=1)
        await eventually(lambda: _moved_on(client, not client.exchange.faults.report()))

        await client.follows_all()

        assert [wait for wait in client.wall.pauses if wait >= 60.0] == [60.0] * 3


@pytest.mark.parametrize("fault", ["lost_requests", "partial_acks", "lost_acks", "acks_apart", "not_authorized"])
async def test_requests_that_go_wrong_are_healed(fault: str) -> None:
    """Whatever was lost on the way is asked for again, until all that is wanted comes."""
    async with listener() as client:
        client.exchange.faults.switch_on(fault, times=4)
        client.exchange.faults.switch_on("abort", times=1)
        await eventually(lambda: _moved_on(client, client.stream.state.reconnects == 1))

        await client.follows_all()

        assert await client.hears()


@pytest.mark.parametrize("fault", ["lost_requests", "partial_acks", "lost_acks", "acks_apart", "not_authorized"])
async def test_wishes_that_change_while_requests_go_wrong_end_up_held(fault: str) -> None:
    """Half of what is followed goes, others come, half of those go again: the last wish is held, and nothing else."""
    async with listener() as client:
        client.exchange.faults.switch_on(fault, times=6)
        kept = frozenset(sorted(WANTED)[::2])
        client.stream.want(kept | OTHERS)
        await client.clock.advance(1.0)
        client.stream.want(kept | frozenset(sorted(OTHERS)[::2]))

        await client.follows_all()

        assert await client.hears()


@pytest.mark.parametrize(("plan", "topic"), [("advanced", "ZZ"), ("developer", "Q")])
async def test_a_topic_that_is_never_confirmed_costs_no_other(plan: str, topic: str) -> None:
    """The vendor is silent on what it does not know, and names nothing that a plan lacks: second bars come on."""
    clock = ManualClock(START)
    async with listening(clock, key=KEY, plan=plan) as exchange:
        client = Listener(exchange, clock, (SECONDS, topic))
        async with running(exchange.run, client.stream.run):
            await eventually(client.holds_all)
            for _ in range(5):
                await client.hears()
            await eventually(client.holds_all)
            left = left_for_good(exchange.ledger)

        assert client.stream.state.reconnects == 0
        assert left & second_bars_of(client.stream.state.desired) == set()


async def test_a_vendor_that_flaps_is_not_stormed() -> None:
    """It lets us in and drops us within a second, for ten minutes: at most 40 connections, and then all is followed."""
    async with listener() as client:
        client.exchange.faults.switch_on("abort")
        began, before = client.wall.monotonic(), len(client.exchange.ledger.moments("connect"))

        async def ten_minutes_passed() -> bool:
            if client.stream.state.authenticated:
                await client.clock.advance(1.0)
            return client.wall.monotonic() - began >= 600.0

        await eventually(ten_minutes_passed)
        connects = len(client.exchange.ledger.moments("connect")) - before
        client.exchange.faults.switch_off()

        await client.follows_all()
        assert 20 <= connects <= 40


async def test_a_connection_that_is_only_half_there_is_given_up() -> None:
    """No pong comes back: it is cut and made again."""
    async with listener(HASTY) as client:
        client.exchange.faults.switch_on("silence")
        await eventually(lambda: client.wall.pauses)
        client.exchange.faults.switch_off()

        await client.follows_all()

        assert await client.hears()


async def test_a_feed_that_answers_pings_and_sends_nothing_is_given_up_when_told_so() -> None:
    """Only snapshots can know; what they prove reaches the stream by `reconnect`."""
    async with listener() as client:
        client.exchange.faults.switch_on("half_open")
        client.bars.clear()
        await client.clock.advance(5.0)
        client.exchange.faults.switch_off()

        client.stream.reconnect("silent")
        await eventually(lambda: client.stream.state.reconnects == 1)

        await client.follows_all()
        assert await client.hears()


FRAMES = ["flood", "big_frames", "empty_frames", "bad_events", "bad_frames", "binary_frames", "fractions"]


@pytest.mark.parametrize("fault", [*FRAMES, "late_bars", "repeated_bars"])
async def test_odd_frames_cost_nothing_but_themselves(fault: str) -> None:
    """Every good bar among them arrives, every number is one, and the connection stands."""
    async with listener() as client:
        await client.hears()
        client.bars.clear()
        began = client.clock.now()
        client.exchange.faults.switch_on(fault)

        await client.hears(seconds=5)
        client.exchange.faults.switch_off()
        await client.hears(seconds=10)

        told = {(bar.symbol, bar.start) for bar in client.bars}
        due = {each for each in _second_bars(began, 4) if each[0] in WANTED}
        assert due <= told
        assert all(0 < bar.low <= bar.open <= bar.high and bar.volume > 0 for bar in client.bars)
        assert client.stream.state.reconnects == 0
        assert (client.stream.state.bad_elements > 0) is (fault in {"bad_events", "bad_frames"})


def _second_bars(began: Nanos, seconds: int) -> set[tuple[Symbol, Nanos]]:
    """The bars that the market's tape has in these seconds, worked out anew."""
    day = small_day(DAY, 200)
    tape = tape_at("09:44", day)
    symbols = small_market(200).universe.symbols
    bars: set[tuple[Symbol, Nanos]] = set()
    first = day.second_at(began)
    while tape.second < first + seconds:
        start = Nanos(day.hours.pre_market_start + tape.second * NANOS)
        trades = played(tape)
        if tape.second > first:
            bars |= {(symbols[row], start) for row in trades.rows.tolist()}
    return bars


async def test_a_plan_without_a_stream_is_said_so() -> None:
    """Its refusal is not taken for a wrong key: without a delayed stream to go to it is tried again and again."""
    clock = ManualClock(START)
    async with listening(clock, key=KEY, plan="free") as exchange:
        client = Listener(exchange, clock)
        async with running(exchange.run, client.stream.run):
            await eventually(lambda: len(client.wall.pauses) >= 3)

        assert not client.stream.state.authenticated
        assert client.bars == []


async def test_two_programs_with_one_key_do_not_fight() -> None:
    """The newcomer wins; the older waits a minute before it takes the connection back."""
    async with listener() as client:
        other = Listener(client.exchange, client.clock)
        async with running(other.stream.run):
            await eventually(lambda: 60.0 in client.wall.pauses)

        assert 60.0 in client.wall.pauses
