"""Rows as CSV (RFC 4180) that a spreadsheet can open without running anything.

A text that a spreadsheet would take for a formula is shown as text by a quote before it; numbers stay numbers,
negative ones too. What is unknown is an empty cell. Used by the routes that offer `format=csv`.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from aiohttp import web

FORMULA_BEGINNINGS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: object) -> object:
    """Make one value safe to be opened by a spreadsheet."""
    if isinstance(value, str) and value.startswith(FORMULA_BEGINNINGS):
        return f"'{value}"
    return value


def csv_answer(filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> web.Response:
    """Offer rows as a file to keep. `filename` is ours, never a stranger's."""
    return web.Response(
        text=csv_of(header, rows),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
