"""Scan recall of a day from a real Postgres that the jobs have filled from the exchange: planted entries come out."""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.history.keeping import kept, kept_server
from tests.history.test_slots_job import Rig, rig_at
from tests.support.market import CALENDAR, DAY, NANOS, at
from tradeul.domain.events import ListEvent, ListRecord, Nanos, Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.scan_recall import RecallBook
from tradeul.domain.scans import Scan
from tradeul.engine.scan_recall import watch_stored
from tradeul.errors import JobFailed
from tradeul.history import recall_store
from tradeul.history.batches import Batch
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs.job import Progress
from tradeul.history.stored_days import StoredDays
from tradeul.scan_recall.job import Ground, ScanRecallJob
from tradeul.scan_recall.worker import recalled

PLAYED = CALENDAR.last_sessions(DAY, 4)[0]
HOURS = CALENDAR.hours(PLAYED)
MOVERS = Scan("movers", "Movers", "known(change_from_open)", "change_from_open desc", size=3)
CHEAP = Filter("cheap", "price < 20")
LISTS = (MOVERS, replace(MOVERS, name="off"))
MINUTE = 60 * NANOS


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


async def due_of(rig: Rig, filters: Sequence[Filter] = ()) -> list[tuple[Symbol, Nanos]]:
    """Who belonged in the movers that day and from when on, by the stored day."""
    day = await StoredDays(rig.lender, CALENDAR, DAY, 2, 1).day(PLAYED)
    book = RecallBook()
    book.add(MOVERS.name, MOVERS.size, ())
    watch_stored(day, CALENDAR, 1, ([MOVERS], filters, book))
    return [(symbol, moment) for moment, _, symbol in book.missed()]


def made(*spans: tuple[Nanos, Nanos]) -> list[ListRecord]:
    """The movers as they were kept, minute by minute, full of somebody."""
    full = (Symbol("X"), Symbol("Y"), Symbol("Z"))
    nothing = (None,) * len(full)
    moments = itertools.chain(*(range(first, last, MINUTE) for first, last in spans))
    return [ListRecord(Nanos(moment), MOVERS.name, full, *[nothing] * 5) for moment in moments]


def moved(symbol: Symbol, moment: int, event: str = "entered", reason: str = "new to the list") -> ListEvent:
    return ListEvent(Nanos(moment), MOVERS.name, symbol, event, 1, 10.0, reason)  # type: ignore[arg-type]


async def shown(rig: Rig, events: Sequence[ListEvent], records: Sequence[ListRecord]) -> None:
    await kept(rig.address, Batch(list(events), [], list(records), [], []), rig.world)


def wish(rig: Rig, folder: Path, filters: Sequence[Filter] = (), scans: Sequence[Scan] = LISTS) -> dict[str, Any]:
    """What the job asks its process for."""
    ground = Ground(rig.world, lambda: rig.address, folder, lambda: scans, filters, 2, 1)
    job = ScanRecallJob(ground, rig.lender, rig.clock, CALENDAR)
    asked: dict[str, Any] = orjson.loads(orjson.dumps(job._request(PLAYED, rig.address)))  # noqa: SLF001
    return asked


async def verdicts(rig: Rig, name: str = MOVERS.name) -> dict[str, dict[str, Any]]:
    async with rig.lender.lent() as connection:
        return {each["symbol"]: each for each in await recall_store.lines(connection, PLAYED, name)}


async def told(rig: Rig) -> dict[str, Any]:
    async with rig.lender.lent() as connection:
        found = await recall_store.day(connection, PLAYED)
    assert found is not None
    return found


async def test_planted_entries_come_out_with_their_reasons(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """In time, late, missed, below the cut, extra; the program down for an hour; a list that was switched off."""
    async with rig_at(server) as rig:
        await rig.run(4)
        due = await due_of(rig)
        (first, first_at), *rest = due
        (late, late_at), (gone, gone_at) = rest[0], rest[-1]
        events = [
            moved(first, first_at - MINUTE),
            moved(late, late_at + 20 * MINUTE),
            moved(Symbol("GHOST"), at("12:00", PLAYED)),
        ]
        await shown(rig, events, made((HOURS.pre_market_start, HOURS.post_market_end)))

        rows = await recalled(wish(rig, tmp_path))
        found, day, off = await verdicts(rig), await told(rig), await verdicts(rig, "off")

    assert rows > len(found) > 3
    assert (found[first]["verdict"], found[first]["late_s"]) == ("in_time", None)
    assert (found[late]["verdict"], found[late]["late_s"]) == ("late", 1_200.0)
    assert found[gone]["verdict"] == "missed"
    assert found[gone]["due_at"] == gone_at // 1_000_000
    assert found[gone]["reason"].startswith("the feed did not have it then: its slot up to")
    assert found["GHOST"]["verdict"] == "extra"
    assert found["GHOST"]["reason"] == "the feed did not have it then"
    assert {each["verdict"] for each in found.values()} >= {"below_cut"}
    (movers, _) = day["lists"]
    assert movers["met"] == movers["in_time"] + movers["late"] + movers["missed"] + movers["below_cut"]
    assert (movers["in_time"], movers["late"], movers["missed"]) == (1, 1, len(due) - 2)
    assert movers["late_within"] == {"10": 0, "60": 0, "300": 0, "1800": 1, "more": 0}
    assert [source["kind"] for source in day["sources"]] == ["slots"]
    assert day["silences"] == []
    missed = [each["reason"] for each in off.values() if each["verdict"] == "missed"]
    assert missed
    assert all(words.startswith("the list was not there, or switched off, from 04:00:00") for words in missed)


async def test_a_program_that_was_down_is_the_reason(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Whoever belonged in the list before it began is late or missed for that; made again it stands instead."""
    async with rig_at(server) as rig:
        await rig.run(4)
        (first, _), *_ = await due_of(rig)
        begins = at("15:00", PLAYED)
        await shown(rig, [moved(first, begins, reason="")], made((begins, HOURS.post_market_end)))

        asked = wish(rig, tmp_path)
        once, again = await recalled(asked), await recalled(asked)
        found, day = await verdicts(rig), await told(rig)

    assert once == again
    assert found[first]["verdict"] == "late"
    assert found[first]["reason"] == "the program was down from 04:00:00 to 15:00:00"
    assert [each["why"] for each in day["silences"]] == ["the program was down"]


async def test_a_filter_names_whom_it_dropped(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """With the value that it did not like; who is dropped is no member, and so not missed."""
    async with rig_at(server) as rig:
        await rig.run(4)
        everybody = {symbol for symbol, _ in await due_of(rig)}
        allowed = {symbol for symbol, _ in await due_of(rig, [CHEAP])}
        await shown(rig, [], made((HOURS.pre_market_start, HOURS.post_market_end)))

        await recalled(wish(rig, tmp_path, [CHEAP]))
        found, day = await verdicts(rig), await told(rig)

    assert {symbol for symbol, each in found.items() if each["verdict"] == "missed"} == allowed
    dropped = {symbol: each for symbol, each in found.items() if each["verdict"] == "filtered"}
    assert dropped
    assert everybody - allowed <= dropped.keys() | {s for s, each in found.items() if each["verdict"] == "below_cut"}
    assert all(each["reason"].startswith("dropped by filter cheap: price < 20 (") for each in dropped.values())
    assert day["lists"][0]["filtered_by"] == {"cheap": len(dropped)}


async def test_a_recording_that_cannot_be_played_and_a_day_that_is_not_kept(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    """The one is told of, and the day is played all the same; without any source the job fails with what to do."""
    async with rig_at(server) as rig:
        await rig.run(4)
        (tmp_path / f"live-{PLAYED}.trec").write_bytes(b"nothing of the kind")
        await shown(rig, [], made((HOURS.pre_market_start, HOURS.post_market_end)))
        await recalled(wish(rig, tmp_path))
        day = await told(rig)
        async with rig.lender.lent() as connection:
            await connection.execute("DELETE FROM slot_prices")
        with pytest.raises(JobFailed, match="`load prices` loads its slots"):
            await recalled(wish(rig, tmp_path))

    assert [(source["kind"], source["why"]) for source in day["sources"][1:]] == [
        (f"live-{PLAYED}.trec", "this is no recording")
    ]


async def test_the_job_works_out_what_is_missing_in_a_process_of_its_own(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    """A day on which nothing was shown is passed over; one that is there is left, unless it is asked for."""
    async with rig_at(server) as rig:
        await rig.run(4)
        await shown(rig, [], made((HOURS.pre_market_start, HOURS.post_market_end)))
        ground = Ground(rig.world, lambda: rig.address, tmp_path, lambda: [MOVERS], [], 2, 1)
        job = ScanRecallJob(ground, rig.lender, rig.clock, CALENDAR)
        nightly, second, wished = Progress(), Progress(), Progress()
        await job.run(nightly, None)
        days, latest = await job.days(), job.latest
        await job.run(second, None)
        await job.run(wished, 1)

    assert days == [PLAYED]
    assert latest is not None
    assert latest["day"] == PLAYED == DAY - dt.timedelta(days=1)
    assert nightly.rows == wished.rows > 1
    assert (nightly.done, second.rows) == (nightly.total, 0)
