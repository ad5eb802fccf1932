"""What systemd is told, over a socket that a test listens on in its place."""

import os
from pathlib import Path

import pytest

from tests.engine.test_discovery import Engine
from tests.support.eventually import running
from tests.support.notified import notified
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos
from tradeul.engine.pipeline import RANKED_WITHIN_S
from tradeul.notify import Notifier

WATCHED = {"WATCHDOG_USEC": "30000000"}


def words() -> str:
    return ""


async def test_each_word_is_said_in_its_time(tmp_path: Path) -> None:
    """READY and how we are at once, the watchdog three times in its period, STOPPING at the end."""
    clock, standing = ManualClock(Nanos(0)), ["starting"]
    with notified(tmp_path) as systemd:
        notifier = Notifier(systemd.environment | WATCHED, clock, lambda: standing[0], words)
        async with running(notifier.run):
            await clock.advance(0.1)
            first = list(systemd.heard())
            standing[0] = "live,\nwith a line"
            await clock.advance(60.0)
        heard = systemd.heard()

    assert first == ["READY=1", "STATUS=starting", "WATCHDOG=1"]
    assert heard.count("WATCHDOG=1") == 7
    assert heard.count("READY=1") == 1
    assert [word for word in heard if word.startswith("STATUS")] == ["STATUS=starting", "STATUS=live, with a line"]
    assert heard[-1] == "STOPPING=1"


async def test_a_ranking_that_hangs_feeds_no_watchdog(tmp_path: Path) -> None:
    """As soon as its lists are overdue; when it gets on again, so does the watchdog."""
    engine = Engine("11:00")
    pulse = engine.pipeline.pulse
    with notified(tmp_path) as systemd:
        environment = systemd.environment | WATCHED
        notifier = Notifier(environment, engine.clock, words, lambda: "ranking" if pulse.overdue_s else "")
        async with engine.running(), running(notifier.run):
            await engine.clock.advance(31)
            async with engine.pipeline._one_at_a_time:  # noqa: SLF001  as if what ranks never came back
                await engine.clock.advance(5 + RANKED_WITHIN_S)
                before = systemd.count("WATCHDOG=1")
                await engine.clock.advance(120)
                during = systemd.count("WATCHDOG=1")
            await engine.clock.advance(12)
            after = systemd.count("WATCHDOG=1")

    assert before >= 4
    assert during == before
    assert after > during


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "nonsense"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}],
    ids=["none", "no number", "another process"],
)
async def test_where_no_watchdog_waits_it_is_not_fed(tmp_path: Path, environment: dict[str, str]) -> None:
    """All else is told."""
    clock = ManualClock(Nanos(0))
    with notified(tmp_path) as systemd:
        async with running(Notifier(systemd.environment | environment, clock, words, words).run):
            await clock.advance(20.0)
        heard = systemd.heard()

    assert heard == ["READY=1", "STOPPING=1"]


async def test_our_own_process_is_meant(tmp_path: Path) -> None:
    """By its number."""
    clock = ManualClock(Nanos(0))
    with notified(tmp_path) as systemd:
        named = systemd.environment | WATCHED | {"WATCHDOG_PID": str(os.getpid())}
        async with running(Notifier(named, clock, words, words).run):
            await clock.advance(0.1)

        assert systemd.count("WATCHDOG=1") == 1


async def test_a_socket_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    """Nor does one that is full."""
    clock = ManualClock(Nanos(0))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, clock, words, words)

    async with running(notifier.run):
        await clock.advance(5.0)

    assert notifier.wanted


def test_outside_of_systemd_nobody_is_told() -> None:
    """There is no socket."""
    assert not Notifier({}, ManualClock(Nanos(0)), words, words).wanted
