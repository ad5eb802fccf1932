"""The file that is appended to: continued after whatever ended it, by one process, and whole after a failed write."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.recording.making import (
    OPEN,
    bodies,
    gaps,
    is_part_of,
    kept,
    key_times,
    later,
    put,
    read,
    small_day,
    writer_into,
    written,
)
from tests.support.market import DAY
from tradeul.recording.file import RecordingFile
from tradeul.recording.format import Body, Draft, FileHeader, Gap, Kind, packed_file_header

HEADER = FileHeader("simulated", DAY, OPEN)
MORE = bodies([b"more", b"and more"], "after the restart", after_s=1_000)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The disk takes no more than so many bytes of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def draft(content: bytes, kind: Kind = Kind.KEY) -> Draft:
    return Draft(kind, OPEN, OPEN, 1, 0, [content])


def test_a_closed_file_is_continued_without_a_gap(tmp_path: Path) -> None:
    """Closed in good order and begun again on the same day, it is one recording, with an index of both parts."""
    first = bodies([b"one", b"two"])
    path = written(tmp_path, first)

    assert written(tmp_path, MORE) == path
    assert read(path) == first + MORE
    assert read(path, later(3)) == [first[1], *MORE]
    assert read(path, MORE[1].arrived) == MORE[1:]


def test_a_file_is_continued_wherever_it_was_cut(tmp_path: Path) -> None:
    """Of what was there the beginning stays, a gap tells of the end, and what is new follows."""
    whole = written(tmp_path / "whole", small_day(), close=False).read_bytes()
    head = whole.index(b"\xf5TRB")
    everything = kept(small_day())
    for cut in range(0, len(whole), 7):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / "simulated-2026-11-18.trec").write_bytes(whole[:cut])
        path = written(folder, MORE)
        found = read(path)

        assert found[-2:] == MORE
        assert kept(found[:-2]) == everything[: len(kept(found[:-2]))]
        assert [gap.why for gap in gaps(found)] == ["interrupted"] * (cut >= head)
        assert read(path, later(0))[-2:] == MORE


def test_a_cut_end_is_taken_away(tmp_path: Path) -> None:
    """Of a large block that was cut nothing stays behind what is new; the gap reaches from the last whole block."""
    path = written(tmp_path, bodies([b"one", os.urandom(5_000)]), close=False)
    path.write_bytes(path.read_bytes()[:-1])
    writer = writer_into(tmp_path, later(1_000))
    put(writer, MORE[:1])
    writer.abandon()

    assert read(path) == [*bodies([b"one"]), Gap("interrupted", OPEN, later(1_000)), MORE[0]]


def test_an_index_that_is_continued_is_taken_away(tmp_path: Path) -> None:
    """An index larger than what is added leaves nothing behind."""
    first = bodies([b"body"] * 50, every_s=301)
    path = written(tmp_path, first)
    writer = writer_into(tmp_path)
    put(writer, bodies([b""], after_s=20_000))
    writer.abandon()

    assert read(path) == [*first, *bodies([b""], after_s=20_000)]


@pytest.mark.parametrize("closed", [True, False])
def test_an_index_knows_the_keys_of_all_parts(tmp_path: Path, closed: bool) -> None:
    """However the file was left, the index that is written in the end is of the whole file."""
    path = written(tmp_path, bodies([b"body"] * 130, every_s=1), close=closed)
    written(tmp_path, MORE)

    assert key_times(path) == [later(0), later(60), later(120), MORE[0].arrived]


def test_nothing_behind_damage_is_thrown_away(tmp_path: Path) -> None:
    """A file with a broken block in the middle and no index is continued at its end, not at the damage."""
    recorded = bodies([b"one", b"two", b"three"])
    path = written(tmp_path, recorded, close=False)
    data = bytearray(path.read_bytes())
    data[data.index(b"\xf5TRB") + 10] ^= 1
    path.write_bytes(data)
    written(tmp_path, MORE)

    found = read(path)

    assert kept(found) == [*recorded[1:], *MORE]
    assert [gap.why for gap in gaps(found)] == ["damaged", "interrupted"]


@pytest.mark.parametrize("content", [b"notes", b"somebody's precious notes", packed_file_header(HEADER)[:-1] + b"?"])
def test_what_cannot_be_continued_is_left_alone(tmp_path: Path, content: bytes) -> None:
    """A file of that name that is no recording stays as it is, and another name is taken."""
    path = tmp_path / "simulated-2026-11-18.trec"
    path.write_bytes(content)

    written(tmp_path, MORE)

    assert path.read_bytes() == content
    assert read(tmp_path / "simulated-2026-11-18-2.trec") == MORE


def test_a_recording_of_an_older_version_is_read_and_not_continued(tmp_path: Path) -> None:
    """It holds no steps, so what comes now has a file of its own."""
    path = tmp_path / "simulated-2026-11-18.trec"
    path.write_bytes(packed_file_header(HEADER._replace(version=1)))

    written(tmp_path, MORE)

    assert read(path) == []
    assert read(tmp_path / "simulated-2026-11-18-2.trec") == MORE


def test_one_process_writes_a_file(tmp_path: Path) -> None:
    """While it is open for writing, nobody else may open it so; anyone may read it."""
    file = RecordingFile.open(tmp_path, HEADER)

    with pytest.raises(BlockingIOError):
        RecordingFile.open(tmp_path, HEADER)
    assert read(file.path) == []
    file.close()
    file.close()
    RecordingFile.open(tmp_path, HEADER).close()


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """When the disk takes only a part of a block, the file is as it was, and the block can be written again."""
    file = RecordingFile.open(tmp_path, HEADER)
    file.append(draft(b"first"))
    before = file.path.read_bytes()
    large = os.urandom(5_000)

    with largest_file(len(before) + 1_000), pytest.raises(OSError, match="large"):
        file.append(draft(large))
    assert file.path.read_bytes() == before
    with largest_file(len(before) + 10), pytest.raises(OSError, match="large"):
        file.finish()
    assert file.path.read_bytes() == before
    size = file.append(draft(large)) + file.finish()
    assert file.path.stat().st_size == len(before) + size


def test_a_file_that_cannot_be_begun_is_none(tmp_path: Path) -> None:
    """A full disk, or a folder that is none, is the error of the system, and nothing stays open or locked."""
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="exists"):
        RecordingFile.open(tmp_path / "file", HEADER)
    with largest_file(20), pytest.raises(OSError, match="large"):
        RecordingFile.open(tmp_path, HEADER)
    assert written(tmp_path, MORE).stat().st_size > 0
    assert read(tmp_path / "simulated-2026-11-18.trec") == MORE


def test_only_its_owner_reads_a_recording(tmp_path: Path) -> None:
    """What the vendor sold is for nobody else on the machine."""
    path = written(tmp_path, MORE)

    assert path.stat().st_mode & 0o077 == 0


def test_a_body_is_in_the_file_at_once(tmp_path: Path) -> None:
    """Whatever ends the process, a body that was recorded, and the frames before it, are there."""
    writer = writer_into(tmp_path)
    items = small_day()
    for count in range(1, len(items) + 1):
        put(writer, items[count - 1 : count])
        found = read(next(tmp_path.iterdir()))

        assert found == items[: len(found)]
        assert not isinstance(items[count - 1], Body) or len(found) == count
    writer.abandon()
    assert is_part_of(read(next(tmp_path.iterdir())), items)
