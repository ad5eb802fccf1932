"""The whole program learns what volume is usual: cold with an empty database, warm, and without a server."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.app.test_history import waits
from tests.history.worlds import place
from tests.support.eventually import PATIENT_S, eventually
from tests.support.market import DAY, NANOS, at
from tests.support.whole import asked, whole
from tradeul.app import App
from tradeul.clock import PacedClock
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.usual import baseline_sessions
from tradeul.polygon.rest import PolygonRest
from tradeul.world import calendar_of

pytestmark = pytest.mark.slow(25)

SYMBOLS = 60
KEPT_OF_TODAY = """SELECT source, min(slot_number), max(slot_number), count(DISTINCT symbol) FROM sim_7.volume_slots
    WHERE date = $1 GROUP BY source"""


async def methods(app: App) -> dict[str, int]:
    funnel = (await asked(app, "/api/v1/scanner/status"))["funnel"]
    counts: dict[str, int] = funnel["rvol"]
    return counts


async def is_exact(app: App) -> bool:
    """Whether all are, but for what was listed in the last days or has not traded in a month."""
    found = await methods(app)
    return found["exact"] >= 0.9 * SYMBOLS


async def usual_by(rest: PolygonRest, symbol: str, moments: list[Nanos]) -> list[float]:
    """E(t) of a symbol as the contract words it, from the vendor's own five-minute bars."""
    calendar = calendar_of(PacedClock(at("10:00")))
    days = baseline_sessions(calendar, DAY, 5)
    bars = await rest.bars(Symbol(symbol), 5, min(days), max(days))
    found = []
    for moment in moments:
        total = 0.0
        for day in days:
            now = moment - at("04:00") + calendar.hours(day).pre_market_start
            for start, volume in zip(bars.start.tolist(), bars.volume.tolist(), strict=True):
                if calendar.hours(day).pre_market_start <= start:
                    total += volume * min(max((now - start) / (300 * NANOS), 0.0), 1.0)
        found.append(total / len(days))
    return found


async def test_relative_volume_turns_exact_and_stays_so_over_a_restart() -> None:
    """Against the vendor's own bars; the next process stands on it at once, and asks nobody again."""
    with place() as folder:
        async with whole(folder, "09:45", SYMBOLS) as app:
            await eventually(lambda: is_exact(app), every_s=0.1)
            assert app.loading is not None
            checked = 0
            for symbol in app.board.symbols[::4]:
                before = app.clock.now() - 60 * NANOS  # a snapshot may have been long in coming
                shown = await asked(app, f"/api/v1/ticker/{symbol}")
                if shown["rvol_sessions"] != 5:
                    continue
                least, most = await usual_by(app.loading.rest, symbol, [Nanos(before), app.clock.now()])
                assert shown["rvol_method"] == "exact"
                assert shown["volume_today"] / max(most, 1) - 0.0001 <= shown["rvol"]
                assert shown["rvol"] <= shown["volume_today"] / max(least, 1) + 0.0001
                checked += 1
                redone(await asked(app, f"/api/v1/rvol/{symbol}"))
            assert checked >= 10
            await eventually(lambda: slots_done(app), every_s=0.1)
            before_restart = await methods(app)

        async with whole(folder, "09:50", SYMBOLS) as app:
            await eventually(lambda: is_exact(app), every_s=0.1)
            again = await methods(app)
            health = await asked(app, "/health")
            jobs = {job["name"]: job for job in (await asked(app, "/api/v1/jobs"))["jobs"]}

        async with whole(folder, "09:55", SYMBOLS, history={"pg_bin": "/nowhere"}) as app:
            await eventually(lambda: is_exact(app), every_s=0.1)
            without = await methods(app)
            await eventually(lambda: waits(app), every_s=0.1)

    assert again["exact"] >= before_restart["exact"]
    assert without["exact"] >= before_restart["exact"]
    assert health["today"]["restored"] is True
    assert jobs["slots"]["state"] == "idle"


def redone(work: dict[str, Any]) -> None:
    """The division as a person would redo it from what is shown."""
    sessions = work["baselines"]
    before, by_end = (
        sum(each[name] for each in sessions) / len(sessions) for name in ("volume_before", "volume_at_slot_end")
    )
    expected = before + (by_end - before) * work["fraction"]
    assert len(sessions) == work["sessions"] == 5
    assert work["method"] == "exact"
    assert work["expected"] == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert work["rvol"] == pytest.approx(work["volume_today"] / max(work["expected"], 1), abs=0.00005001)
    guarded = (work["volume_today"] + work["k"]) / (work["expected"] + work["k"])
    assert work["rvol_guarded"] == pytest.approx(guarded, abs=0.00005001)
    assert work["k"] == max(1000, 0.005 * (work["avg_volume_30d"] or 0))
    assert {each["source"] for each in sessions} == {"backfilled"}


async def slots_done(app: App) -> bool:
    """Whether the whole depth was filled and what is known was kept for the next start."""
    jobs = {job["name"]: job for job in (await asked(app, "/api/v1/jobs"))["jobs"]}
    slots = jobs["slots"]
    return slots["state"] == "idle" and slots["last_success"] is not None and jobs["metadata"]["state"] == "idle"


async def test_without_history_the_general_curve_stands_in_and_says_so(tmp_path: Path) -> None:
    """The work is shown all the same, as far as there is any; an unknown symbol is told apart."""
    async with whole(tmp_path, "11:01", SYMBOLS, history={"dsn": "off"}) as app:
        await eventually(lambda: curved(app), every_s=0.1)
        symbol = max(app.board.symbols, key=lambda name: app.board["avg_volume_30d"][app.board.row_of[name]])
        work = await asked(app, f"/api/v1/rvol/{symbol}")
        unknown = await asked(app, "/api/v1/rvol/NOSUCH")

    # Between 11:00 and 11:30 the prior goes from 0.275 to 0.325.
    seconds = (work["slot"] + work["fraction"]) * 300 - 7 * 3600
    share = 0.275 + 0.05 * seconds / 1800
    assert work["method"] == "curve"
    assert work["curve_learned"] is None
    assert work["expected"] == pytest.approx(work["avg_volume_30d"] * share, rel=1e-6)
    assert work["rvol"] == pytest.approx(work["volume_today"] / work["expected"], abs=0.00005001)
    assert (work["sessions"], work["baselines"]) == (0, [])
    assert work["baselines_missing"] == "no history is kept: `history.dsn` is off"
    assert unknown["error"]["code"] == "unknown_symbol"


async def curved(app: App) -> bool:
    return (await methods(app))["curve"] >= 0.8 * SYMBOLS


async def test_volumes_of_today_reach_the_database_as_slots_close() -> None:
    """By SQL, in the shape of the contract: seen live from the start on, from the vendor's bars before it."""
    found: dict[str, tuple[int, ...]] = {}

    async def look(address: str) -> bool:
        """Whether both kinds are there; on a slow machine the first slot that ends may be a later one."""
        connection = await asyncpg.connect(address, timeout=PATIENT_S)
        try:
            rows = await connection.fetch(KEPT_OF_TODAY, DAY)
        finally:
            await connection.close()
        found.update({source: counted for source, *counted in map(tuple, rows)})
        return "live" in found and found.get("backfilled", (0, 0, 0))[2] >= 0.9 * SYMBOLS

    with place() as folder:
        async with whole(folder, "09:44:40", SYMBOLS, speed=5.0) as app:
            past = app.past
            assert past is not None
            await eventually(lambda: past.slots.slots_kept >= 69)
            await eventually(lambda: look(past.address()), every_s=0.1)

    assert found["live"][0] >= 68
    assert found["backfilled"][0] == 0
    assert found["backfilled"][1] >= 67
