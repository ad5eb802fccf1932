"""Viewers who ask without end for what costs most, beside others who are to be served as ever."""

from pathlib import Path

import pytest

from tests.faults.conftest import Show
from tests.support.crowd import crowd
from tests.support.eventually import running
from tests.support.flooding import FLOODS, Flood
from tests.support.stage import staged
from tests.support.storms import EACH, MOST_CLIENTS, QUICK, Ticking, script, seen
from tradeul.clock import SystemClock

OTHERS = 100
FLOODING = 5
WINDOW_S = 15.0
SHARE = 0.10


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", FLOODS)
async def test_floods(kind: str, tmp_path: Path, show: Show) -> None:
    """Five who flood, and come back each time as clients do, are sent away with 4002 each time; that costs 10 % of a
    core at most, and others miss no round.
    """
    clock = SystemClock()
    async with (
        staged(tmp_path, script(), MOST_CLIENTS) as stage,
        crowd(tmp_path, stage.port, OTHERS, QUICK, EACH) as others,
    ):
        await others.all_live()
        ticking, floods = Ticking(stage), [Flood(stage.port, kind, number) for number in range(FLOODING)]
        await stage.report()
        async with ticking.going_on():
            await clock.pause(WINDOW_S)
        calm = await stage.report()
        async with ticking.going_on(), running(*(flood.run for flood in floods)):
            await clock.pause(WINDOW_S)
        flooded = await stage.report()
        await clock.pause(1.0)
    found, visits, sent_away = (
        seen(others, OTHERS, len(ticking.moments)),
        sum(flood.visits for flood in floods),
        sum(flood.sent_away for flood in floods),
    )
    share = (flooded.cpu_s - calm.cpu_s) / WINDOW_S
    show(
        f"flood of {kind}: {100 * share:.1f} % of a core for {visits} visits, {sent_away} sent away; worst stall "
        f"{flooded.stall_ms:.0f} ms; others missed {found.missed} of {found.due}"
    )
    assert sent_away >= visits - FLOODING
    assert share <= SHARE
    assert found.missed == 0
    assert found.ends == {}
