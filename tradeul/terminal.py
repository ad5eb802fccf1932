"""What the commands have in common at a terminal: tables, and what is typed as a day."""

import datetime as dt
from collections.abc import Collection, Sequence

from tradeul.errors import UsageError


def table(cells: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> list[str]:
    """Lay lines out in columns, each as wide as it must be: those of words to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    placed = [str.ljust if number in left else str.rjust for number in range(len(widths))]
    return [
        "  ".join(place(cell, width) for place, cell, width in zip(placed, line, widths, strict=True)).rstrip()
        for line in cells
    ]


def day_in(option: str, text: str) -> dt.date:
    """What was given as a day; anything else is a `UsageError` that names the option."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or text != str(day):
        raise UsageError(f"{option}: a day such as 2026-11-18")
    return day
