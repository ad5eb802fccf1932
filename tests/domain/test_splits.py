"""Shares of earlier days in those of a later one."""

import datetime as dt

from tests.support.market import DAY
from tradeul.domain.events import Split, Symbol
from tradeul.domain.splits import SplitBook

A = Symbol("A")
ONE_DAY = dt.timedelta(days=1)


def test_a_split_counts_from_its_own_date_on() -> None:
    """The day before is in old shares, the day itself already in new ones."""
    book = SplitBook([Split(A, DAY, old=1, new=10)], DAY)

    assert book.shares_since(A, DAY - ONE_DAY) == 10.0
    assert book.shares_since(A, DAY) == 1.0
    assert book.shares_since(Symbol("B"), DAY - ONE_DAY) == 1.0


def test_several_splits_multiply_and_announced_ones_do_not_count_yet() -> None:
    """3-for-2 and a 1-for-10 reverse; one of next week changes nothing today."""
    splits = [
        Split(A, DAY - 5 * ONE_DAY, old=2, new=3),
        Split(A, DAY - ONE_DAY, old=10, new=1),
        Split(A, DAY + 7 * ONE_DAY, old=1, new=4),
    ]
    book = SplitBook(splits, DAY)

    assert book.shares_since(A, DAY - 9 * ONE_DAY) == 0.15000000000000002
    assert book.shares_since(A, DAY - 2 * ONE_DAY) == 0.1
    assert sorted(ratio for _, _, ratio in book) == [0.1, 1.5]
