"""The port of scan recall: what lists should have shown on days that are over, held against what they showed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class ScanRecalls(Protocol):
    """The verdicts that are kept. Every method raises `HistoryUnavailable` while the database cannot answer."""

    async def days(self) -> Sequence[dt.date]:
        """Of which days there are verdicts, the newest first."""

    async def day(self, date: dt.date) -> Mapping[str, Any] | None:
        """Tell of a day and its lists in JSON-ready words; None where there is nothing of it."""

    async def symbols(self, date: dt.date, name: str) -> Sequence[Mapping[str, Any]]:
        """Tell of a list's symbols on a day, in JSON-ready words."""
