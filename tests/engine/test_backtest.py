"""A list on a day that is over: no lookahead, entries and re-entries, and tests that catch whoever cheats."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.support.market import CALENDAR, DAY, at, daily
from tests.support.played import BEFORE, market, moved, played, slot_at, steady, stored
from tradeul.domain import outcomes, played_day
from tradeul.domain.averages import DailyHistory
from tradeul.domain.events import Split, Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.outcomes import Fill, Move
from tradeul.domain.played_day import PlayedDay
from tradeul.domain.reference import Facts
from tradeul.domain.scans import BY_NAME
from tradeul.domain.splits import MorningSplits, SplitBook
from tradeul.domain.trial_figures import Entry
from tradeul.domain.visits import ListVisits
from tradeul.engine.backtest import Morning, Player, Sight, StoredDay, missing_of

FUTURE = 77.0
"""A price that nothing before 11:00 has any part in."""

Cheat = Callable[[pytest.MonkeyPatch], None]


def told(entries: list[Entry]) -> list[tuple[str, str, float | None]]:
    """Who entered when, and what the list showed."""
    walls = [f"{entry.minute // 60:02}:{entry.minute % 60:02}" for entry in entries]
    return [(wall, entry.symbol, entry.price) for wall, entry in zip(walls, entries, strict=True)]


def with_future() -> PlayedDay:
    """A symbol that does nothing until 11:00, and then is at a price of its own for the rest of the day."""
    return market({"A": moved(("11:00", FUTURE)), "B": steady()})


def check_no_lookahead() -> None:
    """The image that first shows what happened at 11:00 is that of 11:05, and it is paid after that."""
    day = played(with_future())
    (entry,) = day.entries
    assert told(day.entries) == [("11:05", "A", FUTURE)]
    assert entry.outcome.fill == Fill(at("11:05"), FUTURE)
    assert entry.outcome.moves["5m"] == Move(0.0, 0.0, 0.0)


def check_fill_after_the_image() -> None:
    """The list shows 11 at 10:05, and nobody can have it: the next price is 20."""
    close, opened = moved(("10:00", 11.0), ("10:05", 22.0)), moved(("10:00", 11.0), ("10:05", 20.0))
    (entry,) = played(market({"A": close}, {"A": opened})).entries
    assert (entry.price, entry.outcome.fill) == (11.0, Fill(at("10:05"), 20.0))


def check_no_knowledge_of_the_rest() -> None:
    """Two days that part at noon have the same entries up to noon."""
    chance = np.random.default_rng(3)
    walks = {name: np.exp(np.cumsum(chance.normal(0, 0.02, 192))).round(4) * BEFORE for name in "ABCDEF"}
    noon = slot_at("12:00")
    others = {name: np.where(np.arange(192) < noon, walk, 300.0 / walk) for name, walk in walks.items()}
    one, other = (
        [entry[:6] for entry in played(market(each), size=3).entries if entry.at <= at("12:00")]
        for each in (walks, others)
    )
    assert len(one) > 5
    assert one == other


def check_re_entry() -> None:
    """Out for one image and back: two entries, each with a fill of its own."""
    away = moved(("10:00", 11.0), ("10:30", 10.0), ("10:35", 12.0))
    day = played(market({"A": away}))
    assert told(day.entries) == [("10:05", "A", 11.0), ("10:40", "A", 12.0)]
    assert [entry.outcome.fill and entry.outcome.fill.price for entry in day.entries] == [11.0, 12.0]


def _one_bar_ahead(patch: pytest.MonkeyPatch) -> None:
    honest = played_day._step  # noqa: SLF001  what is cheated with
    patch.setattr(played_day, "_step", lambda running, day, slot: honest(running, day, min(slot + 1, 191)))


def _the_day_s_high(patch: pytest.MonkeyPatch) -> None:
    """Adds what the whole day came to, as a careless join with daily bars does."""
    honest = played_day._image  # noqa: SLF001  what is cheated with

    def image(running: Any, day: PlayedDay, moment: Any) -> Any:
        return dataclasses.replace(honest(running, day, moment), minute_high=np.nanmax(day.high, axis=0))

    patch.setattr(played_day, "_image", image)


def _paid_what_was_shown(patch: pytest.MonkeyPatch) -> None:
    honest = outcomes.outcome

    def outcome(bars: Any, minutes: int, decided_at: Any, hours: Any) -> Any:
        return honest(bars, minutes, decided_at - minutes * outcomes.MINUTE_NS, hours)

    patch.setattr("tradeul.engine.backtest.outcome", outcome)


def _once_a_day(patch: pytest.MonkeyPatch) -> None:
    honest = ListVisits.step

    def step(self: Any, *given: Any) -> Any:
        seen = self.__dict__.setdefault("seen", set())
        events = [each for each in honest(self, *given) if each.event != "entered" or each.symbol not in seen]
        seen.update(each.symbol for each in events)
        return events

    patch.setattr(ListVisits, "step", step)


CHECKS = (check_no_lookahead, check_fill_after_the_image, check_no_knowledge_of_the_rest, check_re_entry)


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_is_known_before_its_time(check: Callable[[], None]) -> None:
    """What decides had ended, what is paid came after, and who comes back enters again."""
    check()


@pytest.mark.parametrize(
    ("cheat", "check"),
    [
        (_one_bar_ahead, check_no_lookahead),
        (_one_bar_ahead, check_no_knowledge_of_the_rest),
        (_paid_what_was_shown, check_fill_after_the_image),
        (_once_a_day, check_re_entry),
    ],
)
def test_whoever_cheats_is_caught(cheat: Cheat, check: Callable[[], None]) -> None:
    """The checks fail where a bar is read ahead, the shown price is paid, or a re-entry is dropped."""
    with pytest.MonkeyPatch.context() as patch:
        cheat(patch)
        with pytest.raises(AssertionError):
            check()


def test_the_range_of_the_whole_day_is_caught_where_a_list_asks_for_it() -> None:
    """At 10:05 the symbol is at its high; with the day's high joined in it would be far below it."""

    def entries() -> list[tuple[str, str, float | None]]:
        day = market({"A": moved(("10:00", 11.0), ("15:00", 40.0))})
        return told(played(day, "distance_from_high >= 0 and change_percent >= 5").entries)

    honest = entries()
    with pytest.MonkeyPatch.context() as patch:
        _the_day_s_high(patch)
        cheated = entries()

    assert honest == [("10:05", "A", 11.0)]
    assert cheated != honest


def test_who_stands_in_it_at_the_first_image_did_not_enter() -> None:
    """It came into it nobody knows when; once out and back it does enter."""
    day = played(market({"A": moved(("10:00", 10.0), ("12:00", 11.0), price=11.0), "B": moved(("04:05", 12.0))}))

    assert day.standing == 1
    assert told(day.entries) == [("04:10", "B", 12.0), ("12:05", "A", 11.0)]


def test_who_is_outranked_and_comes_back_enters_again() -> None:
    """A list has a size: being shown is what counts."""
    day = played(market({"A": moved(("10:00", 11.0)), "B": moved(("10:30", 12.0), ("11:00", 10.0))}), size=1)

    assert told(day.entries) == [("10:05", "A", 11.0), ("10:35", "B", 12.0), ("11:05", "A", 11.0)]


def test_a_symbol_that_never_trades_again_is_missing() -> None:
    """It is an entry, and has no outcome."""
    (entry,) = played(market({"A": moved(("10:00", 11.0), ("10:05", np.nan))})).entries

    assert entry.outcome == (None, {}, outcomes.NOT_FILLED)


def test_lists_of_a_session_begin_with_it() -> None:
    """Momentum is none before the first regular prices are known; nothing is ranked after 20:00."""
    scan = BY_NAME["momentum_up"]
    day = stored(market({"A": moved(("08:00", 11.0))}))

    entries = Player(scan, (), CALENDAR, 3).play(day)

    assert told(entries.entries) == [("09:35", "A", 11.0)]
    assert entries.images == 191


def test_global_filters_stand_before_the_list() -> None:
    """As in the live market."""
    day = market({"A": moved(("10:00", 11.0)), "B": moved(("10:00", 600.0))})

    assert told(played(day, filters=[Filter("dear", "price > 500")]).entries) == [("10:05", "A", 11.0)]
    assert len(played(day, filters=[Filter("dear", "price > 500")], global_filters=False).entries) == 2


def test_the_morning_s_averages_splits_and_facts_are_on_the_board() -> None:
    """What history said then, a split of that day, what was known of the company."""
    history = DailyHistory()
    for session in CALENDAR.last_sessions(DAY, 30):
        history.add(daily(session, ("A", 11.0, 9.0, 10.0, 5_000.0)))
    splits = MorningSplits(
        DAY, SplitBook([Split(Symbol("A"), DAY, 1, 2)], DAY), daily(DAY, ("A", 11.0, 9.0, BEFORE, 1.0))
    )
    facts = Facts(Symbol("A"), "Acme", *[None] * (len(Facts._fields) - 2))._replace(float_shares=1e6, sector="Mines")
    unknown = facts._replace(symbol=Symbol("NEW"))
    morning = Morning(history.averages(), None, None, splits, [facts, unknown])
    where = "change_percent >= 10 and avg_volume_30d == 5000 and float_shares == 1e6 and sector == 'Mines'"

    day = market({"A": moved(("10:00", 5.5), price=5.0), "B": moved(("10:00", 11.0))})

    assert told(played(stored(day, morning), where).entries) == [("10:05", "A", 5.5)]


def test_fields_that_a_day_cannot_tell_are_named_and_stay_unknown() -> None:
    """Nothing is guessed: minutes, quotes, and what nobody wrote down at the time."""
    day = stored(market({"A": moved(("10:00", 11.0), ("10:05", 12.0), ("10:10", 13.0))}))
    scan = dataclasses.replace(
        BY_NAME["new_highs"], where="new_highs_15m >= 1 or spread_bps < 1e9 or change_1m > -99 or float_shares > 0"
    )

    missing = missing_of(scan, day)

    assert set(missing) == {"new_highs_15m", "spread_bps", "change_1m", "float_shares"}
    assert "nothing was kept" in missing["float_shares"]
    assert played(day, scan.where).entries == []


def shown_by_sights(day: PlayedDay, *anew: str) -> StoredDay:
    """The same day, handed over as boards; at these images nobody knows what was before."""
    player, made = Player(BY_NAME["winners"], (), CALENDAR, 3), stored(day)

    def sights() -> Iterator[Sight]:
        for sight in player._made(made):  # noqa: SLF001  what a day that hands over its images comes to
            yield sight._replace(anew=sight.anew or sight.at in [at(wall) for wall in anew])

    return dataclasses.replace(made, images=lambda: iter(()), sights=sights, source="recorded")


def test_a_day_that_hands_over_its_board_is_played_as_one_of_images() -> None:
    """Entries and re-entries, and what became of them."""
    day = market({"A": moved(("10:00", 11.0), ("10:30", 10.0), ("10:35", 12.0)), "B": steady(11.0)})

    assert played(shown_by_sights(day)) == played(day)


def test_behind_a_gap_who_stands_in_the_list_did_not_enter() -> None:
    """Neither who came in it nor who stayed; who was out and comes back after it does."""
    back = moved(("10:00", 11.0), ("12:00", 10.0), ("13:00", 12.0))
    day = market({"A": moved(("10:00", 11.0)), "B": moved(("11:00", 11.0)), "C": back})

    found = played(shown_by_sights(day, "11:05"))

    assert told(found.entries) == [("10:05", "A", 11.0), ("10:05", "C", 11.0), ("13:05", "C", 12.0)]
    assert found.standing == 3
