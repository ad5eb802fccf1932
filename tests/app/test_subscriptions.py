"""What the whole program follows live: what its lists show, within a moment, whatever becomes of its requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.whole import asked, sent, whole
from tradeul.app import App
from tradeul.domain.events import Symbol

pytestmark = pytest.mark.slow(8)

SYMBOLS = 400
STILL = 0.001
"""At this pace of the clock nothing new comes while we ask."""


@asynccontextmanager
async def following(folder: Path, speed: float = 1.0) -> AsyncIterator[App]:
    """The program, once what history says has come, and it follows everything that its lists show; it lets nobody go
    and looks nothing over by itself, however long that takes.
    """
    hot = {"cooldown_s": 3_600, "reconcile_s": 3_600}
    async with whole(folder, "10:30", SYMBOLS, speed=speed, history={"dsn": "off"}, hot=hot) as app:
        await eventually(lambda: app.vitals.sessions_wanted and not app.vitals.history_failure)
        await eventually(lambda: app.vitals.sessions_loaded == app.vitals.sessions_wanted)
        await eventually(lambda: is_settled(app), every_s=0.05)
        yield app


async def is_settled(app: App) -> bool:
    """Whether something is wanted, and that and nothing else is known to come."""
    said = await asked(app, "/reconciler/metrics")
    return bool(said["desired"] and not said["drift"])


async def test_it_follows_what_its_lists_show_and_says_why(tmp_path: Path) -> None:
    """Each symbol with the lists it is in, all confirmed; a pin joins them without waiting for a scan."""
    async with following(tmp_path, STILL) as app:
        shown = {name: {row.symbol for row in each.state.rows} for name, each in app.channels.by_name.items()}
        before = await asked(app, "/subscriptions")
        pinned = next(symbol for symbol in app.board.symbols if symbol not in app.channels.members())
        await sent(app, "PUT", f"/api/v1/pins/{pinned}")
        await eventually(lambda: is_settled(app), every_s=0.05)
        after = await asked(app, "/subscriptions?log=1")
        stats, health = await asked(app, "/stats"), await asked(app, "/health")

    because = {each["symbol"]: each["because"] for each in before["desired"]}
    reasons = {
        symbol: [f"list:{name}" for name, rows in shown.items() if symbol in rows] or ["cooldown"] for symbol in because
    }
    assert because == reasons
    assert because.keys() >= set().union(*shown.values())
    assert before["confirmed"] == list(because)
    assert {each["symbol"] for each in after["desired"]} - because.keys() == {pinned}
    assert (after["log"][0]["symbol"], after["log"][0]["why"]) == (pinned, ["pin"])
    assert len(after["log"]) == stats["promoted"] == len(because) + 1
    assert (stats["connected"], stats["authenticated"], stats["trouble"], stats["degraded"]) == (True, True, "", 0)
    assert {name: health["stream"][name] for name in ("desired", "confirmed", "drift", "trouble")} == {
        "desired": len(because) + 1, "confirmed": len(because) + 1, "drift": 0, "trouble": "",
    }  # fmt: skip


async def test_a_dropped_link_is_whole_again_and_was_audited(tmp_path: Path) -> None:
    """Each connection is audited as it comes: all was missing, and is asked for at once."""
    async with following(tmp_path) as app:
        assert app.exchange is not None
        before = await asked(app, "/reconciler/metrics")
        app.exchange.faults.switch_on("abort", times=1)

        async def is_back() -> bool:
            return (await asked(app, "/stats"))["reconnects"] == 1 and await is_settled(app)

        await eventually(is_back, every_s=0.05)
        after = await asked(app, "/reconciler/metrics")

    assert after["reconciliations_count"] >= before["reconciliations_count"] + 1
    assert after["total_drift_detected"] - before["total_drift_detected"] >= before["desired"]
    assert after["total_corrections"] - before["total_corrections"] >= before["desired"]


async def test_a_key_that_is_in_use_elsewhere_is_said_so(tmp_path: Path) -> None:
    """In health, as a reason not to be well, in the status and in the link's own words."""
    async with following(tmp_path) as app:
        assert app.exchange is not None
        app.exchange.faults.switch_on("evicted", times=1)

        async def is_told() -> bool:
            return "in use elsewhere" in (await asked(app, "/stats"))["trouble"]

        await eventually(is_told, every_s=0.05)
        health, status = await asked(app, "/health"), await asked(app, "/api/v1/scanner/status")

    assert health["status"] == "degraded"
    assert [reason for reason in health["reasons"] if reason.startswith("this key is in use elsewhere")]
    assert status["stream"]["trouble"].startswith("this key is in use elsewhere")


async def test_lists_that_are_gone_are_believed_after_three_snapshots(tmp_path: Path) -> None:
    """Each list is switched off, with no cooldown: three snapshots of an open market must agree, then all go."""
    settings: dict[str, Any] = {"hot": {"cooldown_s": 0}, "polygon": {"snapshot_interval_s": 1}}
    async with whole(tmp_path, "10:30", SYMBOLS, history={"dsn": "off"}, **settings) as app:
        await eventually(lambda: is_settled(app), every_s=0.05)
        assert app.exchange is not None
        # However long that takes, no snapshot comes while only some of them are gone.
        app.exchange.faults.switch_on("refused", path="/v2/snapshot")
        failed = app.vitals.snapshots_failed
        await eventually(lambda: app.vitals.snapshots_failed > failed)
        for name in list(app.channels.by_name):
            assert (await sent(app, "PUT", f"/api/v1/scans/{name}", {"enabled": False}))[0] == 200
        before, wanted = app.vitals.snapshots_accepted, await asked(app, "/reconciler/metrics")
        assert not app.channels.members()
        assert wanted["desired"] > 0

        app.exchange.faults.switch_off()
        await eventually(lambda: nobody_is_wanted(app), every_s=0.05)
        told = await asked(app, "/reconciler/metrics")
        stats, taken = await asked(app, "/stats"), app.vitals.snapshots_accepted - before

    assert told["disbelieved"] == 2
    assert taken >= 2
    assert stats["promoted"] == stats["degraded"]


async def nobody_is_wanted(app: App) -> bool:
    return not (await asked(app, "/reconciler/metrics"))["desired"]


async def test_what_the_feed_was_told_wrongly_is_healed_on_demand(tmp_path: Path) -> None:
    """An audit trusts nobody: it makes the set anew and puts the feed right."""
    async with following(tmp_path, STILL) as app:
        stream = app.stream
        assert stream is not None
        stream.want(frozenset({Symbol("NOBODY")}))
        await eventually(lambda: stream.state.confirmed == {"NOBODY"})

        status, found = await sent(app, "POST", "/reconciler/force")

        assert status == 200
        assert (found["unsubscribed"], found["drift"]) == (1, found["subscribed"] + 1)
        await eventually(lambda: is_settled(app), every_s=0.05)
        assert "NOBODY" not in stream.state.confirmed
