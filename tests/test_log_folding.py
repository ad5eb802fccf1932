"""A storm of log lines stays small, says how much it was, and hides nothing else."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.engine.test_discovery import Engine
from tradeul import logs
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos
from tradeul.errors import VendorUnavailable
from tradeul.log_folding import MOST_KINDS, MOST_OF_A_KIND, WINDOW_S, Folding

MB = 1_000_000


@pytest.fixture(autouse=True)
def _undo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(logs, "_folding", None)
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(Nanos(0))


@pytest.fixture
def stream(clock: ManualClock) -> io.StringIO:
    stream = io.StringIO()
    logs.configure("info", "json", stream, clock)
    return stream


def said(stream: io.StringIO) -> list[dict[str, Any]]:
    """All lines but those of the loop, which says so where a busy machine held it."""
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if line.get("logger") != "asyncio"]


def events(stream: io.StringIO) -> list[str]:
    return [line["event"] for line in said(stream)]


async def test_of_what_repeats_the_first_are_written(stream: io.StringIO, clock: ManualClock) -> None:
    """The rest is counted; the next one after a minute says how many, and others come through meanwhile."""
    log = structlog.get_logger()
    for number in range(1_000):
        log.warning("feed_failed", number=number)
    log.info("page_served")
    await clock.advance(WINDOW_S)
    log.warning("feed_failed")

    assert events(stream) == ["feed_failed"] * MOST_OF_A_KIND + ["page_served", "feed_failed"]
    assert said(stream)[-1]["folded_before"] == 1_000 - MOST_OF_A_KIND


async def test_a_storm_that_is_over_is_told(stream: io.StringIO, clock: ManualClock) -> None:
    """Once, though nothing of its kind comes any more."""
    for _ in range(100):
        structlog.get_logger().info("heard")
    logs.tell_folded()
    await clock.advance(WINDOW_S)
    logs.tell_folded()
    logs.tell_folded()

    last = said(stream)[-1]
    assert events(stream).count("log_lines_folded") == 1
    assert (last["of"], last["count"]) == ("heard", 100 - MOST_OF_A_KIND)


async def test_a_library_that_says_something_else_each_time_is_one_kind(stream: io.StringIO) -> None:
    """Its words cannot be told apart, its name can."""
    for number in range(1_000):
        logging.getLogger("aiohttp.server").warning("request %d failed", number)

    assert len(events(stream)) == MOST_OF_A_KIND


async def test_an_hour_of_storms_takes_ten_megabytes_at_most(stream: io.StringIO, clock: ManualClock) -> None:
    """However many kinds there are, and however long their lines."""
    log, kinds = structlog.get_logger(), [f"kind_{number}" for number in range(50)]
    for _ in range(600):
        for kind in kinds:
            log.error(kind, detail="x" * 400)
        await clock.advance(6.0)

    size = len(stream.getvalue())
    assert size <= 10 * MB
    assert size >= 5 * MB  # it is the bound that was met, not silence


def test_kinds_without_end_take_no_memory() -> None:
    """The oldest is forgotten."""
    folding = Folding(ManualClock(Nanos(0)))

    admitted = [folding.admits(str(number)) for number in range(10 * MOST_KINDS)]

    assert set(admitted) == {0}
    assert len(folding._kinds) == MOST_KINDS  # noqa: SLF001  nothing else shows it


async def test_the_lines_of_a_cycle_bear_its_number(stream: io.StringIO) -> None:
    """From the request on; the next cycle has the next number."""
    engine = Engine("10:00")
    engine.source.answer = VendorUnavailable("closed")

    async with engine.running():
        await engine.clock.advance(6)
        engine.source.answer = VendorUnavailable("closed again")
        await engine.clock.advance(5)

    assert [(line["event"], line["cycle"]) for line in said(stream)] == [("snapshot_failed", 1), ("snapshot_failed", 3)]
