"""What is not well, and since when."""

from structlog.testing import capture_logs

from tests.support.market import NANOS, at
from tradeul.domain.events import Nanos
from tradeul.engine.troubles import Trouble, Troubles

BEGINS = at("10:00")
LATER = Nanos(BEGINS + 30 * NANOS)


def test_a_trouble_lasts_from_when_it_was_seen_first() -> None:
    """Its words may change meanwhile; one that comes later has a beginning of its own."""
    troubles = Troubles()
    troubles.look({"feed": "one"}, BEGINS)

    found = troubles.look({"feed": "two", "loop": "held"}, LATER)

    assert found == (Trouble("feed", "two", BEGINS), Trouble("loop", "held", LATER))


def test_one_that_comes_back_begins_anew() -> None:
    """It was over in between."""
    troubles = Troubles()
    troubles.look({"feed": "one"}, BEGINS)
    troubles.look({}, BEGINS)

    assert troubles.look({"feed": "one"}, LATER) == (Trouble("feed", "one", LATER),)


def test_coming_and_going_are_one_line_each() -> None:
    """However often it is looked at."""
    troubles = Troubles()

    with capture_logs() as lines:
        for found in ({"feed": "one"}, {"feed": "two"}, {"feed": "two"}, {}, {}):
            troubles.look(found, BEGINS)

    assert [(line["event"], line["part"]) for line in lines] == [("trouble_began", "feed"), ("trouble_ended", "feed")]
