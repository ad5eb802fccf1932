"""What a viewer and the server say to each other, through real sockets."""

from typing import Any

import pytest

from tests.support.eventually import eventually, running
from tests.support.web import EPOCH, NOON, Served, TestViewer, row, served, viewer
from tradeul.client import Rankings
from tradeul.engine.ports import FeedState

SUBSCRIBED = {"type": "subscribed", "id": None, "list": "alpha", "recovered": False, "reason": "new"}


async def synced(connected: TestViewer, world: Served) -> Rankings:
    """Subscribe and hold the list as it is."""
    await connected.subscribe()
    await connected.hear("subscribed")
    held = Rankings()
    held.replace(await connected.hear("snapshot"))
    assert held.sequence == world.channels.by_name["alpha"].state.sequence
    return held


async def test_hello_comes_first_and_names_what_there_is() -> None:
    """The first frame is hello: protocol, epoch, market, session, and every list with its columns."""
    async with served() as world, viewer(world, greeted=False) as connected:
        hello = await connected.hear()

    assert (hello["type"], hello["protocol"], hello["epoch"], hello["heartbeat_ms"]) == ("hello", 1, EPOCH, 5_000)
    assert (hello["market"], hello["session"], hello["server_time"]) == ("simulated", "MARKET_OPEN", NOON // 1_000_000)
    assert hello["lists"][0] == {
        "name": "alpha",
        "title": "Alpha",
        "size": 200,
        "columns": ["name", "price", "volume_today"],
    }
    assert hello["limits"]["lists"] == 128


async def test_the_feeds_state_is_told_at_the_start() -> None:
    """A new viewer knows how fresh the market is without asking."""
    async with served() as world, viewer(world) as connected:
        world.view.state = FeedState("stale", NOON, "no snapshot arrives", 20_000)
        status = await connected.hear("status")

    assert (status["feed"], status["session"], status["next_session"]) == ("live", "MARKET_OPEN", "POST_MARKET")
    assert (status["since"], status["seconds_until_next_session"]) == (NOON // 1_000_000, 4 * 3_600)


async def test_a_new_subscription_gets_a_snapshot() -> None:
    """Who claims nothing is told that a snapshot follows, and it does."""
    async with served() as world, viewer(world) as connected:
        world.publish([row("B", 11.5), row("A", None)])
        await connected.subscribe(id=7)
        answer, snapshot = await connected.hear(), await connected.hear()

    assert answer == {**SUBSCRIBED, "id": 7}
    assert snapshot == {
        "type": "snapshot",
        "list": "alpha",
        "epoch": EPOCH,
        "sequence": 1,
        "timestamp": NOON // 1_000_000,
        "rows": [
            {"rank": 1, "symbol": "B", "name": "A name", "price": 11.5, "volume_today": 100},
            {"rank": 2, "symbol": "A", "name": "A name", "price": None, "volume_today": 100},
        ],
    }


async def test_before_anything_was_ranked_the_truth_is_an_empty_list() -> None:
    """While the market is not known, subscribing works: no rows, at sequence 0."""
    async with served() as world, viewer(world) as connected:
        await connected.subscribe()
        answer, snapshot = await connected.hear(), await connected.hear()

    assert answer == SUBSCRIBED
    assert (snapshot["sequence"], snapshot["rows"]) == (0, [])


async def test_each_change_comes_as_a_delta() -> None:
    """After the snapshot, each publication is one delta that leads from the sequence held to the next."""
    async with served() as world, viewer(world) as connected:
        world.publish([row("A"), row("B")])
        held = await synced(connected, world)
        world.publish([row("B"), row("A", 9.5), row("C")])
        delta = await connected.hear("delta")
        held.apply(delta)

    assert (delta["prev"], delta["sequence"], delta["change_count"]) == (1, 2, len(delta["deltas"]))
    assert [(found["symbol"], found["price"]) for found in held.rows] == [("B", 10.0), ("A", 9.5), ("C", 10.0)]


async def test_an_emptied_list_is_told() -> None:
    """A list from which everything left is sent as such."""
    async with served() as world, viewer(world) as connected:
        world.publish([row("A")])
        held = await synced(connected, world)
        world.publish([])
        held.apply(await connected.hear("delta"))

    assert (held.sequence, held.rows) == (2, ())


async def test_only_subscribed_lists_are_sent() -> None:
    """What happens in other lists is not this viewer's business."""
    async with served() as world, viewer(world) as connected:
        await synced(connected, world)
        world.publish([row("A")], "beta")
        world.publish([row("A")], "alpha")
        heard = await connected.hear_all()

    assert [(message["type"], message["list"]) for message in heard] == [("delta", "alpha")]


async def test_nothing_of_a_list_comes_after_unsubscribing() -> None:
    """`unsubscribed` is the last word about a list."""
    async with served() as world, viewer(world) as connected:
        await synced(connected, world)
        await connected.say(action="unsubscribe_list", list="alpha", id="x")
        answer = await connected.hear()
        world.publish([row("A")])
        heard = await connected.hear_all()

    assert answer == {"type": "unsubscribed", "id": "x", "list": "alpha", "reason": "requested"}
    assert heard == []


@pytest.mark.parametrize(
    ("claim", "reason", "follows"),
    [
        ({"epoch": EPOCH, "last_sequence": 3}, "current", []),
        ({"epoch": EPOCH, "last_sequence": 1}, "caught_up", ["delta"]),
        ({"epoch": EPOCH, "last_sequence": 4}, "too_far_behind", ["snapshot"]),
        ({"epoch": "another", "last_sequence": 3}, "other_epoch", ["snapshot"]),
        ({"epoch": EPOCH}, "new", ["snapshot"]),
        ({"last_sequence": 3}, "new", ["snapshot"]),
    ],
)
async def test_who_comes_back_gets_what_was_missed(claim: dict[str, Any], reason: str, follows: list[str]) -> None:
    """Equal: nothing more. Behind within the ring: one delta. Anything else: a snapshot."""
    async with served() as world, viewer(world) as connected:
        crowd = [row(f"S{number}") for number in range(20)]
        for price in (10.0, 11.0, 12.0):
            world.publish([row("A", price), *crowd])
        await connected.subscribe(**claim)
        answer = await connected.hear("subscribed")
        heard = await connected.hear_all()

    assert (answer["recovered"], answer["reason"]) == (reason in ("current", "caught_up"), reason)
    assert [message["type"] for message in heard] == follows
    assert all(message["sequence"] == 3 for message in heard)


async def test_a_delta_that_would_be_longer_than_the_list_is_a_snapshot() -> None:
    """Catching up never costs more than starting anew."""
    async with served() as world, viewer(world) as connected:
        world.publish([row(f"S{number}") for number in range(20)])
        world.publish([row("A")])
        world.publish([row("B")])
        await connected.subscribe(epoch=EPOCH, last_sequence=1)
        answer, frame = await connected.hear(), await connected.hear()

    assert (answer["recovered"], frame["type"]) == (False, "snapshot")


async def test_a_state_older_than_the_ring_is_answered_with_a_snapshot() -> None:
    """What was 60 seconds ago can no longer be caught up from."""
    async with served() as world, viewer(world) as connected:
        crowd = [row(f"S{number}") for number in range(20)]
        world.publish([row("A", 10.0), *crowd])
        world.publish([row("A", 11.0), *crowd])
        await world.clock.advance(61)
        world.publish([row("A", 12.0), *crowd])
        await connected.subscribe(epoch=EPOCH, last_sequence=1)
        answer = await connected.hear("subscribed")

    assert (answer["recovered"], answer["reason"]) == (False, "too_far_behind")


async def test_resync_gets_a_snapshot_always() -> None:
    """Whatever a viewer says it holds, resync is answered with the whole list as it is now."""
    async with served() as world, viewer(world) as connected:
        await synced(connected, world)
        world.publish([row("A")])
        await connected.hear("delta")
        await connected.say(action="resync", list="alpha", epoch=EPOCH, last_sequence=1)
        snapshot = await connected.hear()

    assert (snapshot["type"], snapshot["sequence"], len(snapshot["rows"])) == ("snapshot", 1, 1)


async def test_resync_of_a_list_that_is_not_followed_is_refused() -> None:
    """Without a subscription there is nothing to resynchronise."""
    async with served() as world, viewer(world) as connected:
        await connected.say(action="resync", list="alpha", id=3)
        error = await connected.hear()

    assert (error["type"], error["code"], error["id"]) == ("error", "bad_request", 3)


async def test_an_unknown_list_is_an_error_with_the_requests_id() -> None:
    """A viewer can tell which of its requests failed."""
    async with served() as world, viewer(world) as connected:
        await connected.subscribe("gamma", id="q")
        error = await connected.hear()

    assert (error["type"], error["code"], error["id"]) == ("error", "unknown_list", "q")


async def test_128_lists_and_not_one_more() -> None:
    """The number of lists of one viewer is bounded; asking again for one that is followed is no new one."""
    names = [f"list_{number}" for number in range(129)]
    async with served(names) as world, viewer(world) as connected:
        for name in names[:128]:
            await world.clock.advance(1)  # below the rate that is allowed
            await connected.subscribe(name)
            await connected.hear("subscribed")
            await connected.hear("snapshot")
        await connected.subscribe(names[128], id=1)
        error = await connected.hear()
        await connected.subscribe(names[0], id=2)
        again = await connected.hear()

    assert (error["type"], error["code"], error["id"]) == ("error", "too_many", 1)
    assert (again["type"], again["id"]) == ("subscribed", 2)


async def test_a_ping_is_answered_with_a_heartbeat_about_what_was_sent_before() -> None:
    """The answer carries the id, and sequences and checksums of the viewer's own lists."""
    async with served() as world, viewer(world) as connected:
        world.publish([row("A", 1.5), row("B", None)])
        held = await synced(connected, world)
        await connected.say(action="ping", id=99)
        beat = await connected.hear()

    assert beat == {
        "type": "heartbeat",
        "id": 99,
        "epoch": EPOCH,
        "server_time": NOON // 1_000_000,
        "sequences": {"alpha": 1},
        "checksums": {"alpha": held.checksum()},
        "feed_age_ms": 1_200,
    }


async def test_a_heartbeat_comes_every_five_seconds() -> None:
    """Also when nothing happens a viewer sees that the connection lives."""
    async with served() as world, viewer(world) as connected, running(world.hub.run):
        await synced(connected, world)
        beats = []
        for _ in range(3):
            await world.clock.advance(5.05)
            beats.append(await connected.hear("heartbeat"))

    assert [beat["server_time"] - NOON // 1_000_000 for beat in beats] == pytest.approx(
        [5_000, 10_000, 15_000], abs=100
    )
    assert all("id" not in beat for beat in beats)


async def test_a_change_of_the_feeds_state_is_told_once() -> None:
    """Stale is said when it becomes so, and not again while it lasts."""
    async with served() as world, viewer(world) as connected, running(world.hub.run):
        await synced(connected, world)
        await world.clock.advance(1)
        world.view.state = FeedState("stale", NOON, "no snapshot arrives", 20_000)
        await world.clock.advance(1)
        await connected.say(action="ping", id=1)
        heard = [await connected.hear("status", "heartbeat")]
        while heard[-1]["type"] == "status":
            heard.append(await connected.hear("status", "heartbeat"))

    assert [message["feed"] for message in heard if message["type"] == "status"][-1] == "stale"
    assert sum(message.get("feed") == "stale" for message in heard) == 1


async def test_a_viewer_that_leaves_is_forgotten() -> None:
    """Nothing of a viewer stays in the hub once it closed; its own code is echoed."""
    async with served() as world:
        async with viewer(world) as connected:
            await synced(connected, world)
            await connected.socket.close(code=1001)
            code = connected.socket.close_code
        await eventually(lambda: len(world.hub) == 0)
        world.publish([row("A")])

    assert code == 1001
