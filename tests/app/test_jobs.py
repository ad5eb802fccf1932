"""The whole program loads what is known of securities, and shows it: page rows, health, API, and the command."""

from pathlib import Path
from typing import Any

import pytest

from tests.history.worlds import place
from tests.support.eventually import eventually
from tests.support.whole import asked, is_live, typed, whole
from tradeul import jobs
from tradeul.app import App

pytestmark = pytest.mark.slow(12)

ROOT = Path(__file__).parents[2]
PLACE = ("09:31", 45)
"""A minute after the open, so many symbols."""
JOBS = {
    *("atr", "bars", "daily", "metadata", "prices", "retention", "rvol_audit", "scan_recall", "slots", "splits"),
    "universe",
}


@pytest.fixture(autouse=True)
def _second_vendor_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "COMPANIES_PER_SECOND", 200.0)


def under_way(app: App) -> set[str]:
    assert app.loading is not None
    return {news.name for news in app.loading.desk.under_way()}


def last_successes(app: App) -> list[object]:
    assert app.loading is not None
    jobs: Any = app.loading.desk.report()["jobs"]
    return [job["last_success"] for job in jobs]


async def test_a_cold_start_loads_and_a_warm_one_has_it() -> None:
    """Every job is done once; rows have names, sectors and floats, in the next program before anything is loaded."""

    def known(app: App) -> int:
        return sum(name is not None for name in app.board["sector"])

    with place() as folder:
        async with whole(folder, *PLACE) as app:
            await eventually(lambda: len(app.board) > 30 and not app.board["no_reference"].any())
            await eventually(lambda: "metadata" in under_way(app) or known(app))
            # Between one job and the next there is a moment in which none is under way.
            await eventually(lambda: known(app) > 15 and all(last_successes(app)) and not under_way(app))
            report = await asked(app, "/api/v1/jobs")
            health = await asked(app, "/health")
            outcome = await typed(app, "load", "splits")
        assert app.supervisor.abandoned == ()

        async with whole(folder, *PLACE) as app:
            await eventually(lambda: known(app) > 15)
            await eventually(lambda: app.loading is not None and all(last_successes(app)))
            again = await asked(app, "/api/v1/jobs")

    assert {job["name"]: job["state"] for job in report["jobs"]} == dict.fromkeys(JOBS, "idle")
    assert all(job["last_success"] for job in report["jobs"])
    assert health["jobs"] == {"enabled": True, "under_way": [], "trouble": ""}
    assert outcome[0] == 0
    assert outcome[1].splitlines()[-1].startswith("splits: done, ")
    assert outcome[2] == ""
    assert again["runs"] == []


async def test_a_vendor_that_refuses_is_trouble_and_nothing_else() -> None:
    """The lists go on, the run has failed with the vendor's words, and the command says so."""
    with place() as folder:
        async with whole(folder, *PLACE) as app:
            assert app.exchange is not None
            app.exchange.faults.switch_on("not_entitled", path="/v3/reference/splits")
            await eventually(lambda: app.loading is not None and app.past is not None and app.past.ready)
            code, _, err = await typed(app, "load", "splits")
            unknown = await typed(app, "load", "slotz")
            await eventually(lambda: is_live(app), every_s=0.1)

    assert code == 1
    assert err.startswith("tradeul: splits failed: the vendor answered 403: You are not entitled to this data.")
    assert len(err.splitlines()) == 1
    assert unknown[0] == 2
    assert (
        "there is no job slotz: there are daily, atr, slots, prices, universe, splits, metadata, bars, "
        "rvol_audit, scan_recall, retention" in unknown[2]
    )


async def test_without_history_nothing_is_loaded(tmp_path: Path) -> None:
    """The API and the command say why; health does not call it trouble."""
    async with whole(tmp_path, *PLACE, history={"dsn": "off"}) as app:
        report = await asked(app, "/api/v1/jobs")
        health = await asked(app, "/health")
        outcome = await typed(app, "load", "universe")

    assert report["error"]["code"] == "history_unavailable"
    assert health["jobs"] == {"enabled": False}
    assert outcome == (1, "", "tradeul: nothing is loaded: `history.dsn` is off\n")
