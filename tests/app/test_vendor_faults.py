"""What the vendor's REST can do to us, done by the simulated exchange to the whole engine.

The one promise behind all: the last good market stays until there is a better one.
"""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.support.engine_desk import KEY, Desk, desk_at
from tests.support.market import NANOS
from tradeul.domain.events import MarketImage

pytestmark = pytest.mark.slow(10)

SNAPSHOT = "/v2/snapshot"
MB = 2**20
PASSING = [
    ("refused", {}),
    ("server_error", {"status": 500.0, "kind": "json"}),
    ("server_error", {"status": 503.0, "kind": "html"}),
    ("server_error", {"status": 502.0, "kind": "empty"}),
    ("web_page", {}),
    ("error_inside", {}),
    ("cut", {"share": 0.6}),
    ("cut", {"share": 0.999}),
    ("broken_off", {"share": 0.4}),
    ("bad_gzip", {}),
]
LASTING = ["no_key", "unknown_key", "not_entitled", "no_timeframe", "redirect"]
WHOLE = ("updated", "day_open", "minute_start", "minute_volume_today", "prev_close", "trade_price", "trade_at", "bid")


@pytest.fixture(autouse=True)
def _no_key_in_any_log() -> Iterator[None]:
    with capture_logs() as lines:
        yield
    assert KEY not in repr(lines)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_at("10:00") as desk:
        yield desk


@pytest.mark.parametrize(("fault", "options"), PASSING)
async def test_an_answer_that_is_none_leaves_the_last_good_market(
    desk: Desk, fault: str, options: dict[str, Any]
) -> None:
    """No row changes, the feed is called stale after 15 s, and 6 s after the fault ends the market is fresh."""
    before, sequences = desk.market(), desk.sequences()

    desk.exchange.faults.switch_on(fault, path=SNAPSHOT, **options)
    await desk.let(21)

    assert desk.market() == before
    assert desk.sequences() == sequences
    assert desk.view.feed().state == "stale"
    assert desk.vitals.last_failure

    accepted = desk.vitals.snapshots_accepted
    desk.exchange.faults.switch_off()
    await desk.let(6)

    assert desk.vitals.snapshots_accepted > accepted
    assert desk.view.feed().state == "live"
    assert desk.market() != before


@pytest.mark.parametrize("fault", LASTING)
async def test_a_refusal_is_not_asked_again_at_once(desk: Desk, fault: str) -> None:
    """A key or a plan does not change in five seconds: one request a minute, the last good market stays."""
    before, asked = desk.market(), desk.source.asked

    desk.exchange.faults.switch_on(fault, path=SNAPSHOT)
    await desk.let(50)

    assert desk.source.asked == asked + 1
    assert desk.market() == before
    desk.exchange.faults.switch_off()
    await desk.let(20)
    assert desk.view.feed().state == "live"


@pytest.mark.parametrize("options", [{"retry_after": 30.0}, {"retry_after": 30.0, "date": 1.0}])
async def test_a_named_wait_is_kept(desk: Desk, options: dict[str, float]) -> None:
    """429 with Retry-After, as seconds or as a date: at most two requests in those 30 s."""
    asked = desk.source.asked

    desk.exchange.faults.switch_on("rate_limited", path=SNAPSHOT, times=1, **options)
    await desk.let(29)

    assert desk.source.asked - asked <= 2
    await desk.let(12)
    assert desk.view.feed().state == "live"


@pytest.mark.parametrize("empty", [0.0, 1.0])
async def test_a_limit_without_a_named_wait_is_not_hammered(desk: Desk, empty: float) -> None:
    """429 again and again, without Retry-After: at most two requests a minute, and it recovers by itself."""
    desk.exchange.faults.switch_on("rate_limited", path=SNAPSHOT, empty=empty)
    await desk.let(60)

    hits = desk.exchange.faults.report()[0]["hits"]
    assert hits <= 2
    desk.exchange.faults.switch_off()
    await desk.let(66)
    assert desk.view.feed().state == "live"


async def test_one_answer_is_awaited_at_a_time(desk: Desk) -> None:
    """However slow the vendor is, and whoever else wants a snapshot."""
    desk.exchange.faults.switch_on("slow", path=SNAPSHOT, delay_s=4.0)

    for _ in range(12):
        await desk.clock.advance(1.0)
        desk.discovery.refill()

    assert desk.source.most_in_flight == 1
    desk.exchange.faults.switch_off()
    await desk.let(10)


async def test_a_bomb_is_not_swallowed(desk: Desk) -> None:
    """A body that unpacks without end is refused long before it fills the memory."""
    before = desk.market()
    tracemalloc.start()
    try:
        desk.exchange.faults.switch_on("bomb", path=SNAPSHOT, times=1, megabytes=200.0)
        await desk.let(5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert desk.vitals.snapshots_refused == {"too_big": 1}
    assert peak < 100 * MB
    assert desk.market() == before


def rows_by_symbol(image: MarketImage) -> dict[str, tuple[Any, ...]]:
    columns = [getattr(image, name).tolist() for name in type(image).__slots__ if _is_column(image, name)]
    return {str(symbol): row for symbol, row in zip(image.symbols, zip(*columns, strict=True), strict=True)}


def _is_column(image: MarketImage, name: str) -> bool:
    return isinstance(getattr(image, name), np.ndarray)


@pytest.mark.parametrize("fault", ["wrong_types", "nulls", "not_finite", "negative", "missing", "extra", "future"])
async def test_a_bad_row_costs_itself_only(desk: Desk, fault: str) -> None:
    """No good symbol is lost or changed, every dropped row is counted, and no number that is none comes through."""
    spoilt, clean = await desk.two_images(fault, share=0.04)

    hit, whole = rows_by_symbol(spoilt), rows_by_symbol(clean)
    changed = {symbol for symbol in whole if hit.get(symbol) != whole[symbol]}
    assert set(hit) <= set(whole)
    assert len(changed) <= 0.05 * len(whole)
    assert len(whole) - len(hit) == sum(spoilt.dropped.values())
    assert all(np.isfinite(getattr(spoilt, name)).all() for name in type(spoilt).__slots__ if _is_column(spoilt, name))
    assert spoilt.feed_time <= desk.clock.now() + 60 * NANOS
    if fault not in {"nulls", "extra"}:
        assert changed


async def test_rows_too_many_of_which_are_bad_are_no_market(desk: Desk) -> None:
    """Beyond a twentieth the whole is refused."""
    before = desk.market()

    desk.exchange.faults.switch_on("wrong_types", path=SNAPSHOT, times=1, share=0.3)
    await desk.let(5)

    assert desk.vitals.snapshots_refused == {"bad_rows": 1}
    assert desk.market() == before


@pytest.mark.parametrize("fault", ["duplicates", "shuffled"])
async def test_rows_that_come_twice_or_in_another_order_change_nothing(desk: Desk, fault: str) -> None:
    """Of two rows of one symbol the newer counts; ranks do not flip."""
    spoilt, clean = await desk.two_images(fault)

    assert rows_by_symbol(spoilt) == rows_by_symbol(clean)


@pytest.mark.parametrize("fault", ["older", "yesterday"])
async def test_an_older_market_is_not_taken(desk: Desk, fault: str) -> None:
    """A snapshot of a minute or of a day ago leaves every price, volume and rank as it is."""
    before, sequences = desk.market(), desk.sequences()

    desk.exchange.faults.switch_on(fault, path=SNAPSHOT)
    await desk.let(20)

    assert desk.market() == before
    assert desk.sequences() == sequences
    assert desk.vitals.snapshots_refused == {"older": 4}


async def test_a_market_that_stands_still_is_called_frozen(desk: Desk) -> None:
    """The same rows for a minute while the market is open: the feed is stale, and says why."""
    desk.exchange.faults.switch_on("frozen", path=SNAPSHOT)
    await desk.let(75)

    feed = desk.view.feed()
    assert feed.state == "stale"
    assert "frozen" in feed.reason


@pytest.mark.parametrize("omitted", [0.0, 1.0])
@pytest.mark.parametrize("share", [0.4, 1.0])
async def test_zeros_in_the_middle_of_the_day_are_not_believed(desk: Desk, share: float, omitted: float) -> None:
    """However long it lasts, no row of the last good market is lost."""
    before = desk.market()

    desk.exchange.faults.switch_on("zeros", path=SNAPSHOT, share=share, omitted=omitted)
    await desk.let(20)

    assert desk.market() == before
    assert desk.vitals.snapshots_refused == {"zeros": 4}


async def test_half_a_universe_is_believed_the_third_time(desk: Desk) -> None:
    """Refused twice; then what came is taken, what is missing stays, marked stale, and the feed is partial."""
    before = desk.market()
    desk.exchange.faults.switch_on("half", path=SNAPSHOT)

    await desk.let(10)
    assert desk.vitals.snapshots_refused == {"short": 2}
    assert desk.market() == before
    await desk.let(5)

    assert desk.view.feed().state == "partial"
    stale = desk.board["stale"][: len(desk.board)] == 1
    assert 0.3 * len(stale) < stale.sum() < 0.7 * len(stale)
    after = desk.market()
    gone = [symbol for symbol, row in desk.board.row_of.items() if stale[row]]
    assert all(after[symbol] == before[symbol] for symbol in gone)
    desk.exchange.faults.switch_off()
    await desk.let(6)
    assert desk.view.feed().state == "live"


async def test_the_nightly_clear_is_believed() -> None:
    """Between 03:30 and the first trades all rows are zero, and that is the truth: the lists are empty, not frozen."""
    async with desk_at("03:28:30") as desk:
        await desk.let(180)

        assert desk.vitals.snapshots_refused == {}
        assert all(not channel.state.rows for channel in desk.channels.by_name.values())
