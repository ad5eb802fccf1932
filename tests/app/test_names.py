"""The whole program on the days after a company changed its symbol."""

import datetime as dt

import pytest

from tests.history.worlds import place
from tests.support.eventually import PATIENT_S, eventually
from tests.support.market import NANOS, at
from tests.support.whole import asked, whole
from tradeul import jobs
from tradeul.app import App
from tradeul.domain.events import Symbol
from tradeul.polygon.rest import PolygonRest

pytestmark = [pytest.mark.slow(6), pytest.mark.timeout(900)]

SYMBOLS = 200
TODAY = dt.date(2026, 7, 8)
OLD, NEW = Symbol("JSTS"), Symbol("UDA")
"""One company of this market, before and since 6 July."""
SESSIONS = {"2026-07-07": NEW, "2026-07-06": NEW, "2026-07-02": OLD, "2026-07-01": OLD, "2026-06-30": OLD}


async def test_a_symbol_of_some_days_is_as_exact_as_an_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its relative volume stands on five sessions and its averages on thirty, cold, and again over a restart."""
    monkeypatch.setattr(jobs, "COMPANIES_PER_SECOND", 200.0)
    with place() as folder:
        async with whole(folder, "09:45", SYMBOLS, day=TODAY) as app:
            assert app.loading is not None
            average = await averaged(app.loading.rest, app.calendar.last_sessions(TODAY, 30))
            await eventually(lambda: is_exact(app, average), within_s=4 * PATIENT_S, every_s=0.2)
            work = await asked(app, f"/api/v1/rvol/{NEW}")
            shown = await asked(app, f"/api/v1/ticker/{NEW}")
            volumes = [await traded(app.loading.rest, day, work["slot"]) for day in SESSIONS]

        async with whole(folder, "09:50", SYMBOLS, day=TODAY) as app:
            await eventually(lambda: is_exact(app, average), every_s=0.2)
            again = await asked(app, f"/api/v1/ticker/{NEW}")

    assert [session["date"] for session in work["baselines"]] == list(SESSIONS)
    assert [session["volume_at_slot_end"] for session in work["baselines"]] == volumes
    assert work["method"] == "exact"
    assert (shown["avg_volume_30d"], shown["atr"]) == (again["avg_volume_30d"], again["atr"])


async def is_exact(app: App, average: float) -> bool:
    """Whether all of its past is on the board; averages of the new symbol alone may have been there before."""
    shown = await asked(app, f"/api/v1/ticker/{NEW}")
    if shown.get("avg_volume_30d") is None:
        return False
    whole_past = abs(shown["avg_volume_30d"] - average) <= 1 and shown["atr"] is not None
    return whole_past and (shown["rvol_method"], shown["rvol_sessions"]) == ("exact", 5)


async def averaged(rest: PolygonRest, days: list[dt.date]) -> float:
    """The mean of what the vendor's bars say of either symbol."""
    total = 0.0
    for day in days:
        bars = await rest.daily_bars(day, adjusted=False)
        total += sum(float(bars.volume[bars.symbols.index(name)]) for name in (OLD, NEW) if name in bars.symbols)
    return total / len(days)


async def traded(rest: PolygonRest, session: str, slot: int) -> float:
    """What it had traded by a slot's end, by the vendor's bars of its name of that day."""
    day = dt.date.fromisoformat(session)
    bars = await rest.bars(SESSIONS[session], 5, day, day)
    slots = (bars.start - at("04:00", day)) // (300 * NANOS)
    return float(bars.volume[slots <= slot].sum())
