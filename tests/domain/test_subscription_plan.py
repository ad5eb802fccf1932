"""The plan is the difference between what is wanted and what is confirmed, and carrying it out closes it."""

from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.events import Symbol
from tradeul.domain.subscription_plan import Commands, Request, Subscriptions, plan

PATIENCE_S = 10.0
NOW = 1000.0

some_symbols = st.frozensets(st.sampled_from([Symbol(name) for name in ("A", "B", "BRK.B", "BACpL", "BACPL", "Z")]))
some_pending = st.dictionaries(
    st.sampled_from([Symbol(name) for name in ("A", "B", "BRK.B", "BACpL", "BACPL", "Z")]), st.floats(0, NOW)
)


def carried_out(
    commands: Commands[Symbol], confirmed: frozenset[Symbol], pending: dict[Symbol, float]
) -> tuple[frozenset[Symbol], dict[Symbol, float]]:
    """What is confirmed and pending once every command was sent."""
    gone = set(commands.unsubscribe)
    asked = {symbol: at for symbol, at in pending.items() if symbol not in gone}
    return confirmed - gone, asked | dict.fromkeys(commands.subscribe + commands.renew, NOW)


@given(some_symbols, some_symbols, some_pending)
def test_reconciling_twice_sends_nothing_the_second_time(
    desired: frozenset[Symbol], confirmed: frozenset[Symbol], pending: dict[Symbol, float]
) -> None:
    """Once a plan was carried out, there is nothing left to do at that moment."""
    first = plan(desired, confirmed, pending, NOW, PATIENCE_S)

    second = plan(desired, *carried_out(first, confirmed, pending), NOW, PATIENCE_S)

    assert second == Commands((), (), ())


@given(some_symbols, some_symbols, some_pending)
def test_carried_out_it_asks_for_exactly_what_is_wanted(
    desired: frozenset[Symbol], confirmed: frozenset[Symbol], pending: dict[Symbol, float]
) -> None:
    """What is confirmed or asked for afterwards is what is wanted, no symbol more and none less."""
    commands = plan(desired, confirmed, pending, NOW, PATIENCE_S)

    still_confirmed, asked = carried_out(commands, confirmed, pending)

    assert still_confirmed | asked.keys() == desired


def test_silence_is_not_confirmation() -> None:
    """A request that was not answered in time is renewed; a younger one is waited for."""
    pending = {Symbol("OLD"): NOW - PATIENCE_S, Symbol("YOUNG"): NOW - PATIENCE_S + 0.1}

    assert plan(frozenset(pending), frozenset(), pending, NOW, PATIENCE_S) == Commands((), (Symbol("OLD"),), ())


def known(confirmed: frozenset[Symbol], pending: dict[Symbol, float]) -> Subscriptions[Symbol]:
    """A connection of which this is known; two items go into one request."""
    held = Subscriptions[Symbol](PATIENCE_S, most_at_once=2)
    held.confirmed |= confirmed - pending.keys()
    held.pending |= pending
    return held


def requests(held: Subscriptions[Symbol], desired: frozenset[Symbol]) -> list[Request[Symbol]]:
    """All that is said at that moment, one request after the other."""
    said = []
    while (request := held.next_request(desired, NOW)) is not None:
        said.append(request)
        assert len(said) < 20, "it does not end"
    return said


@given(some_symbols, some_symbols, some_pending)
def test_requests_carry_the_plan_out_and_then_there_is_silence(
    desired: frozenset[Symbol], confirmed: frozenset[Symbol], pending: dict[Symbol, float]
) -> None:
    """Few at a time, each asked for at most once, and what is known to come and wanted is left alone."""
    held = known(confirmed, pending)
    untouched = held.confirmed & desired

    said = requests(held, desired)

    begun = [item for request in said if request.wanted for item in request.items]
    ended = [item for request in said if not request.wanted for item in request.items]
    assert all(0 < len(request.items) <= 2 for request in said)
    assert (len(set(begun)), len(set(ended))) == (len(begun), len(ended))
    assert untouched.isdisjoint(begun + ended)
    assert held.confirmed | held.pending.keys() == desired
    assert requests(held, desired) == []


def test_what_is_about_to_be_asked_for_again_is_not_ended_first() -> None:
    """Its end was never confirmed, but it is wanted again, and only waits until others have been asked for."""
    held = known(frozenset({Symbol("Z")}), {})
    held.next_request(frozenset(), NOW)

    wanted = frozenset(Symbol(name) for name in "ABCDEFGHZ")
    held.next_request(wanted - {"Z"}, NOW + PATIENCE_S)
    held.next_request(wanted - {"Z"}, NOW + PATIENCE_S)
    held.next_request(wanted - {"Z"}, NOW + PATIENCE_S)

    assert held.next_request(wanted, NOW + PATIENCE_S) == Request(wanted=True, items=(Symbol("G"), Symbol("H")))
