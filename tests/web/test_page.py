"""What the page's scripts know of the server by heart is what the server says."""

import re
from pathlib import Path

from tradeul.domain.fields import BY_NAME, DEFAULT_COLUMNS, LIVE_FIELDS

STATIC = Path(__file__).parents[2] / "static"
COLUMNS_JS = STATIC / "columns.js"
GROUPS_JS = STATIC / "field_groups.js"
DETAIL_JS = STATIC / "detail_head.js"


def words_of(name: str) -> list[str]:
    """Read one list of plain words out of the page's columns.js."""
    found = re.search(rf"const {name} = .*?\(\[(.*?)\]\)", COLUMNS_JS.read_text(), re.DOTALL)
    assert found is not None, name
    return re.findall(r"\"(\w+)\"", found[1])


def test_the_page_knows_the_usual_columns() -> None:
    """A list for which nobody chose columns is recognised by the server's own default, in its order."""
    assert words_of("USUAL_COLUMNS") == list(DEFAULT_COLUMNS)


def test_what_the_page_shows_as_marks_are_fields() -> None:
    """No mark waits for a field that is called otherwise."""
    assert set(words_of("MARKS")) <= BY_NAME.keys()


def test_what_is_shown_of_a_chosen_symbol_is_told() -> None:
    """No value of the detail waits for a field that an aggregate does not carry."""
    shown = re.findall(r"^  \[\"(\w+)\", \"", DETAIL_JS.read_text(), re.MULTILINE)

    assert "price" in shown
    assert set(shown) <= set(LIVE_FIELDS)


def test_every_field_stands_in_one_group_of_the_detail() -> None:
    """Whoever looks at a symbol closely sees all that is known of it, once."""
    code = GROUPS_JS.read_text().partition("FIELD_GROUPS")[2]
    grouped = [
        name for fields in re.findall(r", \[(.*?)\]\]", code, re.DOTALL) for name in re.findall(r"\"(\w+)\"", fields)
    ]

    assert sorted(grouped) == sorted(BY_NAME.keys() - {"symbol"})
