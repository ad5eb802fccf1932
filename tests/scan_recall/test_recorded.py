"""Scan recall of a recording: every snapshot as the live program had it, and what its board said of who was missing."""

from pathlib import Path
from typing import Any

from tests.history.worlds import place
from tests.support.market import at
from tests.support.recorded import recorded, recording_in, snapshots
from tests.support.whole import asked
from tradeul.domain.events import ListEvent, Nanos, Symbol
from tradeul.domain.scan_recall import RecallBook, visits_of
from tradeul.domain.scans import BUILT_IN, Scan
from tradeul.domain.visits import RETURN_NS
from tradeul.engine.filters import global_filters
from tradeul.replay.tape import Tape
from tradeul.scan_recall.recorded import NOT_MADE_THEN, Recorded, RecordedDay
from tradeul.settings import Settings

FILTERS = global_filters(Settings().filters)
OWN = Scan("own", "Own", "price > 0", "price desc")
WRONG = ("missed", "late")
FIRST, LAST = at("09:30"), at("16:00")


async def recorded_events(folder: Path) -> tuple[list[ListEvent], Nanos]:
    """Record a few snapshots of a small market; who entered and left its lists, oldest first, and up to when."""
    # Slowly: at 20 times the pace a machine that holds for three seconds makes a gap of a minute.
    async with recorded(folder, at("09:31"), speed=8.0) as app:
        await snapshots(app, 6)
        until = app.enrichment.as_of
        told: list[dict[str, Any]] = (await asked(app, "/api/v1/history/events?limit=5000"))["events"]
    events = [
        ListEvent(
            Nanos(each["timestamp"] * 1_000_000),
            each["list"],
            Symbol(each["symbol"]),
            each["event"],
            each["rank"],
            each["price"],
            each["reason"],
        )
        for each in reversed(told)
    ]
    return events, until


async def played(
    file: Path, book: RecallBook, missing: list[tuple[Nanos, str, Symbol]], *more: Scan
) -> tuple[Recorded, list[Nanos]]:
    tape, seen = Tape(file), list[Nanos]()
    try:
        day = RecordedDay(tape, ([*BUILT_IN, *more], FILTERS, book), missing)
        day.tick = seen.append
        return await day.play(), seen
    finally:
        tape.close()


async def test_what_was_recorded_is_what_was_shown() -> None:
    """Who belonged in a list at any snapshot was shown there in time, by the entries that were told live."""
    with place() as folder:
        events, until = await recorded_events(folder)
        book, visits = RecallBook(), visits_of(events, FIRST, LAST)
        for scan in BUILT_IN:
            book.add(scan.name, scan.size, visits.get(scan.name, ()))
        found, seen = await played(recording_in(folder), book, [])
        outcomes = book.outcomes(lambda *_: "")

    assert found.images == len(seen) >= 4
    assert seen == sorted(seen)
    assert found.spans == [(seen[0], seen[-1])]
    assert {name for name, each in outcomes.items() if each.met} >= {"gappers_up", "gappers_down"}
    wrong = {
        n: [line for line in each.lines if line.verdict in WRONG and (line.due_at or 0) <= until]
        for n, each in outcomes.items()
    }
    assert {name: lines for name, lines in wrong.items() if lines} == {}


async def test_the_board_as_it_was_says_why_somebody_was_not_there() -> None:
    """The value and the threshold; that the list was not there, or that nobody knew the symbol; nothing of who was."""
    with place() as folder:
        events, until = await recorded_events(folder)
        visits = visits_of(events, FIRST, LAST)["gappers_up"]
        book = RecallBook()
        for scan in (*BUILT_IN, OWN):
            book.add(scan.name, scan.size, ())
        _, seen = await played(recording_in(folder), book, [], OWN)
        # That somebody left is told only once he can no longer be back.
        moment = max(each for each in seen if each <= until - RETURN_NS)
        inside = next(visit.symbol for visit in visits if visit.first <= moment < visit.last)
        asked_of = (("gappers_down", inside), ("gappers_up", Symbol("GHOST")), ("gappers_up", inside), ("own", inside))
        missing = [(moment, name, symbol) for name, symbol in asked_of]
        found, _ = await played(recording_in(folder), book, missing, OWN)

    assert found.told["gappers_down", inside].startswith("did not meet it then: gap_percent <= -2 (")
    assert found.told["gappers_up", Symbol("GHOST")] == "the feed did not have it then"
    assert found.told["own", inside] == NOT_MADE_THEN
    assert ("gappers_up", inside) not in found.told
