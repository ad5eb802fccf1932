"""A recorded day as a source of backtests: the same entries as live, nothing before its time, gaps, and its prices."""

import asyncio
import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from tests.recording.making import done
from tests.support.market import CALENDAR, DAY, NANOS, at
from tests.support.recorded import recorded, recording_in, settings_for, snapshots
from tradeul import backtest_worker
from tradeul.backtest_result import result_of
from tradeul.backtest_worker import Work
from tradeul.clock import ManualClock
from tradeul.definitions import ScanDefinition
from tradeul.domain.events import Nanos
from tradeul.domain.scans import BY_NAME, Scan
from tradeul.domain.trial_figures import Entry
from tradeul.engine.backtest import Played, Player
from tradeul.engine.filters import global_filters
from tradeul.recording.format import Body, Gap
from tradeul.recording.reader import Item, Recording
from tradeul.recording.writer import RecordingWriter, WholeBody
from tradeul.replay.recorded_days import WHOLE, RecordedDays, Reel, _share
from tradeul.worker import scan_told

pytestmark = pytest.mark.slow(10)

LISTS = ("winners", "anomalies", "stir")
STIR = ScanDefinition(where="change_1m >= 0.05", order="change_1m desc", global_filters=False)
"""A list with a coming and going at every snapshot."""
Shown = list[tuple[str, object]]
"""A list: symbols and prices."""


class Lived(NamedTuple):
    """A recording, and what a list held live at each snapshot of it."""

    folder: Path
    story: dict[str, list[tuple[Nanos, Shown]]]
    scans: dict[str, Scan]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Over three minutes, watched at every snapshot: a list of who moved within one fills from the second on."""
    folder = tmp_path_factory.mktemp("lived")
    story: dict[str, list[tuple[Nanos, Shown]]] = defaultdict(list)
    scans: dict[str, Scan] = {}

    async def record() -> None:
        async with recorded(folder, at("09:31"), {"stir": STIR}) as app:
            scans.update({scan.name: scan for scan in app.channels.scans()})
            told = app.operations.snapshot_taken

            def taken(scanner: Any) -> None:
                for name in LISTS if app.recording is not None and app.recording.state.enabled else ():
                    state = app.channels.by_name[name].state
                    place = state.columns.index("price")
                    assert app.vitals.content_changed_at is not None
                    rows: Shown = [(row.symbol, row.values[place]) for row in state.rows]
                    story[name].append((app.vitals.content_changed_at, rows))
                told(scanner)

            app.operations.snapshot_taken = taken  # type: ignore[method-assign]
            await snapshots(app, 40)
            # At the end of a step, so that every snapshot in it was watched.
            assert app.recording is not None
            await app.recording.turn(on=False)

    with capture_logs():
        asyncio.run(record())
    return Lived(recording_in(folder).parent, story, scans)


def entries_of(story: Sequence[tuple[Nanos, Shown]]) -> list[tuple[Nanos, str, int, object]]:
    """Who came, told naively: neither in the list at the snapshot before nor out of it for ten seconds or less."""
    found = list[tuple[Nanos, str, int, object]]()
    out = dict[str, Nanos]()
    for (_, before), (moment, rows) in itertools.pairwise(story):
        there = {symbol for symbol, _ in before}
        for symbol in there - {symbol for symbol, _ in rows}:
            out[symbol] = moment
        for rank, (symbol, price) in enumerate(rows, 1):
            if symbol not in there and moment - out.get(symbol, Nanos(0)) > 10 * NANOS:
                found.append((moment, symbol, rank, price))
    return found


def days_in(folder: Path) -> RecordedDays:
    days = RecordedDays(folder, "sim-7", CALENDAR)
    assert days.kept(DAY, DAY).keys() == {DAY}
    return days


def played(lived: Lived, name: str = "stir", folder: Path | None = None) -> Played:
    filters = global_filters(settings_for(lived.folder).filters)
    day = days_in(folder or lived.folder).day(DAY)
    return Player(lived.scans[name], filters, CALENDAR, 3).play(day)


def told(entries: Sequence[Entry]) -> list[tuple[Nanos, str, int, object]]:
    return [(entry.at, entry.symbol, entry.rank, entry.price) for entry in entries]


def written_again(folder: Path, into: Path, until: Nanos | None = None, gap_at: Nanos | None = None) -> Path:
    """The recording up to a moment, or with a gap from one on."""
    (file,) = folder.iterdir()
    with Recording(file) as recording:
        items: list[Item] = list(recording.items())
    writer = RecordingWriter(into, "sim-7", ManualClock(at("09:29")), CALENDAR)
    for item in items:
        moment = item.first if isinstance(item, Gap) else item.arrived
        if until is not None and moment > until:
            continue
        if gap_at is not None and moment >= gap_at:
            done(writer.record(Gap("dropped", moment, moment, 1, 0)))
            gap_at = None
        written = WholeBody(item.source, (item.content,), item.arrived) if isinstance(item, Body) else item
        done(writer.record(written))
    done(writer.end())
    return into


@pytest.mark.parametrize("name", LISTS)
def test_the_same_list_has_the_same_entries_live_and_from_the_recording(lived: Lived, name: str) -> None:
    """At the same snapshots, at the same ranks and prices; who stood in it at the first one did not enter."""
    day = played(lived, name)
    story = lived.story[name][-day.images :]

    assert len(story) > 10
    assert told(day.entries) == entries_of(story)
    assert day.standing == len(story[0][1])


def test_some_come_and_some_come_back(lived: Lived) -> None:
    """Else what is the same would be nothing; and each is filled after it was decided, with a price of then."""
    entries = played(lived).entries
    symbols = [entry.symbol for entry in entries]
    filled = [entry for entry in entries if entry.outcome.fill is not None]

    assert len(entries) > len(set(symbols)) > 5
    assert filled
    assert all(entry.outcome.fill.at > entry.at for entry in filled if entry.outcome.fill)


def test_nothing_is_known_before_its_time(lived: Lived, tmp_path: Path) -> None:
    """A recording that ends sooner has the same entries up to there."""
    whole = told(played(lived).entries)
    middle = Nanos(whole[len(whole) // 2][0] + NANOS)

    short = told(played(lived, folder=written_again(lived.folder, tmp_path, until=middle)).entries)

    assert short == [entry for entry in whole if entry[0] <= middle]


def test_behind_a_gap_nothing_is_claimed_before_the_next_whole_state(lived: Lived, tmp_path: Path) -> None:
    """What was missed may have changed anything."""
    whole = told(played(lived).entries)
    middle = whole[len(whole) // 2][0]

    before = played(lived, folder=written_again(lived.folder, tmp_path, gap_at=middle))

    assert told(before.entries) == [entry for entry in whole if entry[0] < middle]


def test_recordings_of_others_and_what_cannot_be_played_are_none(lived: Lived, tmp_path: Path) -> None:
    """Another world's, another day's, and a file that is no recording."""
    (tmp_path / "sim-7-2026-11-18.trec").write_bytes(b"nothing of the kind")

    assert RecordedDays(lived.folder, "live", CALENDAR).kept(DAY, DAY) == {}
    assert RecordedDays(lived.folder, "sim-7", CALENDAR).kept(DAY + dt.timedelta(1), DAY + dt.timedelta(9)) == {}
    assert RecordedDays(tmp_path, "sim-7", CALENDAR).kept(DAY, DAY) == {}
    assert RecordedDays(tmp_path / "missing", "sim-7", CALENDAR).kept(DAY, DAY) == {}


class Stored:
    """Stands where the database is asked: it keeps these days, and hands none over."""

    def __init__(self, *dates: dt.date) -> None:
        self.dates = dates
        self.read = list[dt.date]()

    async def kept(self, _first: dt.date, _last: dt.date) -> dict[dt.date, int]:
        return dict.fromkeys(self.dates, 300)

    async def day(self, date: dt.date) -> Any:
        self.read.append(date)
        raise LookupError(date)


async def test_a_day_that_only_was_recorded_is_played_from_that(
    lived: Lived, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The result says which day came from what, and from when to when; a part of a day gives way to a stored one."""
    scan, days = BY_NAME["high_volume"], RecordedDays(lived.folder, "sim-7", CALENDAR)
    player = Player(scan, (), CALENDAR, 3)
    work = Work(player, Stored(), DAY + dt.timedelta(1), days)  # type: ignore[arg-type]
    await work.through([DAY - dt.timedelta(1), DAY])
    result = result_of(scan, (), (DAY, DAY), work.played, work.missing)

    stored = Stored(DAY)
    partly = Work(player, stored, DAY + dt.timedelta(1), days)  # type: ignore[arg-type]
    with pytest.raises(LookupError):
        await partly.through([DAY])

    (day,) = result["days"]
    assert (day["date"], day["source"], day["average_sessions"]) == (str(DAY), "recorded", None)
    assert day["span"].startswith("09:3")
    assert day["images"] > 10
    assert [each["date"] for each in result["missing_days"]] == [str(DAY - dt.timedelta(1))]
    assert result["resolution"].startswith("Recorded days")
    assert "1 days are recorded ones, 0 stored ones." in result["notes"]
    assert stored.read == [DAY]
    assert partly.notes[0].startswith(f"{DAY}: recorded for ")
    assert work.notes == []
    assert capfdbinary.readouterr().out


def test_how_much_of_the_session_is_recorded() -> None:
    """Recordings that follow on each other add up, and what overlaps or is outside counts once or not."""

    def share(*spans: tuple[str, str]) -> float:
        reels = [Reel(Path(), at(first), at(last)) for first, last in spans]
        return _share(reels, CALENDAR.hours(DAY))

    assert share(("04:00", "20:00")) == 1
    assert share(("08:00", "12:45"), ("12:45", "17:00")) == 1
    assert share(("09:30", "12:45")) == 0.5
    assert share(("09:30", "12:45"), ("10:00", "12:45")) == 0.5
    assert share(("17:00", "20:00")) == 0
    assert share(("09:45", "16:00")) > WHOLE > share(("10:00", "16:00"))


async def test_the_process_of_a_backtest_looks_where_it_is_told(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of recordings that the program names; without one it knows of none."""
    monkeypatch.setattr(backtest_worker, "StoredDays", lambda *_: Stored())
    scan = scan_told(lived.scans["stir"])
    wish: dict[str, Any] = {
        "address": "",
        "world": "sim-7",
        "first": str(DAY),
        "last": str(DAY),
        "today": str(DAY + dt.timedelta(1)),
    }
    wish |= {"lookback": 5, "least_sessions": 3, "filters": [], "scan": scan}

    with_them = await backtest_worker.tried({**wish, "recordings": str(lived.folder)})
    without = await backtest_worker.tried({**wish, "recordings": ""})

    assert [day["source"] for day in with_them["days"]] == ["recorded"]
    directly = await asyncio.to_thread(played, lived)
    assert with_them["entries"] == len(directly.entries)
    assert [each["date"] for each in without["missing_days"]] == [str(DAY)]
