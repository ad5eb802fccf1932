"""The embedded server stands still under the whole program, and goes on later."""

import os
import signal
from collections.abc import Mapping
from functools import partial

import pytest

from tests.history.worlds import cluster_in, freeze, place
from tests.support.eventually import eventually
from tests.support.keeping_up import PATIENTLY, check_no_state_is_missing, writes
from tests.support.market import at
from tests.support.program import Life, Setting, alive, passed
from tradeul.history.sockets import address_of

SPEED = 20
FROZEN_S = 6
LOOKS = 3


async def changes_all_the_while(life: Life, setting: Setting) -> None:
    """See lists change in every part of the time that the server is frozen for."""
    for _ in range(LOOKS):
        before = await life.sequences()
        await passed(setting.clock, FROZEN_S * SPEED / LOOKS)
        await eventually(partial(have_changed, life, before), every_s=0.1)


async def have_changed(life: Life, before: Mapping[str, int]) -> bool:
    """Whether more than a third of the lists have."""
    after = await life.sequences()
    return sum(after[name] > before[name] for name in before) > len(before) // 3


async def is_live(life: Life) -> bool:
    return bool((await life.health())["feed"]["state"] == "live")


async def waits(life: Life) -> bool:
    """Whether health says so."""
    return any("history waits to be written" in reason for reason in (await life.health())["reasons"])


@pytest.mark.slow(15)
@pytest.mark.timeout(600)
async def test_a_frozen_database_pauses_nothing_and_misses_nothing() -> None:
    """Lists go on changing, health says that history waits; once it goes on, every state of that time is there."""
    with place() as folder:
        setting = Setting(folder, at("09:47"), SPEED)
        async with alive(setting) as life:
            await eventually(lambda: writes(life), **PATIENTLY)
            frozen = freeze(cluster_in(setting.world))
            try:
                await changes_all_the_while(life, setting)
                await eventually(lambda: waits(life), every_s=0.1)
                await eventually(lambda: is_live(life), every_s=0.1)
            finally:
                for pid in frozen:
                    os.kill(pid, signal.SIGCONT)

            assert len(frozen) > 1
            await check_no_state_is_missing(life, setting, address_of(setting.world / "socket"))
            assert await life.end() == 0
