"""How long to wait before the stream connects again, by how the last connection ended.

Pure but for the random source it is given; `stream` asks it once per ending.
"""

from enum import StrEnum
from typing import Final

from tradeul.fetching.allowance import Uniform

FIRST_REFUSAL_S = 0.5
LONGEST_REFUSAL_S = 3.0
FIRST_WINDOW_S = 1.0
LONGEST_WINDOW_S = 30.0
HEALTHY_AFTER_S = 30.0
LOCKED_OUT_S = 60.0


class Ending(StrEnum):
    """How a connection ended; the names stand in the log, `words` in health too."""

    REFUSED = "refused"
    """Not reached, or cut before we were let in."""
    DROPPED = "dropped"
    """We were in."""
    KEY_IN_USE = "key_in_use_elsewhere"
    """The vendor says that our account has too many connections."""
    NOT_LET_IN = "authentication_failed"
    NOT_IN_PLAN = "not_in_plan"
    """The vendor knows the key, and says that its plan does not hold this stream."""

    @property
    def words(self) -> str:
        """What it means for whoever looks after us."""
        return _WORDS[self]


_WORDS: Final = {
    Ending.REFUSED: "the live feed cannot be reached",
    Ending.DROPPED: "the live feed was cut off",
    Ending.KEY_IN_USE: "this key is in use elsewhere: the live feed lets it in once, and is tried again after a minute",
    Ending.NOT_LET_IN: "the live feed does not accept the key, and is tried again after a minute",
    Ending.NOT_IN_PLAN: "the plan of the key holds no live feed",
}


class Backoff:
    """Remembers how often it went wrong in a row."""

    def __init__(self, uniform: Uniform) -> None:
        self._uniform = uniform
        self._refusals = 0
        self._window_s = FIRST_WINDOW_S

    def wait_after(self, ending: Ending, lived_s: float) -> float:
        """Seconds to wait now. `lived_s`: how long we had been let in; nothing if we were not."""
        if lived_s > 0:
            self._refusals = 0
        if lived_s >= HEALTHY_AFTER_S:
            self._window_s = FIRST_WINDOW_S
        if ending in {Ending.KEY_IN_USE, Ending.NOT_LET_IN, Ending.NOT_IN_PLAN}:
            return LOCKED_OUT_S
        if ending is Ending.REFUSED:
            longest = min(LONGEST_REFUSAL_S, FIRST_REFUSAL_S * 2.0 ** min(self._refusals, 10))
            self._refusals += 1
            return self._uniform(0.0, longest)
        half = self._window_s / 2
        self._window_s = min(LONGEST_WINDOW_S, 2 * self._window_s)
        return half + self._uniform(0.0, half)
