"""What the simulated vendor can do to frames and events on their way, as a real client sees it."""

import json
from typing import Any

import aiohttp
import orjson
import pytest

from tests.support.eventually import PATIENT_S
from tests.support.market import at
from tests.support.subscriber import asked, heard, holding, received, ticked


async def test_silence() -> None:
    """Nothing comes, not even a pong; when it is over the connection is as it was."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("silence")
        await socket.ping()
        await heard(exchange, socket, "A.F")
        await ticked(exchange, clock, 3)
        exchange.faults.switch_off("silence")
        await ticked(exchange, clock)
        first = await received(socket)

    assert {event["s"] for event in first} == {at("09:30:03") // 10**6}
    assert {event["sym"] for event in first} >= {"NVDA", "F"}


async def test_half_open() -> None:
    """No event comes; pings and requests are answered."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("half_open")
        await ticked(exchange, clock, 3)
        await socket.ping()
        pong = await socket.receive(timeout=PATIENT_S)
        answer = await asked(socket, "subscribe", "A.F")

    assert pong.type is aiohttp.WSMsgType.PONG
    assert answer == ["subscribed to: A.F"]


async def test_flood() -> None:
    """Every frame comes as often as asked."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("flood", copies=5, times=1)
        await ticked(exchange, clock, 2)
        frames = [await received(socket) for _ in range(6)]

    assert frames[0] == frames[4] != frames[5]


async def test_big_frames() -> None:
    """Frames of events are filled with themselves, up to the size asked for."""
    async with holding("A.*") as (exchange, clock, socket):
        exchange.faults.switch_on("big_frames", bytes=600_000)
        await ticked(exchange, clock)
        text = await socket.receive_str(timeout=PATIENT_S)

    events = orjson.loads(text)
    assert 500_000 < len(text) <= 600_000
    assert events[: len(events) // 2] == events[len(events) // 2 :] or len(events) % 2


async def test_empty_frames() -> None:
    """An empty list comes before each frame."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("empty_frames")
        await ticked(exchange, clock)

        assert await received(socket) == []
        assert (await received(socket))[0]["sym"] == "NVDA"


async def test_bad_events() -> None:
    """Right events stand behind elements that are no events, or none that can be used."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("bad_events")
        await ticked(exchange, clock)
        elements = json.loads(await socket.receive_str(timeout=PATIENT_S))

    objects = [element for element in elements if isinstance(element, dict)]
    assert elements[-1]["sym"] == "NVDA"
    assert len(objects) < len(elements)
    assert {type(element.get("sym")) for element in objects} >= {str, int, type(None)}
    assert "ZZ" in {element.get("ev") for element in objects}


async def test_bad_frames() -> None:
    """Frames that are no JSON, or no list of events, come before the right one."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("bad_frames", times=1)
        await ticked(exchange, clock)
        unread, others = 0, 0
        while not isinstance(content := _content(await socket.receive_str(timeout=PATIENT_S)), list):
            unread += content is ...
            others += content is not ...

    assert content[0]["sym"] == "NVDA"
    assert unread >= 2
    assert others >= 2


def _content(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return ...


async def test_binary_frames() -> None:
    """The content is right, the frame is binary."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("binary_frames")
        await ticked(exchange, clock)
        message = await socket.receive(timeout=PATIENT_S)

    assert message.type is aiohttp.WSMsgType.BINARY
    assert orjson.loads(message.data)[0]["sym"] == "NVDA"


async def test_late_bars() -> None:
    """All bars of a second come some seconds late, behind those of newer seconds."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("late_bars", share=1.0, late_s=3, times=1)
        await ticked(exchange, clock, 4)
        starts = [event["s"] // 1000 % 60 for _ in range(3) for event in await received(socket)]

    assert starts == [1, 2, 3, 0]


async def test_repeated_bars() -> None:
    """All bars come again some seconds later, with the same start and more volume."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("repeated_bars", share=1.0, times=1)
        await ticked(exchange, clock, 5)
        bars = [event for _ in range(5) for event in await received(socket)]

    first, again = bars[0], bars[-1]
    assert first["s"] == again["s"] < bars[-2]["s"]
    assert first["v"] < again["v"] == float(again["dv"])


async def test_fractions() -> None:
    """What is otherwise whole has a fraction: volumes, sizes, the average size."""
    async with holding("A.NVDA,T.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("fractions")
        await ticked(exchange, clock)
        events = await received(socket)

    trades, bars = ([event for event in events if event["ev"] == kind] for kind in "TA")
    assert all(trade["s"] % 1 == 0.5 and isinstance(trade["t"], int) for trade in trades)
    assert [(bar["v"] % 1, bar["av"] % 1, bar["z"]) for bar in bars] == [(0.5, 0.5, 12.5)]
    assert all(isinstance(bar["s"], int) for bar in bars)


@pytest.mark.parametrize(("name", "digits"), [("luld_in_ms", 13), ("luld_in_us", 16), (None, 19)])
async def test_units_of_luld(name: str | None, digits: int) -> None:
    """Times of LULD come in the unit asked for, by themselves in nanoseconds."""
    async with holding("LULD.*", "11:00") as (exchange, clock, socket):
        if name is not None:
            exchange.faults.switch_on(name)
        await ticked(exchange, clock, 10)
        events = await received(socket)

    assert {len(str(event["t"])) for event in events} == {digits}
