"""The spool: oldest first, bounded, at ease with damage, and no worse for a crash at any point."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.history.keeping import event, record
from tests.recording.test_file import largest_file
from tradeul.history import spool as spool_
from tradeul.history.batches import Batch
from tradeul.history.spool import MARK, Spool


def batch_of(number: int, events: int = 1) -> Batch:
    return Batch([event(number, symbol=f"S{turn}") for turn in range(events)], [record(number, "A", "B")], [])


def drained(spool: Spool) -> list[Batch]:
    """Everything in the spool, as it is taken out."""
    batches = []
    while (spooled := spool.oldest()) is not None:
        batches.append(spooled.batch)
        spool.forget()
    spool.close()
    return batches


def filled(folder: Path, count: int) -> None:
    spool = Spool(folder)
    for number in range(count):
        spool.append(batch_of(number))
    spool.close()


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_what_is_put_in_first_comes_out_first(tmp_path: Path) -> None:
    """In the order of their coming, over several files and lives, and then the disk is empty."""
    filled(tmp_path, 3)
    spool = Spool(tmp_path)
    spool.append(batch_of(3))
    assert len(list(tmp_path.iterdir())) == 2

    assert drained(spool) == [batch_of(number) for number in range(4)]
    assert list(tmp_path.iterdir()) == []
    assert (spool.bytes, spool.dropped, spool.damaged) == (0, 0, 0)


def test_what_comes_while_it_is_drained_comes_last(tmp_path: Path) -> None:
    """Appending and draining take turns; the file being read is not written to any more."""
    spool, seen = Spool(tmp_path), []
    for number in range(12):
        spool.append(batch_of(number))
        if number % 3 == 2:
            spooled = spool.oldest()
            assert spooled is not None
            seen.append(spooled.batch)
            spool.forget()

    assert seen + drained(spool) == [batch_of(number) for number in range(12)]


def test_the_oldest_stays_until_it_is_forgotten(tmp_path: Path) -> None:
    """A batch that could not be written is offered again, and by the next life too."""
    filled(tmp_path, 2)
    spool = Spool(tmp_path)
    first, again = spool.oldest(), spool.oldest()

    assert first is not None
    assert again is not None
    assert first.batch == again.batch == batch_of(0)
    assert first.earlier
    spool.forget()
    assert drained(Spool(tmp_path)) == [batch_of(0), batch_of(1)]


def test_what_this_life_spooled_is_its_own(tmp_path: Path) -> None:
    """Only what an earlier life left is marked as such."""
    spool = Spool(tmp_path)
    spool.append(batch_of(0))
    spooled = spool.oldest()

    assert spooled is not None
    assert not spooled.earlier
    spool.close()


@given(st.data())
def test_damage_costs_what_it_hits(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A flipped byte loses one batch at most, and is counted; the others come out as they were."""
    folder = tmp_path_factory.mktemp("spool")
    filled(folder, 5)
    path = only_file(folder)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)

    spool = Spool(folder)
    found = drained(spool)
    assert [batch for batch in map(batch_of, range(5)) if batch in found] == found
    assert len(found) == 4
    assert spool.damaged == 1


@given(st.data())
def test_a_cut_file_loses_its_tail(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whole batches before the cut are there; what was cut is counted once, unless the cut is between batches."""
    folder = tmp_path_factory.mktemp("spool")
    filled(folder, 4)
    path = only_file(folder)
    whole = path.read_bytes()
    size = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:size])
    ends = [place for place in range(1, len(whole) + 1) if whole[place:].startswith(MARK) or place == len(whole)]

    spool = Spool(folder)
    assert drained(spool) == [batch_of(number) for number, end in enumerate(ends) if end <= size]
    assert spool.damaged == int(size not in (0, *ends))


def test_foreign_bytes_are_passed_over(tmp_path: Path) -> None:
    """A file of nonsense is one place of damage; whole batches behind a broken length are found again."""
    (tmp_path / "000000000001.spool").write_bytes(b"nonsense" * 1_000)
    (tmp_path / "notes.txt").write_text("not ours")
    spool = Spool(tmp_path)
    spool.append(batch_of(0))

    assert drained(spool) == [batch_of(0)]
    assert spool.damaged == 1
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_at_its_bound_the_oldest_file_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is never used beyond the bound and a file; what had to go is counted by the item."""
    monkeypatch.setattr(spool_, "FILE_BYTES", 1_000)
    spool = Spool(tmp_path, limit=5_000)
    for number in range(100):
        spool.append(batch_of(number, events=2))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) == spool.bytes <= 5_000

    left = drained(spool)
    assert left == [batch_of(number, events=2) for number in range(100 - len(left), 100)]
    assert spool.dropped == 3 * (100 - len(left))


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """What does not fit is refused as a whole; when there is room the next one follows without a gap."""
    spool = Spool(tmp_path)
    spool.append(batch_of(0))
    size = only_file(tmp_path).stat().st_size
    with largest_file(size + 10), pytest.raises(OSError, match="File too large"):
        spool.append(batch_of(1))
    assert only_file(tmp_path).stat().st_size == spool.bytes == size
    spool.append(batch_of(2))

    assert drained(spool) == [batch_of(0), batch_of(2)]
    assert spool.damaged == 0


def test_a_file_that_cannot_be_read_stays(tmp_path: Path) -> None:
    """It is counted and left for a life that can read it; the others are drained."""
    (tmp_path / "000000000001.spool").mkdir()
    spool = Spool(tmp_path)
    spool.append(batch_of(1, events=0))

    assert drained(spool) == [batch_of(1, events=0)]
    assert spool.damaged == 1
    assert (tmp_path / "000000000001.spool").exists()
