"""Rows of arrays as the database copies them: what is made is read again, however it is cut."""

import itertools
import math
from collections.abc import AsyncIterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradeul.history.copying import ArrayColumn, RowForm

FORM = RowForm(2, (ArrayColumn("numbers", "f8", 4), ArrayColumn("counts", "f4", 2), ArrayColumn("kinds", "i2", 3)))

Told = tuple[bytes, bytes, list[float], list[int], list[int]]
names = st.text(max_size=12).map(str.encode)
numbers = st.lists(st.floats(allow_nan=True), min_size=4, max_size=4)
rows = st.lists(
    st.tuples(
        names, names, numbers, st.lists(st.integers(0, 1 << 20), min_size=2, max_size=2),
        st.lists(st.integers(-300, 300), min_size=3, max_size=3),
    ),
    max_size=70,
)  # fmt: skip


async def sent(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


@given(rows, st.data())
async def test_what_was_made_is_read_again(
    told: list[tuple[bytes, bytes, list[float], list[int], list[int]]], data: st.DataObject
) -> None:
    """Every field and element, NaN among them, cut anywhere on the way and read at any moment."""
    arrays = [
        np.array([row[place] for row in told]).reshape(len(told), length) for place, length in ((2, 4), (3, 2), (4, 3))
    ]
    stream = await sent(FORM.copied([row[:2] for row in told], arrays))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = FORM.reader()
    short: list[tuple[bytes, ...]] = []
    found: dict[str, list[list[float]]] = {"numbers": [], "counts": [], "kinds": []}
    for first, last in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        reader.feed(stream[first:last])
        fields, read = reader.read()
        short += fields
        for name, array in read.items():
            found[name] += array.tolist()

    assert short == [row[:2] for row in told]
    assert found["counts"] == [row[3] for row in told]
    assert found["kinds"] == [row[4] for row in told]
    made, read_again = (list(itertools.chain(*lists)) for lists in ((row[2] for row in told), found["numbers"]))
    assert all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(made, read_again, strict=True))
