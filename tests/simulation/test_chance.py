"""Chance without a state."""

import numpy as np

from tradeul.simulation.chance import keyed, mixed, normal, number_of, numbered, rough_normal, uniform

KEYS = mixed(np.arange(20_000, dtype=np.uint64))


def test_the_same_key_gives_the_same_number() -> None:
    """A number belongs to its key alone, not to its neighbours or to what was drawn before."""
    whole = uniform(keyed(KEYS, 3, 4))

    part = uniform(keyed(KEYS[100:110], 3, 4))

    assert part.tolist() == whole[100:110].tolist()


def test_places_below_a_key_differ() -> None:
    """Children, names and their order all lead to other keys."""
    key = KEYS[:1]

    places = [keyed(key, 1), keyed(key, 2), keyed(key, 1, 2), keyed(key, 2, 1), numbered(key, np.array([1]))]

    assert len({int(place[0]) for place in places}) == len(places)
    assert number_of(1, 2) != number_of(2, 1)


def test_numbers_are_spread_as_they_should() -> None:
    """Uniform ones fill 0 to 1 without touching it; normal ones have mean 0 and deviation 1, rough ones too."""
    even, bell = uniform(KEYS), normal(KEYS)
    rough, first, second = rough_normal(KEYS)

    assert 0.0 < even.min() < 0.01
    assert 0.99 < even.max() < 1.0
    for drawn in (bell, rough):
        assert abs(drawn.mean()) < 0.03
        assert abs(drawn.std() - 1.0) < 0.03
    assert abs(np.corrcoef(rough, first)[0, 1]) < 0.03
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
