"""The recorder: takes at once, writes beside, loses only what it says, and never harms who brings it something."""

import os
from pathlib import Path

import pytest
from structlog.typing import EventDict

from tests.recording.making import (
    OPEN,
    SOURCE,
    bodies,
    busy_market,
    kept,
    key_times,
    later,
    pieces_of,
    read,
    small_day,
    writer_into,
)
from tests.recording.test_file import largest_file
from tests.support.eventually import eventually, running, settle
from tests.support.market import CALENDAR, DAY, NANOS, at
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos
from tradeul.engine.ports import Recorder
from tradeul.recording import recorder as recorder_
from tradeul.recording.bodies import STEP_BYTES
from tradeul.recording.format import Body, Frame, Gap
from tradeul.recording.reader import Item
from tradeul.recording.recorder import RETRY_S, SOURCE_CHARACTERS, FileRecorder
from tradeul.recording.writer import WholeBody


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still until it is moved."""
    return ManualClock(OPEN)


@pytest.fixture
def recorder(tmp_path: Path, clock: ManualClock) -> FileRecorder:
    """A recorder into an empty folder."""
    return FileRecorder(tmp_path / "recordings", "simulated", clock, CALENDAR)


def bring(recorder: Recorder, *items: Item) -> None:
    """Hand items over as the vendor's clients do."""
    for item in items:
        if isinstance(item, Body):
            recorder.body(item.source, pieces_of(item.content), item.arrived)
        elif isinstance(item, Frame):
            recorder.frame(item.content, item.arrived)


def files_in(folder: Path) -> dict[str, list[Item]]:
    """What every recording in the folder holds, by name."""
    return {path.name: read(path) for path in sorted((folder / "recordings").iterdir())}


def only_file(folder: Path) -> list[Item]:
    (found,) = files_in(folder).values()
    return found


async def test_what_is_brought_is_written_beside(recorder: FileRecorder, tmp_path: Path) -> None:
    """Items are in the file soon after they came, and counted; taking one touches no file."""
    items = kept(small_day())
    bring(recorder, *items)
    assert not (tmp_path / "recordings").exists()

    async with running(recorder.run):
        await eventually(lambda: recorder.state.bodies == 8)
    await recorder.close()

    assert only_file(tmp_path) == items
    state = recorder.state
    assert (state.bodies, state.frames, state.dropped, state.failures) == (8, 8, 0, 0)
    assert state.bytes_in == sum(len(item.content) for item in items)
    assert 0 < state.bytes_out < (tmp_path / "recordings" / "simulated-2026-11-18.trec").stat().st_size


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55])
async def test_whenever_it_is_stopped_all_is_written_once(recorder: FileRecorder, tmp_path: Path, turns: int) -> None:
    """Cancelled anywhere in its work, `close` goes on from there: nothing is lost, nothing stands there twice."""
    items: list[Item] = [*bodies([busy_market(800, turn) for turn in range(3)]), Frame("last", later(20))]
    bring(recorder, *items)

    async with running(recorder.run):
        await settle(turns)
    await recorder.close()

    assert only_file(tmp_path) == items


async def test_it_goes_on_when_it_is_run_again(recorder: FileRecorder, tmp_path: Path) -> None:
    """The supervisor may start it anew; a queue that was left is worked off with what comes next."""
    items = bodies([b"one", b"two"])
    async with running(recorder.run):
        bring(recorder, items[0])
        await settle(1)
    async with running(recorder.run):
        bring(recorder, items[1])
        await eventually(lambda: recorder.state.bodies == 2)
    await recorder.close()

    assert only_file(tmp_path) == items


def test_others_run_while_a_body_is_worked_on(tmp_path: Path) -> None:
    """A whole market is joined in small steps, then cut and compared in small steps; only a thread sees it at once."""
    content = busy_market(6_000, 0)
    writer = writer_into(tmp_path)
    turns = calls = 0
    for call in writer.record(WholeBody(SOURCE, [content], OPEN)):
        if call is None:
            turns += 1
        else:
            calls += 1
            call()
    writer.abandon()

    assert turns >= 2 * (len(content) // STEP_BYTES)
    assert calls == 2


async def test_the_file_turns_with_the_trading_date(recorder: FileRecorder, tmp_path: Path) -> None:
    """At 03:30 of a trading day a new file begins, closed and complete in itself; a weekend belongs to its Friday."""
    friday = at("12:00", DAY.replace(day=20))
    night = Nanos(at("03:29:59", DAY.replace(day=23)))
    monday = Nanos(night + NANOS)
    items: list[Item] = [Frame("night", night), Body(SOURCE, b"friday", friday), Body(SOURCE, b"monday", monday)]
    bring(recorder, items[1], items[0], items[2], Body(SOURCE, b"a clock that stepped back", night))
    await recorder.close()

    assert files_in(tmp_path) == {
        "simulated-2026-11-20.trec": [items[1], items[0]],
        "simulated-2026-11-23.trec": [items[2], Body(SOURCE, b"a clock that stepped back", night)],
    }


async def test_each_file_can_be_read_alone(recorder: FileRecorder, tmp_path: Path) -> None:
    """Nothing in a new file refers to the one before."""
    turn = at("03:30", DAY.replace(day=19))
    around = [Body(SOURCE, busy_market(9, 0), Nanos(turn + second * NANOS)) for second in (-10, -5, 0, 5)]
    bring(recorder, *around)
    await recorder.close()

    assert list(files_in(tmp_path).values()) == [around[:2], around[2:]]


@pytest.mark.parametrize(("every_s", "keys"), [(1, [0, 60, 120]), (100, [0, 3, 6, 9])])
async def test_a_key_comes_in_time(recorder: FileRecorder, tmp_path: Path, every_s: int, keys: list[int]) -> None:
    """At the latest after 60 bodies, and after five minutes."""
    items = bodies([b"body"] * (keys[-1] + 1), every_s=every_s)
    bring(recorder, *items)
    await recorder.close()

    assert key_times(next((tmp_path / "recordings").iterdir())) == [items[number].arrived for number in keys]


@pytest.mark.parametrize(("content", "count", "blocks"), [("", 10_000, 3), (b"x" * 100_000, 9, 3)])
async def test_a_block_holds_so_many_frames(
    recorder: FileRecorder, tmp_path: Path, content: str | bytes, count: int, blocks: int
) -> None:
    """A burst of frames is cut into blocks that a reader believes, by their number and by their size."""
    frames: list[Item] = [Frame(content, OPEN)] * count
    bring(recorder, *frames)
    await recorder.close()
    path = next((tmp_path / "recordings").iterdir())

    assert read(path) == frames
    assert path.read_bytes().count(b"\xf5TRB") == blocks + 1


async def test_a_long_source_is_cut(recorder: FileRecorder, tmp_path: Path) -> None:
    """What was asked is told in so many characters, of any kind."""
    bring(recorder, Body("\U0001f4c8" * 70_000, b"body", OPEN))
    await recorder.close()

    assert only_file(tmp_path) == [Body("\U0001f4c8" * SOURCE_CHARACTERS, b"body", OPEN)]


async def test_frames_share_a_block_for_a_while(recorder: FileRecorder, tmp_path: Path) -> None:
    """Many small frames are packed together, but none waits for company for more than some seconds of frames."""
    frames = [Frame(f"frame {number}", later(number / 100)) for number in range(2_000)]
    bring(recorder, *frames)
    async with running(recorder.run):
        await eventually(lambda: recorder.state.frames >= 1_500)
    path = next((tmp_path / "recordings").iterdir())

    assert path.read_bytes().count(b"\xf5TRB") == 3
    await recorder.close()
    assert read(path) == frames


async def test_a_full_queue_drops_the_oldest_and_says_so(tmp_path: Path, clock: ManualClock) -> None:
    """What has waited longest goes, one gap stands in its place with its counts, and the newest is kept."""
    recorder = FileRecorder(tmp_path / "recordings", "simulated", clock, CALENDAR, waiting_bytes=5_000)
    items: list[Item] = [*bodies([bytes(1000)] * 6)]
    bring(recorder, Frame("first", OPEN), *items)
    await recorder.close()

    assert only_file(tmp_path) == [Gap("dropped", OPEN, later(5), bodies=2, frames=1), *items[2:]]
    assert recorder.state.dropped == 3


async def test_what_is_too_large_is_a_gap(
    recorder: FileRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item larger than any reader takes leaves its place in the order, and nothing else."""
    monkeypatch.setattr(recorder_, "ITEM_BYTES", 100)
    monkeypatch.setattr(recorder_, "FRAME_CHARACTERS", 25)
    fine: list[Item] = [Body(SOURCE, bytes(100), later(1)), Frame("x" * 25, later(3))]
    bring(recorder, Body(SOURCE, bytes(101), OPEN), fine[0], Frame("x" * 26, later(2)), fine[1])
    await recorder.close()

    assert only_file(tmp_path) == [
        Gap("dropped", OPEN, OPEN, bodies=1),
        fine[0],
        Gap("dropped", later(2), later(2), frames=1),
        fine[1],
    ]
    assert recorder.state.dropped == 2


async def test_a_full_disk_is_waited_out(
    recorder: FileRecorder, tmp_path: Path, clock: ManualClock, logs: list[EventDict]
) -> None:
    """A disk that refuses is logged once and tried again later; what came meanwhile is then written, all of it."""
    items = bodies([os.urandom(3_000) for _ in range(6)])
    async with running(recorder.run):
        bring(recorder, items[0])
        await eventually(lambda: recorder.state.bodies == 1)
        with largest_file(4_000):
            bring(recorder, items[1])
            await eventually(lambda: recorder.state.failures == 1)
            bring(recorder, items[2])
            await settle()
            await clock.advance(RETRY_S)
            bring(recorder, items[3])
            await eventually(lambda: recorder.state.failures == 2)
        bring(recorder, items[4])
        await settle()
        assert recorder.state.bodies == 1
        await clock.advance(RETRY_S)
        bring(recorder, items[5])
        await eventually(lambda: recorder.state.bodies == 6)
    await recorder.close()

    assert only_file(tmp_path) == items
    assert [line["event"] for line in logs] == [
        "recording_begun",
        "recording_failed",
        "recording_resumed",
        "recording_ended",
    ]
    assert recorder.state.dropped == 0


async def test_a_folder_that_cannot_be_written_harms_nobody(
    tmp_path: Path, clock: ManualClock, logs: list[EventDict]
) -> None:
    """Without any file everything is taken all the same, closing ends, and what was lost is counted and logged."""
    (tmp_path / "recordings").touch()
    recorder = FileRecorder(tmp_path / "recordings", "simulated", clock, CALENDAR)
    async with running(recorder.run):
        bring(recorder, *bodies([b"one", b"two"]), Frame("three", later(10)))
        await eventually(lambda: recorder.state.failures == 1)
    await recorder.close()
    bring(recorder, Frame("four", later(11)))

    assert (recorder.state.bodies, recorder.state.dropped, recorder.state.failures) == (0, 4, 2)
    assert logs[-1] == {"event": "recording_cut_short", "items_lost": 3, "log_level": "warning"}


async def test_a_disk_that_is_full_at_the_end_leaves_a_readable_file(recorder: FileRecorder, tmp_path: Path) -> None:
    """What was written before stays readable, without an index; frames that waited for company are counted lost."""
    (body,) = bodies([b"one"])
    async with running(recorder.run):
        bring(recorder, body)
        await eventually(lambda: recorder.state.bodies == 1)
    path = next((tmp_path / "recordings").iterdir())
    with largest_file(path.stat().st_size):
        bring(recorder, Frame("two", later(1)))
        await recorder.close()

    assert only_file(tmp_path) == [body]
    assert (recorder.state.frames, recorder.state.dropped, recorder.state.failures) == (0, 1, 1)


async def test_closing_without_anything_leaves_nothing(recorder: FileRecorder, tmp_path: Path) -> None:
    """A recorder that was brought nothing makes no file, and can be closed twice."""
    await recorder.close()
    await recorder.close()

    assert not (tmp_path / "recordings").exists()


async def test_while_it_is_off_nothing_is_kept(recorder: FileRecorder, tmp_path: Path) -> None:
    """Neither in memory nor in a file, nor is it called lost; what came before is in a file that is whole."""
    first, unwanted, last = bodies([b"one", b"two", b"three"])
    async with running(recorder.run):
        bring(recorder, first, Frame("before", later(1)))
        recorder.end()
        bring(recorder, unwanted, Frame("meanwhile", later(6)))
        recorder.step(b"meanwhile", later(6))
        await recorder.settle()
        between = recorder.state
        whole = key_times(tmp_path / "recordings" / "simulated-2026-11-18.trec")
        recorder.begin()
        bring(recorder, last)
        await recorder.settle()
        after = recorder.state
    await recorder.close()

    assert only_file(tmp_path) == [first, Frame("before", later(1)), last]
    assert (between.enabled, between.writing, between.bodies, between.frames, between.dropped) == (
        False,
        False,
        1,
        1,
        0,
    )
    assert between.file == str(tmp_path / "recordings" / "simulated-2026-11-18.trec")
    assert whole == [first.arrived]
    assert (after.enabled, after.writing, after.bodies) == (True, True, 2)


async def test_one_that_never_was_on_makes_no_file(tmp_path: Path, clock: ManualClock) -> None:
    """It has nothing to settle."""
    recorder = FileRecorder(tmp_path / "recordings", "simulated", clock, CALENDAR, on=False)
    async with running(recorder.run):
        bring(recorder, *bodies([b"one"]))
        await recorder.settle()
    await recorder.close()

    assert not (tmp_path / "recordings").exists()
    assert (recorder.state.file, recorder.state.writing) == (None, False)


async def test_a_file_that_cannot_be_ended_is_ended_later(
    recorder: FileRecorder, tmp_path: Path, clock: ManualClock
) -> None:
    """Though nothing comes any more that would have the disk tried again; whoever waits is told how it stands."""
    items: list[Item] = [*bodies([b"one"]), Frame("two", later(1))]
    async with running(recorder.run):
        bring(recorder, *items)
        await eventually(lambda: recorder.state.bodies == 1)
        with largest_file((tmp_path / "recordings" / "simulated-2026-11-18.trec").stat().st_size):
            recorder.end()
            await recorder.settle()
            refused = recorder.state
        await clock.advance(RETRY_S)
        await eventually(lambda: not recorder.state.writing)
    await recorder.close()

    assert (refused.writing, refused.failures) == (True, 1)
    assert only_file(tmp_path) == items
    assert recorder.state.dropped == 0
