"""The vendor's WebSocket over real sockets, the vendor's side played by the test."""

import pytest
from aiohttp import WSMsgType, web
from structlog.testing import capture_logs

from tests.support.eventually import PATIENT_S, eventually, running, settle
from tests.support.feed_desk import desk, wanted
from tests.support.snapshots import symbols
from tests.support.vendor import (
    KEY,
    StreamVendor,
    UnhurriedClock,
    Vendor,
    confirmations,
    second_bar,
)
from tradeul.polygon.conversation import Pace
from tradeul.polygon.stream import PolygonStream


@pytest.fixture(autouse=True)
def _no_long_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor of these tests does not answer a goodbye."""
    monkeypatch.setattr("tradeul.polygon.stream.CLOSE_S", 0.05)


async def test_it_subscribes_and_delivers() -> None:
    """Let in, it asks for what is wanted and hands on what comes; data and acknowledgements confirm."""
    async with desk("A", "BRK.B") as at:
        link = await at.admits()
        heard = await link.hears()
        await link.says(*confirmations(["A"]), second_bar("BRK.B"), second_bar("A"))
        received = await at.receives(2)
        state = at.stream.state

    assert heard == {"action": "subscribe", "params": "A.A,A.BRK.B"}
    assert received == ["BRK.B", "A"]
    assert (state.connected, state.authenticated, state.reconnects, state.messages) == (True, True, 0, 3)
    assert (state.desired, state.confirmed, state.pending) == (wanted("A", "BRK.B"), wanted("A", "BRK.B"), frozenset())
    assert state.last_message_at >= state.since


async def test_a_new_wish_is_sent_without_waiting_for_news() -> None:
    """`want` reaches a vendor who is silent."""
    async with desk("A", pace=Pace(batch_gap_s=0, answer_within_s=1000)) as at:
        link = await at.admits()
        await link.hears()
        await link.says(*confirmations(["A"]), second_bar("A"))
        await at.receives()
        await settle()

        at.stream.want(wanted("B"))

        assert await link.hears() == {"action": "subscribe", "params": "A.B"}
        assert await link.hears() == {"action": "unsubscribe", "params": "A.A"}


async def test_wishes_that_follow_on_one_another_are_all_heard() -> None:
    """`want` may be called again at any turn of the loop, also while it is ending the wait for the last one."""
    async with desk("A", pace=Pace(batch_gap_s=0, answer_within_s=1000)) as at:
        link = await at.admits()
        await link.hears()
        await link.says(*confirmations(["A"]), second_bar("A"))
        await at.receives()
        await settle()

        for turn in range(8):
            at.stream.want(wanted("A", f"B{turn}"))
            await settle(1)
        heard = set()
        while "A.B7" not in heard:
            heard.add((await link.hears())["params"])


async def test_many_symbols_come_in_batches_while_data_flows() -> None:
    """Every symbol is asked for once, at most 50 a message, and reading goes on between the batches."""
    names = symbols(120)
    asked: list[list[str]] = []
    async with desk(*names) as at:
        link = await at.admits()
        for _ in range(3):
            batch = (await link.hears())["params"].split(",")
            asked.append(batch)
            await link.says(second_bar(names[0]), *confirmations(each.removeprefix("A.") for each in batch))
            await at.receives()
        confirmed = at.stream.state.confirmed

    assert [len(batch) for batch in asked] == [50, 50, 20]
    assert sorted(each for batch in asked for each in batch) == sorted(f"A.{name}" for name in names)
    assert confirmed == wanted(*names)


@pytest.mark.parametrize("how", ["close frame", "no close frame"])
async def test_after_a_drop_everything_is_asked_for_again(how: str) -> None:
    """Whatever was confirmed is not any more, and what is wanted by then is asked for anew."""
    async with desk("A", "B") as at:
        link = await at.admits()
        await link.hears()
        await link.says(*confirmations(["A", "B"]), second_bar("A"))
        await at.receives()
        if how == "close frame":
            await link.closes(1008)
        else:
            link.breaks()
        link = await at.vendor.accepts()
        at.stream.want(wanted("B", "C"))
        assert at.stream.state.confirmed == frozenset()
        await link.lets_in()
        heard = await link.hears()
        state = at.stream.state

    assert heard == {"action": "subscribe", "params": "A.B,A.C"}
    assert (state.reconnects, dict(state.close_codes)) == (1, {1008 if how == "close frame" else 1006: 1})
    assert at.clock.pauses == [1.0]


async def test_a_drop_before_the_subscription_loses_nothing() -> None:
    """Let in, dropped before a word, dropped again while waiting: the wish outlives it all."""
    async with desk("A") as at:
        (await at.admits()).breaks()
        (await at.vendor.accepts()).breaks()
        link = await at.admits()

        assert await link.hears() == {"action": "subscribe", "params": "A.A"}


async def test_refusals_are_retried_at_once_and_ever_later() -> None:
    """Cut before being let in, it comes back within U(0, min(3, 0.5 * 2^n))."""
    async with desk() as at:
        for _ in range(4):
            (await at.vendor.accepts()).breaks()
        await at.admits()

    assert at.clock.pauses == [0.5, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("status", "why"), [("auth_failed", "authentication_failed"), ("max_connections", "key_in_use_elsewhere")]
)
async def test_a_locked_door_is_left_alone_for_a_minute(status: str, why: str) -> None:
    """A key that is not accepted, or in use elsewhere, is tried once a minute, and the log says so."""
    with capture_logs() as logs:
        async with desk("A") as at:
            link = await at.vendor.accepts()
            await link.says({"ev": "status", "status": "connected", "message": "Connected Successfully"})
            await link.hears()
            await link.says({"ev": "status", "status": status, "message": f"not with {KEY}"})
            await at.vendor.accepts()

    assert at.clock.pauses == [60.0]
    assert [(line["event"], line["why"], line["said"]) for line in logs] == [
        ("feed_disconnected", why, f"{status}: not with ***")
    ]


async def test_eviction_by_another_program_is_told_apart_from_a_drop() -> None:
    """`max_connections` on a live connection means that the newcomer won: no fight for it."""
    async with desk("A") as at:
        link = await at.admits()
        await link.hears()
        await link.says({"ev": "status", "status": "max_connections", "message": "exceeded"})
        await at.vendor.accepts()

    assert at.clock.pauses == [60.0]


async def test_nothing_the_vendor_says_ends_the_stream() -> None:
    """Broken frames, unknown kinds and refused channels are counted and survived."""
    with capture_logs() as logs:
        async with desk("A") as at:
            link = await at.admits()
            await link.hears()
            await link.says_text("no JSON")
            await link.says(
                {"ev": "status", "status": "error", "message": "not authorized"}, {"ev": "ZZ"}, second_bar("")
            )
            await link.says()
            await link.says(second_bar("A"))
            await at.receives()
            state = at.stream.state

    assert state.bad_elements == 2
    assert [line["event"] for line in logs] == ["feed_connected", "feed_complained"]


async def test_a_large_frame_is_read() -> None:
    """Frames of several MB are taken."""
    async with desk("A") as at:
        link = await at.admits()
        await link.says(*[second_bar("A")] * 20_000)

        assert len(await at.receives(20_000)) == 20_000


async def test_pings_are_answered_even_before_the_greeting() -> None:
    """The vendor's pings may come at any time."""
    async with desk() as at:
        link = await at.vendor.accepts()
        await link.pings()

        assert await link.hears_kind() is WSMsgType.PONG


async def test_a_vendor_who_answers_pings_is_kept() -> None:
    """We ping, and a pong keeps the connection."""
    async with desk(pace=Pace(ping_every_s=0.01, pong_within_s=PATIENT_S)) as at:
        link = await at.admits()

        for _ in range(3):
            assert await link.hears_kind() is WSMsgType.PING
            await link.pongs()


async def test_a_vendor_who_answers_no_ping_is_left() -> None:
    """A half-open connection is found out: no pong in time, and it is cut."""
    async with desk("A", pace=Pace(ping_every_s=0.01, pong_within_s=0.01)) as at:
        # Not let in first: on a busy machine that takes longer than a pong may.
        await at.vendor.accepts()
        await at.vendor.accepts()

    assert at.stream.state.close_codes.keys() == {1006}


async def test_a_redirect_is_not_followed() -> None:
    """The key is for the configured host only."""
    async with StreamVendor() as elsewhere:

        async def redirect(_: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": elsewhere.url})

        async with Vendor(redirect) as vendor:
            clock = UnhurriedClock()
            stream = PolygonStream(f"ws://{vendor.address}/stocks", KEY, clock, lambda _: None, uniform=max)
            with capture_logs() as logs:
                async with running(stream.run):
                    await eventually(lambda: bool(clock.pauses))

    assert elsewhere.asked == []
    assert logs[0]["why"] == "refused"
    assert "redirects" in logs[0]["said"]


async def test_the_key_is_in_no_log() -> None:
    """One line when it comes up and one when it goes, and the key in neither."""
    with capture_logs() as logs:
        async with desk("A") as at:
            link = await at.admits()
            await link.hears()
            await link.closes(1000)
            await at.vendor.accepts()

    assert [line["event"] for line in logs] == ["feed_connected", "feed_disconnected"]
    assert KEY not in str(logs)
