"""One symbol over HTTP: as it stands now, what is known of it, and its bars."""

import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.bars import MINUTE_NS, HandAnnals, HandExchange
from tests.support.market import CALENDAR, DAY, at, image, take, traded
from tests.support.web import EPOCH, NOON, Served, StillView, raw_answer, row, scan, served
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Metadata, Symbol
from tradeul.domain.fields import CATALOGUE
from tradeul.engine.channels import Channels
from tradeul.engine.charts import Charts
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.ports import FeedState
from tradeul.web.routes.ticker import BARS_A_TURN, Ticker

MS = 1_000_000
LONG_AGO = dt.date(1970, 1, 1)
YESTERDAY = CALENDAR.previous(DAY)
TICKER = "/api/v1/ticker"
SYMBOLS = ("A", "BRK.B", "BACpL", "X/Y")
FACTS = Metadata(
    *(Symbol("BRK.B"), "Berkshire", "XNYS", "CS", "Finance", None, 1e12, None, 2e9, 5e6, 4.5e6, 480.25, 0.9),
    *(False, True, at("02:00")),
)


@dataclass(frozen=True)
class World:
    """What is behind the routes."""

    web: Served
    view: StillView
    channels: Channels
    exchange: HandExchange
    annals: HandAnnals

    async def ask(self, path: str) -> tuple[int, Any]:
        request = f"GET {TICKER}/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        status, _, body = await raw_answer(self.web, request.encode())
        return status, json.loads(body)


@contextlib.asynccontextmanager
async def world(*, kept: bool = True) -> AsyncIterator[World]:
    """A small market at noon, all symbols of which trade at 12.34."""
    clock = ManualClock(NOON)
    board, view, channels = Board(), StillView(clock), Channels(EPOCH, [scan("alpha"), scan("beta")], clock)
    enrichment = Enrichment(board, CALENDAR)
    take(enrichment, image(*(traded(symbol, 12.34, 1_000.0, NOON) for symbol in SYMBOLS)), NOON)
    exchange, annals = HandExchange(), HandAnnals()
    given = annals if kept else None
    routes = Ticker(board, channels, view, Charts(exchange, given, clock, CALENDAR), given)
    async with served(more=[routes]) as web:
        yield World(web, view, channels, exchange, annals)


async def test_every_field_is_told() -> None:
    """All of the catalogue, what is unknown as null, and where the symbol stands in which lists."""
    async with world() as here:
        here.channels.publish({"alpha": (row("A"), row("BRK.B")), "beta": (row("A"),)}, NOON // MS)
        status, said = await here.ask("BRK.B")

    assert status == 200
    assert list(said) == [*(field.name for field in CATALOGUE), "lists"]
    assert (said["symbol"], said["price"], said["volume_today"]) == ("BRK.B", 12.34, 1_000)
    assert said["float_shares"] is None
    assert said["lists"] == [{"list": "alpha", "rank": 2}]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("BACpL", 200), ("BACPL", 404), ("bacpl", 404), ("BRK%2EB", 200), ("X%2FY", 200), ("X/Y", 404), ("A%20", 404),
        ("%00", 404), ("%F0%9F%98%80", 404), ("nobody", 404), ("A" * 3_000, 404), ("..%2F..%2Fetc", 404),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["", "/bars", "/metadata"])
async def test_symbols_are_taken_as_they_are_written(written: str, found: int, path: str) -> None:
    """Case and dots are significant, an address may escape anything, and what is no symbol is unknown."""
    async with world() as here:
        here.annals.known = {symbol: FACTS._replace(symbol=Symbol(symbol)) for symbol in SYMBOLS}
        status, said = await here.ask(written + path)

    assert status == found
    if found == 404:
        assert said["error"]["code"] == ("not_found" if written == "X/Y" else "unknown_symbol")


@pytest.mark.parametrize("path", ["", "/bars"])
async def test_while_starting_nobody_is_unknown(path: str) -> None:
    """Before the first snapshot a program is asked to come back."""
    async with world() as here:
        here.view.state = FeedState("starting", NOON, "no snapshot yet", None)
        status, said = await here.ask("NEW" + path)

    assert (status, said["error"]["code"]) == (503, "starting")


async def test_metadata_is_told_with_its_age() -> None:
    """Every column of the table; what nobody said is null, and when it was said is in milliseconds."""
    async with world() as here:
        here.annals.known = {"BRK.B": FACTS}
        _, said = await here.ask("BRK.B/metadata")

    assert said == {**FACTS._asdict(), "updated_at": at("02:00") // MS}


async def test_metadata_needs_the_database() -> None:
    """While it cannot answer, or where there is none, that is what is said."""
    async with world() as here:
        here.annals.down = True
        status, said = await here.ask("A/metadata")
    async with world(kept=False) as here:
        status_off, said_off = await here.ask("A/metadata")

    assert (status, said["error"]["code"], status_off) == (503, "history_unavailable", 503)
    assert said["error"]["message"] == "the database does not answer"
    assert "off" in said_off["error"]["message"]


async def test_bars_are_of_today_in_five_minutes() -> None:
    """Where nobody says, from 04:00 of the trading date up to now."""
    async with world() as here:
        status, said = await here.ask("A/bars")

    assert status == 200
    assert here.exchange.asked == [(Symbol("A"), 5, at("04:00"), at("12:05") - 1)]
    assert said | {"bars": []} == {
        "symbol": "A", "interval": "5m", "bars": [], "source": "exchange", "complete": True, "adjusted": False,
    }  # fmt: skip
    assert [bar["time"] for bar in said["bars"]] == [
        start // MS for start in range(at("04:00"), NOON + 1, 5 * MINUTE_NS)
    ]
    assert said["bars"][0] == {
        "time": at("04:00") // MS, "open": 10.0, "high": 10.0, "low": 10.0, "close": 10.0, "volume": 100.0,
        "vwap": 10.0, "trades": 10.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("interval=1m", (1, at("04:00"), at("12:01") - 1)),
        ("interval=15m", (15, at("04:00"), at("12:15") - 1)),
        ("interval=1h", (60, at("04:00"), at("13:00") - 1)),
        (f"interval=1h&from={at('09:30') // MS}&to={at('10:59') // MS}", (60, at("09:00"), at("11:00") - 1)),
        ("from=2026-11-17T09:30:00-05:00&to=", (5, at("09:30", YESTERDAY), at("12:05") - 1)),
        ("to=2026-11-17T09:32:00-05:00", (5, at("04:00", YESTERDAY), at("09:35", YESTERDAY) - 1)),
        ("to=0", (5, at("04:00", LONG_AGO), at("19:05", LONG_AGO) - 1)),
        ("from=0&to=0&interval=1d", ("day", LONG_AGO, LONG_AGO)),
        (f"to={at('19:00') // MS}", (5, at("04:00"), at("12:05") - 1)),
        (f"from={at('19:00') // MS}", (5, at("12:00"), at("12:05") - 1)),
        ("interval=1d&from=2026-11-10T00:00:00-05:00", ("day", CALENDAR.hours(DAY).date.replace(day=10), DAY)),
        ("interval=1d", ("day", DAY.replace(month=8), DAY)),
    ],
)  # fmt: skip
async def test_bars_may_be_of_any_time(query: str, asked: tuple[object, ...]) -> None:
    """Whole bars that touch the time asked for, nothing beyond now; days go back three months by themselves."""
    async with world() as here:
        status, _ = await here.ask(f"A/bars?{query}")

    assert status == 200
    assert here.exchange.asked == [(Symbol("A"), *asked)]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        *((f"interval={text}", "interval") for text in ("2m", "5M", "day", "5", "%00", "5m%20")),
        *((f"from={text}", "from") for text in ("yesterday", "-1", "1e12", "2026-11-18", "9" * 5_000)),
        *((f"to={text}", "to") for text in ("tomorrow", "1.5", "%D9%A3")),
        (f"from={at('11:00') // MS}&to={at('10:00') // MS}", "from"),
        *((f"interval={text}&from=0", "from") for text in ("1m", "5m", "15m", "1h", "1d")),
    ],
)
async def test_a_bad_parameter_is_named(query: str, parameter: str) -> None:
    """What cannot be read, is the wrong way round or too much at once is a 400 that says so, and nobody is asked."""
    async with world() as here:
        status, said = await here.ask(f"A/bars?{query}")

    assert (status, said["error"]["code"], said["error"]["details"]) == (400, "bad_parameter", {"parameter": parameter})
    assert here.exchange.asked == []


async def test_bars_that_cannot_be_had_are_said_to_be_so() -> None:
    """The exchange's reason, and when to come back."""
    async with world(kept=False) as here:
        here.exchange.fail()
        status, said = await here.ask("A/bars")

    assert (status, said["error"]["code"], said["error"]["message"]) == (503, "bars_unavailable", "the exchange is out")


async def test_bars_with_holes_are_said_to_have_them() -> None:
    """Without the exchange there is what was kept."""
    async with world() as here:
        here.exchange.fail()
        here.annals.starts = [at("10:00")]
        _, said = await here.ask("A/bars")

    assert (said["source"], said["complete"], len(said["bars"])) == ("kept", False, 1)


@pytest.mark.parametrize("count", [0, 1, BARS_A_TURN, BARS_A_TURN + 1, 3 * BARS_A_TURN])
async def test_many_bars_are_one_answer(count: int) -> None:
    """However they are put into words piece by piece, none is missing, and what is not known of one is null."""
    async with world() as here:
        here.exchange.starts = lambda first, _last: [first + number * MINUTE_NS for number in range(count)]
        _, said = await here.ask(f"{quote('BRK.B')}/bars?interval=1m")

    assert [bar["time"] for bar in said["bars"]] == [(at("04:00") + n * MINUTE_NS) // MS for n in range(count)]
