"""Lists that change in every round, as a lively market changes them, made of chance alone: for storms of viewers."""

import random
from collections.abc import Sequence

from tests.support.stage import LISTS, Round
from tradeul.domain.fields import DEFAULT_COLUMNS

TEXTS = {"name": "A Company of Some Name, Inc.", "rvol_method": "exact", "sector": "Industrials"}
CHANGING = 0.4
"""Of the values of a row, in each round."""


def rounds_of_chance(
    count: int, rows: int = 50, *, lists: Sequence[str] = LISTS, calm: Sequence[str] = ()
) -> list[Round]:
    """So many rounds of lists of so many rows; those that are `calm` change in the first alone."""
    draw = random.Random(5)  # noqa: S311  # repeatable values, no secret
    names = [f"S{number:03}" for number in range(rows)]
    made: list[Round] = []
    now = {name: [(symbol, _values(draw)) for symbol in names] for name in (*lists, *calm)}
    for _ in range(count):
        made.append(now)
        now = {name: _moved(draw, now[name]) for name in lists}
    return made


def _values(draw: random.Random) -> list[object]:
    return [TEXTS.get(column) or _number(draw) for column in DEFAULT_COLUMNS]


def _moved(draw: random.Random, rows: Sequence[tuple[str, list[object]]]) -> list[tuple[str, list[object]]]:
    moved = [(symbol, [_next(draw, value) for value in values]) for symbol, values in rows]
    place = draw.randrange(len(moved) - 1)
    moved[place], moved[place + 1] = moved[place + 1], moved[place]
    return moved


def _next(draw: random.Random, value: object) -> object:
    return _number(draw) if isinstance(value, float) and draw.random() < CHANGING else value


def _number(draw: random.Random) -> float:
    return round(draw.uniform(1, 1_000), 4)
