"""The whole program notes what it publishes and audits it in a later night, as a person sees who asks for it."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.app.test_metrics import scraped
from tests.history.worlds import place
from tests.support.eventually import PATIENT_S, eventually
from tests.support.market import CALENDAR, DAY
from tests.support.whole import asked, typed, whole
from tradeul import jobs
from tradeul.history.published_files import PublishedFiles

pytestmark = pytest.mark.slow(15)

ROOT = Path(__file__).parents[2]
SYMBOLS = 45


@pytest.fixture(autouse=True)
def _second_vendor_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "COMPANIES_PER_SECOND", 200.0)


def rated(files: PublishedFiles) -> set[int]:
    """The slots at whose end somebody's relative volume was known."""
    return {slot.slot for slot in files.slots(DAY) if not np.isnan(slot.rvol).all()}


async def test_a_day_is_noted_and_audited_in_a_later_night() -> None:
    """The night was missed; the next start catches up, and command, API, metrics and health say what was found."""
    night = CALENDAR.following(DAY)
    with place() as folder:
        async with whole(folder, "15:54:00", SYMBOLS, speed=30.0) as app:
            assert app.loading is not None
            assert app.past is not None
            files, past = app.past.published, app.past
            await eventually(lambda: rated(files) and past.ready, within_s=PATIENT_S, every_s=0.1)
            before = await typed(app, "audit")
        noted = rated(files)
        async with whole(folder, "03:05", SYMBOLS, day=night) as app:
            await eventually(lambda: app.loading is not None and app.loading.audits.latest, within_s=PATIENT_S)
            told = await asked(app, "/api/v1/audit/rvol")
            health = await asked(app, "/health")
            code, said, wrong = await typed(app, "audit", "--day", str(DAY))
            other = await typed(app, "audit", "--day", "2026-11-16")
            samples = await scraped(app)
            # The vendor's image of the night is as of the last slot, which closes by it.
            at_last = rated(files)

    assert before[0] == 2
    assert before[2].startswith("tradeul: no day is audited yet: the job rvol_audit does it in the night")
    assert (told["date"], told["failed"]) == (str(DAY), 0)
    assert told["errors"]["n"] > 0
    assert noted <= {each["slot"] for each in told["slots"]} <= at_last
    assert not noted & set(told["silent_slots"])
    assert health["rvol_audit"]["day"] == str(DAY)
    assert (code, wrong) == (0, "")
    assert said.startswith(f"relative volumes of {DAY} against its minutes, audited {night} 03:")
    assert re.search(r"^all +\d+ ", said, re.MULTILINE)
    assert (other[0], other[2]) == (
        2,
        f"tradeul: that day is not audited: {DAY} to {DAY} are, 1 of them\n",
    )
    values = sum(value for (name, _), value in samples.items() if name == "tradeul_rvol_audit_values")
    assert values == told["errors"]["n"]
