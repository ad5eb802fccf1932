"""One number from 0 to 100 for how much is going on in a symbol: a weighted mean of what is known of it."""

from typing import Final

import numpy as np

from tradeul.domain.events import Floats

WEIGHTS: Final = (0.35, 0.25, 0.20, 0.10, 0.10)
"""For relative volume, change, turnover, place in the range, spread."""
QUALITY_OF_METHOD: Final = np.array([1.0, 0.7, 0.5])
"""In the order of `fields.RVOL_METHODS`."""


def score(
    rvol_guarded: Floats,
    change_percent: Floats,
    dollar_volume: Floats,
    range_position: Floats,
    spread_bps: Floats,
    quality: Floats,
) -> Floats:
    """Weigh the parts that are known; null only where none is."""
    sign = np.sign(change_percent) + (change_percent == 0)
    toward_move = 50.0 + sign * (range_position - 50.0)
    parts = (
        np.log2(rvol_guarded) / 5.0,
        np.log1p(np.abs(change_percent)) / np.log(31.0),
        np.log10(dollar_volume / 1e5) / 3.0,
        toward_move / 100.0,
        1.0 - spread_bps / 200.0,
    )
    total = np.zeros(len(quality))
    present = np.zeros(len(quality))
    for weight, part in zip(WEIGHTS, parts, strict=True):
        # fmax and fmin take the number where the other is NaN: the unknown adds nothing.
        total += weight * np.fmin(np.fmax(part, 0.0), 1.0)
        present += weight * ~np.isnan(part)
    present[present == 0.0] = np.nan
    return 100.0 * quality * total / present
