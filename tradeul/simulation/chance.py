"""Chance without a state: numbers that are a pure function of a key, as fast as NumPy can mix 64 bits.

A key stands for one place of the simulated world (symbol, day, slot ...). The same key always gives the same
number, so any second of any day can be looked up without playing what came before it.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Floats, Ints

Keys = npt.NDArray[np.uint64]

_GOLDEN: Final = 0x9E3779B97F4A7C15
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB
_FIRST_FACTOR: Final = np.uint64(_FIRST)
_SECOND_FACTOR: Final = np.uint64(_SECOND)
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31))
_MASK: Final = (1 << 64) - 1
_UNIT: Final = 2.0**-53
_SIXTEENTH: Final = np.uint64(0xFFFF)
_HALF_SUM: Final = 1.5 * 65535
_DEVIATION: Final = 65536 * 0.5
_BYTE: Final = np.uint64(0xFF)
_FULL_BYTE: Final = 1 / 255


def mixed(x: Keys) -> Keys:
    """Scramble 64 bits so that neighbouring inputs share nothing (the finaliser of splitmix64)."""
    x = x ^ (x >> _SHIFTS[0])
    x *= _FIRST_FACTOR
    x ^= x >> _SHIFTS[1]
    x *= _SECOND_FACTOR
    x ^= x >> _SHIFTS[2]
    return x


def number_of(*parts: int) -> int:
    """Fold a few integers to one well-mixed 64-bit number."""
    state = 0
    for part in parts:
        state = (state + part + _GOLDEN) & _MASK
        state = ((state ^ (state >> 30)) * _FIRST) & _MASK
        state = ((state ^ (state >> 27)) * _SECOND) & _MASK
        state ^= state >> 31
    return state


@lru_cache(maxsize=4096)
def salt(*parts: int) -> np.uint64:
    """What the parts add to a key."""
    return np.uint64(number_of(*parts))


def keyed(keys: Keys, *parts: int) -> Keys:
    """Go from each key to the place below it that the parts name."""
    return mixed(keys ^ salt(*parts))


@lru_cache(maxsize=64)
def _salts(parts: tuple[int, ...], dimensions: int) -> Keys:
    return np.array([salt(part) for part in parts]).reshape(-1, *(1,) * dimensions)


def fanned(keys: Keys, *parts: int) -> Keys:
    """Go from each key to the places of all these parts at once; the parts are the first axis."""
    return mixed(keys ^ _salts(parts, keys.ndim))


def numbered(keys: Keys, numbers: Ints) -> Keys:
    """Go from each key to its child of that number; the two broadcast."""
    return mixed(keys + (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN))


def uniform(keys: Keys) -> Floats:
    """Give one number per key, evenly between 0 and 1, both excluded."""
    return ((keys >> np.uint64(11)).astype(np.float64) + 0.5) * _UNIT


def normal(keys: Keys) -> Floats:
    """Give one standard normal number per key."""
    radius: Floats = np.sqrt(-2.0 * np.log(uniform(keys)))
    return radius * np.cos(2.0 * np.pi * uniform(mixed(keys + np.uint64(1))))


def rough_normal(keys: Keys) -> tuple[Floats, Floats, Floats]:
    """Give a nearly normal number and two uniform ones per key from its bits alone: cheap, for millions of keys."""
    total = (keys & _SIXTEENTH) + ((keys >> np.uint64(16)) & _SIXTEENTH) + ((keys >> np.uint64(32)) & _SIXTEENTH)
    first = ((keys >> np.uint64(48)) & _BYTE).astype(np.float64)
    second = (keys >> np.uint64(56)).astype(np.float64)
    return (total.astype(np.float64) - _HALF_SUM) / _DEVIATION, first * _FULL_BYTE, second * _FULL_BYTE
