"""The client for strangers' programs: rankings by law, one list's state machine, and whole connections."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import traded
from tests.support.program import free_port
from tests.support.watched import watched
from tests.support.web import EPOCH, NOON, row, served
from tradeul.client import ListSync, OutOfStep, Rankings, ScannerClient, ServerLost, applied
from tradeul.clock import ManualClock
from tradeul.domain.deltas import ListState, Row, diff, wire_rows
from tradeul.engine.ports import FeedState
from tradeul.web.protocol import CloseCode

COLUMNS = ("price", "name", "halted")
VALUES = st.tuples(
    st.one_of(st.none(), st.integers(-(10**6), 10**9).map(lambda n: n / 10_000), st.just(2.0)),
    st.one_of(st.none(), st.text(max_size=4)),
    st.one_of(st.none(), st.booleans()),
)
ROWS = st.lists(
    st.builds(Row, st.sampled_from(["A", "B", "BRK.B", "BACpL", "Z"]), VALUES), unique_by=lambda found: found.symbol
)


def over_the_wire(value: object) -> Any:
    return json.loads(json.dumps(value))


def wired(rows: list[Row]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = over_the_wire(wire_rows(ListState(1, 0, COLUMNS, tuple(rows))))
    return found


@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_applying_a_difference_gives_the_new_list(old: list[Row], new: list[Row], chance: Any) -> None:
    """`applied(old, diff(old, new)) == new` through JSON, with nulls and ties, in whatever order changes come."""
    changes = over_the_wire(diff(old, new, COLUMNS))
    chance.shuffle(changes)

    assert list(applied(wired(old), changes)) == wired(new)


@pytest.mark.parametrize(
    "changes",
    [
        [{"action": "remove", "symbol": "C"}],
        [{"action": "update", "symbol": "C", "data": {"price": 1}}],
        [{"action": "rerank", "symbol": "C", "old_rank": 3, "new_rank": 1}],
        [{"action": "rerank", "symbol": "A", "old_rank": 1, "new_rank": 2}],
        [{"action": "remove", "symbol": "A"}],
        [{"action": "add", "symbol": "C", "rank": 4, "data": {}}],
        [{"action": "shuffle", "symbol": "A"}],
    ],
)
def test_what_does_not_fit_is_refused(changes: list[dict[str, Any]]) -> None:
    """A change of a row that is not there, or ranks that are not 1 to n, mean that something was missed."""
    with pytest.raises(OutOfStep):
        applied(wired([row_of("A"), row_of("B")]), changes)


def test_the_checksum_is_of_rank_symbol_and_price() -> None:
    """CRC-32 of the lines `rank:symbol:price x 10,000`, empty where the price is unknown."""
    held = Rankings()
    held.replace(snapshot(1, [row_of("BRK.B", 412.3456), row_of("A", None)]))

    assert held.checksum() == zlib.crc32(b"1:BRK.B:4123456\n2:A:")


def row_of(symbol: str, price: float | None = 1.0) -> Row:
    return Row(symbol, (price, "A name", None))  # type: ignore[arg-type]  # a symbol is a string here


def snapshot(sequence: int, rows: list[Row], epoch: str = EPOCH) -> dict[str, Any]:
    return {
        "type": "snapshot",
        "list": "alpha",
        "epoch": epoch,
        "sequence": sequence,
        "timestamp": 0,
        "rows": wired(rows),
    }


def delta(prev: int, sequence: int, deltas: list[dict[str, Any]], epoch: str = EPOCH) -> dict[str, Any]:
    return {
        "type": "delta",
        "list": "alpha",
        "epoch": epoch,
        "prev": prev,
        "sequence": sequence,
        "timestamp": 0,
        "deltas": deltas,
    }


def heartbeat(sequence: int, checksum: int, epoch: str = EPOCH) -> dict[str, Any]:
    return {"type": "heartbeat", "epoch": epoch, "sequences": {"alpha": sequence}, "checksums": {"alpha": checksum}}


def live_list() -> ListSync:
    sync = ListSync("alpha")
    sync.subscription(0.0)
    sync.step(snapshot(5, [row_of("A")]), 0.0)
    return sync


ADD_B = {"action": "add", "symbol": "B", "rank": 2, "data": {"price": 1.0}}
RESYNC = {"action": "resync", "list": "alpha", "epoch": EPOCH, "last_sequence": 5}


def test_a_subscription_names_what_is_held() -> None:
    """At first nothing is claimed; later the epoch and sequence that are held."""
    fresh, again = ListSync("alpha").subscription(0.0), live_list().subscription(0.0)

    assert fresh == {"action": "subscribe_list", "list": "alpha"}
    assert again == {"action": "subscribe_list", "list": "alpha", "epoch": EPOCH, "last_sequence": 5}


def test_a_fitting_delta_keeps_a_list_live() -> None:
    """The sequence moves on with the rows, and nothing is asked for."""
    sync = live_list()

    assert sync.step(delta(5, 6, [ADD_B]), 1.0) is None
    assert (sync.live, sync.rankings.sequence, len(sync.rankings.rows)) == (True, 6, 2)


@pytest.mark.parametrize(
    "gap",
    [delta(6, 7, [ADD_B]), delta(5, 6, [ADD_B], epoch="other"), delta(5, 6, [{**ADD_B, "rank": 9}])],
    ids=["missed", "other_epoch", "wrong_ranks"],
)
def test_a_gap_asks_once(gap: dict[str, Any]) -> None:
    """One resync; deltas are dropped until it is answered, and the answer makes the list live again."""
    sync = live_list()
    asked = [sync.step(gap, 1.0), sync.step(delta(5, 6, [ADD_B]), 1.1), sync.step(gap, 1.2)]
    held = sync.rankings.sequence, len(sync.rankings.rows)
    sync.step(snapshot(9, [row_of("C")]), 1.3)

    assert asked == [RESYNC, None, None]
    assert held == (5, 1)
    assert (sync.live, sync.rankings.sequence) == (True, 9)


def test_what_is_older_is_dropped() -> None:
    """A duplicate or an older frame changes nothing: within an epoch the sequence never falls."""
    sync = live_list()
    asked = [sync.step(delta(4, 5, [ADD_B]), 1.0), sync.step(snapshot(4, [row_of("X")]), 1.0)]

    assert asked == [None, None]
    assert (sync.live, sync.rankings.rows[0]["symbol"]) == (True, "A")


def test_a_new_epoch_starts_anew() -> None:
    """A snapshot of another life of the server replaces everything, whatever its sequence."""
    sync = live_list()
    sync.step(snapshot(0, [], epoch="next"), 1.0)
    held = sync.rankings

    assert (sync.live, held.epoch, held.sequence, held.rows) == (True, "next", 0, ())


def test_heartbeats_find_what_was_lost() -> None:
    """Being behind is believed at the second heartbeat; a wrong checksum at once."""
    right = live_list().rankings.checksum()
    ahead, wrong, well = live_list(), live_list(), live_list()

    assert [ahead.step(heartbeat(6, 1), 5.0), ahead.step(heartbeat(6, 1), 10.0)] == [None, RESYNC]
    assert wrong.step(heartbeat(5, right + 1), 5.0) == RESYNC
    assert [well.step(heartbeat(5, right), 5.0 * turn) for turn in range(3)] == [None] * 3


def test_a_list_that_heartbeats_do_not_name_is_subscribed_to_again() -> None:
    """The server does not follow it for us, so nothing would ever tell that it moved on."""
    sync = live_list()
    unnamed = heartbeat(5, 0) | {"sequences": {}, "checksums": {}}
    asked = [sync.step(unnamed, 5.0), sync.step(unnamed, 10.0)]

    assert asked == [None, RESYNC | {"action": "subscribe_list"}]
    assert not sync.live


def test_what_is_not_answered_is_asked_again_and_then_given_up() -> None:
    """After 5 s without an answer a resync goes out; the third time the connection is worth nothing."""
    sync = ListSync("alpha")
    sync.subscription(0.0)
    asked = [sync.overdue(now) for now in (4.9, 5.0, 9.9, 10.0, 15.0)]

    assert [request is not None for request in asked] == [False, True, False, True, True]
    assert sync.unanswered == 3


async def test_a_program_follows_a_list() -> None:
    """Rows are right at every message, from the first snapshot on."""
    async with served() as world, ScannerClient(world.url, world.clock) as client:
        await client.subscribe("alpha")
        await message_of(client, "snapshot")
        for price in (1.0, 2.0, None):
            world.publish([row("B", price), row("A")])
            await message_of(client, "delta")
            held = client.lists["alpha"].rankings

            assert client.lists["alpha"].live
            assert [found["price"] for found in held.rows] == [price, 10.0]
            assert held.checksum() == world.hub.lists["alpha"].checksum()


async def test_a_program_that_comes_back_goes_on_where_it_was() -> None:
    """Entering again resumes by epoch and sequence: one delta brings it up to date."""
    async with served() as world:
        client = ScannerClient(world.url, world.clock)
        world.publish([row("A"), row("B")])
        async with client:
            await client.subscribe("alpha")
            await message_of(client, "snapshot")
        world.publish([row("A", 11.0), row("B")])
        async with client:
            answer = await message_of(client, "subscribed")
            await message_of(client, "delta")
            held = client.lists["alpha"].rankings

    assert answer["recovered"] is True
    assert (held.sequence, held.rows[0]["price"]) == (2, 11.0)


async def test_a_damaged_list_heals_itself() -> None:
    """When the checksum of a heartbeat differs, one resync brings the truth back."""
    async with served() as world, ScannerClient(world.url, world.clock) as client:
        world.publish([row("A")])
        await client.subscribe("alpha")
        await message_of(client, "snapshot")
        held = client.lists["alpha"].rankings
        held.rows = held.rows[:0]
        await client.ping(1)
        await message_of(client, "heartbeat")
        doubted = client.lists["alpha"].live
        await message_of(client, "snapshot")

    assert not doubted
    assert [found["symbol"] for found in held.rows] == ["A"]


async def test_leaving_a_list_is_answered() -> None:
    """After `unsubscribed` nothing of the list is held."""
    async with served() as world, ScannerClient(world.url, world.clock) as client:
        await client.subscribe("alpha")
        await message_of(client, "snapshot")
        await client.unsubscribe("alpha")
        answer = await message_of(client, "unsubscribed")

    assert answer["list"] == "alpha"
    assert client.lists == {}


async def test_the_end_of_the_server_ends_the_iteration() -> None:
    """When the server goes, iterating stops, and the close code says why."""
    async with served() as world, ScannerClient(world.url, world.clock) as client:
        await client.subscribe("alpha")
        await message_of(client, "snapshot")
        world.hub.end(next(iter(world.hub.viewers)), CloseCode.RESTART)
        heard = [message["type"] async for message in client]

    assert heard == []
    assert client.close_code == 1012


async def test_no_server_is_said_in_one_line() -> None:
    """Where nothing listens, the error names the address."""
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerLost, match=url):
        async with ScannerClient(url, ManualClock(NOON)):
            pass


async def test_a_program_watches_symbols() -> None:
    """The newest of each is at hand at every message, until it is let go."""
    async with watched() as world, ScannerClient(world.web.url, world.web.clock) as client:
        await client.watch("A", "BRK.B")
        for _ in range(2):
            await message_of(client, "aggregate")
        first = {symbol: told["data"]["price"] for symbol, told in client.watched.symbols.items()}
        await world.web.clock.advance(1)
        await world.trade("A", 12.5)
        await message_of(client, "aggregate")
        second = client.watched.symbols["A"]["data"]
        shown = world.shown("A")
        await client.unwatch("A")
        await client.ping("fence")
        await message_of(client, "heartbeat")
        left = world.watches.symbols()

    assert first == {"A": 12.0, "BRK.B": 12.0}
    assert second == shown
    assert client.watched.symbols.keys() == left == {"BRK.B"}


async def test_a_refused_request_watches_none_of_its_symbols() -> None:
    """What is not known is not asked for again on the next connection; what was watched before stays watched."""
    async with watched() as world:
        client = ScannerClient(world.web.url, world.web.clock)
        async with client:
            await client.watch("A")
            await message_of(client, "aggregate")
            await client.watch("A", "B", "NONE")
            error = await message_of(client, "error")
        async with client:
            again = await message_of(client, "aggregate")

    assert (error["code"], "NONE" in error["message"]) == ("unknown_symbol", True)
    assert (again["symbol"], list(client.watched.symbols)) == ("A", ["A"])


async def test_watched_too_early_is_asked_for_again() -> None:
    """Before the first snapshot nothing can be watched; once the feed is there, the client watches by itself."""
    async with watched(symbols=()) as world, ScannerClient(world.web.url, world.web.clock) as client:
        world.web.view.state = FeedState("starting", NOON, "no snapshot yet", None)
        await client.watch("A")
        error = await message_of(client, "error")
        await world.snapshot(traded("A", 12.0, 500.0, NOON))
        world.web.view.state = FeedState("live", NOON, "", 100)
        await world.web.clock.advance(1)
        told = await message_of(client, "aggregate")

    assert error["code"] == "starting"
    assert client.watched.symbols == {"A": told}


async def message_of(client: ScannerClient, kind: str) -> dict[str, Any]:
    """Go on to the next message of a kind; hello and status may come before it, nothing else."""
    async for message in client:
        if message["type"] == kind:
            return message
        assert message["type"] in ("hello", "status", "subscribed"), message
    raise AssertionError(f"the server closed with {client.close_code}")
