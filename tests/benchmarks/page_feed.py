"""What the page's benchmark plays: eleven lists with 910 rows in all, of which each round changes about two in five.

Values are plausible, rows change places, and now and then one leaves for another. The rounds lead back to where they
began, so that they can be played without an end. `page.py` plays them to a real server.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tests.support.stage import LISTS, Round
from tradeul.domain.fields import DEFAULT_COLUMNS

ROWS: Final = 910
ROUNDS: Final = 30
CHANGING: Final = 0.4
LEAVES_EVERY: Final = 10
STEP_MS: Final = 15_000
"""One point of a small line; all rounds lie in one, so that each price moves its end."""
BEGINS_MS: Final = 1_795_018_500_000 // STEP_MS * STEP_MS
SECTORS: Final = ("Technology", "Health Care", "Finance", "Energy")

Rows = list[tuple[str, list[object]]]


class MovingList:
    """One list, whose rows move with every round."""

    def __init__(self, letters: str, size: int, draw: np.random.Generator) -> None:
        self._letters = letters
        self._draw = draw
        self._born = size
        self._symbols = [self._named(number) for number in range(size)]
        self._before = np.round(draw.uniform(2, 300, size), 2)
        self._price = np.round(self._before * draw.uniform(0.9, 1.4, size), 2)
        self._volume = np.round(draw.lognormal(13, 1.5, size))
        self._updated = np.full(size, BEGINS_MS)

    def _named(self, number: int) -> str:
        return f"{self._letters}{number}"

    def move(self, number: int) -> None:
        """Change two rows in five, and at times put another symbol in the place of one."""
        moves = self._draw.random(len(self._price)) < CHANGING
        steps = np.exp(self._draw.normal(0, 0.002, len(self._price)))
        self._price = np.where(moves, np.round(self._price * steps, 2), self._price)
        self._volume = np.where(moves, self._volume + np.round(self._draw.lognormal(7, 1, len(moves))), self._volume)
        self._updated = np.where(moves, BEGINS_MS + 100 * number, self._updated)
        if number % LEAVES_EVERY == ord(self._letters[0]) % LEAVES_EVERY:
            self._symbols[int(self._draw.integers(len(self._symbols)))] = self._named(self._born)
            self._born += 1

    def rows(self) -> Rows:
        """The rows in order of rank."""
        change = (self._price / self._before - 1) * 100
        places = np.argsort(-change, kind="stable").tolist()
        return [(self._symbols[at], self._values(at, float(change[at]))) for at in places]

    def _values(self, at: int, change: float) -> list[object]:
        price, volume, before = float(self._price[at]), int(self._volume[at]), float(self._before[at])
        known: dict[str, object] = {
            "name": f"Company {self._symbols[at]} Incorporated",
            "rvol_method": "exact",
            "rvol_slot": 12,
            "halted": False,
            "sector": SECTORS[at % len(SECTORS)],
            "updated": int(self._updated[at]),
            "price": price,
            "change": round(price - before, 4),
            "change_percent": round(change, 4),
            "volume_today": volume,
            "dollar_volume": round(volume * price),
            "float_shares": 1_000_000 + 37_000 * at,
            "market_cap": 50_000_000 + 1_000_000 * at,
            "rvol": round(volume / 400_000, 4),
            "high": round(before * 1.5, 2),
            "low": round(before * 0.85, 2),
        }
        return [known.get(column, round(change / (2 + at % 5), 4)) for column in DEFAULT_COLUMNS]


def rounds(lists: Sequence[str] = LISTS, rows: int = ROWS, count: int = ROUNDS) -> list[Round]:
    """There and back again: the last leads to the first."""
    draw = np.random.default_rng(5)
    sizes = [rows // len(lists) + (number < rows % len(lists)) for number in range(len(lists))]
    letters = [2 * chr(ord("A") + number) for number in range(len(lists))]
    moving = {name: MovingList(letter, size, draw) for name, letter, size in zip(lists, letters, sizes, strict=True)}
    there: list[Round] = []
    for number in range(count):
        for each in moving.values():
            each.move(number)
        there.append({name: each.rows() for name, each in moving.items()})
    return [*there, *there[-2:0:-1]]
