"""The whole market followed second by second, `hot.mode = "all"`: 12,000 bars a second, on top of snapshots.

As `burst`, which says what is measured; how many came is a figure too, as the vendor may be what cannot keep up.
"""

from tests.benchmarks.burst import measured
from tests.benchmarks.figure import Figure

BARS_A_SECOND = 12_000


async def run() -> list[Figure]:
    """Measure it over the open."""
    return await measured("whole market", BARS_A_SECOND, "all")
