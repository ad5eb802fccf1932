"""What is told about rows apart from any vendor's."""

import msgspec
import pytest

from tradeul.errors import SnapshotRefused
from tradeul.fetching.rows import RowDecoder, plain_document


class Pair(msgspec.Struct):
    """A row of a test."""

    n: int


class Pairs(RowDecoder[Pair]):
    """Keeps the numbers."""

    few_bad_rows = 2

    def __init__(self) -> None:
        super().__init__("list", Pair)
        self.numbers: list[int] = []

    def judge(self) -> bytes:
        """The envelope."""
        return self._complete()

    def _take(self, rows: list[Pair]) -> None:
        self.numbers += [row.n for row in rows]


@pytest.mark.parametrize(("bad", "fine"), [(2, True), (3, False)])
def test_a_short_list_survives_few_bad_rows(bad: int, fine: bool) -> None:
    """One of ten is ten of a hundred, and still only one; more than a few condemn the whole."""
    decoder = Pairs()
    decoder.feed(b'{"list":[{"n":1}' + b',{"n":"x"}' * bad + b"]}")

    if fine:
        assert (decoder.judge(), decoder.numbers) == (b'{"list":[]}', [1])
    else:
        with pytest.raises(SnapshotRefused, match="3 of 4"):
            decoder.judge()


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a":null,"b":1e999,"c":[NaN,1.0,2.5]}', {"c": [None, 1, 2.5]}),
        (b"", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_a_small_document_is_read_without_what_says_nothing(raw: bytes, value: object) -> None:
    """Null, NaN and numbers beyond a float are left out of objects; what is no JSON is nothing."""
    assert plain_document(raw) == value
