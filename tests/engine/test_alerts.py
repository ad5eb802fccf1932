"""From the lists and the board to what rings, and to what is remembered of it."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tests.support.alerting import SETTLED_S, TEN, Desk
from tests.support.market import DAY, NANOS, at
from tradeul.domain.alerts import COOLING, ONCE, QUIET, STORM
from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.alert_rules import BURST as RULES_BURST
from tradeul.engine.alerts import BURST, REMEMBERED, SWEEP_S
from tradeul.engine.ports import RingingState

FAR: dict[str, Any] = {"where": "price > 11", "cooldown_s": 0}
S = SETTLED_S


def test_a_condition_rings_when_it_turns_true() -> None:
    """Not where it was true before, and again once it was not."""
    desk = Desk({"far": FAR})
    for second, a, b in ((0, 12.0, 10.0), (S, 12.0, 11.5), (S + 1, 10.0, 11.6), (S + 2, 12.0, 11.7)):
        desk.show(second, A=a, B=b)

    assert desk.told() == [("far", "B", S), ("far", "A", S + 2)]
    alert = desk.rang[0]
    assert (alert.text, alert.list) == ("B: price > 11", None)
    assert alert.data == {
        "on": "true", "price": 11.5, "change_percent": 15.0, "rvol": None, "volume_today": 1_060, "sound": None,
    }  # fmt: skip


def test_what_becomes_known_as_the_program_starts_is_no_news() -> None:
    """In its first minute; later on it is."""
    desk = Desk({"busy": {"where": "rvol > 2", "cooldown_s": 0}})
    desk.show(0, A=10.0, B=10.0, C=10.0)

    desk.put(5, "rvol", A=3.0, B=1.0)
    desk.put(10, "rvol", B=3.0)
    desk.look(S + SWEEP_S)
    desk.put(S + 2 * SWEEP_S, "rvol", C=3.0)

    assert desk.told() == [("busy", "B", 10), ("busy", "C", S + 2 * SWEEP_S)]


def test_a_rule_that_is_made_now_says_nothing_of_before() -> None:
    """What is true when it is looked at first turned true nobody knows when."""
    desk = Desk({})
    desk.show(S, A=12.0)
    desk.book.rules["far"] = Desk({"far": FAR}).book.rules["far"]

    desk.show(S + 1, A=12.0, B=10.0)
    desk.show(S + 2, A=12.0, B=12.0)

    assert desk.told() == [("far", "B", S + 2)]


def test_an_entry_rings_and_says_where() -> None:
    """For whom the list did not hold when it was first seen, with rank and words."""
    desk = Desk({"in": {"list": "winners"}, "rich": {"list": "winners", "on": "entered", "where": "price > 12"}})
    desk.show(0, A=11.0, B=10.0, C=10.0)

    desk.show(5, A=11.0, B=12.0, C=13.0)

    assert desk.told() == [("in", "C", 5), ("in", "B", 5), ("rich", "C", 5)]
    assert desk.rang[0].text == "C entered Winners at rank 1"
    assert (desk.rang[0].list, desk.rang[0].data["rank"]) == ("winners", 1)


def test_an_exit_rings_once_it_is_one() -> None:
    """Ten seconds later, as everywhere, with the reason; the turn of the date is nobody's exit."""
    desk = Desk({"out": {"list": "winners", "on": "left"}})
    desk.show(0, A=11.0, B=11.5)
    desk.show(5, A=10.0, B=11.5)
    desk.show(16, A=10.0, B=11.5)
    tomorrow = (at("04:00", DAY + dt.timedelta(days=1)) - TEN) / NANOS

    desk.show(tomorrow, A=10.0, B=10.0)

    assert desk.told() == [("out", "A", 16)]
    assert desk.rang[0].text == "A left Winners: change_percent >= 5 (0)"


def test_a_condition_with_a_list_holds_only_within_it() -> None:
    """It rings when both are true at last, whichever comes later."""
    desk = Desk({"both": {"list": "winners", "where": "new_highs_15m >= 2", "cooldown_s": 0}})
    desk.show(S, A=11.0, B=10.0, C=11.0)
    desk.put(S + 1, "new_highs_15m", A=3.0, B=3.0, C=1.0)
    desk.put(S + 2, "new_highs_15m", A=3.0, B=3.0, C=1.0)
    desk.show(S + 3, A=11.0, B=11.0, C=11.0)
    desk.put(S + 4, "new_highs_15m", B=3.0)

    assert {(rule, symbol) for rule, symbol, _ in desk.told()} == {("both", "A"), ("both", "B")}
    assert desk.rang[0].text == "A: new_highs_15m >= 2 in Winners"


def test_who_left_the_list_rings_on_coming_back() -> None:
    """The condition held all the while, but not in the list."""
    desk = Desk({"both": {"list": "winners", "where": "price > 1", "cooldown_s": 0}})
    for second, price in ((0, 10.0), (S, 11.0), (S + 1, 10.0), (S + 2, 11.0)):
        desk.show(second, A=price)

    assert desk.told() == [("both", "A", S), ("both", "A", S + 2)]


def test_halts_and_resumptions_ring() -> None:
    """A halt from whatever was known, a resumption only after a halt; where the condition holds at that moment."""
    desk = Desk({"halt": {"on": "halt"}, "go": {"on": "resume"}, "dear": {"on": "halt", "where": "price > 50"}})
    desk.show(S, A=10.0, B=60.0, C=10.0)

    desk.put(S + 1, "halted", A=1, B=1, C=0)
    desk.put(S + 2, "halted", A=0, B=1)

    assert desk.told() == [("halt", "A", S + 1), ("halt", "B", S + 1), ("dear", "B", S + 1), ("go", "A", S + 2)]
    assert desk.rang[-1].text == "A trades again"


def test_a_count_of_new_highs_rings() -> None:
    """When it is reached, and not while it stays."""
    desk = Desk({"run": {"on": "new_high", "count": 3, "list": "winners"}})
    desk.show(S, A=11.0, B=10.0)
    for second, count in ((1, 2), (2, 3), (3, 4)):
        desk.board["new_highs_15m"][:] = count
        desk.alerts.look(Nanos(TEN + round((S + SWEEP_S * second) * NANOS)))

    assert [(rule, symbol) for rule, symbol, _ in desk.told()] == [("run", "A")]


def test_why_a_rule_was_silent_is_remembered() -> None:
    """Cooling down and once a day; the same reason again is only counted."""
    desk = Desk({"cool": FAR | {"cooldown_s": 60}, "once": FAR | {"once_per_day": True}})
    desk.show(0, A=10.0)
    for round_ in range(4):
        desk.show(S + 10 * round_, A=12.0)
        desk.show(S + 10 * round_ + 5, A=10.0)

    assert desk.told() == [("cool", "A", S), ("once", "A", S)]
    assert desk.silent() == [("cool", "A", COOLING), ("once", "A", ONCE)]
    assert [rule.suppressed for rule in desk.book] == [3, 3]

    desk.show(S + 60, A=12.0)
    desk.show(S + 65, A=10.0)
    desk.show(S + 70, A=12.0)

    assert desk.told()[2:] == [("cool", "A", S + 60)]
    assert desk.silent()[2:] == [("cool", "A", COOLING)]


def test_quiet_hours_are_kept() -> None:
    """What would have rung in them is remembered with the reason."""
    desk = Desk({"far": FAR | {"quiet": ["09:00-10:02"]}})
    desk.show(0, A=10.0, B=10.0)

    desk.show(S, A=12.0, B=10.0)
    desk.show(120, A=12.0, B=12.0)

    assert desk.told() == [("far", "B", 120)]
    assert desk.silent() == [("far", "A", QUIET)]


def test_what_is_switched_off_or_cannot_be_read_says_nothing() -> None:
    """And harms no other rule."""
    desk = Desk({"off": FAR | {"enabled": False}, "bad": {"where": "prize > 11"}, "far": FAR})
    desk.show(0, A=10.0)

    desk.show(S, A=12.0)

    assert desk.told() == [("far", "A", S)]
    assert [rule.state for rule in desk.book] == ["off", "error", "on"]
    assert "column 1" in desk.book.rules["bad"].error
    assert "price" in desk.book.rules["bad"].error


def test_a_closed_market_rings_nothing() -> None:
    """Its rows are only put in order."""
    desk = Desk({"low": {"where": "price < 11"}})
    desk.show(0, A=12.0)

    desk.alerts.look(at("21:00"))
    desk.board["price"][:] = 10.0
    desk.alerts.look(Nanos(at("21:00") + NANOS))

    assert desk.told() == []


def test_a_storm_is_bounded_and_counted() -> None:
    """A rule tells a burst of those that most is traded of; how many more there were is one line of memory."""
    desk = Desk({"far": FAR, "away": {"where": "price > 20"}})
    symbols = [f"S{number}" for number in range(10_000)]
    desk.show(0, **dict.fromkeys(symbols, 10.0))

    desk.board["dollar_volume"][:] = np.arange(10_000)
    desk.put(S, "price", **dict.fromkeys(symbols, 12.0))

    assert [alert.rule for alert in desk.rang] == ["far"] * RULES_BURST
    dearest = [f"S{number}" for number in range(9_999, 9_999 - RULES_BURST, -1)]
    assert [alert.symbol for alert in desk.rang] == dearest
    assert desk.silent() == [("far", None, STORM)]
    storm = desk.alerts.decisions[-1]
    assert storm.data["count"] == 10_000 - RULES_BURST
    assert storm.text.startswith("9980 more at once: S9979, S9978")


async def test_all_rules_together_have_a_bound_that_time_lifts() -> None:
    """Many rules tell no more than all may; a second later there is room for some."""
    desk = Desk({f"far{number}": FAR for number in range(12)})
    symbols = [f"S{number}" for number in range(30)]
    desk.show(0, **dict.fromkeys(symbols, 10.0))
    desk.show(S, **dict.fromkeys(symbols, 12.0))
    desk.show(S + 1, **dict.fromkeys(symbols, 10.0))
    stormed = len(desk.rang)

    await desk.clock.advance(1.0)
    desk.show(S + 2, **dict.fromkeys(symbols, 12.0))

    assert stormed <= BURST
    assert 0 < len(desk.rang) - stormed <= 10
    assert {why for _, _, why in desk.silent()} == {STORM}


def test_memory_holds_the_newest_decisions() -> None:
    """A thousand of them, each with a number higher than any before."""
    desk = Desk({"far": FAR | {"quiet": ["09:00-12:00"]}})
    symbols = [f"S{number}" for number in range(1_200)]
    desk.show(0, **dict.fromkeys(symbols, 10.0))
    for first in range(0, len(symbols), 40):
        desk.put(S + first, "price", **dict.fromkeys(symbols[first : first + 40], 12.0))

    ids = [alert.id for alert in desk.alerts.decisions]
    assert [alert.symbol for alert in desk.alerts.decisions] == symbols[-REMEMBERED:]
    assert ids == sorted(set(ids))


def test_a_restart_rings_nothing_again() -> None:
    """What rang is cooling down still, and ids go on; what is later than the market's present never happened."""
    before = Desk({"cool": FAR | {"cooldown_s": 600}})
    before.show(0, A=10.0, B=10.0)
    before.show(S, A=12.0, B=10.0)
    kept = before.alerts.state()
    future = ("cool", Symbol("B"), Nanos(TEN + 3_600 * NANOS))

    after = Desk({"cool": FAR | {"cooldown_s": 600}})
    after.alerts.resume(RingingState(kept.last_id + 10**9, [*kept.rung, future]), Nanos(TEN + 100 * NANOS))
    after.show(100, A=10.0, B=10.0)
    after.show(200, A=12.0, B=12.0)

    assert after.told() == [("cool", "B", 200)]
    assert after.silent() == [("cool", "A", COOLING)]
    assert after.rang[0].id > kept.last_id + 10**9


def test_a_list_that_is_not_there_is_said() -> None:
    """The rule waits for it, and others ring."""
    desk = Desk({"gone": {"list": "nowhere", "where": "price > 1"}, "far": FAR})
    desk.show(0, A=10.0)

    desk.show(S, A=12.0)

    assert desk.told() == [("far", "A", S)]
    assert desk.book.trouble(desk.book.rules["gone"]) == "list: there is no list nowhere"


@pytest.mark.parametrize(("text", "said"), [("to the moon", "A: to the moon"), (None, "A: price > 11")])
def test_a_rule_may_have_words_of_its_own(text: str | None, said: str) -> None:
    """After the symbol."""
    desk = Desk({"far": FAR | {"text": text}})
    desk.show(0, A=10.0)

    desk.show(S, A=12.0)

    assert desk.rang[0].text == said
