"""The audit of relative volumes: minutes from the simulated exchange over sockets, sessions in a real Postgres."""

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.history.keeping import kept_server
from tests.history.test_slots_job import SYMBOLS, Rig, rig_at
from tests.support.auditing import audit_of, published_slot
from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import small_market, worked
from tradeul.domain.rvol_audit import RvolAudit, Spread
from tradeul.domain.slot_book import Source
from tradeul.errors import VendorUnavailable
from tradeul.history import rvol_audit_store as store
from tradeul.history.daily import DailyLedger
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs import rvol_audit
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.rvol_audit import Evidence, RvolAuditJob, Usual
from tradeul.history.published_files import PublishedFiles
from tradeul.history.rvol_audits import RvolAudits
from tradeul.simulation.tape import Tape
from tradeul.supervisor import together

SLOTS = {65: "09:30", 66: "09:35", 100: "12:25", 143: "16:00"}
"""Those that were published, and when each ends."""
BEFORE = CALENDAR.last_sessions(DAY, 5)
NOTHING = Spread(0, *[None] * 6)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


@functools.cache
def volumes_by(wall: str) -> dict[str, float]:
    """What the simulated market itself says had traded by then."""
    market = small_market(SYMBOLS)
    tape = Tape(worked(market.day(DAY)))
    worked(tape.place(tape.day.second_at(at(wall))))
    return dict(zip(map(str, market.universe.symbols), tape.volume.tolist(), strict=True))


async def should_be(rig: Rig, slot: int) -> dict[str, float]:
    """Relative volumes at a slot's end, divided by hand; of whom there are sessions enough."""
    rows = await rig.told("SELECT symbol, date, slot_number, volume_accumulated FROM @volume_slots ORDER BY 1, 2, 3")
    of: dict[str, dict[dt.date, list[float]]] = {}
    for symbol, date, number, volume in rows:
        if date in BEFORE and number in (slot, 191):
            of.setdefault(symbol, {}).setdefault(date, []).append(volume)
    found = {}
    for symbol, days in of.items():
        own: list[float] = []
        for by, whole in days.values():
            if own or whole > 0:
                own.append(by)
        if len(own) >= 3:
            found[symbol] = round(volumes_by(SLOTS[slot])[symbol] / max(sum(own) / len(own), 1.0), 4)
    return found


def auditing(rig: Rig, folder: Path) -> tuple[RvolAuditJob, RvolAudits, PublishedFiles]:
    files = PublishedFiles(folder, rig.world)
    daily = DailyLedger(rig.rest, rig.lender, lambda: True, rig.clock, CALENDAR)
    audits = RvolAudits(rig.lender, lambda: True, rig.clock, alarm_percent=5.0)
    evidence = Evidence(files, rig.bars, daily, rig.lender)
    return RvolAuditJob(evidence, rig.clock, CALENDAR, together, Usual(5, 3), audits.heard), audits, files


async def publish(rig: Rig, files: PublishedFiles, **planted: dict[str, float]) -> dict[int, dict[str, float]]:
    """Note what should have been published, but for what is planted as `s66={...}`."""
    right = {slot: await should_be(rig, slot) for slot in SLOTS}
    for slot, values in right.items():
        files.append(DAY, published_slot(slot, values | planted.get(f"s{slot}", {})))
    return right


async def run(job: RvolAuditJob, days: int | None = None) -> Progress:
    progress = Progress()
    await job.run(progress, days)
    return progress


def latest(audits: RvolAudits) -> RvolAudit:
    assert audits.latest is not None
    return audits.latest


async def test_what_was_published_right_is_found_right(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """To the last decimal, for every symbol at every slot that was noted; it is kept, and read back as it was found."""
    async with rig_at(server, "20:30") as rig:
        await rig.run(7)
        job, audits, files = auditing(rig, tmp_path)
        right = await publish(rig, files)
        progress = await run(job)
        found = latest(audits)
        async with rig.lender.lent() as connection:
            kept = await store.audit_of(connection, DAY, rig.clock.now())
        totals = await rig.told("SELECT date, n, p99, within_1_percent FROM @rvol_audits")

    traded = sum(volumes_by(wall)[symbol] > 0 for slot, wall in SLOTS.items() for symbol in right[slot])
    assert traded > 3 * SYMBOLS
    assert (found.errors.n, found.errors.max, found.errors.within) == (traded, 0, 100)
    assert found.coverage.compared == traded
    assert (found.coverage.without_bars, found.worst, found.failed) == (0, (), 0)
    assert found.silent_slots == tuple(slot for slot in range(192) if slot not in SLOTS)
    assert {(each.slot, each.method) for each in found.slots} == {(slot, "exact") for slot in SLOTS}
    assert kept is not None
    assert (kept.slots, kept.methods, kept.worst) == (found.slots, found.methods, found.worst)
    assert (kept.errors, kept.coverage, kept.silent_slots) == (found.errors, found.coverage, found.silent_slots)
    assert totals == [(DAY, traded, 0, 100)]
    assert (progress.done, progress.errors, progress.rows > len(SLOTS)) == (progress.total, 0, True)


async def test_errors_that_were_put_in_are_found(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """At their slots and with both numbers, the furthest off first; the day is caught up with in a later night."""
    async with rig_at(server, "20:30") as rig:
        await rig.run(7)
        job, audits, files = auditing(rig, tmp_path)
        right = await publish(rig, files)
        first, second = sorted(right[143], key=lambda symbol: -volumes_by("16:00")[symbol])[:2]
        planted = {first: round(3 * right[143][first], 4), second: round(right[143][second] / 2, 4)}
        files.append(DAY, published_slot(143, right[143] | planted, "curve", Source.CARRIED))
        await rig.clock.advance(30 * 3_600)
        await run(job)
        found, rows = (
            latest(audits),
            await rig.told("SELECT symbol, slot, published, recomputed FROM @rvol_audit_worst"),
        )

    assert [(each.symbol, each.slot, each.method, each.source) for each in found.worst] == [
        (first, 143, "curve", "carried"), (second, 143, "curve", "carried"),
    ]  # fmt: skip
    assert found.worst[0].error == pytest.approx(200, abs=0.1)
    assert found.worst[1].error == pytest.approx(-50, abs=0.1)
    assert {each.slot for each in found.slots if each.errors.max} == {143}
    assert {(each.method, each.source): each.errors.max == 0 for each in found.methods} == {
        ("exact", "live"): True,
        ("curve", "carried"): False,
    }
    assert sorted(rows) == sorted((symbol, 143, planted[symbol], right[143][symbol]) for symbol in planted)


async def test_a_day_is_audited_once_unless_it_is_asked_for(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """And not before it is over, nor one of which nothing was noted."""
    async with rig_at(server, "20:10") as rig:
        await rig.run(6)
        job, audits, files = auditing(rig, tmp_path)
        await publish(rig, files)
        early = await run(job)
        asked_early = len(rig.bars.asked)
        await rig.clock.advance(1_800)
        await run(job)
        once = len(rig.bars.asked)
        again = await run(job)
        assert len(rig.bars.asked) == once > asked_early
        forced = await run(job, 1)
        assert len(rig.bars.asked) > once
        days = await audits.days()

    assert (early.note, early.rows) == ("nothing was noted that is not audited", 0)
    assert again.rows == 0
    assert forced.rows > 0
    assert days == [DAY]


async def test_a_symbol_that_fails_is_passed_over(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And counted; where one after the other fails it is the vendor, and nothing is kept."""
    monkeypatch.setattr(rvol_audit, "FAILURES_BORNE", 2)
    async with rig_at(server, "20:30") as rig:
        await rig.run(7)
        job, audits, files = auditing(rig, tmp_path)
        right = await publish(rig, files)
        rig.bars.broken = {"*"}
        with pytest.raises(VendorUnavailable):
            await run(job)
        assert await audits.days() == []
        rig.bars.broken = {next(iter(right[66]))}
        progress = await run(job)

    assert (latest(audits).failed, progress.errors) == (1, 1)
    assert latest(audits).errors.max == 0


async def test_the_newest_is_known_after_a_start(server: EmbeddedPostgres) -> None:
    """But none of later than the market clock, which may have been set back; one of a day takes another's place."""
    async with rig_at(server, "20:30") as rig:
        async with rig.lender.lent() as connection:
            await store.keep(connection, audit_of(BEFORE[0], median=1.0))
            await store.keep(connection, audit_of(BEFORE[0], median=7.0))
            await store.keep(connection, audit_of(DAY))
        audits = RvolAudits(rig.lender, lambda: True, rig.clock, alarm_percent=5.0)
        await audits.load()
        days, today = await audits.days(), await audits.of(DAY)
        found = await audits.of(BEFORE[0])

    assert (days, today) == ([BEFORE[0]], None)
    assert found is latest(audits)
    assert found == audit_of(BEFORE[0], median=7.0)
    assert audits.health()["trouble"] == (
        f"relative volumes of {BEFORE[0]} were off by 7.0 % in the median, says the audit"
    )


def test_health_says_what_is_too_much() -> None:
    """More than the setting, in the median; with 0 never, and before the first audit neither."""
    said: list[Any] = []
    for alarm in (5.0, 7.5, 0.0):
        audits = RvolAudits(None, bool, None, alarm)  # type: ignore[arg-type]  # nobody is asked
        said.append(audits.health()["trouble"])
        audits.heard(replace(audit_of(), errors=NOTHING))
        assert audits.health() == {"day": str(DAY), **NOTHING._asdict(), "trouble": ""}
        audits.heard(audit_of(median=7.0))
        said.append(audits.health()["trouble"])
        audits.heard(audit_of(BEFORE[0], median=99.0))
        assert audits.health()["day"] == str(DAY)

    assert said == [
        "",
        "relative volumes of 2026-11-18 were off by 7.0 % in the median, says the audit",
        "",
        "",
        "",
        "",
    ]
