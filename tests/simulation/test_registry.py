"""Who stands behind the symbols."""

import datetime as dt

import numpy as np

from tests.support.market import CALENDAR, DAY
from tests.support.simulated import small_market
from tradeul.simulation.days import listed_on
from tradeul.simulation.universe import Kind

MARKET = small_market(3000)
REGISTRY = MARKET.registry
ROWS = range(3000)


def test_everybody_has_a_name_and_a_few_have_an_odd_one() -> None:
    """Names are never empty, differ a lot, and some hold what breaks careless programs."""
    names = [REGISTRY.name(row) for row in ROWS]

    assert all(names)
    assert len(set(names)) > 2000
    assert any("<" in name for name in names)
    assert any(not name.isascii() for name in names)


def test_some_things_are_not_known() -> None:
    """A few types, exchanges, numbers, identifiers and shares are missing, most are not."""
    for values in (
        REGISTRY.types,
        REGISTRY.exchanges,
        [REGISTRY.cik(row) for row in ROWS],
        [REGISTRY.figi(row, share_class=True) for row in ROWS],
    ):
        assert 0 < sum(value is None for value in values) < 0.12 * len(ROWS)
    kinds = MARKET.universe.traits.kind
    common = [REGISTRY.shares(row, DAY) for row in np.flatnonzero(kinds == Kind.COMMON).tolist()]
    assert 0 < sum(shares is None for shares in common) < 0.1 * len(common)


def test_only_companies_have_shares_and_an_industry() -> None:
    """A fund, a warrant, a unit has neither."""
    for row in ROWS:
        if REGISTRY.kind(row) not in {Kind.COMMON, Kind.FOREIGN}:
            assert REGISTRY.shares(row, DAY) is None
            assert REGISTRY.industry(row) is None
            assert REGISTRY.employees(row) is None


def test_shares_fit_price_and_volume() -> None:
    """Of its shares a company trades about a hundredth a day; the public holds at most all of them."""
    parts = []
    for row in ROWS:
        shares = REGISTRY.shares(row, DAY)
        if shares is not None:
            assert 0 < shares.free <= shares.outstanding <= shares.weighted
            assert 3e6 < shares.outstanding * float(REGISTRY.prices[row]) < 5e12
            parts.append(MARKET.universe.traits.daily_volume[row] / shares.outstanding)
    assert 0.001 < np.median(parts) < 0.03


def test_a_split_multiplies_shares() -> None:
    """After a reverse split there are a tenth of the shares, after a forward one four times as many."""
    traits = MARKET.universe.traits
    for factor in (10.0, 0.25):
        row = next(row for row in np.flatnonzero(traits.split_factor == factor).tolist() if REGISTRY.shares(row, DAY))
        turn = DAY - dt.timedelta(days=(DAY.toordinal() - int(traits.split_offset[row])) % 200)
        before, after = REGISTRY.shares(row, turn - dt.timedelta(days=1)), REGISTRY.shares(row, turn)
        assert before is not None
        assert after is not None
        assert 0.9 < before.outstanding / after.outstanding / factor < 1.1


def test_listings_follow_the_calendar() -> None:
    """Who is on the market has a date it came, before now, and none it left; the others have both."""
    listed = listed_on(MARKET.universe.traits, DAY)
    for row in ROWS:
        listing = REGISTRY.listing(row, DAY, CALENDAR)
        assert (listing.until is None) == listed[row]
        assert listing.since < (listing.until or DAY + dt.timedelta(days=1))
        assert CALENDAR.is_trading_day(listing.since)
    assert 0 < (~listed).sum() < 60


def test_the_two_symbols_of_a_company_agree() -> None:
    """Name, number and identifier stay; one ended on the date that the other began."""
    rows = np.flatnonzero(MARKET.universe.traits.rename_offset >= 0)
    keys = MARKET.universe.traits.key[rows]
    for key in np.unique(keys):
        pair = sorted(rows[keys == key].tolist(), key=lambda row: REGISTRY.listing(row, DAY, CALENDAR).since)
        assert REGISTRY.name(pair[0]) == REGISTRY.name(pair[1])
        assert REGISTRY.cik(pair[0]) == REGISTRY.cik(pair[1])
        old, new = (REGISTRY.listing(row, DAY, CALENDAR) for row in pair)
        assert old.until == new.since
        assert new.until is None
