"""Everybody comes at once: thousands of viewers who connect in one moment, and who come back after a restart."""

from pathlib import Path

import pytest

from tests.faults.conftest import Show
from tests.support.storms import FEW_DESCRIPTORS, arrived, came_back

NEWCOMERS = 10_000
STEADY = 200
RETURNING = 5_000
LIVE_S = 10.0
STALL_MS = 250.0


@pytest.mark.timeout(600)
async def test_ten_thousand_come_at_once(tmp_path: Path, show: Show) -> None:
    """All are live within 10 s and none is turned away, although the program may open few descriptors at first; who was
    there before misses no round, of two in five seconds, and the loop is held for 250 ms at most.
    """
    storm = await arrived(tmp_path, NEWCOMERS, STEADY, before=FEW_DESCRIPTORS)

    show(storm.told(f"{NEWCOMERS} connect at once"))
    assert storm.newcomers == storm.steady.ends == {}
    assert storm.steady.missed == 0
    assert storm.own_s <= LIVE_S
    assert storm.report.stall_ms <= STALL_MS


@pytest.mark.timeout(600)
async def test_five_thousand_come_back_after_a_restart(tmp_path: Path, show: Show) -> None:
    """All are told goodbye, and are live within 10 s of the next life's first moment."""
    storm = await came_back(tmp_path, RETURNING)

    show(storm.told(f"{RETURNING} come back after a restart") + f"; endings {storm.newcomers}")
    assert storm.newcomers["bye"] == storm.newcomers["1012"] == 2 * RETURNING  # each life ends with it
    assert storm.own_s <= LIVE_S
    assert storm.report.stall_ms <= STALL_MS
