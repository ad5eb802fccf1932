"""When the filters let far fewer symbols pass than a snapshot ago."""

import pytest

from tests.support.market import NANOS, at
from tradeul.domain.events import Nanos
from tradeul.domain.halving import LASTS_S, LEAST, Halving
from tradeul.domain.session import Session

BEGINS = at("10:00")


def looked(*passed: int, every_s: int = 5) -> Halving:
    halving = Halving()
    for place, number in enumerate(passed):
        halving.look(number, 500, Session.MARKET_OPEN, Nanos(BEGINS + place * every_s * NANOS))
    return halving


@pytest.mark.parametrize("passed", [(400, 200), (400, 0), (100, 400, 150)])
def test_half_or_fewer_is_trouble(passed: tuple[int, ...]) -> None:
    """It says how many pass, and how many did."""
    words = looked(*passed).trouble

    assert words.startswith(f"{passed[-1]} symbols pass the filters, of {passed[-2]} just before")


@pytest.mark.parametrize(
    "passed",
    [(400, 201), (LEAST - 1, 0), (0, 400), (400, 300, 160), (400, 100, 201), (1,)],
    ids=["more than half", "few", "the first ones", "step by step", "back again", "one alone"],
)
def test_what_comes_and_goes_is_none(passed: tuple[int, ...]) -> None:
    """More than half, a handful, and what is back."""
    assert looked(*passed).trouble == ""


def test_another_session_begins_anew() -> None:
    """Who passes before the open says nothing of who passes after it."""
    halving = looked(400)

    halving.look(10, 500, Session.POST_MARKET, BEGINS)

    assert halving.trouble == ""


def test_after_a_while_the_market_is_so() -> None:
    """It is told for five minutes."""
    held = LASTS_S // 5

    assert looked(400, *([100] * held)).trouble
    assert not looked(400, *([100] * (held + 2))).trouble


def test_learning_what_volume_is_usual_begins_anew() -> None:
    """An unknown relative volume passes: far fewer do as soon as it is known."""
    halving = looked(400)

    halving.look(40, 1_000, Session.MARKET_OPEN, BEGINS)

    assert halving.trouble == ""
