"""The conversation over the simulated vendor's WebSocket, spoken by a real client."""

from typing import Any

import aiohttp
import orjson
import pytest

from tests.support.eventually import PATIENT_S, running
from tests.support.market import at
from tests.support.simulated import SNAPSHOT, content_of, listening, played, small_day, small_market, tape_at
from tests.support.subscriber import (
    ACCEPTED,
    CONNECTED,
    asked,
    connected,
    end_of,
    reached,
    received,
    said,
    subscribed,
    ticked,
)
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS
from tradeul.simulation.exchange.stream import Patience
from tradeul.simulation.halts import halts_of


async def test_the_handshake_is_the_vendors() -> None:
    """Connected, then authenticated; every frame is a list of statuses."""
    async with (
        listening(at("10:00"), key="right") as exchange,
        reached(exchange) as socket,
    ):
        first = await received(socket)
        await said(socket, "auth", "right")
        second = await received(socket)

    assert first == CONNECTED
    assert second == ACCEPTED


async def test_a_wrong_key_is_told_and_dropped() -> None:
    """auth_failed is said, then the connection ends without a close frame."""
    async with (
        listening(at("10:00"), key="right") as exchange,
        reached(exchange) as socket,
    ):
        await received(socket)
        await said(socket, "auth", "wrong")
        answer = await received(socket)
        end = await end_of(socket)

    assert answer == [{"ev": "status", "status": "auth_failed", "message": "authentication failed"}]
    assert end == (1006, None)


async def test_a_plan_without_a_stream_is_told_and_dropped() -> None:
    """The right key of an account that has no stream is refused with the vendor's words."""
    async with listening(at("10:00"), plan="free") as exchange, reached(exchange) as socket:
        await received(socket)
        await said(socket, "auth", "key")
        answer = await received(socket)
        end = await end_of(socket)

    said_to = "Your plan doesn't include websocket access. Visit https://massive.com/pricing to upgrade."
    assert answer == [{"ev": "status", "status": "auth_failed", "message": said_to}]
    assert end == (1006, None)


async def test_who_does_not_authenticate_is_dropped() -> None:
    """After a while without a key the connection is told so and ends."""
    async with (
        listening(at("10:00"), key="right", patience=Patience(auth_timeout_s=0.01)) as exchange,
        reached(exchange) as socket,
    ):
        await received(socket)
        answer = await received(socket)
        end = await end_of(socket)

    assert answer[0]["status"] == "auth_timeout"
    assert end == (1006, None)


async def test_nothing_is_sold_before_the_handshake() -> None:
    """A subscription before authentication is refused; the key may still come."""
    async with (
        listening(at("10:00"), key="right") as exchange,
        reached(exchange) as socket,
    ):
        await received(socket)
        refusal = await asked(socket, "subscribe", "A.*")
        await said(socket, "auth", "right")

        assert refusal == ["not authorized"]
        assert await received(socket) == ACCEPTED


async def test_subscriptions_are_confirmed_by_name() -> None:
    """Each new channel is confirmed, split at the first dot only; a symbol that does not exist too."""
    async with listening(at("10:00")) as exchange, connected(exchange) as socket:
        answers = await asked(socket, "subscribe", "A.BRK.B,A.NOTHING,A.*")

    assert answers == ["subscribed to: A.BRK.B", "subscribed to: A.NOTHING", "subscribed to: A.*"]


async def test_what_needs_no_answer_gets_none() -> None:
    """Unknown topics, held channels, channels not held and broken frames pass in silence."""
    async with listening(at("10:00")) as exchange, connected(exchange) as socket:
        await asked(socket, "subscribe", "A.AAPL")
        for action, params in (("subscribe", "ZZ.AAPL"), ("subscribe", "A.AAPL"), ("unsubscribe", "A.F")):
            await said(socket, action, params)
        await socket.send_str("no json")
        await socket.send_str("[1]")

        assert await asked(socket, "unsubscribe", "A.AAPL") == ["unsubscribed to: A.AAPL"]


async def test_topics_outside_the_plan_are_refused_first() -> None:
    """The refusal names no channel and comes before the confirmations."""
    async with listening(at("10:00"), plan="starter") as exchange, connected(exchange) as socket:
        answers = await asked(socket, "subscribe", "A.AAPL,T.AAPL,LULD.*,NOI.F")

    assert answers == ["not authorized", "subscribed to: A.AAPL"]


async def test_second_bars_are_what_the_tape_plays() -> None:
    """A subscriber of everything gets each listed symbol's bar of each second, in order."""
    clock = ManualClock(at("09:30"))
    async with listening(clock, symbols=400) as exchange, connected(exchange) as socket:
        await subscribed(exchange, socket, "A.*")
        await clock.advance(3)
        await content_of(exchange, SNAPSHOT)
        frames = [await received(socket) for _ in range(3)]

    tape = tape_at("09:30")
    symbols, otc = small_market().universe.symbols, small_market().universe.traits.otc
    for second, frame in enumerate(frames):
        trades = played(tape)
        listed = ~otc[trades.rows]
        assert [event["sym"] for event in frame] == [symbols[row] for row in trades.rows[listed]]
        assert [event["v"] for event in frame] == trades.bars.volume[listed].tolist()
        assert [event["av"] for event in frame] == tape.volume[trades.rows[listed]].tolist()
        assert {event["s"] for event in frame} == {at("09:30") // 10**6 + 1000 * second}
        assert all(event["ev"] == "A" and event["e"] - event["s"] == 1000 for event in frame)
        assert all(event["l"] <= event["vw"] <= event["h"] for event in frame)
        assert all(event["op"] > 0 for event in frame)


async def test_before_the_open_there_is_no_official_open() -> None:
    """Pre-market bars leave `op` out."""
    clock = ManualClock(at("09:20"))
    async with listening(clock, symbols=400) as exchange, connected(exchange) as socket:
        await subscribed(exchange, socket, "A.*")
        await clock.advance(1)
        await content_of(exchange, SNAPSHOT)
        events = await received(socket)

    assert events
    assert all("op" not in event for event in events)


async def test_a_subscriber_gets_its_own_symbols_only() -> None:
    """Two connections with two keys hold different symbols and get just those."""
    clock = ManualClock(at("09:30"))
    async with (
        listening(clock) as exchange,
        connected(exchange, "one") as one,
        connected(exchange, "other") as other,
    ):
        await content_of(exchange, SNAPSHOT)
        await asked(one, "subscribe", "A.NVDA,A.SPY")
        await asked(other, "subscribe", "A.TSLA")
        await clock.advance(5)
        await content_of(exchange, SNAPSHOT)
        first, second = await received(one), await received(other)

    assert {event["sym"] for event in first} <= {"NVDA", "SPY"}
    assert {event["sym"] for event in second} == {"TSLA"}


async def test_an_unsubscribed_symbol_falls_silent() -> None:
    """After the confirmation no bar of the symbol comes any more."""
    clock = ManualClock(at("09:30"))
    async with listening(clock) as exchange, connected(exchange) as socket:
        await content_of(exchange, SNAPSHOT)
        await asked(socket, "subscribe", "A.NVDA,A.SPY")
        await asked(socket, "unsubscribe", "A.NVDA")
        await clock.advance(10)
        await content_of(exchange, SNAPSHOT)
        symbols = {event["sym"] for _ in range(5) for event in await received(socket)}

    assert symbols == {"SPY"}


async def test_the_newcomer_wins() -> None:
    """With the same key a second connection closes the first one with 1008; the second one works."""
    async with listening(at("10:00")) as exchange, connected(exchange) as old, connected(exchange) as new:
        notice = await received(old)
        end = await end_of(old)

        assert notice[0]["status"] == "max_connections"
        assert end == (1008, "")
        assert await asked(new, "subscribe", "A.F") == ["subscribed to: A.F"]


async def test_a_peer_that_does_not_read_is_cut() -> None:
    """When its buffer is full a subscriber is told and dropped; another one gets everything."""
    clock = ManualClock(at("09:30"))
    async with (
        listening(clock, symbols=400, patience=Patience(buffer_bytes=0)) as exchange,
        connected(exchange, "idle") as idle,
        connected(exchange, "busy") as busy,
    ):
        await subscribed(exchange, idle, "A.*,T.*")
        await subscribed(exchange, busy, "A.NVDA")
        exchange.faults.switch_on("flood", copies=200)
        await ticked(exchange, clock)
        exchange.faults.switch_off()
        await ticked(exchange, clock, 2)
        frames = [await received(busy) for _ in range(202)]
        end = await end_of(idle)

    assert {frame[0]["s"] // 1000 % 60 for frame in frames} == {0, 1, 2}
    assert end == (1008, "slow consumer")


async def test_a_peer_that_takes_nothing_is_cut_in_the_end() -> None:
    """Some seconds after it was told to go, a peer that takes not even that is cut."""
    clock = ManualClock(at("09:30"))
    async with (
        listening(clock, symbols=400, patience=Patience(buffer_bytes=0)) as exchange,
        connected(exchange, "idle") as idle,
    ):
        await subscribed(exchange, idle, "A.*,T.*")
        exchange.faults.switch_on("flood", copies=400)
        await ticked(exchange, clock, 10)
        end = await end_of(idle)

    assert end == (1006, None)


async def test_seconds_that_were_missed_are_sent_in_order() -> None:
    """Who was late by some seconds sends them all; who was late by minutes jumps."""
    clock = ManualClock(at("09:45"))
    async with listening(clock) as exchange, connected(exchange) as socket:
        await subscribed(exchange, socket, "A.*")
        await clock.advance(20)
        await content_of(exchange, SNAPSHOT)
        starts = [(await received(socket))[0]["s"] for _ in range(20)]
        await clock.advance(600)
        await content_of(exchange, SNAPSHOT)
        await clock.advance(1)
        await content_of(exchange, SNAPSHOT)
        after = await received(socket)

    assert starts == [at("09:45") // 10**6 + 1000 * second for second in range(20)]
    assert after[0]["s"] == at("09:55:20") // 10**6


async def test_running_sends_bars_by_the_clock() -> None:
    """The exchange's own loop plays each second when the clock has passed it, and prepares the next minute."""
    clock = ManualClock(at("09:29:58"))
    async with listening(clock) as exchange, connected(exchange) as socket, running(exchange.run):
        await asked(socket, "subscribe", "A.*")
        seen: list[int] = []
        for _ in range(4):
            await clock.advance(1)
            seen.append((await received(socket))[0]["s"] // 1000 % 60)

    assert seen == [58, 59, 0, 1]


async def test_trades_and_quotes_are_those_of_the_snapshot() -> None:
    """The last trade and the last quote sent of a symbol are what its snapshot row shows at that second."""
    clock = ManualClock(at("09:29:57"))
    async with listening(clock, symbols=400) as exchange, connected(exchange) as socket:
        await subscribed(exchange, socket, "T.*,Q.*")
        for _ in range(6):
            await ticked(exchange, clock)
            newest = {(event["ev"], event["sym"]): event for event in await received(socket)}
            rows = {row["ticker"]: row for row in (await content_of(exchange, SNAPSHOT))["tickers"]}

            assert len(newest) > 2
            for (kind, symbol), event in newest.items():
                trade, quote = rows[symbol]["lastTrade"], rows[symbol]["lastQuote"]
                if kind == "T":
                    assert [event[name] for name in ("p", "s", "ds", "x", "i")] == [
                        trade[name] for name in ("p", "s", "ds", "x", "i")
                    ]
                    assert (event.get("c"), event["t"]) == (trade.get("c"), trade["t"] // 10**6)
                else:
                    assert [event[name] for name in ("bp", "bs", "ap", "as")] == [quote[name] for name in "psPS"]
                    assert event["t"] == quote["t"] // 10**6


async def test_minute_bars_are_those_of_the_snapshot() -> None:
    """When a minute is over, each symbol that traded in it gets the bar that its snapshot row shows."""
    clock = ManualClock(at("10:00:55"))
    async with listening(clock, symbols=400) as exchange, connected(exchange) as socket:
        await subscribed(exchange, socket, "AM.*")
        await ticked(exchange, clock, 5)
        bars = await received(socket)
        rows = {row["ticker"]: row["min"] for row in (await content_of(exchange, SNAPSHOT))["tickers"]}

    traded = {symbol for symbol, minute in rows.items() if minute["t"] == at("10:00") // 10**6}
    assert traded - {bar["sym"] for bar in bars} == set()
    assert len(bars) > 50
    for bar in bars:
        shown = rows[bar["sym"]]
        for name in ("o", "h", "l", "c", "v", "dv", "av", "dav"):
            assert bar[name] == shown[name]
        assert (bar["ev"], bar["s"], bar["e"] - bar["s"]) == ("AM", shown["t"], 60_000)


async def test_a_halt_is_told_and_nothing_trades_in_it() -> None:
    """Code 17 as it begins, 18 as it ends, for a Nasdaq share; the row stands still between."""
    halt = halts_of(small_day(symbols=1000))[0]
    symbol = small_market(1000).universe.symbols[halt.row]
    start = small_day(symbols=1000).hours.pre_market_start
    clock = ManualClock(Nanos(start + (halt.start - 1) * NANOS))
    codes, shown = [], []
    async with listening(clock, symbols=1000) as exchange, connected(exchange) as socket:
        await subscribed(exchange, socket, f"LULD.{symbol},T.{symbol}")
        for skipped in (2, halt.end - halt.start - 3, 4):
            await clock.advance(skipped)
            shown.append((await content_of(exchange, f"{SNAPSHOT}?tickers={symbol}"))["tickers"][0]["updated"])
        await said(socket, "unsubscribe", f"LULD.{symbol}")
        while (events := await received(socket))[0]["ev"] != "status":
            codes += [code for event in events for code in event.get("i", []) if event["ev"] == "LULD"]

    assert codes == [17, 18]
    assert shown[0] == shown[1]


async def test_what_nobody_holds_is_not_sent() -> None:
    """A subscriber of one topic gets events of that topic only."""
    clock = ManualClock(at("09:30"))
    async with listening(clock) as exchange, connected(exchange, "one") as one, connected(exchange, "other") as other:
        await subscribed(exchange, one, "T.NVDA")
        await subscribed(exchange, other, "A.*,Q.SPY")
        await ticked(exchange, clock, 3)
        first = [event for _ in range(3) for event in await received(one)]
        second = [event for _ in range(3) for event in await received(other)]

    assert {(event["ev"], event["sym"]) for event in first} == {("T", "NVDA")}
    assert {event["ev"] for event in second} == {"A", "Q"}
    assert {event["sym"] for event in second if event["ev"] == "Q"} == {"SPY"}


async def test_bars_that_come_again_say_the_same() -> None:
    """In half a minute of many symbols some bars come twice, with the same numbers."""
    clock = ManualClock(at("09:30"))
    async with listening(clock, symbols=1000) as exchange, connected(exchange) as socket:
        await subscribed(exchange, socket, "A.*")
        await ticked(exchange, clock, 30)
        bars = [event for _ in range(30) for event in await received(socket)]

    first: dict[Any, Any] = {}
    again = [bar for bar in bars if first.setdefault((bar["sym"], bar["s"]), bar) is not bar]
    assert 0 < len(again) < len(bars) / 50
    assert all(bar == first[bar["sym"], bar["s"]] for bar in again)


async def test_the_server_pings() -> None:
    """Every half minute of the wall each connection is pinged, at night too; its own pings are answered."""
    clock = ManualClock(at("02:00"))
    async with (
        listening(clock) as exchange,
        connected(exchange, autoping=False) as socket,
        running(exchange.run),
    ):
        await clock.advance(30)
        asked_for = await socket.receive(timeout=PATIENT_S)
        await socket.ping(b"well?")
        answer = await socket.receive(timeout=PATIENT_S)

    assert asked_for.type is aiohttp.WSMsgType.PING
    assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"well?")


@pytest.mark.slow
async def test_frames_stay_under_the_vendors_size() -> None:
    """A second of many symbols is sent in several frames, none over 900 KB."""
    clock = ManualClock(at("16:00"))
    async with listening(clock, symbols=9000) as exchange, connected(exchange) as socket:
        await content_of(exchange, SNAPSHOT + "?tickers=F")
        await asked(socket, "subscribe", "A.*")
        await clock.advance(1)
        await content_of(exchange, SNAPSHOT + "?tickers=F")
        frames = [await socket.receive_str(timeout=PATIENT_S) for _ in range(2)]

    assert all(len(frame) <= 900_002 for frame in frames)
    assert sum(len(orjson.loads(frame)) for frame in frames) > 5000


async def test_closing_ends_all_conversations() -> None:
    """A closed exchange leaves no client hanging."""
    async with listening(at("10:00")) as exchange, connected(exchange) as socket:
        await exchange.close()
        end = await end_of(socket)

    assert end == (1006, None)
