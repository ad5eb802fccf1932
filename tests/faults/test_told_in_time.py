"""What an operator must hear of within 10 s: in words in /health, and by a figure of /metrics that has moved."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.app.test_metrics import Samples, scraped, total
from tests.faults.conftest import Show
from tests.history.worlds import cluster_in, freeze, place
from tests.support.eventually import eventually
from tests.support.raw import HANDSHAKE, HOST, masked
from tests.support.whole import asked, whole
from tradeul.app import App
from tradeul.clock import SystemClock
from tradeul.domain.scans import BUILT_IN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SYMBOLS = 300
TOLD_S = 10.0
LOOK_S = 0.1
FROZEN_WORLD = "sim-7"
LITTLE_ROOM = 4_096
CLOCK = SystemClock()


async def told_after(app: App, words: str, since: float, within_s: float = 60.0) -> float:
    """After how many seconds a reason of /health had these words."""

    async def told() -> bool:
        return any(words in reason for reason in (await asked(app, "/health"))["reasons"])

    await eventually(told, within_s=within_s, every_s=LOOK_S)
    return CLOCK.monotonic() - since


async def moved_after(app: App, name: str, to: float, since: float) -> float:
    """After how many seconds a metric had reached a value, of all its labels together."""

    async def moved() -> bool:
        return total(await scraped(app), name) == to

    await eventually(moved, within_s=60.0, every_s=LOOK_S)
    return CLOCK.monotonic() - since


def trouble(samples: Samples, part: str) -> float:
    return samples.get(("tradeul_trouble", (("part", part),)), 0.0)


@asynccontextmanager
async def well(folder: Path, dsn: str = "off") -> AsyncIterator[App]:
    """The program once it follows its lists, writes what it must, and has nothing to complain of."""
    history = {"dsn": dsn, "data_dir": str(folder)}
    async with whole(folder, "10:00", SYMBOLS, speed=1.0, history=history) as app:
        await eventually(lambda: app.stream and app.stream.state.confirmed)
        await eventually(lambda: dsn == "off" or (app.past is not None and app.past.writer.report.written > 0))

        async def nothing_is_wrong() -> bool:
            return not (await asked(app, "/health"))["reasons"]

        await eventually(nothing_is_wrong, every_s=LOOK_S)
        yield app


@pytest.mark.parametrize("door", ["unreachable", "ungreeted", "auth_failed"])
async def test_a_live_feed_that_is_down_is_told(door: str, tmp_path: Path, show: Show) -> None:
    """Cut, and then refused, kept waiting at the door or turned away; once it is back it is no reason any more."""
    async with well(tmp_path) as app:
        assert app.exchange is not None
        before = await scraped(app)
        app.exchange.faults.switch_on(door)
        app.exchange.faults.switch_on("abort", times=1)
        await eventually(lambda: app.stream and not app.stream.state.authenticated, every_s=LOOK_S / 10)
        since = CLOCK.monotonic()

        words = {"auth_failed": "the key"}.get(door, "live feed")
        seconds = max(await told_after(app, words, since), await moved_after(app, "link_connected", 0, since))
        during = await scraped(app)

    show(f"a live feed that is down ({door}): told after {seconds:.1f} s")
    assert total(during, "link_closes_total") > total(before, "link_closes_total")
    assert (trouble(before, "stream"), trouble(during, "stream")) == (0, 1)
    assert seconds <= TOLD_S


async def test_a_viewer_that_is_cut_as_slow_is_told(tmp_path: Path, show: Show) -> None:
    """First that it takes nothing; then that it was sent away, and for what."""
    subscriptions = [masked({"action": "subscribe_list", "list": scan.name}) for scan in BUILT_IN]
    async with well(tmp_path) as app:
        assert app.server is not None
        loop = asyncio.get_running_loop()
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE_ROOM)
            slow.settimeout(0)
            await loop.sock_connect(slow, (HOST, app.server.port))
            await loop.sock_sendall(slow, HANDSHAKE + b"".join(subscriptions))
            await moved_after(app, "viewers_waiting", 1, 0.0)
            since = CLOCK.monotonic()
            stuck = await told_after(app, "take nothing", since)
            during = await scraped(app)
            await moved_after(app, "viewers_ended_total", 1, 0.0)
            cut = CLOCK.monotonic()
            away = await told_after(app, "sent away (slow)", cut)
            after = await scraped(app)

    show(f"a viewer that takes nothing: told after {stuck:.1f} s; that it was cut: after {away:.1f} s")
    assert total(during, "viewers_stuck") == 1
    assert after["tradeul_viewers_ended_total", (("code", "4000"),)] == 1
    assert (trouble(during, "viewers"), trouble(after, "viewers")) == (1, 1)
    assert max(stuck, away) <= TOLD_S


@pytest.mark.parametrize("how", ["frozen", "killed for good"])
async def test_a_database_that_is_away_is_told(how: str, show: Show) -> None:
    """Whether it stands still or is not there."""
    with place() as folder:
        async with well(folder, "embedded") as app:
            before = await scraped(app)
            data = cluster_in(folder / FROZEN_WORLD)
            pids = freeze(data)
            since = CLOCK.monotonic()
            try:
                if how != "frozen":
                    (data / "PG_VERSION").rename(data / "PG_VERSION.away")
                    for pid in pids:
                        os.kill(pid, signal.SIGKILL)
                seconds = max(
                    await told_after(app, "history waits to be written", since),
                    await moved_after(app, "history_connected", 0, since),
                )
                during = await scraped(app)
            finally:
                if how == "frozen":
                    for pid in pids:
                        os.kill(pid, signal.SIGCONT)
                else:
                    (data / "PG_VERSION.away").rename(data / "PG_VERSION")

    show(f"a database that is {how}: told after {seconds:.1f} s")
    assert total(before, "history_connected") == 1
    assert total(during, "history_connected") == 0
    assert (trouble(before, "database"), trouble(during, "database")) == (0, 1)
    assert seconds <= TOLD_S
