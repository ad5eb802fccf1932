"""Who a caller is, by its address and by what proxies say; and how often it may ask, in a table that cannot grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.entering import BriskClock
from tradeul.web.callers import Callers, site_of
from tradeul.web.rates import MOST_CALLERS, Rates

PROXIES = ("10.0.0.0/8", "127.0.0.1", "fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1,10.1.2.3 , 10.1.2.4"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, nonsense, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1:4711"], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_a_caller_is_whom_trusted_proxies_vouch_for(peer: str, forwarded: list[str], caller: str) -> None:
    """From the end of the chain back to the first that no proxy of ours is, and no further."""
    assert Callers(PROXIES).caller(peer, forwarded) == caller


@given(st.ip_addresses(v=4).map(str), st.lists(st.text(max_size=60), max_size=20))
def test_nobody_else_can_say_who_they_are(peer: str, forwarded: list[str]) -> None:
    """Without trusted proxies a caller is its own address, whatever its headers say."""
    assert Callers(()).caller(peer, forwarded) == peer


def test_a_subscriber_of_ipv6_is_one_caller() -> None:
    """Whatever it makes of the half of the address that is its own."""
    assert len({site_of(f"2001:db8:1:2::{number:x}") for number in range(50)}) == 1
    assert site_of("2001:db8:1:3::1") != site_of("2001:db8:1:2::1")


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_no_more_than_the_rate_and_the_credit(waits: list[float]) -> None:
    """However requests are spread, those let through are at most the burst and the rate times the time."""
    clock = BriskClock()
    rates, begun = Rates(clock, per_second=10, burst=5), clock.monotonic()
    passed = 0
    for wait in waits:
        clock.skip(wait)
        passed += not rates.wait_s("x")

    assert passed <= 5 + 10 * (clock.monotonic() - begun) + 1e-6


def test_who_waits_as_told_is_let_through() -> None:
    """The wait is long enough, and being refused costs nothing."""
    clock = BriskClock()
    rates = Rates(clock, per_second=2, burst=3)
    free = [rates.wait_s("x") for _ in range(3)]
    refused = [rates.wait_s("x") for _ in range(10)]
    clock.skip(refused[-1])

    assert free == [0, 0, 0]
    assert refused == [0.5] * 10
    assert rates.wait_s("x") == 0


def test_the_table_is_bounded() -> None:
    """A flood from any number of addresses takes bounded memory, and who asks steadily is not forgotten by it."""
    rates = Rates(BriskClock(), per_second=1, burst=1)
    assert rates.wait_s("steady") == 0
    for number in range(3 * MOST_CALLERS):
        rates.wait_s(str(number))
        if number % 100 == 0:
            assert rates.wait_s("steady") > 0

    assert len(rates) == MOST_CALLERS
