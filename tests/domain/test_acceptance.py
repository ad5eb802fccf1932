"""Which images are believed as a whole."""

from typing import Any

from tests.support.market import NANOS, at, image, traded
from tradeul.domain.acceptance import Gate
from tradeul.domain.events import MarketImage, Nanos
from tradeul.errors import SnapshotRefused

NOW = at("10:00")


def market(symbols: int, second: int = 0, **whole: Any) -> MarketImage:
    when = Nanos(NOW + second * NANOS)
    return image(*(traded(f"S{i}", 10.0 + second, 100, when) for i in range(symbols)), **whole)


def admitted(gate: Gate, each: MarketImage, *, clearing: bool = False) -> bool | str:
    try:
        return gate.admit(each, clearing=clearing)
    except SnapshotRefused as refused:
        return refused.reason


def test_the_same_image_is_processed_once() -> None:
    """Equal feed time and equal body say nothing new; another body at the same time does."""
    gate = Gate()
    first = market(10)
    other = market(10, checksum=1)

    assert [admitted(gate, first), admitted(gate, first), admitted(gate, other)] == [True, False, True]


def test_an_older_image_is_dropped() -> None:
    """What is newest stays."""
    gate = Gate()

    assert [admitted(gate, market(10, 5)), admitted(gate, market(10, 0))] == [True, "older"]


def test_half_a_market_is_believed_the_third_time() -> None:
    """Below 80 % it is refused twice, then taken as partial, until the whole is back."""
    gate = Gate()
    admitted(gate, market(10))

    answers = [admitted(gate, market(7, second)) for second in (5, 10, 15, 20)]
    partial = gate.partial
    admitted(gate, market(10, 25))

    assert answers == ["short", "short", True, True]
    assert (partial, gate.partial) == (True, False)


def test_refusals_count_in_a_row_only() -> None:
    """80 % is enough, and begins the count anew; it is also what the next image is compared with."""
    gate = Gate()
    sizes = [10, 7, 7, 8, 6, 6, 7]

    answers = [admitted(gate, market(size, 5 * i)) for i, size in enumerate(sizes)]

    assert answers == [True, "short", "short", True, "short", "short", True]
    assert not gate.partial


def test_a_market_that_turned_to_zero_is_refused_but_at_night() -> None:
    """Outside the vendor's clearing hour more than a fifth of zeros is no market."""
    gate = Gate()
    admitted(gate, market(10))
    rows = [traded(f"S{i}", 10.0, 100, NOW) for i in range(7)] + [{"symbol": f"S{i}"} for i in range(7, 10)]

    by_day = admitted(gate, image(*rows))
    at_night = admitted(gate, image(*rows), clearing=True)

    assert (by_day, at_night) == ("zeros", True)


def test_no_symbols_is_no_market() -> None:
    """An empty list is refused."""
    assert admitted(Gate(), image()) == "empty"
