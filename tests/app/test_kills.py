"""The program killed again and again in the middle of a session: no closed slot is lost, and none is invented."""

import pytest

from tests.support.kills import check_nothing_lost, tale_of
from tests.support.program import SYMBOLS

KILLS = 3
"""`make faults` has a hundred."""
SPEED = 60


@pytest.mark.slow(15)
@pytest.mark.timeout(600)
async def test_no_closed_slot_is_lost_or_invented_by_kill_9() -> None:
    """Every slot that ended is in the day's file; seen values lie within the last 15 s before the end, others below."""
    tale = await tale_of(KILLS, SPEED)

    check_nothing_lost(tale.table, tale.began, tale.written_until, SYMBOLS)
