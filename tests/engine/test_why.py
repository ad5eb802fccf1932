"""Why a symbol is in a list or is not, beside the lists themselves."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.boards import write
from tests.support.market import at
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.deltas import Row
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.explain import Predicate
from tradeul.domain.filters import Filter
from tradeul.domain.scans import BUILT_IN, Scan
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels
from tradeul.engine.filters import global_filters
from tradeul.engine.scanner import Scanner
from tradeul.engine.why import CANNOT_BE_MADE, Explanation, Why
from tradeul.settings import Filters

TEN = at("10:00")
SECOND = 1_000_000_000
FILTERS = (
    *global_filters(Filters.model_validate({"sectors": ["Tech"]})),
    Filter("odd", "not (change_percent > 100 and price > 1000)"),
)
FIRST = FILTERS[:3]
TOP = Scan("top", "Top", "change_percent >= 5", "change_percent desc, rvol", size=2)
ROW: dict[str, Any] = {
    "price": 10.0, "price_source": 0, "volume_today": 1_000.0, "rvol": 2.0, "change_percent": 6.0, "sector": "Tech",
    "no_reference": 0,
}  # fmt: skip


class Desk:
    """A board whose rows are written by hand, and some lists made of it."""

    def __init__(self, *scans: Scan, filters: tuple[Filter, ...] = FIRST) -> None:
        self.board = Board(capacity=8)
        self.channels = Channels("e", scans, ManualClock(TEN))
        self.scanner = Scanner(self.board, scans, filters, self.channels)
        self.why = Why(self.board, self.scanner, self.channels)
        self._second = 0

    def write(self, **rows: dict[str, Any]) -> None:
        """Write rows that differ from the plain one in what is said."""
        for symbol, said in rows.items():
            row = self.board.rows_of([Symbol(symbol)])
            for name, value in {**ROW, **said}.items():
                write(self.board, name, row, [value])

    def rank(self, session: Session = Session.MARKET_OPEN) -> None:
        self._second += 1
        now = Nanos(TEN + self._second * SECOND)
        self.scanner.publish(self.scanner.rank(now, session), now)

    def show(self, session: Session = Session.MARKET_OPEN, /, **rows: dict[str, Any]) -> None:
        self.write(**rows)
        self.rank(session)

    def ask(self, symbol: str, name: str = "top") -> Explanation:
        return self.why.of(name, Symbol(symbol))

    def failure(self, symbol: str, name: str = "top") -> Predicate:
        failed = self.ask(symbol, name).first_failure
        assert failed is not None
        return failed

    def left(self, symbol: str, name: str = "top") -> str:
        return self.why.left(self.channels.by_name[name].scan, Symbol(symbol))


def test_a_member_passes_everything_in_order() -> None:
    """Each filter, the condition, and that every key of the order is known; its rank is the list's."""
    desk = Desk(TOP)
    desk.show(A={}, B={"change_percent": 7.0})

    found = desk.ask("A")

    assert (found.rank, found.first_failure, found.as_of) == (2, None, TEN + SECOND)
    assert [(each.kind, each.name, each.verdict) for each in found.predicates] == [
        ("filter", "not_traded", "pass"), ("filter", "rvol_high", "pass"), ("filter", "price_range", "pass"),
        ("filter", "sectors", "pass"), ("comparison", "where", "pass"), ("order", "order", "pass"),
        ("order", "order", "pass"),
    ]  # fmt: skip
    assert [(key.text, key.descending, key.value) for key in found.keys] == [
        ("change_percent", True, 6.0), ("rvol", False, 2.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "name", "text", "value", "threshold", "reason"),
    [
        ({"volume_today": 0.0}, "not_traded", None, 0, 0.0, "not_traded: volume_today > 0 (0)"),
        ({"price_source": 3}, "not_traded", None, "prev", "prev", "not_traded: price_source != 'prev' (prev)"),
        ({"rvol": 1.2}, "rvol_high", "not (rvol < 1.5)", 1.2, 1.5, "rvol_high: rvol < 1.5 (1.2)"),
        ({"price": 0.98}, "price_range", None, 0.98, 1.0, "price_range: price >= 1.0 (0.98)"),
        ({"sector": "Finance"}, "sectors", None, "Finance", ["Tech"], "sectors: sector in ('Tech') (Finance)"),
        ({"change_percent": 4.9999}, "where", "change_percent >= 5", 4.9999, 5.0, "change_percent >= 5 (4.9999)"),
        ({"change_percent": np.nan}, "where", "change_percent >= 5", None, 5.0, "change_percent >= 5 (unknown)"),
        ({"rvol": np.nan}, "order", "rvol", None, None, "rvol (unknown)"),
    ],
)
def test_who_is_out_fails_where_it_fails_first(
    row: dict[str, Any], name: str, text: str | None, value: object, threshold: object, reason: str
) -> None:
    """A filter by its reason with the value that it drops for, else the part of the condition, else the unknown key."""
    desk = Desk(TOP)
    desk.show(A=row, B={})

    failed = desk.failure("A")

    assert (failed.name, failed.value, failed.threshold) == (name, value, threshold)
    assert text is None or failed.text == text
    assert desk.ask("A").rank is None
    assert desk.left("A") == reason


def test_what_a_filter_cannot_know_is_no_reason_to_drop() -> None:
    """Where one part is unknown and another fails, the one that fails is told."""
    desk = Desk(TOP, filters=(FILTERS[-1],))
    desk.show(A={"change_percent": np.nan, "price": 5.0})

    assert (desk.failure("A").name, desk.failure("A").value) == ("odd", 5.0)
    assert desk.left("A") == "odd: price > 1000 (5)"


def test_who_is_outranked_is_told_its_rank_and_who_is_last() -> None:
    """With the keys by which, and the neighbours that it would have, beyond the end of the list too."""
    desk = Desk(TOP)
    percents = {"A": 9.0, "B": 8.0, "C": 7.0, "D": 7.0, "E": 7.0, "F": 6.0}
    desk.show(**{name: {"change_percent": percent} for name, percent in percents.items()}, G={"change_percent": 1.0})

    found = desk.ask("D")

    assert found.last is not None
    assert found.above is not None
    assert found.below is not None
    assert (found.last.rank, found.last.symbol, [key.value for key in found.last.keys]) == (2, "B", [8.0, 2.0])
    assert (found.above.rank, found.above.symbol) == (3, "C")
    assert (found.below.rank, found.below.symbol) == (5, "E")
    assert (desk.failure("D").name, desk.failure("D").value, desk.failure("D").threshold) == ("outranked", 4, 2)
    assert (desk.ask("F").above, desk.ask("F").below) == (found.below, None)
    assert (desk.ask("G").above, desk.ask("G").below) == (None, None)
    assert desk.left("D") == ""


def test_neighbours_are_those_of_the_list() -> None:
    """Nobody is above the first, and below the last nobody is in the list."""
    desk = Desk(TOP)
    desk.show(A={"change_percent": 9.0}, B={"change_percent": 8.0}, C={})

    first, last = desk.ask("A"), desk.ask("B")

    assert (first.above, last.below) == (None, None)
    assert first.below is not None
    assert last.above is not None
    assert (first.below.symbol, first.below.keys) == ("B", last.keys)
    assert (last.above.symbol, last.above.keys) == ("A", first.keys)


def test_who_is_in_by_staying_is_explained_by_what_it_stays_by() -> None:
    """A newcomer with the same values is told what it takes to enter; who leaves, what it took to stay."""
    scan = Scan("hold", "Hold", "change_percent >= 5", "change_percent desc", keep="change_percent >= 4")
    desk = Desk(scan)
    desk.show(A={})

    desk.show(A={"change_percent": 4.5}, B={"change_percent": 4.5})
    stays, out = desk.ask("A", "hold"), desk.failure("B", "hold")
    desk.show(A={"change_percent": 3.0})

    assert (stays.rank, stays.predicates[-2].name, stays.predicates[-2].text) == (1, "keep", "change_percent >= 4")
    assert out.text == "change_percent >= 5"
    assert desk.left("A", "hold") == "change_percent >= 4 (3)"


def test_a_list_may_have_its_sessions_and_do_without_filters() -> None:
    """The sessions are then what keeps everybody out; what the filters say does not matter to it."""
    desk = Desk(Scan("own", "Own", "price > 0", "price", sessions=("PRE_MARKET",), global_filters=False))
    desk.show(Session.PRE_MARKET, A={"rvol": 1.0})
    inside = desk.ask("A", "own")
    desk.rank(Session.MARKET_OPEN)

    assert inside.rank == 1
    assert [each.name for each in inside.predicates] == ["not_traded", "sessions", "where", "order"]
    assert (desk.failure("A", "own").name, desk.failure("A", "own").value) == ("sessions", "MARKET_OPEN")
    assert desk.left("A", "own") == "sessions: session in ('PRE_MARKET') (MARKET_OPEN)"


def test_a_list_that_cannot_be_made_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """To whoever asks, and to whoever was in it."""
    desk = Desk(TOP)
    desk.show(A={})

    def broken(*_: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(Scan, "members", broken)
    desk.rank()

    assert desk.failure("A").text == f"{CANNOT_BE_MADE}: ValueError: no"
    assert desk.left("A") == CANNOT_BE_MADE


def test_a_list_that_stands_is_as_it_was_made() -> None:
    """What the board has learned since puts nobody in and nobody out."""
    desk = Desk(TOP)
    desk.show(A={}, B={"change_percent": 1.0})

    desk.write(A={"change_percent": 1.0}, B={})

    assert (desk.ask("A").rank, desk.ask("A").first_failure) == (1, None)
    assert desk.failure("B").name == "standing"


edge = st.sampled_from([np.nan, -5.0, -2.0, -0.5, -0.3, 0.0, 0.1, 1.0, 2.0, 3.0, 5.0])
NUMBERS = (
    "gap_percent", "change_percent", "change_from_open", "rvol", "rvol_guarded", "distance_from_high",
    "distance_from_low", "new_highs_15m", "new_lows_15m",
)  # fmt: skip
board_rows = st.fixed_dictionaries(
    dict.fromkeys(NUMBERS, edge)
    | {
        "price": st.sampled_from([np.nan, 0.5, 10.0]),
        "volume_today": st.sampled_from([0.0, 5.0]),
        "last_high_at": st.sampled_from([0, TEN // 1_000_000]),
        "last_low_at": st.sampled_from([0, TEN // 1_000_000]),
    }
)
OWN = (TOP, Scan("odd", "Odd", "price > 0 and not halted", "1 / gap_percent desc", size=3, global_filters=False))


@given(
    story=st.lists(st.lists(board_rows, min_size=6, max_size=6), min_size=2, max_size=3),
    session=st.sampled_from([Session.PRE_MARKET, Session.MARKET_OPEN]),
)
def test_the_verdict_is_the_membership(story: list[list[dict[str, float]]], session: Session) -> None:
    """Of every symbol in every list, also where it stays in one; and an exit has a reason, or was outranked."""
    desk = Desk(*BUILT_IN, *OWN)
    before: dict[str, tuple[Row, ...]] = {}
    for rows in story:
        before = {name: channel.state.rows for name, channel in desk.channels.by_name.items()}
        desk.show(session, **{f"S{i}": {**row, "halted": 0} for i, row in enumerate(rows)})

    for name, channel in desk.channels.by_name.items():
        shown = [row.symbol for row in channel.state.rows]
        gone = {row.symbol for row in before[name]}.difference(shown)
        for symbol in desk.board.symbols:
            found = desk.ask(symbol, name)
            passes = all(each.verdict == "pass" for each in found.predicates)

            assert passes == (symbol in shown) == (found.rank is not None) == (found.first_failure is None)
            assert symbol not in shown or shown[(found.rank or 0) - 1] == symbol
            assert symbol not in gone or (desk.left(symbol, name) == "") == (found.predicates[-1].name == "outranked")


@given(rows=st.lists(board_rows, min_size=12, max_size=12))
def test_who_is_outranked_would_have_that_rank(rows: list[dict[str, float]]) -> None:
    """As a list of any length has it, and its neighbours too."""
    short, long = (
        Scan(name, "", "price > 0", "gap_percent desc, rvol", size=size) for name, size in (("s", 2), ("l", 99))
    )
    desk = Desk(short, long, filters=())
    desk.show(**{f"S{i}": row for i, row in enumerate(rows)})

    everybody = [row.symbol for row in desk.channels.by_name["l"].state.rows]
    for place, symbol in enumerate(everybody[2:], 2):
        found = desk.ask(symbol, "s")

        assert found.above == desk.ask(symbol, "l").above
        assert found.below == desk.ask(symbol, "l").below
        assert (desk.failure(symbol, "s").name, desk.failure(symbol, "s").value) == ("outranked", place + 1)
