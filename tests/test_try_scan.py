"""The command that tries a condition: its table, and what it says where there is none."""

import io

import pytest

from tests.support.program import free_port
from tradeul.client import ServerLost
from tradeul.errors import UsageError
from tradeul.try_scan import columns_for, size_of, table, try_scan


def test_the_table_lines_up() -> None:
    """Numbers to the right, texts to the left; a dash where nothing is known."""
    rows = [
        {"rank": 1, "symbol": "BRK.B", "price": 1234.5, "change_percent": 3.0, "rvol": 1200.0, "name": "Berkshire"},
        {"rank": 2, "symbol": "A", "price": 0.1234, "change_percent": None, "rvol": 2.345, "name": None},
    ]

    assert table(rows, ("price", "change_percent", "rvol", "name")) == [
        "   symbol     price  change_percent  rvol  name",
        "1  BRK.B   1,234.50           +3.00  >999  Berkshire",
        "2  A         0.1234               -  2.35  -",
    ]


def test_a_name_from_outside_cannot_speak_to_the_terminal() -> None:
    """What does not print is shown as a question mark, and no cell grows without end."""
    lines = table([{"rank": 1, "symbol": "A", "name": "\x1b[31mred" + "x" * 99}], ("name",))

    assert lines[1].startswith("1  A       ?[31mredxxx")
    assert max(map(len, lines)) < 45


def test_what_the_condition_speaks_of_is_shown_first() -> None:
    """Then the usual columns, then the name."""
    columns = columns_for("float_rotation desc rvol > 5 and name != 'x' and float_shares < 20M")

    assert columns[:3] == ("float_rotation", "rvol", "float_shares")
    assert columns[-1] == "name"
    assert len(set(columns)) == len(columns)


@pytest.mark.parametrize("text", ["0", "201", "-1", "x", "1.5", "99999999999999999999"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    """A whole number, as many as a list may have."""
    with pytest.raises(UsageError, match="--size: a whole number from 1 to 200"):
        size_of(text)


async def test_where_no_program_runs_one_line_says_so() -> None:
    """And how to start one."""
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerLost, match=r"no tradeul answers at .* start one with"):
        await try_scan(url, "rvol > 5", "", 5, io.StringIO())
