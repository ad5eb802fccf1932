"""Why a list did not show somebody at a moment, from what is known of the program then."""

import pytest

from tests.support.market import NANOS, at
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.recall_reasons import Filled, Reasons, Silence, lack_of, silences_of

OPEN, CLOSE = at("09:30"), at("16:00")
A = Symbol("A")


def every(seconds: int, first: Nanos, last: Nanos) -> list[Nanos]:
    """Moments, so many seconds apart."""
    return [Nanos(moment) for moment in range(first, last + 1, seconds * NANOS)]


def test_a_program_that_was_down_is_told_from_one_without_images() -> None:
    """After the one a program looked first; after the other the same went on. At the end nobody knows which."""
    times = [*every(5, at("09:40"), at("10:00")), *every(60, at("10:30"), at("15:00"))]

    found = silences_of(times, [Nanos(at("09:40") + NANOS)], OPEN, CLOSE)

    assert [each.said() for each in found] == [
        "the program was down from 09:30:00 to 09:40:00",
        "no image of the market came: the feed was away or stale from 10:00:00 to 10:30:00",
        "nothing is kept: the program was down, or the feed away from 15:00:00 to 16:00:00",
    ]


def test_a_day_with_a_list_every_minute_has_no_silence() -> None:
    """Nor has one of every snapshot."""
    assert silences_of(every(60, OPEN, CLOSE), [], OPEN, CLOSE) == ()
    assert silences_of(every(5, OPEN, CLOSE), [], OPEN, CLOSE) == ()


def test_a_list_that_was_switched_off_lacks_while_others_were_made() -> None:
    """While nothing at all was made it lacks nothing of its own."""
    times = every(60, OPEN, CLOSE)
    made = [each for each in times if not at("11:00") < each < at("12:00")]

    (lack,) = lack_of(times, made, OPEN, CLOSE)

    assert lack.said() == "the list was not there, or switched off, from 11:00:00 to 12:00:00"
    assert lack_of(made, made, OPEN, CLOSE) == ()
    assert [each[:2] for each in lack_of(times, [], OPEN, CLOSE)] == [(OPEN, CLOSE)]


NOON = at("12:00")
BEFORE, AFTER = Nanos(NOON - 60 * NANOS), Nanos(NOON + 60 * NANOS)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"silences": [Silence(BEFORE, AFTER, "the program was down")]}, "the program was down from 11:59:00 to 12:01"),
        ({"lacks": {"winners": [Silence(BEFORE, AFTER, "off")]}}, "off from 11:59:00"),
        ({"told": {("winners", A): "value unknown then: avg_volume_30d"}}, "value unknown then: avg_volume_30d"),
        ({"recorded": [(BEFORE, AFTER)]}, "as recorded it belonged there"),
        ({"filled_in": {A: [NOON]}}, "the feed did not have it then: its slot up to 12:00:00 was filled in later"),
        (
            {"averages_at": AFTER, "averages": {"winners": "avg_volume_30d"}},
            "value unknown then: avg_volume_30d, whose sessions came at 12:01:00",
        ),
        ({"rows": {"winners": ([BEFORE], [Filled(50, 50)])}}, "the list was full then: 50 of 50"),
        ({"rows": {"winners": ([BEFORE], [Filled(49, 50)])}}, "not known: the list had room"),
        ({"rows": {"winners": ([AFTER], [Filled(50, 50)])}}, "not known"),
        ({"averages_at": BEFORE, "averages": {"winners": "avg_volume_30d"}}, "not known"),
        ({"lacks": {"losers": [Silence(BEFORE, AFTER, "off")]}, "told": {("losers", A): "other"}}, "not known"),
    ],
)
def test_each_reason_is_given_where_it_is_one(known: dict[str, object], words: str) -> None:
    """And no other is."""
    assert Reasons(**known).of("winners", A, NOON).startswith(words)  # type: ignore[arg-type]


def test_what_explains_the_most_comes_first() -> None:
    """A program that was down needs no other reason, whatever else is known."""
    reasons = Reasons(
        [Silence(BEFORE, AFTER, "the program was down")],
        told={("winners", A): "did not meet it then"},
        filled_in={A: [NOON]},
    )

    assert reasons.of("winners", A, NOON).startswith("the program was down")
    assert reasons.of("winners", A, AFTER) == "did not meet it then"
