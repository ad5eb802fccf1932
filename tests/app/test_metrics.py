"""The whole program's figures: what happens in it moves the metric that is named after it."""

import contextlib
from pathlib import Path

import aiohttp

from tests.history.worlds import place
from tests.support.eventually import PATIENT_S, eventually
from tests.support.whole import asked, whole
from tests.web.test_metrics import read
from tradeul.app import App
from tradeul.domain.instruments import INSTRUMENTS
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.filters import global_filters
from tradeul.settings import Filters, VolumeMin

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scraped(app: App) -> Samples:
    assert app.server is not None
    url = f"http://127.0.0.1:{app.server.port}/metrics"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return read(await answer.read())


def total(samples: Samples, name: str) -> float:
    return sum(value for (each, _), value in samples.items() if each == f"tradeul_{name}")


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

            async def moved() -> bool:
                samples.update(await scraped(app))
                wanted = ("deltas_total", "live_events_total", "history_written_total", "snapshots_total")
                return all(total(samples, name) for name in wanted)

            await eventually(moved, within_s=PATIENT_S, every_s=0.1)

    shown = {name for name, _ in samples}
    # What has not happened has no value: nothing was refused, dropped or rung.
    silent = {
        "trouble",
        "rows_dropped",
        "snapshots_refused",
        "link_closes",
        "viewers_ended",
        "job_progress_ratio",
        "log_lines",
    }
    silent |= {each.name for each in INSTRUMENTS if each.name.startswith("rvol_audit_")}
    late = {"rows_doubted", "symbols_dropped", "database_bytes", "today_age_seconds"}
    assert {each.name for each in INSTRUMENTS if each.shown not in shown} <= silent | late
    assert samples["tradeul_viewers", ()] == 1
    assert {labels[0][1] for name, labels in samples if name == "tradeul_list_rows"} == set(names)
    assert {labels[0][1] for name, labels in samples if name == "tradeul_deltas_total"} <= {
        "add", "remove", "update", "rerank",
    }  # fmt: skip
    assert samples["tradeul_feed_state", (("state", "live"),)] == 1


async def test_filters_that_suddenly_let_few_pass_are_a_reason(tmp_path: Path) -> None:
    """From one snapshot to the next: health says how many pass, and how many did, and since when."""
    none_pass = global_filters(Filters(volume_min=VolumeMin(enabled=True, min=1e15)))
    off, quick = {"dsn": "off", "data_dir": str(tmp_path)}, {"snapshot_interval_s": 1}
    async with whole(tmp_path, "10:00", 1_000, history=off, polygon=quick) as app:
        # Until volumes are known everybody passes.
        await eventually(lambda: 40 <= app.scanner.passed.sum() < 500, within_s=PATIENT_S)
        accepted = app.vitals.snapshots_accepted
        await eventually(lambda: app.vitals.snapshots_accepted >= accepted + 2, within_s=PATIENT_S)
        passed = int(app.scanner.passed.sum())
        began = app.clock.now() // 1_000_000
        app.scanner.filters = none_pass  # as a mistake in a new version might

        async def told() -> bool:
            troubles = (await asked(app, "/health"))["troubles"]
            return [trouble["part"] for trouble in troubles if trouble["since"] >= began] == ["filters"]

        await eventually(told, every_s=0.1)
        health = await asked(app, "/health")
        samples = await scraped(app)

    assert passed >= 40
    assert health["status"] == "degraded"
    assert any(reason.startswith("0 symbols pass the filters, of ") for reason in health["reasons"])
    assert samples["tradeul_trouble", (("part", "filters"),)] == 1
    assert samples["tradeul_symbols", (("stage", "passed_filters"),)] == 0
