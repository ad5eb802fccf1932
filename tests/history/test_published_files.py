"""What was published, in files: kept, read back, and whole after whatever happened to them."""

import dataclasses
import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest

from tests.history.test_dayfile import largest_file
from tests.support.auditing import published_slot
from tests.support.market import DAY
from tradeul.domain.published import PublishedSlot
from tradeul.domain.slot_book import Source
from tradeul.history.published_files import PublishedFiles

WORLD = "sim-1"
FIRST = published_slot(3, {"A": 1.5, "BRK.B": 0.25}, "curve", Source.CARRIED)
SECOND = published_slot(4, {"A": math.nan, "BRK.B": 0.5, "C": 2.0})


def told(slots: list[PublishedSlot]) -> list[dict[str, object]]:
    """Everything of them, to be compared."""
    return [
        {
            name: np.nan_to_num(value, nan=-9).tolist() if isinstance(value, np.ndarray) else value
            for name, value in ((field.name, getattr(slot, field.name)) for field in dataclasses.fields(slot))
        }
        for slot in slots
    ]


def file_of(folder: Path, day: dt.date = DAY) -> Path:
    return folder / f"published-{day}.day"


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    """In its order, by another reader too; a day of which nothing is kept has no slots."""
    files = PublishedFiles(tmp_path, WORLD)
    for slot in (FIRST, SECOND):
        files.append(DAY, slot)
    other = PublishedFiles(tmp_path, WORLD)

    assert told(other.slots(DAY)) == told([FIRST, SECOND])
    assert other.days() == [DAY]
    assert other.slots(dt.date(2026, 11, 17)) == []
    assert file_of(tmp_path).stat().st_mode & 0o777 == 0o600


def test_damage_costs_what_it_hit(tmp_path: Path) -> None:
    """A block that was cut or changed is passed over, and what is appended behind it is read."""
    files = PublishedFiles(tmp_path, WORLD)
    files.append(DAY, FIRST)
    whole = file_of(tmp_path).read_bytes()
    for broken in (whole[:-5], whole[:30] + b"\0" + whole[31:]):
        file_of(tmp_path).write_bytes(broken)
        files.append(DAY, SECOND)
        assert told(files.slots(DAY)) == told([SECOND])


def test_what_is_of_another_world_or_day_is_not_read(tmp_path: Path) -> None:
    """Whoever put it there."""
    PublishedFiles(tmp_path, "live").append(DAY, FIRST)
    assert PublishedFiles(tmp_path, WORLD).slots(DAY) == []

    moved = dt.date(2026, 11, 17)
    file_of(tmp_path).replace(file_of(tmp_path, moved))
    assert PublishedFiles(tmp_path, "live").slots(moved) == []


def test_only_the_last_days_stay(tmp_path: Path) -> None:
    """Ten of them; what was put aside is none."""
    files = PublishedFiles(tmp_path, WORLD)
    days = [DAY + dt.timedelta(days=number) for number in range(12)]
    for day in days:
        files.append(day, FIRST)
    assert files.days() == days[2:]

    files.put_aside(days[-1])
    assert files.days() == days[2:-1]
    assert (tmp_path / "published.aside").exists()


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A slot that does not fit leaves nothing behind, and fits as soon as there is room."""
    files = PublishedFiles(tmp_path, WORLD)
    files.append(DAY, FIRST)
    size = file_of(tmp_path).stat().st_size
    with largest_file(size + 20), pytest.raises(OSError, match="File too large"):
        files.append(DAY, SECOND)
    left = file_of(tmp_path).stat().st_size
    files.append(DAY, SECOND)

    assert left == size
    assert told(files.slots(DAY)) == told([FIRST, SECOND])
