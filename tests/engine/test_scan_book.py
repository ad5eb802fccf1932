"""Which lists there are, and what is made of a definition."""

import pytest

from tradeul.definitions import ScanDefinition
from tradeul.domain.scans import BUILT_IN, BY_NAME
from tradeul.engine.refusals import Refused
from tradeul.engine.scan_book import Origin, ScanBook, scan_of
from tradeul.errors import UsageError

MINE = ScanDefinition(where="rvol >= 5")


def test_what_is_not_said_is_as_usual() -> None:
    """A condition is enough: ranked by score, 50 rows, the usual columns, all sessions, filters applied."""
    scan = scan_of("mine", MINE)

    assert (scan.title, scan.order, scan.keep, scan.size) == ("mine", "score desc", "", 50)
    assert scan.columns == BY_NAME["winners"].columns
    assert (scan.sessions, scan.global_filters) == ((), True)


def test_a_built_in_list_changes_only_where_it_is_said() -> None:
    """Its own condition, order and title stay; an empty `keep` takes its hysteresis away."""
    built_in = BY_NAME["new_highs"]

    changed = scan_of("new_highs", ScanDefinition(size=100, keep=""))

    assert (changed.where, changed.order, changed.title) == (built_in.where, built_in.order, built_in.title)
    assert (changed.size, changed.keep, built_in.keep != "") == (100, "", True)


@pytest.mark.parametrize(
    ("definition", "key", "column", "said"),
    [
        ({}, "where", None, "a list needs a condition"),
        ({"where": "rvl > 5"}, "where", 1, "did you mean 'rvol'?"),
        ({"where": "rvol > 5", "keep": "rvol >"}, "keep", 7, ""),
        ({"where": "rvol > 5", "order": "price desc, volme"}, "order", 13, "volme"),
        ({"where": "rvol > 5", "columns": ["price", "prise"]}, "columns", None, "did you mean 'price'?"),
        ({"where": "rvol > 5", "columns": ["price", "price"]}, "columns", None, "twice"),
        ({"where": "rvol > 5", "columns": ["symbol"]}, "columns", None, "in every row anyhow"),
    ],
)
def test_what_cannot_be_a_list_is_refused_at_its_place(
    definition: dict[str, object], key: str, column: int | None, said: str
) -> None:
    """The part is named, and where in a condition."""
    with pytest.raises(Refused) as caught:
        scan_of("mine", ScanDefinition.model_validate(definition))

    assert (caught.value.key, caught.value.column) == (key, column)
    assert said in str(caught.value)


def test_the_users_definition_counts_before_the_settings_and_those_before_ours() -> None:
    """And each is there again when the one above it is deleted."""
    book = ScanBook({"winners": ScanDefinition(size=20)}, {"winners": ScanDefinition(size=10)})
    told = [(book.entry("winners").origin, book.entry("winners").scan)]

    left = book.remove("winners")

    assert left is not None
    told.append((left.origin, left.scan))
    assert [(origin, scan.size if scan else None) for origin, scan in told] == [(Origin.USER, 10), (Origin.CONFIG, 20)]


def test_a_list_of_the_users_own_is_gone_when_it_is_deleted() -> None:
    """Nothing is left of it."""
    book = ScanBook(own={"mine": MINE})

    assert book.remove("mine") is None
    assert "mine" not in book
    assert [scan.name for scan in book.scans()] == [scan.name for scan in BUILT_IN]


def test_a_list_that_is_switched_off_is_not_made() -> None:
    """It stays in the book, with why it is not there."""
    book = ScanBook({"losers": ScanDefinition(enabled=False)})

    assert "losers" not in {scan.name for scan in book.scans()}
    assert (book.entry("losers").scan, book.entry("losers").reason) == (None, "switched off")


def test_a_kept_list_that_cannot_be_read_is_shown_with_its_reason() -> None:
    """As one of a newer program may be; the others are made."""
    book = ScanBook(own={"later": ScanDefinition(where="moon_phase > 5"), "mine": MINE})

    assert book.entry("later").scan is None
    assert "moon_phase" in book.entry("later").reason
    assert "mine" in {scan.name for scan in book.scans()}


def test_a_failed_list_is_made_again_once_it_is_changed() -> None:
    """A list that could not be evaluated is off until somebody defines it anew."""
    book = ScanBook(own={"mine": MINE})
    book.fail("mine", "it broke")
    assert (book.entry("mine").scan, book.entry("mine").reason) == (None, "it broke")

    assert book.put("mine", MINE).scan is not None


def test_there_is_an_end_to_lists() -> None:
    """A hundred of the user's own; one that is there can still be changed."""
    book = ScanBook(own={f"mine_{number}": MINE for number in range(100)})
    with pytest.raises(UsageError, match="100 lists"):
        book.check("one_more", MINE)

    assert book.check("mine_7", MINE).name == "mine_7"
