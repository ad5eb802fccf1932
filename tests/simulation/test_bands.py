"""The price bands of the regular session."""

import numpy as np

from tests.support.market import at
from tests.support.simulated import played, small_market, tape_at
from tradeul.domain.events import Ints
from tradeul.domain.session import NANOS
from tradeul.simulation.bands import BAND_EVERY_S, NARROW, WIDE, bands_around, due_for_bands, phase_of, width_of
from tradeul.simulation.tape import Tape

TRAITS = small_market().universe.traits


def due(tape: Tape) -> Ints:
    return due_for_bands(TRAITS, phase_of(TRAITS), tape)


def test_each_symbol_has_its_turn_every_five_minutes() -> None:
    """In any five minutes of the session whatever has traded officially is due exactly once, and nothing else."""
    tape = tape_at("10:00")
    opened = np.flatnonzero((tape.regular.volume > 0) & ~TRAITS.otc)
    turns = np.zeros(len(TRAITS.key), np.int64)

    for _ in range(BAND_EVERY_S):
        played(tape)
        turns[due(tape)] += 1

    assert (turns[opened] == 1).all()
    assert turns.max() == 1
    assert not turns[TRAITS.otc].any()


def test_no_bands_outside_the_session() -> None:
    """Before the open and after the close nobody is due."""
    for wall in ("09:20", "16:05"):
        tape = tape_at(wall)
        for _ in range(30):
            played(tape)

            assert not len(due(tape))


def test_bands_lie_around_the_price() -> None:
    """Five or ten per cent to each side of the last price, to the tick."""
    tape = tape_at("11:00")
    played(tape)
    rows = np.flatnonzero(tape.regular.volume > 0)
    width = width_of(TRAITS)

    bands = bands_around(TRAITS, width, tape, rows)

    assert set(width.tolist()) == {NARROW, WIDE}
    price = tape.price[rows]
    assert (np.abs(bands.upper - price * (1 + width[rows])) <= 50.5).all()
    assert (np.abs(bands.lower - price * (1 - width[rows])) <= 50.5).all()
    assert (bands.at >= at("11:00")).all()
    assert (bands.at < at("11:00:01")).all()


def test_a_band_tells_whether_there_were_trades() -> None:
    """`moved` is where a trade is not older than the band before."""
    tape = tape_at("13:00")
    played(tape)
    rows = np.flatnonzero(tape.regular.volume > 0)

    moved = bands_around(TRAITS, width_of(TRAITS), tape, rows).moved

    age_s = (at("13:00:01") - tape.traded_at[rows]) / NANOS
    assert moved[age_s < 295].all()
    assert not moved[age_s > BAND_EVERY_S].any()
    assert 0 < moved.sum() < len(moved)
