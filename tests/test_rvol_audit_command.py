"""The command `audit`: what a person reads, and what is said where there is nothing."""

import io
from typing import Any

import pytest

from tests.support.auditing import audit_of
from tests.support.market import DAY
from tests.support.program import free_port
from tests.support.web import served
from tests.web.test_rvol_audit import Kept
from tradeul.client import ServerLost
from tradeul.errors import UsageError
from tradeul.rvol_audit_command import audit, lines_of
from tradeul.web.routes.rvol_audit import RvolAuditRoutes, told

EMPTY = {"n": 0, "median": None, "p90": None, "p99": None, "max": None, "within": None, "bias": None}


def content(**more: Any) -> dict[str, Any]:
    return {**told(audit_of(), [DAY]), **more}


async def shown(kept: Kept, day: str | None = None) -> str:
    """What is printed."""
    out = io.StringIO()
    async with served(more=[RvolAuditRoutes(kept)]) as world:
        await audit(world.url, day, out)
    return out.getvalue()


async def test_it_is_a_table_to_be_read() -> None:
    """The whole, then by method and source, the slots that are furthest off, and the symbols with both numbers."""
    assert (await shown(Kept(audit_of()))).splitlines() == [
        "relative volumes of 2026-11-18 against its minutes, audited 2026-11-19 02:46 New York",
        (
            "12 symbols: 6 values compared, 20 quiet, 3 traded and not published, 2 published as unknown,"
            " 1 without enough sessions, 4 without minutes"
        ),
        "the minutes of 1 symbols could not be had",
        "nothing was noted at the end of 3 slots: 2 pre-market, 1 regular, 0 post-market",
        "",
        "errors in percent  values  median   p90   p99   max  within 1%   bias",
        "all                     6    0.20  1.50  4.00  9.00      87.50  -0.05",
        "exact, live             4    0.20  1.50  4.00  9.00      87.50  -0.05",
        "curve, carried          2   30.00  1.50  4.00  9.00      87.50  -0.05",
        "",
        "slots with the largest p99  values  median   p90    p99   max  within 1%   bias",
        "09:35 curve                      1   30.00  1.50  41.50  9.00      87.50  -0.05",
        "09:35 exact                      2    0.20  1.50   4.00  9.00      87.50  -0.05",
        "09:40 exact                      3    0.20  1.50   4.00  9.00      87.50  -0.05",
        "",
        "furthest off  at     method  source   published  should be   error  its median",
        "ACME          09:40  exact   carried     3.1000     2.5000  +24.00        0.30",
    ]


def test_where_nothing_was_compared_nothing_is_made_up() -> None:
    """Dashes instead of figures, and no tables of nobody."""
    lines = list(lines_of(content(errors=EMPTY, methods=[], slots=[], worst=[], silent_slots=[], failed=0)))

    assert lines[3:] == [
        "errors in percent  values  median  p90  p99  max  within 1%  bias",
        "all                     0       -    -    -    -          -     -",
    ]


async def test_a_day_that_was_not_audited_is_said() -> None:
    """And which were."""
    with pytest.raises(UsageError, match=r"that day is not audited: 2026-11-18 to 2026-11-18 are, 1 of them"):
        await shown(Kept(audit_of()), "2026-11-16")
    with pytest.raises(UsageError, match=r"no day is audited yet: .* now with `load rvol_audit`"):
        await shown(Kept())


@pytest.mark.parametrize("text", ["yesterday", "2026-11-31", "18.11.2026"])
async def test_a_day_that_is_none_is_refused(text: str) -> None:
    """Before anybody is asked."""
    with pytest.raises(UsageError, match="--day: a day such as 2026-11-18"):
        await audit("http://127.0.0.1:1", text, io.StringIO())


async def test_where_no_program_runs_one_line_says_so() -> None:
    """And how to start one."""
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerLost, match=r"no tradeul answers at .* start one with"):
        await audit(url, None, io.StringIO())
