"""Reading back: everything, from some time on, and what is left of a file that was cut or damaged."""

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recording.making import (
    OPEN,
    bodies,
    busy_market,
    gaps,
    is_part_of,
    kept,
    key_times,
    later,
    market,
    put,
    read,
    small_day,
    writer_into,
    written,
)
from tests.recording.test_bodies import CONTENTS
from tests.support.market import DAY
from tradeul.domain.events import Nanos
from tradeul.recording import blocks
from tradeul.recording.blocks import SEARCHED_BYTES
from tradeul.recording.format import BLOCK_BYTES, Body, FileHeader, Frame, Gap, RecordingDamaged, Step
from tradeul.recording.reader import Item, Recording

FRAMES = st.one_of(st.text(max_size=20), st.binary(max_size=20), st.just("\ud800"), st.just("x" * 300_000))


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """A closed recording of a bit of everything."""
    return written(tmp_path / "day", small_day())


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    """Bodies of two sources, frames and steps, as they may come."""
    drawn: list[Item] = []
    now = 0.0
    for _ in range(draw(st.integers(0, 12))):
        now += draw(st.sampled_from([0.0, 0.001, 2.0, 200.0]))
        kind = draw(st.sampled_from([Body, Frame, Step]))
        if kind is Step:
            drawn.append(Step(draw(st.binary(max_size=20)), later(now), draw(st.booleans())))
        elif kind is Body:
            drawn.append(Body(draw(st.sampled_from(["", "market", "\udfff"])), draw(CONTENTS), later(now)))
        else:
            drawn.append(Frame(draw(FRAMES), later(now)))
    return drawn


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items(), st.booleans())
def test_what_was_recorded_comes_back(
    tmp_path_factory: pytest.TempPathFactory, recorded: list[Item], closed: bool
) -> None:
    """Bodies and frames are read byte for byte in the order of arrival; without an index too."""
    folder = tmp_path_factory.mktemp("recorded")
    writer = writer_into(folder)
    put(writer, recorded)
    for call in writer.end() if closed else writer._flush():  # noqa: SLF001  # what a full block does by itself
        if call is not None:
            call()
    writer.abandon()
    files = list(folder.iterdir())

    assert [item for path in files for item in read(path)] == recorded
    assert len(files) == bool(recorded)


def test_a_recording_says_what_it_is(day: Path) -> None:
    """Market, trading date and the time it was begun stand in the file."""
    with Recording(day) as recording:
        assert recording.header == FileHeader("simulated", DAY, OPEN)
    assert day.name == "simulated-2026-11-18.trec"


def test_a_cut_file_gives_all_before_the_cut(day: Path, tmp_path: Path) -> None:
    """Wherever a file is cut, what is read is how the recording began, and no error but the named one."""
    whole, everything = day.read_bytes(), read(day)
    lengths = set()
    for cut in range(len(whole)):
        path = tmp_path / "cut"
        path.write_bytes(whole[:cut])
        try:
            found = read(path)
        except RecordingDamaged:
            assert cut < 100  # the file header
            continue
        without_end = found[:-1] if found and found[-1] not in everything else found
        assert without_end == everything[: len(without_end)]
        lengths.add(len(without_end))
    assert {0, len(everything)} <= lengths
    assert len(lengths) >= len(everything) - 3


def test_a_flipped_byte_shows_nothing_that_was_not_recorded(day: Path, tmp_path: Path) -> None:
    """Whatever byte changes, what is read was recorded, in its order, and a gap stands where some is missing."""
    whole, everything = bytearray(day.read_bytes()), read(day)
    path = tmp_path / "flipped"
    for place in range(len(whole)):
        whole[place] ^= 1 + place % 255
        path.write_bytes(whole)
        whole[place] ^= 1 + place % 255
        try:
            found = read(path)
        except RecordingDamaged:
            assert place < 100
            continue
        assert is_part_of(kept(found), everything)
        assert len(kept(found)) == len(kept(everything)) or any(
            isinstance(item, Gap) and item.why == "damaged" for item in found
        )


def test_damage_in_the_middle_costs_up_to_the_next_key(tmp_path: Path) -> None:
    """What refers to a damaged body is lost with it, and a gap says so; frames and all from the next key on are not."""
    recorded = bodies([busy_market(50, turn) for turn in range(70)])
    path = written(tmp_path, [*recorded[:30], Frame("between", later(148)), *recorded[30:]])
    data = bytearray(path.read_bytes())
    starts = [place for place in range(len(data)) if data.startswith(b"\xf5TRB", place)]
    data[starts[20] + BLOCK_BYTES + 5] ^= 1
    path.write_bytes(data)

    found = read(path)

    assert kept(found) == [*recorded[:20], Frame("between", later(148)), *recorded[60:]]
    assert [item for item in found if isinstance(item, Gap)] == [
        Gap("damaged", later(95), later(148), bodies=10),
        Gap("damaged", later(148), later(300), bodies=30),
    ]


@pytest.mark.parametrize("searched", [BLOCK_BYTES, BLOCK_BYTES + 1, BLOCK_BYTES + 2, SEARCHED_BYTES])
def test_a_lost_header_is_stepped_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, searched: int) -> None:
    """Where not even a block's length is known, the next block is looked for, however far it is."""
    recorded = bodies([os.urandom(2_500_000 if searched == SEARCHED_BYTES else 500), b"two", b"three"])
    monkeypatch.setattr(blocks, "SEARCHED_BYTES", searched)
    path = written(tmp_path, recorded)
    data = bytearray(path.read_bytes())
    data[data.index(b"\xf5TRB") + 8] ^= 1
    path.write_bytes(data)

    assert read(path) == [Gap("damaged", later(5), later(5)), *recorded[1:]]


def test_marks_without_blocks_are_passed_over(tmp_path: Path) -> None:
    """A stretch of nothing but beginnings of blocks is searched in one go, not once for each."""
    path = written(tmp_path, bodies([b"one"]), close=False)
    path.write_bytes(path.read_bytes() + b"\xf5TRB" * 500_000)
    written(tmp_path, bodies([b"two"], after_s=5))

    assert [gap.why for gap in gaps(read(path))] == ["interrupted"]
    assert kept(read(path)) == bodies([b"one", b"two"])


def test_a_lost_end_concerns_every_later_time(tmp_path: Path) -> None:
    """Whoever reads from a time after the last block that is whole is told that there was more."""
    path = written(tmp_path, bodies([b"one", b"two"]), close=False)
    path.write_bytes(path.read_bytes()[:-1])

    assert read(path, later(5)) == [Gap("damaged", OPEN, later(5))]
    assert read(path, later(99)) == [Gap("damaged", OPEN, later(99))]
    assert read(path, to=OPEN) == []


def test_frames_of_one_block_are_told_apart_by_time(tmp_path: Path) -> None:
    """Reading from within a block of frames gives those that came then."""
    frames = [Frame(str(number), later(number)) for number in range(4)]
    path = written(tmp_path, frames)

    assert read(path, later(2)) == frames[2:]
    assert read(path, later(1), later(3)) == frames[1:3]


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(("from_s", "to_s"), [(None, 12), (601, 655), (1195, None), (0, 1), (9_999, None), (5, 5)])
def test_reading_begins_and_ends_anywhere(
    tmp_path: Path, closed: bool, from_s: float | None, to_s: float | None
) -> None:
    """From some time on and before another, the same as reading all and leaving out the rest."""
    recorded: list[Item] = []
    for body in bodies([market([("A", turn), ("B", 1)]) for turn in range(250)]):
        recorded += [body, Frame("frame", Nanos(body.arrived + 1))]
    path = written(tmp_path, recorded, close=closed)
    first = OPEN if from_s is None else later(from_s)
    end = later(99_999) if to_s is None else later(to_s)
    expected = [item for item in kept(recorded) if first <= item.arrived < end]
    if not closed and expected and expected[-1] == recorded[-1]:
        del expected[-1]  # it waited for company

    assert read(path, None if from_s is None else first, None if to_s is None else end) == expected


def test_seeking_reads_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an index, reading the end takes little more from the disk than the end."""
    path = written(tmp_path, bodies([os.urandom(1000) for _ in range(200)]))
    taken = 0
    pread = os.pread  # the program's own is counted, whatever module asks

    def counted(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal taken
        data = pread(descriptor, count, offset)
        taken += len(data)
        return data

    with Recording(path) as recording:
        monkeypatch.setattr(os, "pread", counted)
        found = list(recording.items(later(995)))
        at_the_end, taken = taken, 0
        found += recording.items(to=later(5))
        monkeypatch.undo()

    assert [item.arrived for item in kept(found)] == [later(995), OPEN]
    assert 0 < at_the_end < 40_000
    assert 0 < taken < 10_000


def test_reading_holds_a_few_bodies(tmp_path: Path) -> None:
    """However long the file, no more than a few bodies are in memory."""
    content = busy_market(400, 0)
    path = written(tmp_path, bodies([busy_market(400, turn) for turn in range(200)]))
    with Recording(path) as recording:
        tracemalloc.start()
        count = sum(1 for _ in recording.items())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert count == 200
    assert peak < 8 * len(content)


def test_a_file_that_is_still_written_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    """Someone may read while the recorder writes, and sees more the next time."""
    recorded = bodies([b"one", b"two", b"three"])
    writer = writer_into(tmp_path)
    put(writer, recorded[:2])
    with Recording(next(tmp_path.iterdir())) as recording:
        before = list(recording.items())
        put(writer, recorded[2:])
        after = list(recording.items())
    writer.abandon()

    assert before == recorded[:2]
    assert after == recorded


@pytest.mark.parametrize("close", [True, False])
def test_one_can_begin_at_a_whole_state(tmp_path: Path, *, close: bool) -> None:
    """Where one was kept, what comes from there on needs nothing of before; by the index or without one."""
    before, after = bodies([market([("A", 1)])] * 3), bodies([market([("A", 1)])] * 2, after_s=40)
    opening, part = Step(b"begins", later(30), opens=True), Step(b"columns", later(31))
    path = written(tmp_path, [*before, opening, part, *after, Frame("", later(50)), after[1]], close=close)

    with Recording(path) as recording:
        assert recording.states() == [later(30)]
        assert list(recording.items_since_state(later(30)))[:4] == [opening, part, *after]


def test_what_cannot_be_read_has_one_error(tmp_path: Path, day: Path) -> None:
    """No file, a folder, an empty file, another version, a file that was closed: all are the one named error."""
    (tmp_path / "empty").touch()
    newer = bytearray(day.read_bytes())
    newer[8] = 3
    (tmp_path / "newer").write_bytes(newer)

    for name, words in (("none", "opened"), (".", "read"), ("empty", "no recording"), ("newer", "version 3")):
        with pytest.raises(RecordingDamaged, match=words):
            Recording(tmp_path / name)
    recording = Recording(day)
    recording.close()
    recording.close()
    with pytest.raises(RecordingDamaged, match="read"):
        list(recording.items())


def test_sources_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Answers of several sources in turn still refer each to its own before."""
    snapshots = bodies([busy_market(100, 0)] * 20)
    others = bodies([b'{"open":%d}' % number for number in range(20)], "status")
    mixed = [item for pair in zip(snapshots, others, strict=True) for item in pair]
    path = written(tmp_path, mixed)

    assert read(path) == mixed
    assert path.stat().st_size < 2 * len(busy_market(100, 0))


def test_nothing_refers_to_what_came_before_a_key(tmp_path: Path) -> None:
    """From any key on, bodies of every source can be read."""
    mixed: list[Item] = []
    for number in range(70):
        mixed += [Body(source, busy_market(5, 0), later(number)) for source in ("market", "status")]
    path = written(tmp_path, mixed)

    assert key_times(path) == [later(0), later(30), later(60)]
    assert read(path, later(60)) == mixed[120:]
    assert read(path, later(60.5)) == mixed[122:]
