"""Decides whether a market image as a whole can be believed. Nothing of a refused image reaches the board."""

from itertools import compress
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, MarketImage, Symbol
from tradeul.errors import SnapshotRefused

LEAST_SHARE_OF_SYMBOLS: Final = 0.8
BELIEVED_AFTER_REFUSALS: Final = 2
MOST_TURNED_ZERO: Final = 0.2


class Gate:
    """Compares each image with the last good one. `partial` says that the last good one is known to be short."""

    def __init__(self) -> None:
        self.last: MarketImage | None = None
        self.partial = False
        self._whole = 0
        self._short_in_a_row = 0

    def admit(self, image: MarketImage, *, clearing: bool) -> bool:
        """Admit an image, or raise why not; False for one that says nothing new.

        `clearing` is the time of night when the vendor sets everything to zero, and zeros are the truth.
        """
        last = self.last
        if not image.symbols:
            raise SnapshotRefused("empty", "the snapshot holds no symbols")
        if last is not None:
            if image.feed_time == last.feed_time and image.checksum == last.checksum:
                return False
            if 0 < image.feed_time < last.feed_time:
                raise SnapshotRefused("older", "the snapshot is older than the last one")
            if not clearing and _share_turned_zero(image, last) > MOST_TURNED_ZERO:
                raise SnapshotRefused("zeros", "more than a fifth of the symbols turned to zero at once")
        self._count(len(image.symbols))
        self.last = image
        return True

    def _count(self, symbols: int) -> None:
        """Refuse a market that shrank, twice; the third time in a row it is believed, and called partial."""
        if symbols >= LEAST_SHARE_OF_SYMBOLS * self._whole:
            self._whole, self._short_in_a_row, self.partial = symbols, 0, False
            return
        self._short_in_a_row += 1
        if self._short_in_a_row <= BELIEVED_AFTER_REFUSALS:
            raise SnapshotRefused("short", f"the snapshot holds only {symbols} of {self._whole} symbols")
        self.partial = True


def _share_turned_zero(image: MarketImage, last: MarketImage) -> float:
    if image.symbols is last.symbols:
        alive = last.updated > 0
        return float(np.mean(image.updated[alive] == 0)) if alive.any() else 0.0
    was_alive = set(_symbols_where(last, last.updated > 0))
    zero = was_alive.intersection(_symbols_where(image, image.updated == 0))
    return len(zero) / len(was_alive) if was_alive else 0.0


def _symbols_where(image: MarketImage, mask: Bools) -> list[Symbol]:
    return list(compress(image.symbols, mask.tolist()))
