"""An image is taken some rows at a time: in the end all are as if taken at once, and meanwhile none is half taken."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, NANOS, at, image, take, traded
from tradeul.domain.board import Board
from tradeul.domain.events import MarketImage, Nanos, Symbol
from tradeul.domain.fields import CATALOGUE
from tradeul.engine import enrichment as module
from tradeul.engine.enrichment import Enrichment

SYMBOLS = "ABCDEFG"
MARKED_FIRST = ("stale", "no_reference")
"""Told of all rows before any is taken: whether the image holds them."""

Told = tuple[str, float, int, int]
"""A symbol, its price, its volume, and how many seconds ago that was."""
ROWS = st.lists(
    st.tuples(st.sampled_from(SYMBOLS), st.sampled_from([9.0, 10.5, 11.0]), st.integers(0, 9_000), st.integers(0, 90)),
    max_size=len(SYMBOLS),
    unique_by=lambda row: row[0],
)
STEPS = st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=5)


def seen(rows: list[Told], now: Nanos) -> MarketImage:
    return image(
        *(traded(symbol, price, volume, Nanos(now - ago * NANOS), bid=price) for symbol, price, volume, ago in rows),
        feed_time=now,
    )


def told(enrichment: Enrichment) -> dict[str, tuple[Any, ...]]:
    """Every row that there is, field by field."""
    board = enrichment.board
    names = [field.name for field in CATALOGUE if field.name not in MARKED_FIRST]
    rows = zip(*(board.values(name, board.rows_of(board.symbols)) for name in names), strict=True)
    return dict(zip(map(str, board.symbols), rows, strict=True))


@given(STEPS, st.integers(1, 4))
def test_taken_piece_by_piece_it_is_the_same(steps: list[tuple[list[Told], bool]], at_once: int) -> None:
    """Whatever an image lacks and in whatever order it comes; each row is what it was, or what it will be."""
    whole, pieces = Enrichment(Board(capacity=8), CALENDAR), Enrichment(Board(capacity=8), CALENDAR)
    first = seen([(symbol, 10.0, 1_000, 0) for symbol in SYMBOLS], at("09:59:55"))
    for each in (whole, pieces):
        take(each, first, first.feed_time)

    for number, (rows, in_order) in enumerate(steps):
        now = Nanos(at("10:00") + number * 40 * NANOS)
        taken = seen(sorted(rows) if in_order else rows, now)
        before = told(whole)
        take(whole, taken, now)
        after = told(whole)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "ROWS_AT_ONCE", at_once)
            for _ in pieces.applying(taken, pieces.read(taken, now), now, now):
                meanwhile = told(pieces)
                assert [row for row in meanwhile if meanwhile[row] not in (before[row], after[row])] == []

        assert told(pieces) == after
        assert (pieces.as_of, pieces.doubted) == (whole.as_of, whole.doubted)


def test_time_goes_on_for_rows_that_an_image_lacks() -> None:
    """Their last minute is over though nobody tells of them."""
    enrichment = Enrichment(Board(capacity=8), CALENDAR)
    for wall, price in (("10:00", 10.0), ("10:00:30", 10.5), ("10:01", 11.0)):
        take(enrichment, seen([("A", 10.0, 1_000, 0), ("B", price, 1_000, 0)], at(wall)), at(wall))
    row = enrichment.board.rows_of([Symbol("B")])
    before = enrichment.board.values("change_1m", row)

    take(enrichment, seen([("A", 10.0, 1_000, 0)], at("10:02:30")), at("10:02:30"))

    assert (before, enrichment.board.values("change_1m", row)) == ([10.0], [0.0])


def test_a_large_image_is_taken_in_pieces() -> None:
    """Between which others have the loop."""
    many = [(f"S{number:05}", 10.0, 1_000, 0) for number in range(2 * module.ROWS_AT_ONCE + 1)]
    enrichment, taken = Enrichment(Board(), CALENDAR), seen(many, at("10:00"))

    pieces = list(enrichment.applying(taken, enrichment.read(taken, taken.feed_time), taken.feed_time, taken.feed_time))

    assert len(pieces) == 3
