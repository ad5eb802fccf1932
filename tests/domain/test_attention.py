"""The set of symbols that are followed live is what the sources name, and leaves nobody too early."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.feed_desk import wanted
from tests.support.market import NANOS, at
from tradeul.domain.attention import BELIEVED_AFTER, COOLDOWN, Attention, Sources, Turn
from tradeul.domain.events import Nanos, Symbol

START = at("10:00")
COOLDOWN_S = 60.0
A, B, C = map(Symbol, "ABC")


class Watcher:
    """An attention that is shown sources by the second; each look is a snapshot of its own unless it is not one."""

    def __init__(self, cooldown_s: float = COOLDOWN_S) -> None:
        self.attention = Attention(cooldown_s)
        self._snapshots = 0

    def look(self, second: float, *, in_session: bool = True, again: bool = False, **sources: str) -> frozenset[Symbol]:
        """Each source by its name, with one letter per symbol."""
        self._snapshots += not again
        self.turn: Turn = self.attention.look(
            {name: wanted(*letters) for name, letters in sources.items()},
            Nanos(START + int(second * NANOS)),
            in_session=in_session,
            snapshot=self._snapshots,
        )
        return self.attention.desired


def test_whoever_a_source_names_is_followed_and_it_is_said_why() -> None:
    """The union of all sources, each symbol with every reason and since when."""
    watcher = Watcher()

    watcher.look(0, gappers="A", pin="AB")
    watcher.look(5, gappers="AC", pin="AB", watch="C")

    attention = watcher.attention
    assert attention.desired == wanted("A", "B", "C")
    assert {symbol: attention.because(symbol) for symbol in (A, B, C)} == {
        A: ("gappers", "pin"), B: ("pin",), C: ("gappers", "watch"),
    }  # fmt: skip
    assert attention.since == {A: START, B: START, C: START + 5 * NANOS}


def test_who_left_everything_is_followed_for_the_cooldown() -> None:
    """Counted from when no source named him; the reason is the cooldown, and at its end what it was before."""
    watcher = Watcher()
    watcher.look(0, gappers="AB", pin="A")
    watcher.look(10, gappers="B", pin="A")

    assert watcher.look(20, gappers="B") == wanted("A", "B")
    assert watcher.attention.because(A) == (COOLDOWN,)
    assert watcher.look(79.9, gappers="B") == wanted("A", "B")
    assert watcher.turn == Turn({}, {})
    assert watcher.look(80, gappers="B") == wanted("B")
    assert watcher.turn == Turn({}, {A: ("pin",)})


def test_who_comes_back_within_the_cooldown_never_left() -> None:
    """He is followed since the first time, and his cooldown begins anew."""
    watcher = Watcher()
    watcher.look(0, gappers="AB")
    watcher.look(10, gappers="B")

    watcher.look(60, gappers="AB")
    assert watcher.turn == Turn({}, {})
    watcher.look(61, gappers="B")

    assert A in watcher.look(120.9, gappers="B")
    assert watcher.attention.since[A] == START
    assert A not in watcher.look(121, gappers="B")


def test_the_set_is_the_same_object_while_nothing_changes() -> None:
    """Whoever follows it can tell at a glance that there is nothing to do."""
    watcher = Watcher()
    before = watcher.look(0, gappers="AB")

    assert watcher.look(5, losers="A", gappers="B") is before


def test_an_empty_set_in_session_is_believed_from_three_snapshots() -> None:
    """Until then the last set stands with its reasons; from then on the cooldown runs."""
    watcher = Watcher(cooldown_s=0)
    watcher.look(0, gappers="AB")

    assert [watcher.look(5, gappers=""), watcher.look(10)] == [wanted("A", "B")] * 2
    assert (watcher.attention.because(A), watcher.attention.disbelieved) == (("gappers",), 2)
    assert watcher.look(15, gappers="") == frozenset()
    assert (watcher.turn.left, watcher.attention.disbelieved) == ({A: ("gappers",), B: ("gappers",)}, 2)


def test_fast_reranks_are_no_evidence() -> None:
    """They see the same market as the snapshot before, however many they are; nor is a look at nothing new."""
    watcher = Watcher(cooldown_s=0)
    watcher.look(0, gappers="AB")

    for tenth in range(100):
        watcher.look(tenth / 10, again=True)
    watcher.attention.look({}, Nanos(START + 20 * NANOS), in_session=True)

    assert (watcher.attention.desired, watcher.attention.disbelieved) == (wanted("A", "B"), 0)


def test_three_snapshots_in_a_row_are_needed() -> None:
    """One that names somebody in between begins the count anew."""
    watcher = Watcher(cooldown_s=0)
    watcher.look(0, gappers="A")

    for second, letters in enumerate(["", "", "A", "", ""]):
        assert watcher.look(second, gappers=letters) == wanted("A")

    assert watcher.look(6, gappers="") == frozenset()


def test_a_closed_market_may_leave_nobody() -> None:
    """At the turn of the date the lists are empty, and that is believed at once."""
    watcher = Watcher()
    watcher.look(0, gappers="A")

    watcher.look(1, in_session=False)

    assert watcher.look(61, in_session=False) == frozenset()
    assert watcher.attention.disbelieved == 0


some_sources = st.dictionaries(
    st.sampled_from(["gappers", "losers", "pin"]), st.frozensets(st.sampled_from([A, B, C])), max_size=3
)
looks = st.lists(st.tuples(some_sources, st.integers(0, 40), st.booleans(), st.booleans()), max_size=30)


@given(looks)
def test_its_invariants_hold_whatever_the_sources_do(steps: list[tuple[Sources, int, bool, bool]]) -> None:
    """Who is named is in; who left was named by nobody for the cooldown; turns add up to the set, with reasons."""
    attention, second, snapshot = Attention(COOLDOWN_S), 0, 0
    named_at: dict[Symbol, int] = {}
    known: frozenset[Symbol] = frozenset()
    for sources, pause, fresh, in_session in steps:
        second, snapshot = second + pause, snapshot + fresh
        named = frozenset[Symbol]().union(*sources.values())

        turn = attention.look(sources, Nanos(START + second * NANOS), in_session=in_session, snapshot=snapshot)

        known = (known | turn.entered.keys()) - turn.left.keys()
        assert named <= attention.desired == known == attention.since.keys()
        assert all(second - named_at[symbol] >= COOLDOWN_S for symbol in turn.left)
        assert all(turn.left.values())
        assert all(attention.because(symbol) for symbol in known)
        assert all(turn.entered[symbol] == attention.because(symbol) for symbol in turn.entered)
        named_at |= dict.fromkeys(named, second)


@given(st.lists(st.booleans(), max_size=40))
def test_never_fewer_than_three_empty_snapshots_leave_nobody(emptiness: list[bool]) -> None:
    """In session, without a cooldown: whatever the order of snapshots and re-ranks, three empty ones in a row do."""
    attention, snapshot, empty = Attention(0), 0, 0
    attention.look({"pin": wanted("A")}, START, in_session=True, snapshot=0)
    for fresh in emptiness:
        snapshot, empty = snapshot + fresh, empty + fresh

        attention.look({}, START, in_session=True, snapshot=snapshot)

        assert bool(attention.desired) is (empty < BELIEVED_AFTER)
