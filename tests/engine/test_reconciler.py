"""What is followed live is what the lists, the pins and the viewers say; and an auditor sees to it."""

import pytest
from structlog.testing import capture_logs

from tests.support.eventually import running
from tests.support.feed_desk import wanted
from tests.support.market import CALENDAR, NANOS, bar, image, traded
from tests.support.reconciling import COOLDOWN_S, EVERY_S, START, Desk, Link
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.folding import Folded
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.reconciler import REMEMBERED, Audit, Change
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_scan_reaches_the_feed_at_once_and_once(desk: Desk) -> None:
    """Rows of every list and what is pinned, as one set; a scan that changes nobody says nothing."""
    desk.pins = wanted("P")
    desk.show(gappers="AB", losers="BC")
    desk.show(gappers="ABC", losers="")

    assert desk.feed.heard == [wanted("A", "B", "C", "P")]
    attention = desk.reconciler.attention
    assert attention.because(Symbol("B")) == ("list:gappers",)
    assert attention.because(Symbol("P")) == ("pin",)


async def test_who_leaves_everything_is_unsubscribed_after_the_cooldown(desk: Desk) -> None:
    """By the next scan after it, or by the audit if there is none."""
    desk.show(gappers="AB")
    desk.show(gappers="A")
    async with running(desk.reconciler.run):
        await desk.clock.advance(COOLDOWN_S - 1)
        assert desk.feed.heard == [wanted("A", "B")]
        await desk.clock.advance(1)

    assert desk.feed.heard[-1] == wanted("A")


async def test_every_change_is_remembered_with_why_session_and_time(desk: Desk) -> None:
    """Who leaves is told with what he was followed for."""
    desk.show(gappers="A", losers="A")
    await desk.clock.advance(5)
    desk.show(gappers="", losers="B")
    await desk.clock.advance(COOLDOWN_S)
    desk.show(losers="B")

    later = Nanos(START + 5 * NANOS)
    both = ("list:gappers", "list:losers")
    assert list(desk.reconciler.changes) == [
        Change(Symbol("A"), "subscribed", both, Session.MARKET_OPEN, START),
        Change(Symbol("B"), "subscribed", ("list:losers",), Session.MARKET_OPEN, later),
        Change(Symbol("A"), "unsubscribed", both, Session.MARKET_OPEN, Nanos(later + 60 * NANOS)),
    ]
    assert (desk.reconciler.tally.promoted, desk.reconciler.tally.degraded) == (2, 1)


def test_the_last_thousand_changes_are_remembered(desk: Desk) -> None:
    """Older ones are forgotten; the counts are not."""
    desk.pins = frozenset(Symbol(f"S{number}") for number in range(REMEMBERED + 50))
    desk.reconciler.follow()

    assert len(desk.reconciler.changes) == REMEMBERED
    assert desk.reconciler.tally.promoted == REMEMBERED + 50


def test_lists_that_are_suddenly_empty_are_not_believed_at_once(desk: Desk) -> None:
    """Nobody is unsubscribed by two empty snapshots, however many re-ranks follow them, and the log tells."""
    desk.show(gappers="AB")
    with capture_logs() as lines:
        for _ in range(2):
            desk.show(gappers="")
            for _ in range(10):
                desk.reconciler.follow()

    assert desk.feed.heard == [wanted("A", "B")]
    assert desk.reconciler.attention.because(Symbol("A")) == ("list:gappers",)
    assert [line["event"] for line in lines] == ["empty_lists_not_believed"] * 2


def test_an_audit_of_what_is_well_does_nothing(desk: Desk) -> None:
    """It is counted, and when it was."""
    desk.show(gappers="AB")

    assert [desk.reconciler.audit(), desk.reconciler.audit()] == [Audit(0, 0, 0)] * 2

    tally = desk.reconciler.tally
    assert desk.feed.heard == [wanted("A", "B")]
    assert (tally.audits, tally.drift, tally.corrections, tally.last_at) == (2, 0, 0, START)


def test_what_is_neither_confirmed_nor_asked_for_is_asked_for_again(desk: Desk) -> None:
    """And what comes and is wanted by nobody is taken back; the feed is told the whole set, and is well."""
    desk.show(gappers="ABC")
    desk.tell(confirmed="AX", pending="BY")

    found = desk.reconciler.audit()

    assert found == Audit(drift=3, subscribed=1, unsubscribed=2)
    assert desk.feed.heard[1:] == [wanted("A", "B", "C")]
    assert desk.reconciler.audit() == Audit(0, 0, 0)
    assert (desk.reconciler.tally.drift, desk.reconciler.tally.corrections) == (3, 3)


def test_what_is_on_its_way_is_drift_and_no_correction(desk: Desk) -> None:
    """Silence is not confirmation; but it was asked for, and the feed asks again by itself."""
    desk.show(gappers="AB")
    desk.tell(confirmed="A", pending="B")

    assert desk.reconciler.audit() == Audit(drift=1, subscribed=0, unsubscribed=0)
    assert len(desk.feed.heard) == 1


def test_a_feed_that_wants_something_else_is_set_right(desk: Desk) -> None:
    """Whoever told it so; there is one source of truth."""
    desk.show(gappers="AB")
    desk.feed.want(wanted("X"))

    found = desk.reconciler.audit()

    assert found == Audit(drift=3, subscribed=2, unsubscribed=1)
    assert desk.feed.state.desired == wanted("A", "B")


def test_lists_that_nobody_told_of_are_found(desk: Desk) -> None:
    """The audit makes the set anew from what the lists show now."""
    desk.show(gappers="A")
    desk.publish(gappers="AB")

    desk.reconciler.audit()

    assert desk.feed.state.desired == wanted("A", "B")
    assert desk.reconciler.tally.overlooked == 1


def test_nothing_is_put_right_without_a_connection(desk: Desk) -> None:
    """All that is wanted is amiss then; once there is a connection it is asked for anew."""
    desk.show(gappers="AB")
    desk.feed.state = Link(connected=False, authenticated=False, desired=wanted("A", "B"), trouble="cut off")

    assert desk.reconciler.audit() == Audit(2, 0, 0)
    assert desk.reconciler.trouble == "cut off"
    desk.feed.state = Link(desired=wanted("A", "B"))
    desk.reconciler.connected()

    assert desk.feed.state.confirmed == wanted("A", "B")
    assert desk.reconciler.tally.audits == 2
    assert desk.reconciler.trouble == ""


async def test_losses_are_found_within_the_interval(desk: Desk) -> None:
    """The audits go on for ever, by the wall's time."""
    desk.show(gappers="AB")
    async with running(desk.reconciler.run):
        for lost in ("A", "B", ""):
            desk.tell(confirmed=lost)
            await desk.clock.advance(EVERY_S)
            assert desk.feed.state.confirmed == wanted("A", "B")

    assert desk.reconciler.tally.audits == 3


def test_only_what_stays_amiss_is_trouble(desk: Desk) -> None:
    """What one audit finds may be on its way; what the next one finds again is not."""
    desk.show(gappers="ABC")
    desk.feed.deaf = True
    desk.tell(confirmed="A", pending="BC")
    desk.reconciler.audit()
    assert desk.reconciler.trouble == ""

    desk.tell(confirmed="AB", pending="C")
    desk.reconciler.audit()
    assert desk.reconciler.trouble == "symbols that are not followed live as they should be: 1"
    assert desk.reconciler.report()["drift"] == 1

    desk.tell(confirmed="ABC")
    desk.reconciler.audit()
    assert desk.reconciler.trouble == ""


async def test_a_deleted_list_lets_go_of_its_rows(desk: Desk) -> None:
    """A reason that is no more is no reason."""
    desk.show(gappers="A", losers="B")
    desk.channels.remove("losers")
    desk.reconciler.follow()
    await desk.clock.advance(COOLDOWN_S)
    desk.reconciler.follow()

    assert desk.feed.state.desired == wanted("A")


async def test_live_bars_are_no_new_image_of_the_market() -> None:
    """What numbers the snapshots that lists stand on does not count the fast re-ranks between them."""
    clock, board = ManualClock(START), Board(capacity=8)
    scanner = Scanner(board, BUILT_IN, [], Channels("e1", BUILT_IN, clock))
    told: list[int] = []
    pipeline: Pipeline
    looks = (lambda: told.append(pipeline.images),)
    pipeline = Pipeline(Enrichment(board, CALENDAR), scanner, clock, Vitals(START), looks)
    for second in (0, 5):
        await pipeline.take_image(image(traded("A", 10.0, 1_000 + second, START)), Nanos(START + second * NANOS))
        await pipeline.take_live([Folded([bar("A", START, 10.5, 1_100 + second)])])
        await pipeline.rescan()

    assert told == [1, 1, 1, 2, 2, 2]
