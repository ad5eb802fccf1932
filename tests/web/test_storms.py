"""Many viewers at once over a server in a process of its own; thousands of them storm it in tests/faults."""

from pathlib import Path

import pytest

from tests.support.storms import arrived

pytestmark = pytest.mark.slow(7)


async def test_who_comes_with_many_is_served_and_nobody_else_misses_anything(tmp_path: Path) -> None:
    """300 who connect in one moment are all live, none is turned away, and those before them miss no round."""
    storm = await arrived(tmp_path, 300, 20)

    assert storm.newcomers == storm.steady.ends == {}
    assert storm.report.viewers == 320
    assert storm.steady.missed == 0
