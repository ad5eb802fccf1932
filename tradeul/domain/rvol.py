"""Relative volume: today's volume against what is usual by this very moment of the day.

All functions are over columns; null in gives null out. The floor of one share keeps a symbol that is expected to
trade nothing finite.
"""

from typing import Final

import numpy as np

from tradeul.domain.events import Floats

EXPECTED_FLOOR: Final = 1.0
GUARD_LEAST_SHARES: Final = 1_000.0
GUARD_SHARE_OF_DAY: Final = 0.005
SLOT_SETTLES_AFTER_S: Final = 15.0


def ratio(volume: Floats, expected: Floats) -> Floats:
    """Divide volume by what was expected; no volume reads 0."""
    return volume / np.maximum(expected, EXPECTED_FLOOR)


def guard_constant(average_volume: Floats) -> Floats:
    """How many shares are added to both sides, so that a handful of shares cannot look like an anomaly."""
    # fmax: where the average is unknown, the least.
    return np.fmax(GUARD_LEAST_SHARES, GUARD_SHARE_OF_DAY * average_volume)


def guarded_ratio(volume: Floats, expected: Floats, average_volume: Floats) -> Floats:
    """Divide with the guard on both sides; the lists rank by it."""
    guard = guard_constant(average_volume)
    return (volume + guard) / (expected + guard)


def slot_ratio(volume_in_slot: Floats, expected_in_slot: Floats, seconds_into_slot: Floats) -> Floats:
    """Divide the running slot's volume by its share so far; null until the slot has settled."""
    value = ratio(volume_in_slot, expected_in_slot)
    value[seconds_into_slot < SLOT_SETTLES_AFTER_S] = np.nan
    return value
