"""Lists over a stored day: who met them at which image, by the live scanner and by a recomputation of its own."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.support.market import CALENDAR, at
from tests.support.played import BEFORE, HOURS, market, moved, steady, stored
from tradeul.domain.day_volumes import SLOT_NS
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.played_day import PlayedDay
from tradeul.domain.recall_reasons import Reasons
from tradeul.domain.scan_recall import Line, Outcome, RecallBook, Visit
from tradeul.domain.scans import BY_NAME, Scan
from tradeul.engine.scan_recall import averages_asked, ordered_by_untold, watch_stored

SCAN = Scan("tried", "Tried", "change_percent >= 5", "change_percent desc", size=2)
DEAR = Filter("dear", "price > 500")
END = HOURS.post_market_end


def recalled(
    day: PlayedDay,
    shown: Sequence[Visit] = (),
    filters: Sequence[Filter] = (),
    scan: Scan = SCAN,
    reasons: Reasons | None = None,
) -> Outcome:
    """What a day comes to for one list."""
    book = RecallBook()
    book.add(scan.name, scan.size, shown)
    watch_stored(stored(day), CALENDAR, 3, ([scan], filters, book))
    return book.outcomes((reasons or Reasons()).of)[scan.name]


def visit(symbol: str, first: str, last: str) -> Visit:
    return Visit(Symbol(symbol), at(first), at(last))


def told(outcome: Outcome) -> dict[str, tuple[str, str]]:
    return {line.symbol: (line.verdict, line.reason) for line in outcome.lines}


def line_of(outcome: Outcome, symbol: str) -> Line:
    return next(line for line in outcome.lines if line.symbol == symbol)


def test_a_planted_day_has_the_right_symbol_and_the_right_reason() -> None:
    """In time, late, missed, below the cut, dropped by a filter, and shown without belonging there."""
    day = market(
        {
            "IN": moved(("10:00", 14.0), ("12:00", 10.0)),
            "LATE": moved(("10:00", 13.0), ("12:00", 10.0)),
            "CUT": moved(("10:00", 12.0), ("11:00", 10.0)),
            "GONE": moved(("14:00", 11.0), ("14:30", 10.0)),
            "DEAR": moved(("10:00", 600.0), ("11:00", 10.0)),
            "EXTRA": moved(("10:00", 10.4)),
            "QUIET": steady(),
        }
    )
    shown = [visit("IN", "10:02", "12:00"), visit("LATE", "10:30", "12:00"), visit("EXTRA", "10:03", "10:20")]

    outcome = recalled(day, shown, [DEAR])

    assert told(outcome) == {
        "IN": ("in_time", ""),
        "LATE": ("late", "not known: the list had room, and no recording says what its board knew then"),
        "GONE": ("missed", "not known: the list had room, and no recording says what its board knew then"),
        "CUT": ("below_cut", "below the cut: best rank 3 of 2"),
        "DEAR": ("filtered", "dropped by filter dear: price > 500 (600)"),
        "EXTRA": ("extra", "change_percent >= 5 (4)"),
    }
    assert line_of(outcome, "LATE")[3:6] == (at("10:05"), at("10:30"), 1_500.0)
    assert line_of(outcome, "IN")[6:] == (1, 24, 24)
    assert outcome.recall_pct == 66.7
    assert outcome.filtered_by == {"dear": 1}


def test_without_the_filter_the_same_symbol_belongs_in_the_list() -> None:
    """A filter that is switched off keeps nobody out."""
    day = market({"DEAR": moved(("10:00", 600.0)), "A": moved(("10:00", 11.0))})

    assert told(recalled(day, filters=[DEAR]))["DEAR"][0] == "filtered"
    assert told(recalled(day))["DEAR"][0] == "missed"
    assert told(recalled(day, filters=[DEAR], scan=replace(SCAN, global_filters=False)))["DEAR"][0] == "missed"


@pytest.mark.parametrize("seed", range(3))
def test_ranks_and_images_are_those_that_are_found_by_hand(seed: int) -> None:
    """Every symbol's best rank, its images among the rows and the first of them, from the prices alone."""
    chance = np.random.default_rng(seed)
    closes = {f"S{n}": (np.exp(np.cumsum(chance.normal(0, 0.02, 192))) * BEFORE).round(4) for n in range(12)}
    outcome = recalled(market(closes))

    best: dict[str, int] = {}
    due: dict[str, list[Nanos]] = {}
    for slot in range(191):
        moves = {name: round(100 * (closes[name][slot] - BEFORE) / BEFORE, 4) for name in closes}
        order = sorted((name for name in moves if moves[name] >= 5), key=lambda name: (-moves[name], name))
        for rank, name in enumerate(order, 1):
            best[name] = min(rank, best.get(name, 99))
            if rank <= SCAN.size:
                due.setdefault(name, []).append(Nanos(HOURS.pre_market_start + (slot + 1) * SLOT_NS))
    found = {line.symbol: line for line in outcome.lines}
    assert {name: line.best_rank for name, line in found.items()} == best
    assert {name: line.images_due for name, line in found.items() if line.images_due} == {
        n: len(d) for n, d in due.items()
    }
    assert {name: line.due_at for name, line in found.items() if line.images_due} == {n: d[0] for n, d in due.items()}


@pytest.mark.parametrize("name", ["winners", "reversals", "momentum_up"])
def test_who_is_shown_all_day_is_never_missed(name: str) -> None:
    """Whatever list it is, whatever it is ordered by."""
    chance = np.random.default_rng(7)
    closes = {f"S{n}": (np.exp(np.cumsum(chance.normal(0, 0.02, 192))) * BEFORE).round(4) for n in range(9)}
    shown = [Visit(Symbol(symbol), HOURS.pre_market_start, END) for symbol in closes]

    outcome = recalled(market(closes), shown, scan=replace(BY_NAME[name], size=3))

    assert outcome.met > 0
    assert {line.verdict for line in outcome.lines} <= {"in_time", "extra"}


def test_lists_that_a_stored_day_cannot_order_are_named() -> None:
    """Nobody has a rank where a key is unknown; a condition may do without the field."""
    day = stored(market({"A": steady()}))

    assert ordered_by_untold(BY_NAME["new_highs"], day) == ["new_highs_15m"]
    assert ordered_by_untold(replace(SCAN, where="spread_bps < 9 or price > 1"), day) == []


def test_which_lists_stand_on_averages() -> None:
    """By what they ask for, and by what the filters before them ask for."""
    wanting = Scan("wanting", "Wanting", "vol_vs_adv > 1 and atr_percent > 2", "avg_volume_30d desc")
    apart = replace(SCAN, global_filters=False)
    thin = Filter("thin", "avg_volume_10d < 1000")

    assert averages_asked([wanting, SCAN], []) == {"wanting": "atr_percent"}
    assert averages_asked([SCAN], [thin]) == {"tried": "avg_volume_10d"}
    assert averages_asked([apart], [thin]) == {}
