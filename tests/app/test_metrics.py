"""The whole program's figures: what happens in it moves the metric that is named after it."""

import contextlib
from pathlib import Path
from typing import Any

import aiohttp

from tests.history.worlds import place
from tests.support.eventually import eventually, running
from tests.support.whole import asked, whole
from tests.web.test_metrics import read
from tradeul.app import App
from tradeul.domain.instruments import INSTRUMENTS
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.filters import global_filters
from tradeul.settings import Filters, VolumeMin

MOVED = ("deltas_total", "live_events_total", "history_written_total", "snapshots_total")
SILENT = {
    *("trouble", "rows_dropped", "snapshots_refused", "link_closes", "viewers_ended"),
    *("job_progress_ratio", "log_lines"),
    *(each.name for each in INSTRUMENTS if each.name.startswith(("rvol_audit_", "scan_recall_"))),
}
"""What has not happened has no value: nothing was refused, dropped or rung, and no night has passed."""
LATE = {"rows_doubted", "symbols_dropped", "database_bytes", "today_age_seconds"}
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scraped(app: App) -> Samples:
    assert app.server is not None
    url = f"http://127.0.0.1:{app.server.port}/metrics"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return read(await answer.read())


def total(samples: Samples, name: str) -> float:
    return sum(value for (each, _), value in samples.items() if each == f"tradeul_{name}")


def missing(samples: Samples) -> set[str]:
    """The metrics that should have a value by now and have none."""
    shown = {name for name, _ in samples}
    return {each.name for each in INSTRUMENTS if each.shown not in shown} - SILENT - LATE


async def test_every_stage_is_in_figures() -> None:
    """A minute into the day with a viewer: nearly all metrics have a value, and they are those of what happened."""
    names = [scan.name for scan in BUILT_IN]
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(place())
        app = await stack.enter_async_context(whole(folder, "10:00", 300, speed=5.0, record={"enabled": True}))
        client = await stack.enter_async_context(aiohttp.ClientSession())
        assert app.server is not None
        async with client.ws_connect(f"http://127.0.0.1:{app.server.port}/ws/scanner") as viewer:
            for name in names:
                await viewer.send_json({"action": "subscribe_list", "list": name})
            samples: Samples = {}

            async def reads() -> None:
                async for _ in viewer:  # who does not read is sent away
                    pass

            async def moved() -> bool:
                samples.clear()
                samples.update(await scraped(app))
                happened = all(total(samples, name) for name in MOVED) and not missing(samples)
                return happened and samples.get(("tradeul_feed_state", (("state", "live"),))) == 1

            async with running(reads):
                await eventually(moved, every_s=0.1)

    assert samples["tradeul_viewers", ()] == 1
    assert {labels[0][1] for name, labels in samples if name == "tradeul_list_rows"} == set(names)
    assert {labels[0][1] for name, labels in samples if name == "tradeul_deltas_total"} <= {
        "add", "remove", "update", "rerank",
    }  # fmt: skip


async def test_filters_that_suddenly_let_few_pass_are_a_reason(tmp_path: Path) -> None:
    """From one snapshot to the next: health says how many pass, and how many did, and since when."""
    none_pass = global_filters(Filters(volume_min=VolumeMin(enabled=True, min=1e15)))
    off, quick = {"dsn": "off", "data_dir": str(tmp_path)}, {"snapshot_interval_s": 1}
    async with whole(tmp_path, "10:00", 1_000, history=off, polygon=quick) as app:
        # Until volumes are known everybody passes.
        await eventually(lambda: 40 <= app.scanner.passed.sum() < 500)
        accepted = app.vitals.snapshots_accepted
        await eventually(lambda: app.vitals.snapshots_accepted >= accepted + 2)
        passed = int(app.scanner.passed.sum())
        began = app.clock.now() // 1_000_000
        app.scanner.filters = none_pass  # as a mistake in a new version might

        health: dict[str, Any] = {}

        async def told() -> bool:
            health.update(await asked(app, "/health"))
            # A busy machine may have other troubles too.
            return "filters" in [trouble["part"] for trouble in health["troubles"] if trouble["since"] >= began]

        await eventually(told, every_s=0.1)
        samples = await scraped(app)

    assert passed >= 40
    assert health["status"] == "degraded"
    assert any(reason.startswith("0 symbols pass the filters, of ") for reason in health["reasons"])
    assert samples["tradeul_trouble", (("part", "filters"),)] == 1
    assert samples["tradeul_symbols", (("stage", "passed_filters"),)] == 0
