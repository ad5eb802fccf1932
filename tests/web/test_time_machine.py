"""Lists as they stood, over HTTP: on which days, and as a spreadsheet."""

import csv
import io

from tests.support.market import DAY, at
from tests.support.web import NOON, served
from tests.web.test_history import LISTS, NOON_MS, MemoryAnnals, ask, ask_raw
from tradeul.domain.events import ListRecord, Symbol
from tradeul.engine.ports import KeptDay


async def test_the_days_of_a_list_say_how_far_and_how_finely_they_go() -> None:
    """The newest first; a day of which nothing is kept is none, and by the minute alone is coarser."""
    annals, before = MemoryAnnals(), DAY.replace(day=17)
    annals.days[at("03:30")] = KeptDay(at("09:31"), at("11:58"), at("09:30:05"), at("11:59:55"))
    annals.days[at("03:30", before)] = KeptDay(at("04:00", before), at("19:59", before), None, None)
    async with served(annals=annals) as world:
        status, answer = await ask(world, f"{LISTS}/alpha/days")

    assert status == 200
    assert [(day["date"], day["resolution_s"]) for day in answer["days"]] == [("2026-11-18", 5), ("2026-11-17", 60)]
    today = answer["days"][0]
    assert (today["first"], today["last"]) == (at("09:30:05") // 10**6, at("11:59:55") // 10**6)
    assert (today["market_open"], today["market_close"]) == (at("09:30") // 10**6, at("16:00") // 10**6)
    assert len(annals.asked[0]) == 1 + 23, "every session of the last 31 days is looked for"


async def test_days_of_a_list_that_there_is_not_or_cannot_be_read() -> None:
    """404, and 503 while the database is away or where there is none."""
    annals = MemoryAnnals()
    annals.down = True
    async with served(annals=annals) as world:
        unknown, _ = await ask(world, f"{LISTS}/gone/days")
        down, _ = await ask(world, f"{LISTS}/alpha/days")
    async with served() as world:
        off, _ = await ask(world, f"{LISTS}/alpha/days")

    assert (unknown, down, off) == (404, 503, 503)


async def test_a_list_as_it_stood_comes_as_a_spreadsheet() -> None:
    """With the moment of the state in every line; what is unknown is empty."""
    annals = MemoryAnnals()
    annals.record = ListRecord(
        NOON, "alpha", (Symbol("A"), Symbol("=B")), (1.5, None), (2.0, None), *[(None, None)] * 3
    )
    async with served(annals=annals) as world:
        _, headers, body = await ask_raw(world, f"{LISTS}/alpha?at={NOON_MS}&format=csv")

    assert "alpha-2026-11-18-120000.csv" in headers["content-disposition"]
    assert list(csv.reader(io.StringIO(body.decode()))) == [
        ["timestamp", "rank", "symbol", "price", "change_percent", "rvol", "volume", "market_cap"],
        [str(NOON_MS), "1", "A", "1.5", "2.0", "", "", ""],
        [str(NOON_MS), "2", "'=B", "", "", "", "", ""],
    ]
