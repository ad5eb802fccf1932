"""The law of deltas, against a client written another way."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.deltas import Row, checksum_text, diff
from tradeul.domain.events import Symbol

COLUMNS = ("price", "rvol")
number = st.one_of(st.none(), st.floats(-5, 5, allow_nan=False).map(lambda x: round(x, 1)))
rows = st.lists(
    st.builds(Row, st.sampled_from([Symbol(c) for c in "ABCDEFGH"]), st.tuples(number, number)),
    unique_by=lambda row: row.symbol,
)


def applied(old: list[Row], changes: list[dict[str, Any]]) -> list[Row]:
    """Apply a delta as a set to plain dictionaries, then sort by rank; ranks must be 1..n."""
    held: dict[str, dict[str, Any]] = {
        row.symbol: {"rank": rank, **dict(zip(COLUMNS, row.values, strict=True))} for rank, row in enumerate(old, 1)
    }
    for change in changes:
        symbol = change["symbol"]
        match change["action"]:
            case "remove":
                del held[symbol]
            case "add":
                assert symbol not in held
                held[symbol] = {"rank": change["rank"], **change["data"]}
            case "update":
                assert "rank" not in change["data"]
                held[symbol] |= change["data"]
            case "rerank":
                assert held[symbol]["rank"] == change["old_rank"]
                held[symbol]["rank"] = change["new_rank"]
    ordered = sorted(held.items(), key=lambda item: item[1]["rank"])
    assert [row["rank"] for _, row in ordered] == list(range(1, len(ordered) + 1))
    return [Row(Symbol(symbol), tuple(row[column] for column in COLUMNS)) for symbol, row in ordered]


@given(rows, rows)
def test_applying_the_difference_gives_the_new_state(old: list[Row], new: list[Row]) -> None:
    """`applied(old, diff(old, new)) == new`, for any two states."""
    assert applied(old, diff(old, new, COLUMNS)) == new


@given(rows)
def test_no_difference_is_an_empty_delta(state: list[Row]) -> None:
    """A state differs in nothing from itself, nor from an equal copy."""
    copy = [Row(row.symbol, tuple(row.values)) for row in state]

    assert diff(state, copy, COLUMNS) == []


@given(rows, rows)
def test_an_update_carries_only_what_changed(old: list[Row], new: list[Row]) -> None:
    """Every value in an update differs from the one before."""
    before = {row.symbol: dict(zip(COLUMNS, row.values, strict=True)) for row in old}

    for change in diff(old, new, COLUMNS):
        if change["action"] == "update":
            assert change["data"]
            assert all(before[change["symbol"]][name] != value for name, value in change["data"].items())


def test_the_checksum_text_is_as_written_in_the_protocol() -> None:
    """rank:symbol:price x 10,000, an empty price where it is unknown."""
    held = [Row(Symbol("BRK.B"), (412.3456, None)), Row(Symbol("X"), (None, 1.0)), Row(Symbol("Y"), (0.0001, 1.0))]

    assert checksum_text(held, COLUMNS) == "1:BRK.B:4123456\n2:X:\n3:Y:1"
