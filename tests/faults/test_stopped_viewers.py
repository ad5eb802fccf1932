"""Viewers who stop reading, few and many, and one who reads a little at a time: nobody else is to feel it."""

from pathlib import Path

import pytest

from tests.faults.conftest import Show
from tests.support.storms import sipped, stopped

pytestmark = [pytest.mark.timeout(600)]

VIEWERS = 2_000
RATIO = 1.10
MEMORY_MB = 150.0
GONE_S = 35.0


@pytest.mark.parametrize("asleep", [1, 100, 1_000])
async def test_viewers_who_stop_reading(asleep: int, tmp_path: Path, show: Show) -> None:
    """Of 2,000: the others' p99 rises by 10 % at most, memory by 150 MB with the kernel's, and after 35 s no socket,
    descriptor or task of theirs is left.
    """
    found = await stopped(tmp_path, VIEWERS - asleep, asleep)

    show(found.told(f"{asleep} of {VIEWERS} stop reading"))
    assert found.gone_s <= GONE_S
    assert found.others.ends == {}
    assert found.own_mb + found.kernel_mb <= MEMORY_MB
    assert found.late.ratio <= RATIO


@pytest.mark.parametrize(("bytes_a_second", "stays"), [(20_000, True), (400, False)])
async def test_viewers_who_read_little_at_a_time(
    bytes_a_second: int, tmp_path: Path, show: Show, *, stays: bool
) -> None:
    """Twenty who read less than is sent skip states and end at the newest, or are cut where they take no frame in 10 s;
    2,000 others do not feel it.
    """
    found = await sipped(tmp_path, VIEWERS, bytes_a_second)

    show(f"20 who read {bytes_a_second} bytes a second: {found.late}")
    assert found.stayed is stays
    assert found.in_order
    assert found.skipped or stays
    assert found.newest is stays
    assert found.late.ratio <= RATIO
