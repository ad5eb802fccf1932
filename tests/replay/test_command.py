"""The command that plays a recording to compare it: what it prints, how it ends, and what it says when it cannot."""

import io
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.recording.making import done
from tests.support.market import CALENDAR, DAY, NANOS, at
from tradeul.cli import main
from tradeul.clock import ManualClock, SystemClock
from tradeul.domain.events import Nanos
from tradeul.recording.format import Body, FileHeader, Frame, Gap, Step, packed_file_header
from tradeul.recording.reader import Item, Recording
from tradeul.recording.writer import RecordingWriter, WholeBody
from tradeul.replay.command import verify
from tradeul.replay.player import Range
from tradeul.replay.rig import Rig
from tradeul.replay.tape import Tape

pytestmark = pytest.mark.slow(10)


def copied(file: Path, folder: Path, change: dict[int, Item | None]) -> Path:
    """Write a recording again with some items changed, or left out."""
    with Recording(file) as recording:
        items = list(recording.items())
    writer = RecordingWriter(folder, "copied", ManualClock(items[0].arrived), CALENDAR)  # type: ignore[union-attr]
    for place, item in enumerate(items):
        written = change.get(place, item)
        if isinstance(written, Body):
            done(writer.record(WholeBody(written.source, [written.content], written.arrived)))
        elif written is not None:
            done(writer.record(written))
    done(writer.end())
    (made,) = folder.iterdir()
    return made


def items_of(file: Path) -> list[Item]:
    with Recording(file) as recording:
        return list(recording.items())


def places(items: Iterable[Item], words: str) -> list[int]:
    """Where frames are that hold these words."""
    return [place for place, item in enumerate(items) if isinstance(item, Frame) and words in str(item.content)]


async def said(file: Path, first: str | None = None, last: str | None = None) -> tuple[bool, str]:
    out = io.StringIO()
    with capture_logs():
        well = await verify(file, first, last, SystemClock(), out)
    return well, out.getvalue()


def hash_in(words: str) -> str:
    found = re.search(r"hash ([0-9a-f]{32}) of", words)
    assert found is not None
    return found[1]


async def test_a_recording_is_what_it_was(recording: Path) -> None:
    """It says what was played, the hash of all of it, and that it is the same; twice it is the same hash."""
    (well, first), (_, second) = await said(recording), await said(recording)

    assert well
    assert "sim-7, 2026-11-18" in first
    assert re.search(r"played 09:\d\d:\d\d to 09:\d\d:\d\d in 0:\d\d, \d+x: \d+ snapshots, \d+ frames", first)
    assert first.splitlines()[-1] == "verified: every published state is what it was"
    assert hash_in(first) == hash_in(second)


async def test_a_part_is_what_it_was_too(recording: Path) -> None:
    """From a moment to another one; what is asked for is what is played."""
    well, words = await said(recording, "09:30:05", "09:30:30")

    assert well
    assert "to 09:30:" in words
    assert hash_in(words) != hash_in((await said(recording))[1])


async def test_the_first_state_that_differs_is_named(recording: Path, tmp_path: Path) -> None:
    """A recording in which a price is another one is not verified: when, which list, which sequence."""
    items = items_of(recording)
    bars = next(items[place] for place in places(items, '"ev":"A"') if items[place].arrived > at("09:30:10"))  # type: ignore[union-attr]
    assert isinstance(bars, Frame)
    dearer = re.sub(r'"(c|h)":([0-9.]+)', lambda found: f'"{found[1]}":{float(found[2]) * 1.05:.4f}', str(bars.content))

    well, words = await said(copied(recording, tmp_path, {items.index(bars): bars._replace(content=dearer)}))

    assert not well
    assert re.search(r"differs first at 09:\d\d:\d\d: \w+ at its sequence \d+", words)
    assert words.splitlines()[-1] == "not verified"


async def test_a_gap_is_told_and_not_passed_over(recording: Path, tmp_path: Path) -> None:
    """Where something is missing nothing is claimed of what came after it, and the end says so."""
    items = items_of(recording)
    place = next(place for place, item in enumerate(items) if isinstance(item, Body) and place > len(items) // 2)
    missing = items[place]
    assert isinstance(missing, Body)

    well, words = await said(
        copied(recording, tmp_path, {place: Gap("dropped", missing.arrived, missing.arrived, 1, 0)})
    )

    assert not well
    assert "dropped, 1 answers and 0 frames known to be missing" in words
    assert "differs" not in words


async def test_a_step_of_strangers_is_a_gap(recording: Path, tmp_path: Path) -> None:
    """One that cannot be read is told like what is missing, and the rest is played."""
    items = items_of(recording)
    place = next(place for place, item in enumerate(items) if isinstance(item, Step) and place > len(items) // 2)
    step = items[place]
    assert isinstance(step, Step)

    well, words = await said(copied(recording, tmp_path, {place: step._replace(content=b"\xc1")}))

    assert not well
    assert "damaged" in words


def test_the_exit_codes(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where it is the same, 1 where it cannot be played, 2 where it was asked for wrongly; one line says why."""
    old, headless, foreign = tmp_path / "old.trec", tmp_path / "headless.trec", tmp_path / "notes.txt"
    old.write_bytes(packed_file_header(FileHeader("live", DAY, Nanos(0), version=1)))
    headless.write_bytes(packed_file_header(FileHeader("live", DAY, Nanos(0))))
    foreign.write_text("notes of a trader, who has many of them")
    cases: list[tuple[list[object], int, str]] = [
        ([recording], 0, ""),
        ([tmp_path / "none.trec"], 1, "cannot be opened"),
        ([tmp_path], 1, "cannot be read"),
        ([foreign], 1, "this is no recording"),
        ([old], 1, "made by an older version"),
        ([headless], 1, "holds no whole state"),
        ([recording, "--speed", "fast"], 2, "--speed: a number above 0"),
        ([recording, "--speed", "0"], 2, "--speed: a number above 0"),
        ([recording, "--from", "noon"], 2, "--from: a time in New York"),
        ([recording, "--from", "10:00", "--to", "09:45"], 2, "--from must be before --to"),
        ([recording, "--to", "05:00"], 2, "the recording begins at 09:"),
    ]
    for arguments, code, words in cases:
        assert main(["replay", *map(str, arguments), "--verify"]) == code, arguments
        error = capsys.readouterr().err
        assert words in error
        assert len(error.splitlines()) == bool(words)


def test_a_recording_that_is_still_written_is_played_as_far_as_it_is(recording: Path, tmp_path: Path) -> None:
    """Without its index, and cut anywhere behind its first state."""
    whole = recording.read_bytes()
    cut = tmp_path / "cut.trec"
    shutil.copy(recording, cut)
    with cut.open("r+b") as file:
        file.truncate(len(whole) * 9 // 10)

    tape = Tape(cut)
    tape.close()

    assert tape.states[0] < tape.ends <= tape.states[0] + 600 * NANOS


async def test_wherever_it_ends_it_is_what_it_was(recording: Path) -> None:
    """Between a step and what came of it, too, nothing is missed and nothing is too much."""
    moments = [item.arrived for item in items_of(recording) if isinstance(item, Step)]
    for moment in moments[len(moments) // 2 :: len(moments) // 20]:
        tape = Tape(recording)
        rig = Rig(tape, Range(None, moment))
        await rig.player.play()
        tape.close()

        assert rig.rerun.difference is None
        assert rig.player.played.running in (None, rig.rerun.running)
