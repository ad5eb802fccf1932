"""Who is halted, and for whom silence is knowledge."""

import numpy as np

from tests.support.market import CALENDAR, DAY, at
from tradeul.domain.board import Board
from tradeul.domain.events import PriceBand, Symbol
from tradeul.domain.halts import Halts

HOURS = CALENDAR.hours(DAY)
ROWS = {"NAS": 0, "NYS": 1, "NEW": 2}


class Desk:
    """Halts of three symbols: one listed at Nasdaq, one elsewhere, one nobody knows where."""

    def __init__(self) -> None:
        self.board = Board(capacity=4)
        self.board.rows_of([Symbol(name) for name in ROWS])
        self.board.put_texts("exchange", slice(2), ["XNAS", "XNYS"])
        self.halts = Halts(self.board)

    def listen(self, wall: str) -> None:
        self.halts.listen(at(wall), regular="09:30" <= wall < "16:00")

    def tell(self, says: str, wall: str, name: str = "NAS") -> bool:
        band = PriceBand(Symbol(name), at(wall), 9.0, 11.0, says)  # type: ignore[arg-type]  # a test's own words
        return self.halts.tell(ROWS[name], band, HOURS)

    def traded(self, wall: str, name: str = "NAS") -> bool:
        return self.halts.traded(np.array([ROWS[name]]), np.array([at(wall)]), HOURS)

    def shown(self) -> list[object]:
        return self.board.values("halted", np.arange(len(ROWS)))

    def halted_at(self) -> object:
        return self.board.values("halted_at", np.array([0]))[0]


def test_silence_is_knowledge_of_nasdaqs_listings_alone() -> None:
    """And only while the feed tells halts: before, after, and for every other listing nobody knows."""
    desk = Desk()

    shown = [desk.shown()]
    desk.listen("09:00")
    shown.append(desk.shown())
    desk.halts.go_deaf(regular=False)
    shown.append(desk.shown())

    assert shown == [[None] * 3, [False, None, None], [None] * 3]


def test_a_listing_that_becomes_known_later_counts() -> None:
    """Reference data may come after the feed."""
    desk = Desk()
    desk.listen("09:00")

    desk.board.put_texts("exchange", slice(2, 3), ["XNAS"])
    desk.halts.listed(np.array([2]))

    assert desk.shown() == [False, None, False]


def test_a_halt_stands_until_it_is_said_to_be_over() -> None:
    """The newest word counts, in whatever order they come; when it began is known while it lasts."""
    desk = Desk()
    desk.listen("09:00")

    story = []
    for says, wall in (("halted", "10:00"), ("resumed", "09:59"), ("resumed", "10:05"), ("halted", "10:01")):
        changed = desk.tell(says, wall)
        story.append((changed, desk.shown()[0], desk.halted_at()))

    halt = at("10:00") // 1_000_000
    assert story == [(True, True, halt), (False, True, halt), (True, False, None), (False, False, None)]


def test_what_trades_after_its_halt_is_halted_no_more() -> None:
    """A band or a trade of the regular session shows it where the word was lost; not an older one, nor one that was
    under way, nor a late report of after the close.
    """
    desk = Desk()
    desk.listen("09:00")
    desk.tell("halted", "10:00")

    ended = [desk.traded("09:59"), desk.traded("10:00:05"), desk.traded("16:30"), desk.traded("10:06")]
    desk.tell("halted", "11:00")
    by_band = [desk.tell("band", "10:59:59"), desk.tell("band", "11:05")]

    assert (ended, by_band) == ([False, False, False, True], [False, True])
    assert (desk.shown()[0], desk.halted_at()) == (False, None)


def test_a_word_that_comes_after_what_it_missed_says_nothing() -> None:
    """A halt that is told when newer trades were seen already is over."""
    desk = Desk()
    desk.listen("09:00")
    desk.traded("10:06")

    desk.tell("halted", "10:00")

    assert (desk.shown()[0], desk.halted_at()) == (False, None)


def test_a_halt_may_have_been_missed() -> None:
    """After the feed was lost in the regular session each is unknown until it trades again; a known halt stands."""
    desk = Desk()
    desk.board.put_texts("exchange", slice(2, 3), ["XNAS"])
    desk.listen("09:00")
    desk.tell("halted", "10:00", "NEW")
    desk.halts.go_deaf(regular=True)
    desk.listen("10:10")
    back = desk.shown()

    older, newer, elsewhere = desk.traded("10:09"), desk.traded("10:11"), desk.traded("10:11", "NYS")

    assert back == [None, None, True]
    assert (older, newer, elsewhere) == (False, True, False)
    assert desk.shown() == [False, None, True]


def test_a_feed_lost_before_the_open_missed_no_halt() -> None:
    """Back before the open it says again of all that they trade; lost at the open it does not."""
    desk = Desk()
    story = []
    for lost, back in ((False, "09:10"), (False, "09:31")):
        desk.listen("09:00")
        desk.halts.go_deaf(regular=lost)
        desk.listen(back)
        story.append(desk.shown()[0])

    assert story == [False, None]


def test_a_new_day_begins_without_yesterdays_halts() -> None:
    """The columns were reset, and the feed goes on."""
    desk = Desk()
    desk.listen("09:00")
    desk.tell("halted", "15:50")
    desk.halts.go_deaf(regular=True)
    desk.listen("16:10")
    desk.board.reset(("halted", "halted_at", "halt_told_at"))

    desk.halts.begin_day()

    assert desk.shown() == [False, None, None]


def test_a_halt_elsewhere_is_believed() -> None:
    """It is told of Nasdaq's only; if one of another listing is, it is true."""
    desk = Desk()
    desk.listen("09:00")

    desk.tell("halted", "10:00", "NYS")

    assert desk.shown() == [False, True, None]
