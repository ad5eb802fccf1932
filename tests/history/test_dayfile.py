"""Day files: what closed stays closed, whatever ends the process or eats at the disk."""

import datetime as dt
import random
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import DAY
from tradeul.domain.events import Symbol
from tradeul.domain.slot_book import SlotRecord, Source
from tradeul.history.day_names import KEPT_DAYS
from tradeul.history.dayfile import DayFiles
from tradeul.history.sealed import MARK, sealed

Plain = tuple[int, tuple[str, ...], list[float], list[int]]


def record(slot: int, **volumes: float) -> SlotRecord:
    symbols = tuple(map(Symbol, volumes))
    return SlotRecord(slot, symbols, np.array(list(volumes.values())), np.full(len(symbols), Source.LIVE, np.int8))


def plain(records: list[SlotRecord]) -> list[Plain]:
    return [
        (each.slot, each.symbols, np.nan_to_num(each.volumes, nan=-1.0).tolist(), each.sources.tolist())
        for each in records
    ]


RECORDS = [record(slot, A=100.0 + slot, BACpL=0.5 * slot, c=7.0) for slot in range(3)]


def kept(folder: Path, *records: SlotRecord, world: str = "sim-1", day: dt.date = DAY) -> Path:
    """Keep records as one process does; gives the file."""
    files = DayFiles(folder, world)
    for each in records:
        files.append(day, each)
    files.close()
    return folder / f"slots-{day}.day"


def read(folder: Path, world: str = "sim-1", day: dt.date = DAY) -> list[Plain]:
    return plain(DayFiles(folder, world).records(day))


volume = st.one_of(st.just(float("nan")), st.floats(0, 1e12))
name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
row = st.tuples(volume, st.sampled_from(Source))
some = st.builds(
    lambda slot, rows: SlotRecord(
        slot,
        tuple(map(Symbol, rows)),
        np.array([value for value, _ in rows.values()], np.float64),
        np.array([source for _, source in rows.values()], np.int8),
    ),
    st.integers(0, 191),
    st.dictionaries(name, row, max_size=5),
)


@given(st.lists(some, max_size=4), st.integers(0, 4))
def test_what_was_kept_is_read(records: list[SlotRecord], restart: int) -> None:
    """Any record, by one process or by two: volumes with fractions, symbols of any case, values that are unknown."""
    with space() as folder:
        kept(folder, *records[:restart])
        kept(folder, *records[restart:])

        assert read(folder) == plain(records)


@contextmanager
def space() -> Iterator[Path]:
    """An empty folder; hypothesis does not renew a fixture's."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_file_cut_anywhere_loses_only_its_end_and_is_continued(tmp_path: Path) -> None:
    """At every byte: the whole records before the cut are there, and what comes next follows them."""
    whole = kept(tmp_path, *RECORDS).read_bytes()
    starts = [at for at in range(len(whole)) if whole.startswith(MARK, at)]
    ends = [*starts[1:], len(whole)]
    for cut in range(len(whole)):
        path = tmp_path / f"slots-{DAY}.day"
        path.write_bytes(whole[:cut])
        complete = sum(end <= cut for end in ends)
        kept(tmp_path, record(9, A=1.0))

        assert read(tmp_path) == plain([*RECORDS[:complete], record(9, A=1.0)])


def test_a_flipped_bit_costs_the_record_it_hit(tmp_path: Path) -> None:
    """At every byte: the other records are read, and the file is continued behind the last whole one."""
    path = kept(tmp_path, *RECORDS)
    whole = path.read_bytes()
    starts = [at for at in range(len(whole)) if whole.startswith(MARK, at)]
    for place in range(len(whole)):
        hit = sum(start <= place for start in starts) - 1
        data = bytearray(whole)
        data[place] ^= 1 << place % 8
        path.write_bytes(data)

        assert read(tmp_path) == plain([each for number, each in enumerate(RECORDS) if number != hit])

    path.write_bytes(whole[: starts[1] - 1] + b"?" + whole[starts[1] :])
    kept(tmp_path, record(9, A=1.0))
    assert read(tmp_path) == plain([*RECORDS[1:], record(9, A=1.0)])


def test_any_bytes_are_read_as_nothing_or_as_records(tmp_path: Path) -> None:
    """Noise, noise behind a mark, and mutated files: no error comes out."""
    whole = kept(tmp_path, *RECORDS).read_bytes()
    chance = random.Random(7)  # noqa: S311
    for _ in range(600):
        data = bytearray(whole if chance.random() < 0.7 else MARK + chance.randbytes(200))
        for _ in range(chance.randint(1, 30)):
            at = chance.randrange(len(data))
            data[at : at + chance.choice([0, 1, 1, 4])] = chance.randbytes(chance.choice([0, 1, 4]))
        (tmp_path / f"slots-{DAY}.day").write_bytes(data)

        assert all(each in plain(RECORDS) for each in read(tmp_path))


class Said(msgspec.Struct):
    """What a strange record says of itself."""

    version: object = 1
    world: object = "sim-1"
    date: object = "2026-11-18"
    slot: object = 5
    symbols: object = ("A", "B")


GOOD_COLUMNS = (np.zeros(2), np.zeros(2, np.int8))


@pytest.mark.parametrize(
    ("said", "columns"),
    [
        (Said(slot=192), GOOD_COLUMNS),
        (Said(slot=-1), GOOD_COLUMNS),
        (Said(slot=1e300), GOOD_COLUMNS),
        (Said(symbols=["A", "A"]), GOOD_COLUMNS),
        (Said(symbols=[1, 2]), GOOD_COLUMNS),
        (Said(symbols=["A"]), GOOD_COLUMNS),
        (Said(date="today"), GOOD_COLUMNS),
        (Said(), (np.array([np.inf, 0.0]), np.zeros(2, np.int8))),
        (Said(), (np.zeros(2), np.array([0, 9], np.int8))),
        (Said(), (np.zeros(2),)),
        (Said(), (np.zeros(2), np.zeros(3, np.int8))),
    ],
)
def test_a_whole_block_that_makes_no_sense_is_no_record(
    tmp_path: Path, said: Said, columns: tuple[np.ndarray, ...]
) -> None:
    """Even if its CRC is right nothing of it is believed, and what follows is read."""
    path = kept(tmp_path, RECORDS[0])
    path.write_bytes(sealed(said, columns) + path.read_bytes())

    assert read(tmp_path) == plain(RECORDS[:1])


@pytest.mark.parametrize("said", [Said(version=2), Said(world="live"), Said(date="2026-11-17")])
def test_what_is_not_of_this_world_and_date_is_put_aside(tmp_path: Path, said: Said) -> None:
    """A file of another world, date or format is renamed and counted, by who reads and by who writes."""
    path = tmp_path / f"slots-{DAY}.day"
    for reading in (True, False):
        path.write_bytes(sealed(said, GOOD_COLUMNS))
        files = DayFiles(tmp_path, "sim-1")
        if reading:
            files.records(DAY)
        else:
            files.append(DAY, RECORDS[0])
        files.close()

        assert files.set_aside == 1
        assert (tmp_path / "slots.aside").read_bytes() == sealed(said, GOOD_COLUMNS)
        (tmp_path / "slots.aside").unlink()
    assert read(tmp_path) == plain(RECORDS[:1])


def test_the_last_days_stay(tmp_path: Path) -> None:
    """When a day begins, files beyond the last ten sessions go; whatever else lies there is left alone."""
    (tmp_path / "slots-notes.day").write_text("mine")
    days = [DAY + dt.timedelta(days=number) for number in range(KEPT_DAYS + 2)]
    files = DayFiles(tmp_path, "sim-1")
    for day in days:
        files.append(day, RECORDS[0])

    assert files.days() == days[2:]
    assert (tmp_path / "slots-notes.day").exists()
    files.close()


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """Reading before anything was written is no error, and makes nothing."""
    files = DayFiles(tmp_path / "world", "sim-1")

    assert (files.days(), files.records(DAY)) == ([], [])
    assert not (tmp_path / "world").exists()


def test_two_programs_do_not_write_one_file(tmp_path: Path) -> None:
    """The second is refused while the first has it open."""
    first, second = DayFiles(tmp_path, "sim-1"), DayFiles(tmp_path, "sim-1")
    first.append(DAY, RECORDS[0])
    with pytest.raises(BlockingIOError):
        second.append(DAY, RECORDS[1])
    first.close()
    second.append(DAY, RECORDS[1])
    second.close()

    assert read(tmp_path) == plain(RECORDS[:2])


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The disk takes no more than so many bytes of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A record that does not fit leaves nothing behind, and fits as soon as there is room."""
    files = DayFiles(tmp_path, "sim-1")
    files.append(DAY, RECORDS[0])
    path = tmp_path / f"slots-{DAY}.day"
    size = path.stat().st_size
    with largest_file(size + 20), pytest.raises(OSError, match="File too large"):
        files.append(DAY, RECORDS[1])
    left = path.stat().st_size
    files.append(DAY, RECORDS[1])
    files.close()

    assert left == size
    assert read(tmp_path) == plain(RECORDS[:2])
