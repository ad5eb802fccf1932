"""Which door the stream knocks at, what it asks for there, and who is told: over real sockets."""

from dataclasses import dataclass, field

import orjson
import pytest
from structlog.testing import capture_logs

from tests.support.eventually import eventually, settle
from tests.support.feed_desk import desk, wanted
from tests.support.vendor import KEY, StreamVendor, confirmations, second_bar
from tradeul.domain.events import Nanos
from tradeul.polygon.conversation import Pace

NO_PLAN = "Your plan doesn't include websocket access. Visit https://example.com/pricing to upgrade."
BAR_END = 1764086401000_000_000


@pytest.fixture(autouse=True)
def _no_long_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor of these tests does not answer a goodbye."""
    monkeypatch.setattr("tradeul.polygon.stream.CLOSE_S", 0.05)


def refusal(message: str) -> dict[str, str]:
    """The vendor lets nobody in."""
    return {"ev": "status", "status": "auth_failed", "message": message}


GREETING = {"ev": "status", "status": "connected", "message": "Connected Successfully"}


async def test_a_plan_without_real_time_turns_to_the_delayed_stream() -> None:
    """At once, not after a minute; and it stays there for good."""
    with capture_logs() as logs:
        async with StreamVendor() as delayed, desk("A", delayed_url=delayed.stream_url) as at:
            link = await at.vendor.accepts()
            await link.says(GREETING)
            await link.hears()
            await link.says(refusal(NO_PLAN))
            for _ in range(2):
                late = await delayed.accepts()
                assert (await late.lets_in())["params"] == KEY
                assert await late.hears() == {"action": "subscribe", "params": "A.A"}
                assert at.stream.state.delayed
                late.breaks()
            await delayed.accepts()

    assert at.clock.pauses[0] <= 0.5
    assert len(at.vendor.asked) == 1
    assert next(line["why"] for line in logs if line["event"] == "feed_disconnected") == "not_in_plan"


@pytest.mark.parametrize("message", [NO_PLAN, "authentication failed"])
async def test_without_another_door_a_refusal_is_left_alone_for_a_minute(message: str) -> None:
    """Asked once a minute, in case the plan or the key changes."""
    async with desk("A") as at:
        link = await at.vendor.accepts()
        await link.says(GREETING, refusal(message))
        await at.vendor.accepts()

        assert not at.stream.state.delayed

    assert at.clock.pauses == [60.0]


async def test_a_wrong_key_does_not_open_the_other_door() -> None:
    """Only the plan is helped by the delayed stream."""
    async with StreamVendor() as delayed, desk("A", delayed_url=delayed.stream_url) as at:
        link = await at.vendor.accepts()
        await link.says(GREETING, refusal("authentication failed"))
        await at.vendor.accepts()

    assert (delayed.asked, at.clock.pauses) == ([], [60.0])


async def test_a_refused_delayed_stream_is_left_alone_for_a_minute() -> None:
    """There is no third door."""
    async with StreamVendor() as delayed, desk("A", delayed_url=delayed.stream_url) as at:
        await (await at.vendor.accepts()).says(GREETING, refusal(NO_PLAN))
        await (await delayed.accepts()).says(GREETING, refusal(NO_PLAN))
        await delayed.accepts()

    assert at.clock.pauses[1:] == [60.0]


async def test_reconnecting_ends_a_dead_connection_at_once() -> None:
    """Whoever knows that it is dead says so: it counts as dropped, and everything is asked for anew."""
    with capture_logs() as logs:
        async with desk("A", pace=Pace(answer_within_s=1000)) as at:
            link = await at.admits()
            await link.hears()
            await settle()

            at.stream.reconnect("the snapshot knows better")

            link = await at.admits()
            assert await link.hears() == {"action": "subscribe", "params": "A.A"}
            state = at.stream.state

    assert (state.reconnects, dict(state.close_codes), at.clock.pauses) == (1, {1006: 1}, [1.0])
    assert [(line["why"], line["said"]) for line in logs if "why" in line] == [("dropped", "the snapshot knows better")]


async def test_reconnecting_without_a_connection_is_nothing() -> None:
    """There is nothing to give up; the stream is on its way anyway."""
    async with desk("A") as at:
        at.stream.reconnect("again")
        await at.admits()

    assert at.clock.pauses == []


async def test_each_time_it_was_let_in_is_told() -> None:
    """Nothing is replayed by the vendor: whoever is told fetches what was missed."""
    told: list[int] = []
    async with desk("A", on_live=lambda: told.append(1)) as at:
        (await at.vendor.accepts()).breaks()
        for number in range(1, 3):
            link = await at.admits()
            await link.hears()
            assert len(told) == number
            link.breaks()
        await at.vendor.accepts()

    assert len(told) == 2


async def test_every_topic_of_every_symbol_is_asked_for() -> None:
    """A symbol is confirmed once all of its topics are; topics of the whole market are asked for once."""
    async with desk("A", "B", topics=("A", "T"), wildcards=frozenset({"LULD.*"})) as at:
        link = await at.admits()
        heard = await link.hears()
        acks = [{"ev": "status", "status": "success", "message": "subscribed to: T.A, LULD.*"}]
        await link.says(*acks, *confirmations(["A", "B"]), second_bar("A"))
        await at.receives()
        state = at.stream.state

    assert heard["params"] == "A.A,A.B,LULD.*,T.A,T.B"
    assert (state.confirmed, state.pending) == (wanted("A"), wanted("B"))
    assert state.whole_topics == frozenset({"LULD.*"})


async def test_a_topic_of_the_whole_market_covers_its_symbols() -> None:
    """With `A.*` no `A.X` is asked for, and every wanted symbol counts as confirmed with it."""
    async with desk("A", "B", wildcards=frozenset({"A.*"})) as at:
        link = await at.admits()
        heard = await link.hears()
        before = at.stream.state
        await link.says(second_bar("Z"))
        await at.receives()
        after = at.stream.state

    assert heard["params"] == "A.*"
    assert (before.confirmed, after.confirmed) == (frozenset(), wanted("A", "B"))
    assert (before.pending, after.pending) == (wanted("A", "B"), frozenset())


async def test_a_refused_topic_is_told_once() -> None:
    """The state names it, the log has one line of it, and the next connection asks again."""
    with capture_logs() as logs:
        async with desk(wildcards=frozenset({"LULD.*"}), pace=Pace(batch_gap_s=0, answer_within_s=0.01)) as at:
            link = await at.admits()
            await eventually(lambda: at.stream.state.refused == {"LULD.*"})
            link.breaks()
            link = await at.admits()
            assert (await link.hears())["params"] == "LULD.*"

    assert [line["topics"] for line in logs if line["event"] == "feed_topics_refused"][:1] == [["LULD.*"]]


async def test_the_newest_event_is_known_by_its_market_time() -> None:
    """The newest of all kinds, whatever the order; none on a new connection; a future one counts as of now."""
    async with desk("A") as at:
        link = await at.admits()
        assert at.stream.state.newest_event_at == 0
        quote = {"ev": "Q", "sym": "A", "bp": 1, "ap": 2, "t": BAR_END // 1_000_000 + 5}
        await link.says(quote, second_bar("A"), second_bar("A", s=1, e=2))
        await link.says(second_bar("A"))
        await at.receives(3)
        known = at.stream.state.newest_event_at
        await link.says(second_bar("A", s=4_000_000_000_000, e=4_000_000_001_000))
        await at.receives()
        ahead = at.stream.state
        link.breaks()
        await at.admits()

        assert at.stream.state.newest_event_at == 0

    assert known == BAR_END + 5_000_000
    assert ahead.newest_event_at == ahead.last_message_at


async def test_the_lag_is_that_of_the_last_message() -> None:
    """From the end of its newest event to its arrival; no event, no lag, and a future one has none."""
    async with desk("A") as at:
        link = await at.admits()
        await link.hears()
        assert at.stream.state.lag_ms is None
        await link.says(second_bar("A", s=1, e=2), second_bar("A"))
        await at.receives(2)
        past = at.stream.state
        await link.says(second_bar("A", s=4_000_000_000_000, e=4_000_000_001_000), second_bar("A"))
        await at.receives(2)
        future = at.stream.state

    assert past.lag_ms == (past.last_message_at - BAR_END) // 1_000_000
    assert future.lag_ms == 0


async def test_requests_are_counted_over_all_connections() -> None:
    """Each message that asks for channels or takes some back is one."""
    async with desk("A") as at:
        link = await at.admits()
        await link.hears()
        await link.says(*confirmations(["A"]))
        at.stream.want(wanted("B"))
        assert [(await link.hears())["action"] for _ in range(2)] == ["subscribe", "unsubscribe"]
        link.breaks()
        link = await at.admits()
        await link.hears()

        assert at.stream.state.requests == 4


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("max_connections", "this key is in use elsewhere: "),
        ("auth_failed", "the live feed does not accept the key"),
        ("slow_consumer", "the live feed was cut off (slow_consumer: not with ***)"),
    ],
)
async def test_why_there_is_no_connection_is_said_in_words(status: str, words: str) -> None:
    """In the state and in the log, without the key, until we are let in again."""
    with capture_logs() as logs:
        async with desk("A") as at:
            link = await at.admits()
            assert at.stream.state.trouble == ""
            await link.says({"ev": "status", "status": status, "message": f"not with {KEY}"})
            link = await at.vendor.accepts()
            trouble = at.stream.state.trouble
            await link.lets_in()
            await link.hears()

            assert at.stream.state.trouble == ""

    assert trouble.startswith(words)
    assert KEY not in trouble
    meaning = next(line["meaning"] for line in logs if line["event"] == "feed_disconnected")
    assert trouble.startswith(meaning)


@dataclass
class Shelf:
    """A recorder that keeps what it is given."""

    frames: list[tuple[str | bytes, Nanos]] = field(default_factory=list)
    on: bool = True

    def body(self, source: str, pieces: object, arrived: Nanos) -> None:
        raise AssertionError((source, pieces, arrived))

    def frame(self, content: str | bytes, arrived: Nanos) -> None:
        self.frames.append((content, arrived))


async def test_every_frame_is_recorded_as_it_came() -> None:
    """Also those that cannot be read, in their order; our own words, and with them the key, are not."""
    shelf = Shelf()
    async with desk("A", recorder=shelf) as at:
        link = await at.admits()
        await link.hears()
        await link.says_text("no JSON")
        await link.says(second_bar("A"))
        await at.receives()

    assert [content for content, _ in shelf.frames[2:]] == ["no JSON", orjson.dumps([second_bar("A")]).decode()]
    assert len(shelf.frames) == 4
    assert [arrived for _, arrived in shelf.frames] == sorted(arrived for _, arrived in shelf.frames)
    assert KEY not in str(shelf.frames)


async def test_a_slow_answer_to_a_batch_does_not_stop_reading() -> None:
    """Frames are taken while batches wait for their gap."""
    async with desk(*(f"S{number}" for number in range(120)), pace=Pace(batch_gap_s=30)) as at:
        link = await at.admits()
        await link.hears()
        await link.says(*[second_bar("S1")] * 500)
        assert len(await at.receives(500)) == 500
