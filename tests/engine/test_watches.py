"""Who watches what: whole requests, bounds, and that nobody who went away is remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.events import Symbol
from tradeul.engine.watches import TooManyWatched, UnknownSymbols, Watches

KNOWN = frozenset(Symbol(f"S{number}") for number in range(600))


def some(first: int, count: int) -> list[Symbol]:
    return [Symbol(f"S{number}") for number in range(first, first + count)]


def told(watches: Watches[str]) -> list[frozenset[Symbol]]:
    """Remember what is watched each time the watches say that it changed."""
    story: list[frozenset[Symbol]] = []
    watches.changed = lambda: story.append(watches.symbols())
    return story


def test_what_anybody_watches_is_watched() -> None:
    """A symbol is watched from its first watcher until its last one lets go of it."""
    watches: Watches[str] = Watches(KNOWN)
    story = told(watches)

    watches.watch("ann", some(0, 2))
    watches.watch("bob", some(1, 2))
    watches.unwatch("ann", some(0, 2))
    watches.leave("bob")

    assert story == [frozenset(some(0, 2)), frozenset(some(0, 3)), frozenset(some(1, 2)), frozenset()]


def test_only_a_change_is_told() -> None:
    """Watching what is watched, or letting go of what is not, is no news."""
    watches: Watches[str] = Watches(KNOWN)
    watches.watch("ann", some(0, 2))
    story = told(watches)

    watches.watch("ann", some(0, 2))
    watches.watch("bob", some(1, 1))
    watches.unwatch("bob", some(5, 3))
    watches.leave("bob")
    watches.leave("nobody")

    assert story == []


def test_unknown_symbols_are_named_and_nothing_is_taken() -> None:
    """Symbols are case-sensitive; the known ones of a refused request are not watched either."""
    watches: Watches[str] = Watches(KNOWN)
    story = told(watches)

    with pytest.raises(UnknownSymbols, match=r"no such symbol: s1, XXX$"):
        watches.watch("ann", [*some(0, 3), Symbol("s1"), Symbol("XXX")])

    assert (watches.symbols(), story) == (frozenset(), [])


def test_a_refusal_does_not_repeat_all_that_was_sent() -> None:
    """Some unknown symbols are named, and the others counted."""
    watches: Watches[str] = Watches(KNOWN)

    with pytest.raises(UnknownSymbols, match=r"no such symbol: X0, X1, X2, X3, X4 and 15 more$"):
        watches.watch("ann", [Symbol(f"X{number}") for number in range(20)])


def test_one_watcher_watches_fifty_and_not_one_more() -> None:
    """What it watches already counts once; letting go makes room."""
    watches: Watches[str] = Watches(KNOWN)
    watches.watch("ann", some(0, 40))
    watches.watch("ann", some(0, 50))

    with pytest.raises(TooManyWatched, match="at most 50"):
        watches.watch("ann", some(50, 1))
    assert watches.symbols() == frozenset(some(0, 50))

    watches.unwatch("ann", some(0, 1))
    watches.watch("ann", some(50, 1))
    assert watches.symbols() == frozenset(some(1, 50))


def test_all_together_watch_five_hundred_and_not_one_more() -> None:
    """Different symbols count; what others watch already may be watched too."""
    watches: Watches[str] = Watches(KNOWN)
    for number in range(10):
        watches.watch(f"viewer {number}", some(number * 50, 50))

    with pytest.raises(TooManyWatched, match="at most 500"):
        watches.watch("ann", [*some(0, 1), *some(500, 1)])
    watches.watch("ann", some(480, 20))

    assert len(watches.symbols()) == 500
    assert set(watches.watchers(Symbol("S499"))) == {"viewer 9", "ann"}
    assert set(watches.watchers(Symbol("S0"))) == {"viewer 0"}


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["watch", "unwatch", "leave"]),
        st.sampled_from("abc"),
        st.lists(st.integers(0, 70), max_size=60),
    ),
    max_size=25,
)


@given(REQUESTS)
def test_it_is_what_a_plain_book_would_hold(requests: list[tuple[str, str, list[int]]]) -> None:
    """However requests mix, what is watched is the union of what each watches, and each change of it is told once."""
    watches: Watches[str] = Watches(KNOWN)
    story = told(watches)
    plain: dict[str, set[int]] = {name: set() for name in "abc"}
    expected = []
    for action, who, numbers in requests:
        before = set().union(*plain.values())
        symbols = [Symbol(f"S{number}") for number in numbers]
        if action == "leave":
            watches.leave(who)
            plain[who] = set()
        elif action == "unwatch":
            watches.unwatch(who, symbols)
            plain[who] -= set(numbers)
        elif len(plain[who] | set(numbers)) > 50:
            with pytest.raises(TooManyWatched):
                watches.watch(who, symbols)
        else:
            watches.watch(who, symbols)
            plain[who] |= set(numbers)
        if (after := set().union(*plain.values())) != before:
            expected.append(frozenset(Symbol(f"S{number}") for number in after))

        assert watches.symbols() == frozenset(Symbol(f"S{number}") for number in after)
        for number in after:
            watchers = {name for name, held in plain.items() if number in held}
            assert set(watches.watchers(Symbol(f"S{number}"))) == watchers
    assert story == expected
