"""Some rows of a board as expressions see them, gathered column by column.

What nobody asks for is never gathered, and what was gathered is shared by every condition over the same rows. It lives
for one ranking: the board must not change under it. The scanner evaluates its lists over it.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Ints
from tradeul.domain.expression import Scope


class Texts(npt.NDArray[Any]):
    """A column of texts that is compared with the same word only once: that takes longer than with any number."""

    def __array_finalize__(self, _other: object) -> None:
        self._compared: dict[tuple[np.ufunc, object], npt.NDArray[Any]] = {}

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Compare with a word, or do whatever else as a plain array does."""
        plain = [each.view(np.ndarray) if isinstance(each, Texts) else each for each in inputs]
        if ufunc not in COMPARED or inputs[0] is not self or isinstance(inputs[1], np.ndarray):
            return getattr(ufunc, method)(*plain, **options)
        known = self._compared.get((ufunc, inputs[1]))
        if known is None:
            known = self._compared[ufunc, inputs[1]] = ufunc(*plain).astype(np.bool_)
            known.flags.writeable = False
        return known


COMPARED: Final = (np.equal, np.not_equal)


class Gathered:
    """A scope of `rows` of another; a column's places are those of `rows`, and so are those of `ties`.

    Rows in their own order are gathered several times as fast as in that of their symbols.
    """

    def __init__(self, whole: Scope, rows: Ints, ties: Ints) -> None:
        self.session = whole.session
        self.rows = rows
        self.ties = ties
        self._whole = whole
        self._columns: dict[str, npt.NDArray[Any]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        column = self._columns.get(name)
        if column is None:
            column = self._whole[name].take(self.rows)
            column = self._columns[name] = column.view(Texts) if column.dtype == np.object_ else column
        return column

    def column(self, values: Any) -> npt.NDArray[Any]:
        """What an expression gave, as a column: it may be one value that stands for every row."""
        # Asked some 300 times a ranking: `np.broadcast_to` alone would take a millisecond of it.
        whole: npt.NDArray[Any] = values if np.ndim(values) else np.full(len(self.rows), values)
        return whole

    def part(self, places: Ints) -> "Gathered":
        """Some of the rows; its `rows` are places in here."""
        return Gathered(self, places, self.ties.take(places))
