"""What is kept of single symbols: minutes of which the better one counts, and bars folded from them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.history.keeping import at_work, kept_server, later, minute, minutes_in, writer_into
from tests.support.eventually import eventually
from tradeul.history.embedded import EmbeddedPostgres

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_of_two_about_one_minute_the_later_one_counts(
    server: EmbeddedPostgres, tmp_path: Path, order: tuple[int, int]
) -> None:
    """What knew more stays, also if it is written first, as when the other one comes back from the spool."""
    world = f"told{order[0]}"
    told = {1: minute(1, volume=500.0), 2: minute(1, volume=400.0, as_of=later(600))}
    async with at_work(writer_into(lambda: server.dsn, tmp_path, world)) as writer:
        for number in order:
            writer.minute(told[number])
        await eventually(lambda: writer.report.written == 2)

    assert await minutes_in(server.dsn, world) == [told[2]]
