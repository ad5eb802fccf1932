"""Watched symbols: what a viewer is told of them, when, and what it is refused."""

import asyncio
import contextlib

import orjson
import pytest

from tests.support.eventually import eventually
from tests.support.market import traded
from tests.support.watched import MS, stranger, watched
from tests.support.web import NOON, Message, deaf, row, viewer
from tradeul.domain.deltas import Times
from tradeul.domain.events import Symbol
from tradeul.domain.fields import LIVE_FIELDS
from tradeul.engine.ports import FeedState


async def test_current_values_come_at_once() -> None:
    """The answer to `watch` is how each symbol stands: every live field, null where unknown."""
    async with watched() as world, viewer(world.web) as connected:
        await connected.say(action="watch", symbols=["BRK.B", "A"], id=1)
        heard = [await connected.hear("aggregate"), await connected.hear("aggregate")]

    data: Message = heard[0]["data"]
    assert [frame["symbol"] for frame in heard] == ["BRK.B", "A"]
    assert heard[0] == {"type": "aggregate", "symbol": "BRK.B", "timestamp": NOON // MS, "data": data}
    assert list(data) == list(LIVE_FIELDS)
    assert (data["price"], data["change_percent"], data["volume_today"], data["updated"]) == (12, 20, 500, NOON // MS)
    assert (data["open"], data["bid"], data["vwap"], data["halted"]) == (None, None, None, None)


async def test_each_change_is_told() -> None:
    """A live bar and a whole snapshot are told alike; the time is that which the board is known for."""
    async with watched() as world, stranger(world.web) as connected:
        await connected.say(action="watch", symbols=["A"])
        await connected.catch_up()
        await world.web.clock.advance(1)
        await world.trade("A", 12.5)
        bar = await connected.catch_up()
        await world.web.clock.advance(1)
        await world.snapshot(traded("A", 13.0, 2_000.0, world.web.clock.now(), bid=12.9, ask=13.1))
        snapshot = await connected.catch_up()
        shown = world.shown("A")

    assert [(frame["data"]["price"], frame["timestamp"]) for frame in bar] == [(12.5, NOON // MS + 1_000)]
    assert [(frame["data"], frame["timestamp"]) for frame in snapshot] == [(shown, NOON // MS + 2_000)]
    assert (shown["price"], shown["bid"], shown["volume_today"]) == (13.0, 12.9, 2_000)


async def test_a_change_tells_when_it_went_through() -> None:
    """Once a frame, and only where somebody knows; the answer to `watch` is how things stand."""
    async with watched() as world, stranger(world.web) as connected:
        await connected.say(action="watch", symbols=["A"])
        answer = await connected.catch_up()
        await world.web.clock.advance(1)
        now = world.web.clock.now()
        await world.trade("A", 12.5, times=Times(None, now, now, now))
        told = await connected.catch_up()

    assert ["times" in frame for frame in answer] == [False]
    assert [frame["times"] for frame in told] == [dict.fromkeys(("came", "ranked", "published"), NOON // MS + 1_000)]


async def test_what_did_not_change_is_not_told() -> None:
    """Other symbols' trades, and scans that change nothing, are no news of a symbol."""
    async with watched() as world, stranger(world.web) as connected:
        await connected.say(action="watch", symbols=["A"])
        await connected.catch_up()
        await world.web.clock.advance(1)
        await world.trade("B", 15.0)
        await world.scanned()
        heard = await connected.catch_up()

    assert heard == []


async def test_at_most_once_an_interval_and_the_newest() -> None:
    """What changes again within 100 ms waits for their end; then only the newest is told."""
    async with watched() as world, stranger(world.web) as connected:
        await connected.say(action="watch", symbols=["A"])
        await connected.catch_up()
        story = []
        for price in (12.1, 12.2, 12.3, 12.4, 12.5):
            await world.web.clock.advance(0.04)
            await world.trade("A", price)
            story.append([frame["data"]["price"] for frame in await connected.catch_up()])
        await world.web.clock.advance(0.1)
        story.append([frame["data"]["price"] for frame in await connected.catch_up()])

    assert [prices for prices in story if prices] == [[12.2], [12.4], [12.5]]


async def test_there_and_back_is_no_change() -> None:
    """A symbol that is as it was told when its turn comes is not told of."""
    async with watched() as world, stranger(world.web) as connected:
        await connected.say(action="watch", symbols=["A"])
        await connected.catch_up()
        board = world.board
        for vwap in (11.0, float("nan")):
            board["vwap"][board.row_of[Symbol("A")]] = vwap
            await world.scanned()
        await world.web.clock.advance(0.2)
        heard = await connected.catch_up()

    assert heard == []


async def test_a_change_without_a_scan_is_told_within_a_second() -> None:
    """While the market is closed nothing is ranked, and yet a row may change."""
    async with watched() as world, stranger(world.web) as connected:
        await connected.say(action="watch", symbols=["A"])
        await connected.catch_up()
        board = world.board
        board["halted"][board.row_of[Symbol("A")]] = 1
        await world.web.clock.advance(1.05)
        heard = await connected.catch_up()

    assert [frame["data"]["halted"] for frame in heard] == [True]


async def test_nothing_of_a_symbol_comes_after_unwatching() -> None:
    """Neither what changes later, nor what changed and waited for its turn; the others go on."""
    async with watched() as world, stranger(world.web) as connected:
        await connected.say(action="watch", symbols=["A", "B"])
        await connected.catch_up()
        await world.trade("A", 12.5)
        await connected.say(action="unwatch", symbols=["A", "never watched"])
        await connected.catch_up()
        await world.web.clock.advance(1)
        await world.trade("A", 12.6)
        await world.trade("B", 12.7)
        heard = await connected.catch_up()
        left = world.watches.symbols()

    assert [(frame["symbol"], frame["data"]["price"]) for frame in heard] == [("B", 12.7)]
    assert left == {"B"}


async def test_watching_again_is_answered_again() -> None:
    """A viewer that asks about a symbol it watches is told how that stands, and watches it once."""
    async with watched() as world, stranger(world.web) as connected:
        for _ in range(2):
            await connected.say(action="watch", symbols=["A", "A"])
        heard = await connected.catch_up()
        await connected.say(action="unwatch", symbols=["A"])
        await connected.catch_up()

        assert [frame["symbol"] for frame in heard] == ["A", "A"]
        assert world.watches.symbols() == frozenset()


async def test_unknown_symbols_are_an_error_that_names_them() -> None:
    """Case matters; nothing of the request is carried out."""
    async with watched() as world, viewer(world.web) as connected:
        await connected.say(action="watch", symbols=["A", "a", "NONE"], id="w")
        error = await connected.hear()
        heard = await connected.hear_all()
        left = world.watches.symbols()

    assert (error["type"], error["id"], error["code"]) == ("error", "w", "unknown_symbol")
    assert error["message"] == "there is no such symbol: a, NONE"
    assert (heard, left) == ([], frozenset())


async def test_before_there_is_a_market_it_is_starting() -> None:
    """Nobody is told that a symbol does not exist before that can be known."""
    async with watched(symbols=()) as world, viewer(world.web) as connected:
        world.web.view.state = FeedState("starting", NOON, "no snapshot yet", None)
        await connected.say(action="watch", symbols=["A"], id=3)
        error = await connected.hear()

    assert (error["type"], error["id"], error["code"]) == ("error", 3, "starting")


async def test_fifty_symbols_and_not_one_more() -> None:
    """The bound is in the hello; what is one too many takes nothing with it."""
    names = [f"S{number}" for number in range(51)]
    async with watched(names) as world, viewer(world.web, greeted=False) as connected:
        hello = await connected.hear("hello")
        await connected.say(action="watch", symbols=names, id=1)
        error = await connected.hear("error")
        await connected.say(action="watch", symbols=names[:50], id=2)
        heard = await connected.hear_all()

    assert hello["limits"]["symbols"] == 50
    assert (error["id"], error["code"]) == (1, "too_many")
    assert [frame["symbol"] for frame in heard] == names[:50]


async def test_a_viewer_that_leaves_watches_nothing() -> None:
    """Whoever decides what is followed live is told so; what others watch stays watched."""
    async with watched() as world, stranger(world.web) as stays:
        await stays.say(action="watch", symbols=["B"])
        await stays.catch_up()
        story: list[frozenset[Symbol]] = []
        world.watches.changed = lambda: story.append(world.watches.symbols())
        async with viewer(world.web) as leaves:
            await leaves.say(action="watch", symbols=["A", "B"])
            await leaves.hear_all()
        await eventually(lambda: len(world.web.hub) == 1)

    assert story == [{"A", "B"}, {"B"}, frozenset()]


async def test_watching_is_asking_for_something() -> None:
    """A viewer that only watches is not sent away as one that wanted nothing."""
    async with watched() as world, viewer(world.web) as connected:
        await connected.say(action="watch", symbols=["A"])
        await connected.hear("aggregate")
        await world.web.clock.advance(5.05)
        beat = await connected.hear("heartbeat")

    assert beat["sequences"] == {}


async def test_lists_and_symbols_do_not_touch_each_other() -> None:
    """What is told of a symbol changes no row, and what is told of a list is no news of a symbol."""
    async with watched() as world, viewer(world.web) as connected:
        world.web.publish([row("A", 10.0)])
        await connected.subscribe()
        await connected.say(action="watch", symbols=["A"])
        before = await connected.hear_all()
        await world.web.clock.advance(1)
        await world.trade("A", 12.5)
        aggregate = await connected.hear_all()
        world.web.publish([row("A", 10.5)])
        delta = await connected.hear_all()

    assert [frame["type"] for frame in before] == ["subscribed", "snapshot", "aggregate"]
    assert [(frame["type"], frame["data"]["price"]) for frame in aggregate] == [("aggregate", 12.5)]
    assert [(frame["type"], frame["deltas"]) for frame in delta] == [
        ("delta", [{"action": "update", "symbol": "A", "data": {"price": 10.5}}])
    ]


async def test_all_watchers_get_the_same_bytes() -> None:
    """A symbol's values are encoded once, however many watch it."""
    async with watched() as world, viewer(world.web) as one, viewer(world.web) as other:
        heard = []
        for connected in (one, other):
            await connected.say(action="watch", symbols=["A"])
            while '"aggregate"' not in (text := (await connected.socket.receive()).data):
                pass
            heard.append(text)
        sight = world.aggregates.sights[Symbol("A")]

        assert heard[0] == heard[1]
        assert sight.frame() is sight.frame()


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_shown_is_the_board_and_never_too_often(seed: int) -> None:
    """Watchers that come and go at any time are told at most every 100 ms, and hold what the board says at the end."""
    prices = iter(12.0 + (number * 37 + seed * 11) % 97 / 100 for number in range(10_000))
    async with watched() as world, stranger(world.web) as one, stranger(world.web) as other:
        began: dict[int, int] = {}
        stamps: dict[tuple[int, str], list[int]] = {}
        for turn in range(60):
            for index, who in enumerate((one, other)):
                if turn == (seed * 7 + index * 5) % 20:
                    await who.say(action="watch", symbols=["A", "B"])
                    began[index] = world.web.clock.now() // MS
                for frame in await who.catch_up():
                    stamps.setdefault((index, frame["symbol"]), []).append(world.web.clock.now() // MS)
            await world.web.clock.advance(0.013 * (1 + (turn * 5 + seed) % 4))
            await world.trade("AB"[turn % 2], next(prices), volume=1_000.0 + turn)
        await world.web.clock.advance(0.2)
        last = [{frame["symbol"]: frame for frame in (await who.catch_up(), who.heard)[1]} for who in (one, other)]
        now = world.web.clock.now() // MS
        shown = {symbol: world.shown(symbol) for symbol in "AB"}

    assert len(stamps) == 4
    for (index, _), times in stamps.items():
        assert len(times) <= (now - began[index]) / 100 + 1
    for held in last:
        assert {symbol: frame["data"] for symbol, frame in held.items()} == shown


ROUNDS = 300
TEN = tuple(f"S{number}" for number in range(10))


def taken_from(data: bytearray) -> list[Message]:
    """Take the whole text frames from the front of what a socket gave."""
    frames = []
    while len(data) > 4:
        long = data[1] == 126
        length, start = (int.from_bytes(data[2:4]), 4) if long else (data[1], 2)
        if len(data) < start + length:
            break
        frames.append(orjson.loads(data[start : start + length]))
        del data[: start + length]
    return frames


async def test_a_viewer_that_does_not_read_gets_the_newest_only() -> None:
    """What it did not take is not kept for it; once it reads, it holds what the board says; others miss nothing."""
    watch = {"action": "watch", "symbols": list(TEN)}
    async with watched(TEN, interval_ms=20) as world, stranger(world.web) as reader, deaf(world.web, watch) as sock:
        await reader.say(action="watch", symbols=TEN)
        await reader.catch_up()
        await eventually(lambda: all(len(held.watched) == 10 for held in world.web.hub.viewers))
        for number in range(ROUNDS):
            await world.web.clock.advance(0.025)
            for symbol in TEN:
                world.board["price"][world.board.row_of[Symbol(symbol)]] = 13.0 + number / 100
            await world.scanned()
            await reader.hear(10)
        surplus = await reader.catch_up()
        waiting = max(held.waiting_bytes for held in world.web.hub.viewers)
        shown = {symbol: world.shown(symbol) for symbol in TEN}
        data = bytearray()
        while b"\r\n\r\n" not in data:
            data += await asyncio.get_running_loop().sock_recv(sock, 1 << 16)
        del data[: data.index(b"\r\n\r\n") + 4]
        held: dict[str, Message] = {}
        heard = 0
        while held != shown:
            for frame in taken_from(data):
                if frame["type"] == "aggregate":
                    held[frame["symbol"]], heard = frame["data"], heard + 1
            await world.web.clock.advance(0.05)
            with contextlib.suppress(BlockingIOError):
                data += sock.recv(1 << 16)

    assert surplus == []
    assert 0 < waiting <= 32_768 + 1_000
    assert heard < len(reader.heard) / 2
