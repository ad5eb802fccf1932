"""Whether a running program has kept all of its lists in the database, seen from outside."""

from tests.history.keeping import asked
from tests.support.eventually import eventually
from tests.support.program import Life, Setting
from tradeul.history.partitions import moment_of

PATIENTLY = {"within_s": 240.0, "every_s": 0.1}
"""A database that was away is asked again less and less often."""
STATES = "SELECT count(DISTINCT time) FROM sim_1.list_states WHERE time <= $1"


async def writes(life: Life) -> bool:
    """Whether anything was written yet."""
    return bool((await life.health())["database"]["written"])


async def is_well(life: Life) -> bool:
    """Whether nothing waits, here or on the disk, and nothing is wrong with either."""
    health = await life.health()
    database = health["database"]
    waits = health["today"]["slots_waiting"] + database["spooled_bytes"]
    return not (waits or database["trouble"] or health["today"]["refusal"]) and database["connected"]


async def check_no_state_is_missing(life: Life, setting: Setting, address: str) -> None:
    """The lists of every snapshot since the start are in the table, once it had the time to get there."""
    await eventually(lambda: is_well(life), **PATIENTLY)
    snapshots, until = await life.snapshots(setting.clock)

    async def all_are_there() -> bool:
        ((count,),) = await asked(address, STATES, moment_of(until))
        return count in (snapshots, snapshots + 1)

    await eventually(all_are_there, **PATIENTLY)
    assert (await life.health())["database"]["dropped"] == 0
