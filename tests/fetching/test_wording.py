"""A vendor's words become one printable line."""

from hypothesis import given
from hypothesis import strategies as st

from tradeul.fetching.wording import LONGEST, one_line


@given(st.text(max_size=400))
def test_whatever_is_said_becomes_one_short_printable_line(words: str) -> None:
    """No line end, no control character, no end of it; what was printable stays in its order."""
    line = one_line(words)

    assert line.isprintable() or not line
    assert len(line) <= LONGEST
    kept = [letter for letter in words if letter.isprintable() and not letter.isspace()]
    assert "".join(kept).startswith(line.replace(" ", ""))


def test_plain_words_are_not_touched() -> None:
    """What a vendor usually says arrives as it is."""
    assert one_line("Unknown API Key") == "Unknown API Key"
    assert one_line("two\r\n  lines\x00\x1b[31m") == "two lines [31m"
