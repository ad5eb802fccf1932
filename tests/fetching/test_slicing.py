"""A body is cut where records end, while it comes; `tests/polygon/test_wire` holds that no cut changes what it says."""

import gzip
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from tests.support.snapshots import NOW_NS, market_body, symbols
from tradeul.domain.events import Nanos
from tradeul.fetching.transport import Answer
from tradeul.polygon.wire import SnapshotDecoder

MARKET = market_body(600)
"""Some slices long."""


class Coming:
    """A body on its way, as aiohttp hands it over."""

    def __init__(self, raw: bytes, size: int) -> None:
        self._pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
        self.over = False

    async def readany(self) -> bytes:
        self.over = not self._pieces
        return self._pieces.pop(0) if self._pieces else b""


class Noting(SnapshotDecoder):
    """Counts the rows that are only taken once the body was over."""

    def __init__(self, coming: Coming) -> None:
        super().__init__()
        self._coming = coming
        self.after_the_end = 0

    def _take(self, rows: list[Any]) -> None:
        self.after_the_end += len(rows) * self._coming.over
        super()._take(rows)


@pytest.mark.parametrize("packed", [False, True])
async def test_little_is_left_to_do_after_the_last_byte(packed: bool) -> None:
    """Where the vendor says how long its answer is, nearly all rows are there before its end."""
    raw = gzip.compress(MARKET) if packed else MARKET
    headers = {"Content-Length": str(len(raw))} | ({"Content-Encoding": "gzip"} if packed else {})
    left: dict[bool, int] = {}

    for told in (True, False):
        coming = Coming(raw, len(raw) // 100)
        decoder = Noting(coming)
        response = SimpleNamespace(status=200, headers=headers if told else headers | {"Content-Length": "?"})
        response.content = coming
        await Answer(cast("aiohttp.ClientResponse", response)).into(decoder)
        assert decoder.finish(Nanos(NOW_NS), simulated=False).symbols == tuple(symbols(600))
        left[told] = decoder.after_the_end

    assert left[True] < 20 < left[False]
