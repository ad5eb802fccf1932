"""A hundred deaths of the program in one session."""

import numpy as np
import pytest

from tests.faults.conftest import Show
from tests.support.kills import check_nothing_lost, tale_of
from tests.support.program import SYMBOLS

KILLS = 100
SPEED = 20
"""Slow enough for a hundred lives to fit into a session."""
FIRST_RANKING_S = 5.0


@pytest.mark.timeout(3600)
async def test_a_hundred_kills_lose_nothing_and_each_life_ranks_soon(show: Show) -> None:
    """0 closed slots lost; from process start to the first ranking of a live market 5 s at most, 19 times in 20."""
    tale = await tale_of(KILLS, SPEED)

    half, most = (float(value) for value in np.percentile(tale.ranked_after_s, (50, 95)))
    show(f"{KILLS} kills: first ranking after {half:.2f} s (p50), {most:.2f} s (p95)")
    check_nothing_lost(tale.table, tale.began, tale.written_until, SYMBOLS)
    assert most <= FIRST_RANKING_S
